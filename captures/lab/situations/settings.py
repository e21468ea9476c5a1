"""Settings that packets show only in part: one proxy for two methods, services that part ways, proxies by turns, a straggler."""

from __future__ import annotations

from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, CYBER_SERVICE, PROX01, PROX03, Situation

WDCP, EDGE = "wdcp.microsoft.com", "edge.microsoft.com"
TWO_METHODS = """\
# netsh winhttp import proxy source=ie: one proxy serves both settings.
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = ["winhttp", "wininet"]

[[workstation]]
name = "WORKSTATION"
address = "172.16.11.92"

[gateway]
policy = "proxies-only"
certificate_issuers = ["Laboratory CA"]
"""

SITUATIONS = (
    Situation(
        Scenario(
            "one-proxy-two-methods",
            "One proxy serves WinHTTP and WinINET",
            ("winhttp", "wininet"),
            0.0,
            (
                Activity(0.2, "MsSense", CNC, times=3, every=2.0),
                Activity(0.9, "MsMpEng", WDCP, times=2, every=2.0),
                Activity(1.4, "CryptoAPI", "crl.microsoft.com", "get", times=2, every=2.0, paths=("/list",)),
                Activity(0.5, "explorer", EDGE, times=2, every=2.0, through="winhttp"),
            ),
            {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp", "user": "winhttp"},
            "the browser's setting was imported for WinHTTP: everything goes through PROX01",
        ),
        "PROX01 won for every plane; its address doesn't show which of its two methods",
        {
            "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01, "plane:system": PROX01, "plane:user": PROX01},
            "certain": ["plane:sensor", "plane:antivirus", "plane:system"],
            "method": {"plane:sensor": "winhttp/wininet"},
            "no_finding": ["winner-changed", "fallback", "direct-allowed", "service-split"],
        },
        topology=TWO_METHODS,
    ),
    Situation(
        Scenario(
            "services-part-ways",
            "Command and control by the static proxy, cyber data by WinHTTP's",
            ("static", "winhttp"),
            None,
            (
                Activity(0.2, "MsSense", CNC, times=4, every=1.8, through="static"),
                Activity(0.8, "MsSense", CYBER, times=4, every=1.8, send=2_000, through="winhttp"),
            ),
            {},
            "each service keeps to a proxy of its own from beginning to end",
        ),
        "static won for command and control, WinHTTP for cyber data: the sensor's plane is split and has no winner",
        {
            "winner": {CNC_SERVICE: PROX03, CYBER_SERVICE: PROX01, "plane:sensor": None},
            "certain": [CNC_SERVICE, CYBER_SERVICE],
            "split": {"plane:sensor": True},
            "finding": ["service-split"],
            "no_finding": ["winner-changed", "fallback"],
        },
    ),
    Situation(
        Scenario(
            "by-turns",
            "Two proxies by turns",
            (),
            None,
            tuple(Activity(0.3 + number * 0.9, "MsSense", CNC, through="winhttp" if number % 2 else "wininet") for number in range(10)),
            {},
            "ten tunnels of one service, through PROX02 and PROX01 by turns",
        ),
        "two proxies share the load: nothing changed, and neither won for sure",
        {
            "eras_at_most": {"plane:sensor": 1, CNC_SERVICE: 1},
            "not_certain": ["plane:sensor", CNC_SERVICE],
            "tunnels": {"plane:sensor": 10},
            "no_finding": ["winner-changed", "fallback", "proxy-unreachable"],
        },
    ),
    Situation(
        Scenario(
            "straggler",
            "One request that goes another way",
            ("static", "winhttp"),
            None,
            (
                *(Activity(0.3 + number, "MsSense", CNC, through="static") for number in range(5)),
                Activity(5.4, "MsSense", CNC, through="winhttp"),
                *(Activity(6.3 + number, "MsSense", CNC_NEU, through="static", exchanges=1) for number in range(5)),
            ),
            {"sensor": "static"},
            "ten tunnels through PROX03, and one through PROX01 in their midst",
        ),
        "static won, likely: one request of eleven went through WinHTTP's proxy, and nothing changed",
        {
            "winner": {"plane:sensor": PROX03, CNC_SERVICE: PROX03},
            "asked": {"plane:sensor": PROX03},
            "confidence": {"plane:sensor": "likely", CNC_SERVICE: "likely"},
            "eras_at_most": {"plane:sensor": 1, CNC_SERVICE: 1},
            "no_finding": ["winner-changed", "fallback"],
        },
    ),
)
