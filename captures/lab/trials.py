"""Scenarios beside the article's: both legs with several clients at once, interception, and each failure made for real.

They are recorded into captures/proof/. Times are seconds from the start of the play.
"""

from __future__ import annotations

from captures.lab.scenarios import CNC, CNC_NEU, CTL, CYBER, STORAGE, Activity, Scenario

BOTH_LEGS = ("workstations", "internet")
WDCP, SMARTSCREEN, EDGE = "wdcp.microsoft.com", "nav.smartscreen.microsoft.com", "edge.microsoft.com"

CROWD = (
    Activity(0.0, "MsSense", CNC, times=2, every=0.05),
    Activity(0.0, "SenseCncProxy", CNC_NEU),
    Activity(0.0, "MsSense", CYBER, hello="library"),
    Activity(0.0, "MsMpEng", WDCP, times=2, every=0.02),
    Activity(0.0, "msedge", EDGE, through="static"),
    Activity(0.1, "CryptoAPI", "crl.microsoft.com", "get", paths=("/list",), through="static"),
    Activity(0.1, "CryptoAPI", "ctldl.windowsupdate.com", "get", paths=(f"{CTL}authrootstl.cab?a1",), through="static"),
)

INTERCEPTED = (
    Activity(0.0, "MsSense", CNC, times=2, every=0.4, through="winhttp"),
    Activity(0.1, "MsMpEng", WDCP, through="winhttp"),
    Activity(0.2, "MsMpEng", "wdcpalt.microsoft.com", hello="tls12", through="winhttp"),
    # the same services through the proxy that opens TLS: those that pin break, those that don't never notice
    Activity(0.0, "MsSense", CNC, times=2, every=0.6, ends="pinned", hello="tls12", through="wininet"),
    Activity(0.3, "SenseCncProxy", CNC_NEU, ends="pinned", hello="library", through="wininet"),
    Activity(0.1, "msedge", SMARTSCREEN, hello="library"),
    Activity(0.9, "explorer", SMARTSCREEN, hello="tls12"),
    Activity(0.5, "SenseIR", STORAGE, hello="tls12", through="wininet"),
    Activity(1.4, "explorer", EDGE, hello="library"),
    Activity(1.0, "WpnService", "client.wns.windows.com", "direct"),
)

NAMED = "acl {name} dstdomain {hosts}\n"
FAILING = {
    "PROX01": NAMED.format(name="forbidden", hosts=f"{WDCP} crl.microsoft.com")
    + NAMED.format(name="guarded", hosts=CYBER)
    + "auth_param basic program /usr/lib/squid/basic_fake_auth\n"
    "acl known proxy_auth REQUIRED\n"
    "http_access deny forbidden\n"
    "http_access deny guarded !known\n"
    "read_timeout 32 seconds",
    "PROX02": "auth_param basic program /usr/lib/squid/basic_fake_auth\nacl known proxy_auth REQUIRED\nhttp_access deny !known",
}
FAILURES = (
    Activity(0.0, "SenseIR", STORAGE, ends="idle", hello="tls12", through="winhttp"),
    Activity(0.2, "MsSense", CYBER, times=2, every=0.3, through="winhttp"),
    Activity(0.4, "MsMpEng", WDCP, times=2, every=0.3, through="winhttp"),
    Activity(0.6, "CryptoAPI", "crl.microsoft.com", "get", paths=("/list",)),
    Activity(0.8, "MsMpEng", "unitedstates.cp.wd.microsoft.com", through="winhttp"),
    Activity(0.9, "MsMpEng", "ctldl.windowsupdate.com", through="winhttp"),  # no server listens on its port 443
    Activity(1.0, "MsSense", "checkin.dm.microsoft.com", through="winhttp", hello="tls12"),
    Activity(1.2, "SenseCncProxy", CNC_NEU, ends="pinned", hello="library", through="winhttp"),
    Activity(1.4, "SenseCncProxy", CNC_NEU, ends="pinned", hello="tls12", through="winhttp"),
    Activity(1.6, "msedge", EDGE, "authenticate", hello="library"),
    Activity(1.8, "msedge", SMARTSCREEN, "quic", through="direct"),
    Activity(2.4, "msedge", SMARTSCREEN, "authenticate", hello="library"),
    # the static proxy is dead: the sensor goes past it
    Activity(3.0, "MsSense", CNC, times=2, every=1.0),
    Activity(4.5, "MsSense", CNC, "direct", times=2, every=1.0, through="direct"),
)

TRIALS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "both-legs",
            "Several clients at once through one proxy, both legs recorded",
            ("static",),
            None,
            CROWD,
            {"sensor": "static", "antivirus": "static", "system": "static", "user": "static"},
            "every tunnel of three workstations comes out of PROX03 with the ClientHello it went in with",
            capture_points=BOTH_LEGS,
            workstations=3,
        ),
        Scenario(
            "interception",
            "A proxy that opens TLS beside a clean one, both legs recorded",
            ("winhttp", "wininet"),
            0.0,
            INTERCEPTED,
            {},
            "PROX02 (mitmproxy) makes ClientHellos of its own, TLS 1.2 and 1.3; pinned clients break off; PROX01 is clean; "
            "the gateway rejects direct attempts",
            gateway_policy="reject",
            capture_points=BOTH_LEGS,
            workstations=2,
            intercepting=("PROX02",),
        ),
        Scenario(
            "failures",
            "Each way of failing, made for real",
            ("static", "winhttp", "wininet"),
            0.0,
            FAILURES,
            {},
            "407, 407 and then success, 403, 500 (no such name), 503 (nobody listens), a static proxy that is down and what the sensor "
            "does then, TLS that either side breaks off, a tunnel closed for being idle, revocation lists refused, QUIC dropped and "
            "tried again through the proxy",
            proxy_rules=FAILING,
            down=("PROX03",),
            rejecting=("checkin.dm.microsoft.com",),
        ),
    )
}
