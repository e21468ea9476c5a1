"""Addresses that a gateway translates, and proxies that no client asked: both sides are recorded."""

from __future__ import annotations

from captures.lab.proxies import Proxy
from captures.lab.scenarios import CNC, CTL, CYBER, Activity, Scenario
from captures.lab.situations.situation import PROX01, WORKSTATION, WORKSTATION2, Situation, row, some

WDCP = "wdcp.microsoft.com"
BOTH_SIDES = ("workstations", "proxies")
GATEWAYS_ADDRESS = "172.16.12.1"

NAT = (
    ("gateway", "nft add table ip translated && nft 'add chain ip translated post { type nat hook postrouting priority srcnat; }'"),
    ("gateway", f"nft add rule ip translated post ip saddr 172.16.11.0/24 oifname lan12 snat to {GATEWAYS_ADDRESS}"),
)
SENSOR = (
    Activity(0.2, "MsSense", CNC, times=3, every=2.0, send=900),
    Activity(0.8, "MsSense", CYBER, times=2, every=2.2, send=2_500),
    Activity(1.5, "MsMpEng", WDCP, times=2, every=2.0, send=1_200),
)
SYSTEM = (
    Activity(1.1, "CryptoAPI", "crl.microsoft.com", "get", times=2, every=3.0, paths=("/list",)),
    Activity(1.9, "wuauserv", "slscr.update.microsoft.com", times=2, every=3.0),
)

BALANCER = Proxy("BALANCER", "172.16.12.100", "static", 3128, kind="nothing", machine="PROX01")
BEHIND = (Proxy("PROX01", "172.16.12.10", "other", key="first"), Proxy("PROX02", "172.16.12.11", "other", key="second"))
SPREAD = (
    ("gateway", "nft add table ip translated && nft 'add chain ip translated pre { type nat hook prerouting priority dstnat; }'"),
    (
        "gateway",
        "nft 'add rule ip translated pre ip daddr 172.16.12.100 tcp dport 3128 "
        "dnat to numgen inc mod 2 map { 0 : 172.16.12.10, 1 : 172.16.12.11 }'",
    ),
)
BALANCED = """\
# The clients know the load balancer's address; the two proxies behind it have addresses of their own.
[[proxy]]
name = "BALANCER"
address = "172.16.12.100"
port = 3128
method = "static"

[[workstation]]
name = "WORKSTATION"
address = "172.16.11.92"

[gateway]
policy = "proxies-only"
certificate_issuers = ["Laboratory CA"]
"""

# The gateway sends web traffic to PROX02's machine, which turns it to squid and to a relay; their own connections go out again.
TURNED_AWAY = (
    ("gateway", "nft add table ip turned && nft 'add chain ip turned pre { type filter hook prerouting priority mangle; }'"),
    ("gateway", "nft 'add rule ip turned pre iifname lan11 ip daddr 20.0.0.0/8 tcp dport { 80, 443 } meta mark set 7'"),
    ("gateway", "ip rule add fwmark 7 lookup 100 && ip route add default via 172.16.12.11 table 100"),
    ("PROX02", "nft add table ip taken && nft 'add chain ip taken pre { type nat hook prerouting priority dstnat; }'"),
    ("PROX02", "nft add rule ip taken pre tcp dport 80 redirect to :3129"),
    ("PROX02", "nft add rule ip taken pre tcp dport 443 redirect to :3443"),
)
UNASKED = (
    Activity(0.3, "CryptoAPI", "crl.microsoft.com", "fetch", times=2, every=4.0, paths=("/list",), port=80, through="direct"),
    Activity(1.2, "CryptoAPI", "ctldl.windowsupdate.com", "fetch", paths=(f"{CTL}authrootstl.cab",), port=80, through="direct"),
    Activity(0.7, "MsSense", CNC, "tls", times=3, every=2.5, send=900, through="direct"),
    Activity(1.6, "MsSense", CYBER, "tls", times=2, every=2.5, send=2_500, through="direct", hello="windows11"),
    Activity(2.2, "MsMpEng", WDCP, "tls", times=2, every=2.5, through="direct", hello="windows11"),
)

