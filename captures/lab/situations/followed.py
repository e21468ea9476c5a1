"""Advice that was followed: the same machine once more, after the settings that a finding names were changed.

FOLLOWS says which capture and finding each of them follows; what must hold is the `expect` that came with that finding.
"""

from __future__ import annotations

from typing import NamedTuple

from captures.lab.scenarios import CNC, CTL, Activity, Scenario
from captures.lab.situations.authentication import BASIC, REQUIRED, STATIC
from captures.lab.situations.situation import CNC_SERVICE, PROX01, PROX03, Situation

LET_IN = f"""\
acl defender_443 dstdomain .events.data.microsoft.com
acl defender_443 dstdomain {CNC}
acl defender_443_port port 443
http_access allow defender_443 defender_443_port
"""
"""What `report --allow squid` writes of these two hosts, above the rule that asks for credentials."""


class Followed(NamedTuple):
    """capture: path under captures/; code and proxy of the finding (proxy None: the only one of that code)."""

    capture: str
    code: str
    proxy: str | None = None


FOLLOWS = {
    "let-in-without-authentication": Followed("situations/static-407-then-winhttp.pcapng", "proxy-auth-required", PROX03),
    "a-proxy-that-is-one": Followed("situations/web-servers.pcapng", "not-a-proxy", PROX01),
    "winhttp-for-the-lists": Followed("T4-static.pcapng", "revocation-unreachable"),
}

SITUATIONS = (
    Situation(
        Scenario(
            "let-in-without-authentication",
            "The static proxy lets Defender's hosts in without credentials",
            ("static", "winhttp"),
            None,
            STATIC[:2],
            {"sensor": "static"},
            "as static-407-then-winhttp, after its advice: what whichproxy wrote for squid stands above PROX03's rule that asks for Basic",
            proxy_rules={"PROX03": BASIC + LET_IN + REQUIRED},
        ),
        "static won and works: no client is asked for credentials any more",
        {
            "winner": {CNC_SERVICE: PROX03, "plane:sensor": PROX03},
            "outcome": {CNC_SERVICE: "works", "plane:sensor": "works"},
            "certain": [CNC_SERVICE, "plane:sensor"],
            "no_finding": ["proxy-auth-required", "fallback"],
        },
    ),
    Situation(
        Scenario(
            "a-proxy-that-is-one",
            "The setting names a proxy instead of a web server",
            ("winhttp",),
            None,
            (Activity(0.2, "MsSense", CNC, times=2, every=2.0), Activity(1.4, "MsSense", CNC, times=4, every=0.9)),
            {"sensor": "winhttp"},
            "as web-servers, after its advice: netsh winhttp set proxy names PROX01, where squid listens",
        ),
        "WinHTTP won and works: what is asked is a proxy",
        {
            "winner": {CNC_SERVICE: PROX01, "plane:sensor": PROX01},
            "outcome": {CNC_SERVICE: "works"},
            "no_finding": ["not-a-proxy", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "winhttp-for-the-lists",
            "A WinHTTP proxy beside the static one, for the revocation lists",
            ("static", "winhttp"),
            None,
            (
                Activity(0.4, "MsSense", CNC, times=3, every=2.0, send=900),
                Activity(1.1, "MsMpEng", "wdcp.microsoft.com", times=2, every=2.5),
                Activity(
                    1.4, "CryptoAPI", "ctldl.windowsupdate.com", "get", paths=(f"{CTL}disallowedcertstl.cab?a1", f"{CTL}authrootstl.cab?d4")
                ),
                Activity(2.1, "CryptoAPI", "crl.microsoft.com", "get", times=2, every=2.0, paths=("/list",)),
                Activity(4.4, "CryptoAPI", "ocsp.digicert.com", "get", paths=("/list",)),
            ),
            {"sensor": "static", "antivirus": "static", "system": "winhttp"},
            "as T4-static, after its advice: netsh winhttp set proxy names PROX01, and Windows fetches its lists there",
        ),
        "static for sensor and antivirus, WinHTTP for SYSTEM: the revocation lists are fetched",
        {
            "winner": {"plane:sensor": PROX03, "plane:antivirus": PROX03, "certificate-trust": PROX01},
            "outcome": {"certificate-trust": "works"},
            "no_finding": ["revocation-unreachable", "direct-blocked"],
        },
    ),
)
