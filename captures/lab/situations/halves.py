"""One direction only, as a mirror of one side or an asymmetric route shows it: halves of the article's captures."""

from __future__ import annotations

from captures.lab.scenarios import SCENARIOS, Scenario
from captures.lab.situations.situation import PROX01, PROX02, PROX03, Situation

WON = {
    "T1-winhttp": {"plane:sensor": PROX01, "plane:antivirus": PROX01, "plane:system": PROX01},
    "T5-all-three": {"plane:sensor": PROX03, "plane:antivirus": PROX03, "plane:system": PROX01, "plane:user": PROX02},
}
NOTHING_FALSE = {"no_failed": True, "no_proxy_request_direct": True, "finding": ["one-direction-only"]}
NEVER = ["direct-allowed", "proxy-unreachable", "not-a-proxy", "winner-changed", "fallback", "proxy-error"]


def half(whole: str, direction: str, words: str, verdict: str, expect: dict[str, object]) -> Situation:
    of = SCENARIOS[whole]
    scenario = Scenario(f"one-way-{whole.partition('-')[0]}-{direction}", of.title, of.configured, of.logon, (), of.expect, words)
    return Situation(scenario, verdict, expect, half=(whole, direction))


SITUATIONS = tuple(
    made
    for whole, won in WON.items()
    for made in (
        half(
            whole,
            "out",
            f"of {whole} only what the workstation sent",
            "the same proxies won as in the whole capture: what was asked and then used was let through; no answer is called failed",
            {**NOTHING_FALSE, "winner": won, "no_finding": [*NEVER, "no-service-traffic"]},
        ),
        half(
            whole,
            "in",
            f"of {whole} only what came back to the workstation",
            "proxies answered, what they were asked can't be seen: nothing is direct to a proxy, nothing failed",
            {**NOTHING_FALSE, "no_finding": NEVER},
        ),
    )
)
