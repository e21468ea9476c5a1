"""A firewall that reads names: it lets the SYN through and not the hello; a block page where a revocation list should be; a portal."""

from __future__ import annotations

from captures.lab.others import PORTAL
from captures.lab.proxies import Proxy
from captures.lab.scenarios import CNC, CTL, CYBER, Activity, Scenario
from captures.lab.situations.situation import CLOUD, CNC_SERVICE, PROX01, PROX03, WORKSTATION, Situation, row

WDCP, EDGE, SLSCR = "wdcp.microsoft.com", "edge.microsoft.com", "slscr.update.microsoft.com"
OF_DEFENDER = "ip daddr { 20.1.1.0/24, 20.1.2.0/24, 20.1.6.0/24 }"
# Everything with a payload from the workstation: handshake and acknowledgements are 40 to 52 bytes long.
HELLO = f"ip saddr {WORKSTATION} {OF_DEFENDER} tcp dport 443 ip length > 80"
RULE = "nft 'insert rule ip whichproxy_lab forward {rule}'"

HELLOS = (
    Activity(0.2, "MsSense", CNC, "tls", times=3, every=3.0, patience=5.0, through="direct"),
    Activity(1.0, "MsSense", CYBER, "tls", times=2, every=3.0, patience=5.0, through="direct", hello="windows11"),
    Activity(1.7, "MsMpEng", WDCP, "tls", times=3, every=2.5, patience=5.0, through="direct", hello="windows11"),
)
OTHERS = (
    Activity(0.7, "msedge", EDGE, "tls", times=2, every=4.0, through="direct"),
    Activity(2.2, "wuauserv", SLSCR, "tls", times=2, every=4.0, through="direct"),
)

BLOCKER = Proxy("BLOCKER", "172.16.12.80", "other", 80, kind="block-page")
HOTEL = Proxy("PORTAL", "172.16.12.80", "other", 80, kind="portal")
ARTICLES = (Proxy("PROX01", "172.16.12.10", "winhttp"), Proxy("PROX03", "172.16.12.12", "static"))


def turned(port: int) -> tuple[tuple[str, str], ...]:
    """Plain HTTP that goes past the proxies is turned to the machine with the page."""
    table = "nft add table ip turned && nft 'add chain ip turned pre { type nat hook prerouting priority dstnat; }'"
    rule = f"nft add rule ip turned pre ip saddr {WORKSTATION} ip daddr 20.0.0.0/8 tcp dport {port} dnat to 172.16.12.80:80"
    both = (RULE.format(rule=f"tcp {end} {port} accept") for end in ("dport", "sport"))
    return tuple(("gateway", line) for line in (table, rule, *both))


LISTS = (
    Activity(0.4, "CryptoAPI", "crl.microsoft.com", "fetch", times=2, every=5.0, paths=("/list",), port=80, through="direct"),
    Activity(1.2, "CryptoAPI", "ctldl.windowsupdate.com", "fetch", paths=(f"{CTL}authrootstl.cab",), port=80, through="direct"),
    Activity(2.3, "CryptoAPI", "ocsp.digicert.com", "fetch", paths=("/list",), port=80, through="direct"),
    Activity(3.1, "CryptoAPI", "oneocsp.microsoft.com", "fetch", paths=("/list",), port=80, through="direct"),
)

