"""Findings as plain rows: what was seen, about whom, what to do, and how to get its packets; those that say the same together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analyzer.report.expectation import expectation_file
from analyzer.text.labels import ProxyLabel, some, source_label
from analyzer.text.times import to_the_second
from analyzer.text.words import counted

SEVERITIES = ("problem", "warning", "info")

MOST_WAYS = 3

OF_A_MOMENT = frozenset(("backlog-flush", "winner-changed", "fallback", "tunnel-idle-closed", "tunnel-dead", "client-analyzer-run"))
"""Findings of which the document has one per source and moment."""


FAULTS = (
    "proxy-unreachable", "captive-portal", "not-a-proxy", "proxy-auth-required", "proxy-denied", "proxy-error", "origin-unreachable",
    "tls-inspected", "tls-failed",
)  # fmt: skip
"""What goes wrong at a proxy, and what may follow from it."""

FOLLOWS = ("tls-failed", "revocation-unreachable", "fallback", "winner-changed")
"""What follows from a fault where it is about the same flows; of these the earlier may be what the later follow from."""


@dataclass(frozen=True)
class Setting:
    """What to change: its name, where it is, what to write, why, and the page that says so with the date of its text.

    whose  the system that has it, or "at the proxy"
    """

    name: str
    whose: str
    where: str
    change: str
    why: str
    source: str
    date: str


@dataclass(frozen=True)
class Finding:
    """Something a person should know: what, where it was seen, what to do about it.

    settings  what to change, in the order to try it; expect: what must hold afterwards, as a file for --expect; "": nothing follows
    way       what its proxy is called
    command   writes its packets
    alike     what is the same of other sources or at other moments, where they are put together
    led_to    what followed from it, and is no cause of its own: each with its advice, and the settings that aren't said before it
    harm      services of sources, each counted, that it is about and that don't work
    """

    severity: str
    code: str
    confidence: str | None
    text: str
    advice: str | None
    about: str
    when: str
    flows: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    expect: str = ""
    proxy: str | None = None
    way: str = ""
    command: str = ""
    alike: tuple[Finding, ...] = ()
    led_to: tuple[Finding, ...] = ()
    harm: int = 0

    @property
    def more(self) -> str:
        """`and 14 more like it`, `and the same through PROX02`; "" where there is none."""
        others = list(dict.fromkeys(one.way for one in self.alike))
        if "" not in others and self.way not in others:
            return f"and the same through {some(others, MOST_WAYS)}" if others else ""
        return f"and {len(self.alike):,} more like it" if self.alike else ""


def with_what_followed(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, the most harmful first; what only follows from another is listed with that one, which is then as severe."""
    followed: dict[int, list[Finding]] = {}
    faults = [
        (number, cause, frozenset(cause.flows))
        for number, cause in enumerate(findings)
        if cause.code in FAULTS and cause.severity != "info"
    ]
    cause_of = {number: cause for number, finding in enumerate(findings) if (cause := _cause_of(finding, faults)) is not None}
    for number, cause in cause_of.items():
        while cause in cause_of:  # what follows from a consequence follows from its cause
            cause = cause_of[cause]
        followed.setdefault(cause, []).append(findings[number])
    made = []
    for number, finding in enumerate(findings):
        if number in cause_of:
            continue
        if those := followed.get(number):
            severity = min((finding.severity, *(one.severity for one in those)), key=SEVERITIES.index)
            harm = max(finding.harm, *(one.harm for one in those))
            finding = replace(finding, severity=severity, harm=harm, led_to=tuple(_beyond(finding, those)))
        made.append(finding)
    return sorted(made, key=finding_order)


def _beyond(cause: Finding, followed: Sequence[Finding]) -> Iterator[Finding]:
    """What followed, with the settings that neither the cause nor an earlier one has; what must hold afterwards the cause says."""
    said = set(cause.settings)
    for one in followed:
        yield replace(one, settings=tuple(setting for setting in one.settings if setting not in said), expect="")
        said |= {*one.settings}


