"""Let through and come to nothing, lost on a connection that closes, gone direct, and what a recording that begins late still shows."""

from __future__ import annotations

from captures.lab.proxies import Proxy
from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, CYBER_SERVICE, PROX01, PROX03, Situation, row, some

WDCP = "wdcp.microsoft.com"
BEGINS = 4.0

SITUATIONS = (
    Situation(
        Scenario(
            "tls-broken-in-every-tunnel",
            "Every tunnel opens, and TLS breaks in it",
            ("static",),
            None,
            (
                Activity(0.3, "MsSense", CNC, times=3, every=1.5, ends="pinned", hello="tls12"),
                Activity(0.9, "SenseCncProxy", CNC_NEU, times=3, every=1.5, ends="pinned"),
            ),
            {"sensor": "static"},
            "PROX03 lets all six through; the client rejects each certificate, as one that pins another does",
        ),
        "static was asked and let all through, but TLS broke in six of six tunnels: broken, and nothing required is carried",
        {
            "asked": {"plane:sensor": PROX03},
            "winner": {"plane:sensor": PROX03},
            "outcome": {"plane:sensor": "broken", CNC_SERVICE: "broken"},
            "not_certain": ["plane:sensor", CNC_SERVICE],
            "not_required_carried": True,
            "finding": ["tls-failed"],
            "no_finding": ["direct-allowed", "fallback", "winner-changed"],
        },
    ),
    Situation(
        Scenario(
            "lost-on-a-closing-connection",
            "A request is lost to a connection that the proxy just closed",
            ("winhttp",),
            None,
            (
                Activity(0.3, "CryptoAPI", "crl.microsoft.com", "late", paths=("/list", "/small", "/page"), pause=0.2),
                Activity(4.5, "CryptoAPI", "crl.microsoft.com", "get", paths=("/page",)),
                Activity(1.0, "MsSense", CNC, times=2, every=2.0),
            ),
            {"sensor": "winhttp", "system": "winhttp"},
            "PROX01 (squid) closes connections that are idle for two seconds; CryptoAPI asks on one of them and is reset, then asks "
            "again on a new one",
            proxy_rules={"PROX01": "client_idle_pconn_timeout 2 seconds\n"},
        ),
        "WinHTTP won and works: a request lost to a connection that served others before is no failure",
        {
            "winner": {"plane:system": PROX01, "plane:sensor": PROX01},
            "outcome": {"plane:sensor": "works"},
            "no_failed": True,
            "no_finding": ["proxy-unreachable", "proxy-error", "revocation-unreachable", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "static-dead-direct-open",
            "The static proxy is dead, and the direct way is open",
            ("static",),
            None,
            (
                Activity(0.3, "MsSense", CNC, times=3, every=2.0),
                Activity(0.6, "MsSense", CNC, "tls", times=3, every=2.0, through="direct"),
                Activity(1.2, "MsSense", CYBER, times=2, every=2.0),
                Activity(1.5, "MsSense", CYBER, "tls", times=2, every=2.0, through="direct"),
            ),
            {"sensor": "none"},
            "nobody listens at PROX03; the sensor falls back to the direct way, which the gateway allows",
            gateway_policy="allow",
            proxies=(Proxy("PROX03", "172.16.12.12", "static", kind="nothing"),),
        ),
        "static is set and unreachable; what the sensor sends goes direct and is answered: no proxy won",
        {
            "winner": {"plane:sensor": None},
            "outcome": {"plane:sensor": "direct", CNC_SERVICE: "direct", CYBER_SERVICE: "direct"},
            "direct_outcome": {"answered": 5},
            "required": {CNC_SERVICE: "carried", CYBER_SERVICE: "carried"},
            "rows": [row(5, state="refused", route="proxy")],
            "finding": ["proxy-unreachable", "direct-allowed"],
            "no_finding": ["no-service-traffic", "direct-blocked"],
        },
    ),
    Situation(
        Scenario(
            "begins-late",
            "The recording begins in the middle of connections",
            ("winhttp",),
            None,
            (
                Activity(0.2, "MsSense", CNC_NEU, "tls", exchanges=5, pause=1.5, through="direct"),
                Activity(0.4, "SenseCncProxy", CNC_NEU, exchanges=5, pause=1.5),
                Activity(BEGINS + 1.0, "MsSense", CNC, times=3, every=1.5),
                Activity(BEGINS + 1.4, "MsMpEng", WDCP, times=2, every=1.5),
            ),
            {"sensor": "winhttp", "antivirus": "winhttp"},
            "what was recorded in the first four seconds is left out: of one direct connection and one tunnel only the rest is there",
            gateway_policy="allow",
            begins_s=BEGINS,
        ),
        "WinHTTP won; the packets don't show what the rest of the direct connection was for: unknown, not direct-allowed",
        {
            "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01},
            "direct_outcome": {"unknown": 1},
            "rows": [row(1, route="direct"), some(1, route="proxy", request=None)],
            "no_failed": True,
            "no_finding": ["direct-allowed", "direct-blocked", "winner-changed", "tls-failed"],
        },
    ),
)
