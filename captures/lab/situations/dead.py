"""Proxies that are dead for a while, that never answer, and web servers where a proxy is expected."""

from __future__ import annotations

from captures.lab.proxies import Proxy
from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, PROX03, Situation, row, some

WDCP = "wdcp.microsoft.com"
STOPS, RETURNS = 8.0, 16.0

SITUATIONS = (
    Situation(
        Scenario(
            "proxy-dies-and-returns",
            "A proxy that dies and comes back",
            ("static",),
            None,
            (
                Activity(0.2, "SenseCncProxy", CNC_NEU, exchanges=3, pause=1.0, ends="idle"),
                Activity(0.5, "MsSense", CNC, times=14, every=1.7, send=900),
                Activity(1.1, "MsSense", CYBER, times=10, every=2.4, send=2_000),
                Activity(1.9, "MsMpEng", WDCP, times=8, every=3.0, send=1_500),
            ),
            {"sensor": "static", "antivirus": "static"},
            "PROX03's squid ends eight seconds into the play, its machine refuses connections, and eight seconds later it is back",
            timeline=((STOPS, "PROX03", "stop"), (RETURNS, "PROX03", "start")),
        ),
        "static won for sensor and antivirus; the proxy was unreachable for a while; no other was asked, nothing went direct",
        {
            "winner": {"plane:sensor": PROX03, "plane:antivirus": PROX03, CNC_SERVICE: PROX03},
            "asked": {"plane:sensor": PROX03, "plane:antivirus": PROX03},
            "rows": [some(6, state="refused", route="proxy"), row(0, route="direct")],
            "eras": {"plane:sensor": [PROX03], "plane:antivirus": [PROX03]},
            "finding": ["proxy-unreachable"],
            "no_finding": ["winner-changed", "fallback", "direct-allowed", "direct-blocked", "not-a-proxy"],
        },
    ),
    Situation(
        Scenario(
            "proxy-never-answers",
            "A proxy that accepts and never answers",
            ("static",),
            None,
            (
                Activity(0.2, "MsSense", CNC, times=3, every=6.0, patience=4.0),
                Activity(1.0, "MsSense", CYBER, times=2, every=7.0, patience=4.0),
                Activity(5.0, "MsSense", CNC, "direct", times=2, every=6.0, through="direct"),
            ),
            {"sensor": "none"},
            "what listens on PROX03's port takes every CONNECT and says nothing; the sensor waits four seconds, then tries the direct way, "
            "which is dropped",
            proxies=(Proxy("PROX03", "172.16.12.12", "static", kind="silent"),),
        ),
        "static was asked and answered nothing: there is no winner; the direct way is blocked",
        {
            "asked": {CNC_SERVICE: PROX03, "plane:sensor": PROX03},
            "winner": {CNC_SERVICE: None, "plane:sensor": None},
            "outcome": {CNC_SERVICE: "unanswered", "plane:sensor": "unanswered"},
            "not_carried": True,
            "no_proxy_request_direct": True,
            "rows": [row(3, requested_host=CNC, route="proxy"), row(2, requested_host=CYBER, route="proxy"), row(2, route="direct")],
            "direct_outcome": {"blocked": 2},
            "finding": ["proxy-unreachable", "direct-blocked"],
            "no_finding": ["direct-allowed", "not-a-proxy", "winner-changed"],
        },
    ),
    Situation(
        Scenario(
            "web-servers",
            "Web servers where a proxy is expected",
            (),
            None,
            (
                Activity(0.2, "MsSense", CNC, times=2, every=2.0, through="winhttp"),
                Activity(0.8, "MsSense", CNC, times=2, every=2.0, through="wininet"),
                Activity(1.4, "MsSense", CNC, times=2, every=2.0, through="static"),
                Activity(5.5, "noise", does="datagram", port=123),
            ),
            {"sensor": "none"},
            "nginx answers CONNECT with 400, Python's http.server with 501, one that knows CONNECT and won't have it, with 405",
            proxies=(
                Proxy("PROX01", "172.16.12.10", "winhttp", kind="nginx"),
                Proxy("PROX02", "172.16.12.11", "wininet", kind="http.server"),
                Proxy("PROX03", "172.16.12.12", "static", kind="refusing"),
            ),
        ),
        "three addresses were asked and are no proxies: every request failed, nothing went direct, nothing was carried",
        {
            "not_carried": True,
            "no_proxy_request_direct": True,
            "outcome": {CNC_SERVICE: "failed", "plane:sensor": "failed"},
            "rows": [row(6, requested_host=CNC, route="proxy"), *(row(2, proxy_status=status) for status in (400, 405, 501))],
            "proxies": [],
            "finding": ["not-a-proxy"],
            "no_finding": ["direct-allowed", "direct-blocked", "no-service-traffic"],
        },
        topology=False,
    ),
)