def _cause_of(finding: Finding, faults: Sequence[tuple[int, Finding, frozenset[str]]]) -> int | None:
    """The number of the fault that this one follows from, which is about the same flows; None: it is a cause itself."""
    if finding.code not in FOLLOWS or finding.severity == "info" or (finding.code == "winner-changed" and finding.severity != "problem"):
        return None
    flows = frozenset(finding.flows)
    for number, cause, its in faults:
        if finding.proxy not in (None, cause.proxy):
            continue
        if cause.code in FOLLOWS and FOLLOWS.index(cause.code) >= FOLLOWS.index(finding.code):
            continue
        shared = flows & its
        if shared and (finding.code in OF_A_MOMENT or len(shared) == len(flows)):
            return number
    return None


def to_do(findings: Sequence[Finding]) -> list[Finding]:
    """What harms, most harmful first; what is to be done about it once, however many proxies it is about."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for cause in causes(findings):
        if cause.severity in SEVERITIES[:2]:
            together.setdefault((cause.severity, cause.code, cause.confidence, cause.advice), []).append(cause)
    return [
        replace(first, alike=(*first.alike, *(one for cause in rest for one in (cause, *cause.alike))))
        for first, *rest in together.values()
    ]


def causes(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in their order, those put together that state the same of the same proxy for each source and moment."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        alike = finding.severity, finding.code, finding.proxy, finding.confidence
        together.setdefault(alike if finding.code in OF_A_MOMENT else (number,), []).append(finding)
    return [replace(first, alike=tuple(rest)) for first, *rest in together.values()]


def harm_of(entry: Mapping[str, Any], failing: Mapping[str, frozenset[str]]) -> int:
    """How many services of its sources a finding of the document is about that don't work; all of them where it names none.

    failing  source → its services that don't work; left out: all of its services do
    """
    services = frozenset(entry["services"])
    if not failing or entry["severity"] == "info" or entry["code"] == "direct-allowed":  # what got through harms no service
        return 0
    sources = [failing[ip] for ip in entry["client_ips"] if ip in failing]
    return sum(len(those & services) if services else len(those) for those in sources)


def finding_of(
    entry: Mapping[str, Any], names: Mapping[str, str | None], labels: Mapping[str, ProxyLabel], command: str, harm: int = 0
) -> Finding:
    clients, proxy, services = entry["client_ips"], entry["proxy"], entry["services"]
    about = [source_label(clients[0], names.get(clients[0]))] if len(clients) == 1 else [counted(len(clients), "source")] if clients else []
    if proxy:
        about.append(f"through {labels.get(proxy, proxy)}")
    if services:
        about.append(services[0] if len(services) == 1 else counted(len(services), "service"))
    return Finding(
        severity=entry["severity"],
        code=entry["code"],
        confidence=entry["confidence"],
        text=entry["text"],
        advice=entry["advice"],
        about=", ".join(about),
        proxy=proxy,
        way=str(labels.get(proxy, proxy)) if proxy else "",
        when=span(entry["first_seen"], entry["last_seen"]),
        flows=tuple(entry["flows"]),
        settings=tuple(_setting(one) for one in entry.get("settings", ())),
        expect=expectation_file(entry.get("expect")),
        command=command,
        harm=harm,
    )


def _setting(entry: Mapping[str, Any]) -> Setting:
    whose = "at the proxy" if entry["system"] == "proxy" else entry["system"]
    return Setting(entry["name"], whose, entry["where"], entry["change"], entry["why"], entry["source"], entry["date"])


def finding_order(finding: Finding) -> tuple[int, int, bool, int, str, str, str]:
    """The severe before the others, then what harms most, then what is certain, then faults of proxies, the first to be met first."""
    fault = FAULTS.index(finding.code) if finding.code in FAULTS else len(FAULTS)
    rank = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    return rank, -finding.harm, finding.confidence != "certain", fault, finding.code, finding.about, finding.when


def span(start: str | None, end: str | None) -> str:
    """`2024-05-01 12:00:00 to 12:20:00` in the zone shown, the day said once; "" without times; an open end is left out."""
    first, last = to_the_second(start), to_the_second(end)
    if first and last:
        if first == last:
            return first
        return f"{first} to {last[11:] if first[:10] == last[:10] else last}"
    if first:
        return f"from {first}"
    return f"until {last}" if last else ""
