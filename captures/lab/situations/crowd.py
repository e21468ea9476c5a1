"""Three hundred workstations, of which five speak to Defender."""

from __future__ import annotations

from captures.lab.scenarios import CNC, CYBER, Activity, Scenario
from captures.lab.situations.situation import PROX01, PROX03, Situation

PEOPLE = [f"172.16.{14 + number // 150}.{10 + number % 150}" for number in range(300)]
BY_WINHTTP, BY_STATIC = (PEOPLE[17], PEOPLE[101], PEOPLE[222]), (PEOPLE[64], PEOPLE[288])
VISITS = ("www.contoso.com", "edge.microsoft.com", "outlook.office365.com", "teams.microsoft.com", "login.microsoftonline.com")
SECONDS = 24.0

OF_THE_CROWD = "172.16.14.0/23"
ADDRESSES = "; ".join(f"ip address add {address}/32 dev eth0" for address in PEOPLE)
COMMANDS = (
    ("WORKSTATION", ADDRESSES),
    ("gateway", f"ip route add {OF_THE_CROWD} dev lan11"),
    ("gateway", f"nft insert rule ip whichproxy_lab forward ip saddr {OF_THE_CROWD} tcp dport 3128 accept"),
    ("gateway", f"nft insert rule ip whichproxy_lab forward ip daddr {OF_THE_CROWD} tcp sport 3128 accept"),
    *((name, f"ip route replace {OF_THE_CROWD} via 172.16.12.1") for name in ("PROX01", "PROX02", "PROX03")),
)


def ordinary(number: int, source: str) -> Activity:
    """On every third machine a user opens a page, the others test their connection."""
    at = 0.2 + SECONDS * number / len(PEOPLE)
    if number % 3:
        return Activity(at, "NCSI", "www.msftconnecttest.com", "get", paths=("/connecttest.txt",), source=source, pause=0.0)
    return Activity(at, "explorer", VISITS[number // 3 % len(VISITS)], source=source, hello="windows11", send=100, fetch=None)


def defended(source: str, through: str) -> tuple[Activity, ...]:
    return (
        Activity(2.0, "MsSense", CNC, times=4, every=4.0, send=700, source=source, through=through),
        Activity(3.0, "MsSense", CYBER, times=4, every=4.0, send=1_500, source=source, through=through),
        Activity(4.0, "MsMpEng", "wdcp.microsoft.com", times=3, every=4.0, send=800, source=source, through=through),
    )


def expected(proxy: str) -> dict[str, object]:
    return {
        "winner": {"plane:sensor": proxy, "plane:antivirus": proxy},
        "certain": ["plane:sensor", "plane:antivirus"],
        "tunnels": {"plane:sensor": 8, "plane:antivirus": 3},
        "defender": "seen",
    }


SITUATIONS = (
    Situation(
        Scenario(
            "three-hundred",
            "Three hundred workstations, of which five speak to Defender",
            ("static", "winhttp", "wininet"),
            0.0,
            (
                *(ordinary(number, source) for number, source in enumerate(PEOPLE)),
                *(activity for source in BY_WINHTTP for activity in defended(source, "winhttp")),
                *(activity for source in BY_STATIC for activity in defended(source, "static")),
            ),
            {},
            "of three hundred addresses a third opens a page through PROX02, the others test their connection through PROX01; "
            "sensor and antivirus of three go through PROX01, of two through PROX03",
            commands=COMMANDS,
        ),
        "five machines with Defender, three on WinHTTP and two on the static proxy, come first; the others have none of its traffic",
        {
            "sources": sorted(PEOPLE),
            "by_source": {
                **{source: expected(PROX01) for source in BY_WINHTTP},
                **{source: expected(PROX03) for source in BY_STATIC},
                PEOPLE[0]: {"no_plane": ["sensor", "antivirus"], "defender": "not-seen"},
            },
            "with_defender": sorted((*BY_WINHTTP, *BY_STATIC)),
            "no_finding": ["winner-changed", "direct-allowed", "nat", "fallback"],
        },
    ),
)
