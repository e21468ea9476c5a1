"""One machine with several addresses, proxies behind a proxy, and one address with two proxies."""

from __future__ import annotations

from dataclasses import replace

from captures.lab.proxies import PROXIES, Proxy
from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, PROX01, WORKSTATION, Situation, row, some

WDCP = "wdcp.microsoft.com"
SIX, SECOND = "fd00:11::92", "172.16.11.192"
SIX_ON = "echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6; "
FAMILIES = (
    ("gateway", f"{SIX_ON} for i in lan11 lan12; do echo 0 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done"),
    ("gateway", "ip address add fd00:11::1/64 dev lan11 nodad; ip address add fd00:12::1/64 dev lan12 nodad"),
    ("gateway", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"),
    (
        "gateway",
        "nft 'add table ip6 whichproxy_lab; add chain ip6 whichproxy_lab forward { type filter hook forward priority 0; policy drop; }'",
    ),
    ("WORKSTATION", f"{SIX_ON} echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address add {SIX}/64 dev eth0 nodad"),
    ("WORKSTATION", "ip -6 route add default via fd00:11::1"),
)
ONE_SOURCE = """\
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = "winhttp"
{more}
[[workstation]]
name = "WORKSTATION"
address = ["172.16.11.92", "{other}"]

[gateway]
policy = "proxies-only"
certificate_issuers = ["Laboratory CA"]
"""
SIXTH_PROXY = """
[[proxy]]
name = "PROX01"
address = "fd00:12::10"
port = 3128
method = "winhttp"
"""
SENSOR = (
    Activity(0.4, "MsSense", CNC, times=5, every=2.0, send=900, through="winhttp"),
    Activity(1.0, "MsSense", CYBER, times=4, every=2.2, send=2_500, through="winhttp"),
    Activity(1.6, "MsMpEng", WDCP, times=4, every=2.0, send=1_200, through="winhttp"),
)
SYSTEM = (
    Activity(0.8, "CryptoAPI", "crl.microsoft.com", "get", times=3, every=3.0, paths=("/list",)),
    Activity(1.3, "wuauserv", "slscr.update.microsoft.com", times=3, every=3.0),
    Activity(2.1, "DiagTrack", "v10.events.data.microsoft.com", times=2, every=3.0),
)


def from_address(source: str, activities: tuple[Activity, ...]) -> tuple[Activity, ...]:
    return tuple(replace(activity, source=source) for activity in activities)


def at(seconds: float, activities: tuple[Activity, ...]) -> tuple[Activity, ...]:
    return tuple(replace(activity, at=activity.at + seconds) for activity in activities)


TWO_PORTS = """\
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = "winhttp"

[[proxy]]
name = "PROX03"
address = "172.16.12.10"
port = 8080
method = "static"

[[workstation]]
name = "WORKSTATION"
address = "172.16.11.92"

[gateway]
policy = "proxies-only"
certificate_issuers = ["Laboratory CA"]
"""
SECOND_PORT = "172.16.12.10:8080"

SITUATIONS = (
    Situation(
        Scenario(
            "two-families",
            "One machine with an IPv4 and an IPv6 address; the proxy's IPv6 address isn't answered",
            ("winhttp",),
            None,
            from_address(SIX, (Activity(0.2, "MsSense", CNC, times=3, every=3.0, through="six"),)) + SENSOR,
            {"sensor": "winhttp", "antivirus": "winhttp"},
            "the sensor tries PROX01 by IPv6 first, which the gateway drops, and then by IPv4",
            proxies=(PROXIES[0], Proxy("PROX01", "fd00:12::10", "winhttp", kind="nothing", key="six")),
            commands=FAMILIES,
        ),
        "one source of two addresses, WinHTTP won; the proxy's IPv6 address isn't answered, its IPv4 address is",
        {
            "sources": [WORKSTATION],
            "addresses": {WORKSTATION: [WORKSTATION, SIX]},
            "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01},
            "rows": [row(3, client_ip=SIX, state="no-answer", route="proxy")],
            "finding": ["address-family"],
            "no_finding": ["no-service-traffic", "direct-blocked", "direct-allowed", "winner-changed", "fallback", "proxy-unreachable"],
        },
        topology=ONE_SOURCE.format(more=SIXTH_PROXY, other=SIX),
    ),
    Situation(
        Scenario(
            "two-addresses",
            "One machine with two addresses",
            ("winhttp",),
            None,
            SENSOR + from_address(SECOND, at(10.5, SENSOR)),
            {"sensor": "winhttp", "antivirus": "winhttp"},
            "a laptop is taken from its dock: its traffic comes from 172.16.11.92, then from 172.16.11.192",
            commands=(
                ("WORKSTATION", f"ip address add {SECOND}/24 dev eth0"),
                ("gateway", f"nft insert rule ip whichproxy_lab forward ip saddr {SECOND} tcp dport 3128 accept"),
                ("gateway", f"nft insert rule ip whichproxy_lab forward ip daddr {SECOND} tcp sport 3128 accept"),
            ),
        ),
        "one source, WinHTTP won, nothing changed",
        {
            "sources": [WORKSTATION],
            "addresses": {WORKSTATION: [WORKSTATION, SECOND]},
            "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01},
            "certain": ["plane:sensor", "plane:antivirus"],
            "tunnels": {"plane:sensor": 18, "plane:antivirus": 8},
            "no_finding": ["no-service-traffic", "winner-changed", "direct-allowed"],
        },
        topology=ONE_SOURCE.format(more="", other=SECOND),
    ),
    Situation(
        Scenario(
            "chained-proxies",
            "A proxy behind a proxy",
            ("winhttp",),
            None,
            SENSOR + SYSTEM[:1],
            {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp"},
            "PROX01 (squid) sends everything to its parent PROX02; the proxies' side of the gateway is recorded",
            capture_points=("proxies",),
            proxies=(PROXIES[1], PROXIES[0]),
            proxy_rules={"PROX01": "cache_peer 172.16.12.11 parent 3128 0 no-query default\nnever_direct allow all\n"},
        ),
        "WinHTTP won: the clients ask PROX01. What PROX01 asks of its parent counts for no source",
        {
            "sources": [WORKSTATION],
            "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01, "plane:system": PROX01},
            "certain": ["plane:sensor", "plane:antivirus", "plane:system"],
            "tunnels": {"plane:sensor": 9, "plane:antivirus": 4},
            "rows": [some(14, client_ip="172.16.12.10", server_ip="172.16.12.11", route="upstream"), row(0, route="direct")],
            "no_finding": ["winner-changed", "direct-allowed", "nat", "service-split"],
        },
    ),
    Situation(
        Scenario(
            "two-ports",
            "Two proxies of one address",
            ("static", "winhttp"),
            None,
            tuple(replace(activity, through="static") for activity in SENSOR)
            + SYSTEM
            + (Activity(2.7, "SenseCncProxy", CNC_NEU, through="static"),),
            {"sensor": "static", "antivirus": "static", "system": "winhttp"},
            "squid listens on 172.16.12.10:3128 and :8080: WinHTTP has the one, the static setting the other",
            proxies=(PROXIES[0], Proxy("PROX03", "172.16.12.10", "static", 8080, kind="nothing", machine="PROX01")),
            proxy_rules={"PROX01": "http_port 172.16.12.10:8080\n"},
            commands=(
                ("gateway", "nft insert rule ip whichproxy_lab forward tcp dport 8080 accept"),
                ("gateway", "nft insert rule ip whichproxy_lab forward tcp sport 8080 accept"),
            ),
        ),
        "static won for sensor and antivirus (port 8080), WinHTTP for SYSTEM (port 3128)",
        {
            "winner": {"plane:sensor": SECOND_PORT, "plane:antivirus": SECOND_PORT, "plane:system": PROX01, CNC_SERVICE: SECOND_PORT},
            "method": {"plane:sensor": "static", "plane:antivirus": "static", "plane:system": "winhttp"},
            "certain": ["plane:sensor", "plane:antivirus", "plane:system"],
            "no_finding": ["winner-changed", "direct-allowed", "fallback"],
        },
        topology=TWO_PORTS,
    ),
)
