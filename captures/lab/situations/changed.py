"""A setting that changes during the capture, and a PAC file whose first proxy dies."""

from __future__ import annotations

from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CLOUD, CNC_SERVICE, CYBER_SERVICE, PROX01, PROX02, PROX03, Situation, some

WDCP = "wdcp.microsoft.com"
CHANGES = 12.0


def sensor_and_antivirus(at: float, through: str, times: int = 5) -> tuple[Activity, ...]:
    return (
        Activity(at + 0.2, "MsSense", CNC, times=times, every=2.0, send=900, through=through),
        Activity(at + 0.9, "MsSense", CYBER, times=times, every=2.0, send=2_500, through=through),
        Activity(at + 1.5, "MsMpEng", WDCP, times=times, every=2.0, send=1_500, through=through),
    )


DIES = 9.0
PAC = """\
# A PAC file: PROXY 172.16.12.10:3128; PROXY 172.16.12.11:3128
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = "pac"

[[proxy]]
name = "PROX02"
address = "172.16.12.11"
port = 3128
method = "pac"

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
            "setting-changed",
            "The static proxy is set while everything goes on",
            ("static", "winhttp"),
            None,
            (
                *sensor_and_antivirus(0.0, "winhttp"),
                *sensor_and_antivirus(CHANGES, "static"),
                Activity(0.5, "CryptoAPI", "crl.microsoft.com", "get", times=5, every=4.5, paths=("/list",)),
                Activity(1.2, "wuauserv", "slscr.update.microsoft.com", times=4, every=6.0),
                Activity(2.0, "DiagTrack", "v10.events.data.microsoft.com", times=4, every=5.5),
            ),
            {"sensor": "static", "antivirus": "static", "system": "winhttp"},
            "sensor and antivirus go through PROX01 for twelve seconds, then through PROX03; SYSTEM stays on PROX01",
            ((CHANGES, "static proxy set"),),
        ),
        "static won for sensor and antivirus since the change, WinHTTP until then; WinHTTP for SYSTEM all the time",
        {
            "winner": {
                "plane:sensor": PROX03,
                "plane:antivirus": PROX03,
                "plane:system": PROX01,
                CNC_SERVICE: PROX03,
                CYBER_SERVICE: PROX03,
            },
            "asked": {"plane:sensor": PROX03, "plane:antivirus": PROX03, "plane:system": PROX01},
            "certain": ["plane:sensor", "plane:antivirus", "plane:system"],
            "outcome": {"plane:sensor": "works", "plane:antivirus": "works", "plane:system": "works"},
            "eras": {
                "plane:sensor": [PROX01, PROX03],
                "plane:antivirus": [PROX01, PROX03],
                "plane:system": [PROX01],
                CNC_SERVICE: [PROX01, PROX03],
                CYBER_SERVICE: [PROX01, PROX03],
                CLOUD: [PROX01, PROX03],
            },
            "finding": ["winner-changed"],
            "no_finding": ["fallback", "proxy-unreachable", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "changed-to-a-proxy-that-denies",
            "The static proxy is set, and it lets nothing through",
            ("static", "winhttp"),
            None,
            (
                Activity(0.2, "MsSense", CNC, times=4, every=1.4, send=900, through="winhttp"),
                Activity(0.8, "MsSense", CYBER, times=3, every=1.6, send=1_500, through="winhttp"),
                Activity(7.0, "MsSense", CNC, times=4, every=1.2, through="static"),
                Activity(7.4, "MsSense", CYBER, times=3, every=1.4, through="static"),
            ),
            {"sensor": "none"},
            "the sensor goes through PROX01 until the static proxy is set: PROX03 (squid) answers 403 to everything",
            ((6.5, "static proxy set"),),
            proxy_rules={"PROX03": "http_access deny all\n"},
        ),
        "WinHTTP won until the change; since then static is asked, denies everything, and there is no winner",
        {
            "asked": {"plane:sensor": PROX03},
            "winner": {"plane:sensor": None},
            "outcome": {"plane:sensor": "denied"},
            "eras_in_number": {"plane:sensor": 2},
            "finding": ["proxy-denied"],
            "no_finding": ["fallback", "direct-allowed", "proxy-unreachable"],
        },
    ),
    Situation(
        Scenario(
            "pac-failover",
            "A PAC file's first proxy dies: the second takes over",
            (),
            None,
            (
                *sensor_and_antivirus(0.0, "winhttp", times=4),
                Activity(0.4, "MsSense", CNC_NEU, times=2, every=3.0, through="winhttp"),
                # from now on each one asks the first proxy first, and the second a moment later
                *sensor_and_antivirus(DIES + 1.0, "winhttp", times=4),
                *sensor_and_antivirus(DIES + 1.3, "wininet", times=4),
            ),
            {"sensor": "wininet", "antivirus": "wininet"},
            "everything goes through PROX01 until its squid ends; then each connection is tried there, refused, and made through PROX02",
            timeline=((DIES, "PROX01", "stop"),),
        ),
        "the second proxy carries since the first died, and the first is still asked first: a failover, not another setting",
        {
            "winner": {"plane:sensor": PROX02, "plane:antivirus": PROX02},
            "rows": [some(12, server_ip="172.16.12.10", state="refused", route="proxy")],
            "finding": ["fallback", "proxy-unreachable"],
            "no_finding": ["direct-allowed", "direct-blocked"],
        },
        topology=PAC,
    ),
)