SITUATIONS = (
    Situation(
        Scenario(
            "behind-nat",
            "Two machines behind NAT, both sides recorded",
            ("winhttp",),
            None,
            SENSOR + SYSTEM,
            {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp"},
            f"the gateway gives everything of theirs its address {GATEWAYS_ADDRESS} on the way to PROX01; both of its sides are recorded",
            capture_points=BOTH_SIDES,
            workstations=2,
            commands=NAT,
        ),
        "WinHTTP won for both machines; the gateway's address is no source, every connection counts once",
        {
            "sources": [WORKSTATION, WORKSTATION2],
            "by_source": {
                source: {
                    "winner": {"plane:sensor": PROX01, "plane:antivirus": PROX01, "plane:system": PROX01},
                    "certain": ["plane:sensor", "plane:antivirus", "plane:system"],
                    "tunnels": {"plane:sensor": 5, "plane:antivirus": 2},
                    "defender": "seen",
                }
                for source in (WORKSTATION, WORKSTATION2)
            },
            "copies": 22,
            "finding": ["nat"],
            "no_finding": ["direct-allowed", "duplicated-packets"],
        },
    ),
    Situation(
        Scenario(
            "load-balancer",
            "A load balancer's address before two proxies, both sides recorded",
            ("static",),
            None,
            SENSOR,
            {"sensor": "static", "antivirus": "static"},
            "the gateway turns 172.16.12.100:3128 to PROX01 and PROX02 by turns; both of its sides are recorded",
            capture_points=BOTH_SIDES,
            proxies=(*BEHIND, BALANCER),
            commands=SPREAD,
        ),
        "static won by the address that the clients ask; the proxies behind it are the same connections once more",
        {
            "sources": [WORKSTATION],
            "winner": {"plane:sensor": "172.16.12.100:3128", "plane:antivirus": "172.16.12.100:3128"},
            "asked": {"plane:sensor": "172.16.12.100:3128"},
            "certain": ["plane:sensor", "plane:antivirus"],
            "tunnels": {"plane:sensor": 5, "plane:antivirus": 2},
            "copies": 7,
            "finding": ["nat"],
            "no_finding": ["direct-allowed", "winner-changed", "fallback", "duplicated-packets"],
        },
        topology=BALANCED,
    ),
    Situation(
        Scenario(
            "balancer-of-its-own",
            "A load balancer with connections of its own, both sides recorded",
            ("static",),
            None,
            SENSOR[:1] + SENSOR[2:],
            {"sensor": "static", "antivirus": "static"},
            "what listens at 172.16.12.100:3128 passes every byte on to PROX01, on connections of its own; the proxies' side is recorded",
            capture_points=("proxies",),
            proxies=(
                Proxy("PROX01", "172.16.12.10", "other", key="first"),
                Proxy("BALANCER", "172.16.12.100", "static", kind="forward"),
            ),
        ),
        "static won by the address that the clients ask; the balancer's own connections count for no source",
        {
            "sources": [WORKSTATION],
            "winner": {"plane:sensor": "172.16.12.100:3128", "plane:antivirus": "172.16.12.100:3128"},
            "tunnels": {"plane:sensor": 3, "plane:antivirus": 2},
            "rows": [row(5, client_ip="172.16.12.100", route="upstream")],
            "no_finding": ["direct-allowed", "winner-changed", "fallback"],
        },
        topology=BALANCED,
    ),
    Situation(
        Scenario(
            "transparent-proxy",
            "A transparent proxy, both sides recorded",
            (),
            None,
            UNASKED,
            {"sensor": "none"},
            "the gateway sends web traffic to PROX02's machine: squid takes plain HTTP (intercept, with Via), a relay takes TLS and passes "
            "each hello on as it is, on connections of its own",
            gateway_policy="allow",
            capture_points=("workstations", "internet"),
            proxies=(
                Proxy("PROX02", "172.16.12.11", "other"),
                Proxy("RELAY", "172.16.12.11", "other", 3443, kind="relay", machine="PROX02", key="relay"),
            ),
            proxy_rules={"PROX02": "http_port 172.16.12.11:3129 intercept\n"},
            commands=TURNED_AWAY,
        ),
        "no proxy was asked; what the workstation sent came out of a transparent proxy, whose legs count for no source",
        {
            "sources": [WORKSTATION],
            "winner": {"plane:sensor": None},
            "rows": [some(9, client_ip="172.16.12.11", route="upstream"), row(0, client_ip="172.16.12.11", route="direct")],
            "finding": ["transparent-proxy"],
            "no_finding": ["direct-allowed", "nat"],
        },
        topology=False,
    ),
)