SITUATIONS = (
    Situation(
        Scenario(
            "firewall-drops-hello",
            "A firewall lets the SYN through and drops the ClientHello",
            (),
            None,
            HELLOS,
            {"sensor": "none"},
            "no proxy is set; the gateway lets handshakes through, and drops every packet with a payload on its way to Defender's hosts",
            gateway_policy="allow",
            commands=(("gateway", RULE.format(rule=f"{HELLO} drop")),),
        ),
        "nothing got there: every direct attempt was blocked, though all of them have a handshake",
        {
            "not_carried": True,
            "direct_outcome": {"blocked": 8},
            "outcome": {CNC_SERVICE: "blocked", CLOUD: "blocked", "plane:sensor": "blocked"},
            "finding": ["direct-blocked"],
            "no_finding": ["direct-allowed", "no-service-traffic"],
        },
        topology=False,
    ),
    Situation(
        Scenario(
            "firewall-resets-hello",
            "A firewall lets the SYN through and resets at the ClientHello",
            (),
            0.0,
            HELLOS + OTHERS,
            {"sensor": "none"},
            "the same with resets, while Edge and Windows Update are let through",
            gateway_policy="allow",
            commands=(("gateway", RULE.format(rule=f"{HELLO} reject with tcp reset")),),
        ),
        "nothing of Defender's got there: its direct attempts were blocked, the others' answered",
        {
            "not_carried_by_proxy": True,
            "direct_outcome": {"blocked": 8, "answered": 4},
            "outcome": {CNC_SERVICE: "blocked", CLOUD: "blocked", "plane:sensor": "blocked"},
            "finding": ["direct-blocked"],
            "no_finding": ["no-service-traffic"],
        },
        topology=False,
    ),
    Situation(
        Scenario(
            "block-page",
            "A page that says no, where a revocation list should be",
            ("static",),
            None,
            (
                *LISTS,
                Activity(0.6, "MsSense", CNC, times=3, every=2.5),
                Activity(1.5, "MsMpEng", WDCP, times=2, every=3.0),
            ),
            {"sensor": "static", "antivirus": "static"},
            "CryptoAPI's fetches go past the proxies, and the gateway turns them to nginx, which answers each with 403 and one HTML page",
            proxies=(*ARTICLES, BLOCKER),
            commands=turned(80),
        ),
        "static won for sensor and antivirus; every fetch of a revocation list was blocked by a page, so certificate-trust failed",
        {
            "winner": {"plane:sensor": PROX03, "plane:antivirus": PROX03},
            "certain": ["plane:sensor"],
            "direct_outcome": {"blocked": 5},
            "required": {"certificate-trust": "failed"},
            "finding": ["revocation-unreachable"],
            "no_finding": ["direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "captive-portal",
            "A captive portal redirects everything, through the proxy and past it",
            ("winhttp",),
            None,
            (
                *LISTS,
                Activity(0.2, "NCSI", "www.msftconnecttest.com", "fetch", paths=("/connecttest.txt",), port=80, through="direct"),
                Activity(0.5, "MsSense", CNC, times=4, every=2.0, patience=5.0),
                Activity(1.4, "MsSense", CYBER, times=3, every=2.0, patience=5.0),
                Activity(1.9, "MsMpEng", WDCP, times=2, every=2.0, patience=5.0),
                Activity(2.6, "NCSI", "www.msftconnecttest.com", "get", paths=("/connecttest.txt",)),
                Activity(3.4, "DoSvc", "download.windowsupdate.com", "get", paths=("/update",)),
            ),
            {"sensor": "none"},
            f"PROX01 (squid) answers every CONNECT and GET with a redirect to {PORTAL}, and so does nginx to what goes past it on port 80",
            proxies=(*ARTICLES, HOTEL),
            proxy_rules={"PROX01": f"acl everybody src all\ndeny_info 302:{PORTAL} everybody\nhttp_access deny everybody\n"},
            commands=turned(80),
        ),
        "nothing was carried: a captive portal redirected everything, through WinHTTP's proxy and past it",
        {
            "not_carried": True,
            "asked": {CNC_SERVICE: PROX01},
            "outcome": {CNC_SERVICE: "failed", "plane:sensor": "failed", "plane:antivirus": "failed"},
            "direct_outcome": {"blocked": 6},
            "rows": [row(9, request="connect", proxy_status=302)],
            "finding": ["captive-portal"],
            "no_finding": ["direct-allowed"],
        },
    ),
)
