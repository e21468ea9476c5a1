"""Silences: a tunnel that the gateway forgot, nights with a backlog at logon, and nights without one.

Hours are made by moving pieces of a recording in time (moved.py); within a piece nothing is changed.
"""

from __future__ import annotations

from captures.lab.scenarios import CNC, CNC_NEU, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, PROX01, PROX02, PROX03, Situation, some

WDCP, HOUR = "wdcp.microsoft.com", 3_600.0
FIRST = 49_671  # the port of the connection that the gateway forgets
LOGOFF, LOGON = 9.0, 21.0

# Twelve moments of a night, an hour between each: a time query. Then the logon, and the morning in pieces ten minutes apart.
NIGHT = tuple(Activity(LOGOFF + 1.0 + number, "noise", does="datagram", port=123) for number in range(12))
HOURS = (
    *((LOGOFF + 0.5 + number, (number + 1) * HOUR) for number in range(12)),
    *((LOGON - 0.5 + number * 4.0, (13 + number / 6) * HOUR) for number in range(4)),
)


def day(through: str | None = None) -> tuple[Activity, ...]:
    """Nine seconds of a working day."""
    return (
        Activity(0.4, "MsSense", CYBER, times=4, every=2.0, send=2_000, through=through),
        Activity(1.0, "MsSense", CNC, times=3, every=2.5, send=900, through=through),
        Activity(1.7, "MsMpEng", WDCP, times=3, every=2.4, send=1_200, through=through),
    )


def morning(through: str | None = None) -> tuple[Activity, ...]:
    """The usual pace: two or three requests in each of the morning's pieces."""
    return (
        Activity(LOGON + 4.0, "MsSense", CYBER, times=3, every=4.0, send=2_000, through=through),
        Activity(LOGON + 5.0, "MsSense", CNC, times=3, every=4.0, send=900, through=through),
        Activity(LOGON + 6.0, "MsMpEng", WDCP, times=2, every=5.0, send=1_200, through=through),
    )


MANY = (
    Activity(LOGON, "MsSense", CYBER, times=9, every=0.2, send=9_000),
    Activity(LOGON + 0.1, "MsMpEng", WDCP, times=3, every=0.4, send=6_000),
)
LARGE = (Activity(LOGON, "MsSense", CYBER, times=3, every=0.5, send=30_000),)
SHOWS_NIGHT = "a time query in every hour of the night (pieces moved in time)"

SITUATIONS = (
    Situation(
        Scenario(
            "tunnel-forgotten",
            "A tunnel idle for hours, which the gateway has forgotten, over rotated files",
            ("static",),
            None,
            (
                Activity(0.0, "SenseCncProxy", CNC_NEU, exchanges=4, pause=1.5, ends="forgotten", resumes=16.0, send=1_200),
                Activity(0.6, "MsSense", CNC, times=3, every=2.4, send=900),
                Activity(1.2, "MsSense", CYBER, times=3, every=2.2, send=2_000),
                Activity(17.0, "MsSense", CNC, times=5, every=2.6, send=900),
                Activity(18.0, "MsSense", CYBER, times=5, every=2.6, send=2_000),
                *(Activity(9.5 + number, "noise", does="datagram", port=123) for number in range(5)),
                Activity(30.0, "noise", does="datagram", port=123),
            ),
            {"sensor": "static"},
            "the gateway stops forwarding one connection; four hours later (pieces moved in time, from second 13 on) its client "
            "sends again and again, and nobody acknowledges; dumpcap begins a new file meanwhile",
            timeline=(
                (9.0, "gateway", f"nft insert rule ip whichproxy_lab forward tcp sport {FIRST} drop"),
                (9.0, "gateway", f"nft insert rule ip whichproxy_lab forward tcp dport {FIRST} drop"),
            ),
            rotate_s=13,
            moved=((13.0, 4 * HOUR),),
        ),
        "static won for the sensor; one of its tunnels was dead after four hours of silence: its data was never acknowledged",
        {
            "winner": {"plane:sensor": PROX03, CNC_SERVICE: PROX03},
            "asked": {"plane:sensor": PROX03},
            "rows": [some(1, requested_host=CNC_NEU, proxy_status=200)],
            "finding": ["tunnel-dead"],
            "no_finding": ["winner-changed", "fallback", "proxy-unreachable", "direct-allowed", "backlog-flush"],
        },
    ),
    Situation(
        Scenario(
            "backlog-at-logon",
            "A night without a user, and what was kept leaves at logon",
            ("wininet",),
            0.0,
            (*day(), *NIGHT, *MANY, *morning()),
            {"sensor": "wininet", "antivirus": "wininet"},
            f"sensor and antivirus have WinINET's proxy only: silence after logoff, {SHOWS_NIGHT}; at logon twelve uploads in two seconds",
            ((LOGOFF, "user logged off"), (LOGON, "user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS,
        ),
        "a backlog was emptied at logon; WinINET won before and after",
        {
            "winner": {"plane:sensor": PROX02, "plane:antivirus": PROX02},
            "finding": ["backlog-flush"],
            "no_finding": ["winner-changed", "direct-allowed", "tunnel-dead"],
        },
    ),
    Situation(
        Scenario(
            "backlog-through-another-proxy",
            "The backlog leaves through another proxy than before",
            ("winhttp", "wininet"),
            0.0,
            (*day("winhttp"), *NIGHT, *MANY, *morning("wininet")),
            {"sensor": "wininet", "antivirus": "wininet"},
            f"the WinHTTP proxy is taken away in the evening, {SHOWS_NIGHT}; at logon everything leaves through WinINET's",
            ((LOGOFF, "WinHTTP proxy removed, user logged off"), (LOGON, "user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS,
        ),
        "WinHTTP won until the evening, WinINET since the morning, when a backlog was emptied",
        {
            "winner": {"plane:sensor": PROX02, "plane:antivirus": PROX02},
            "eras": {"plane:sensor": [PROX01, PROX02], "plane:antivirus": [PROX01, PROX02]},
            "finding": ["backlog-flush", "winner-changed"],
            "no_finding": ["fallback", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "backlog-cut-short",
            "The recording ends while the backlog leaves",
            ("wininet",),
            0.0,
            (*day(), *NIGHT, Activity(LOGON, "MsSense", CYBER, times=8, every=0.2, send=2_500)),
            {"sensor": "wininet", "antivirus": "wininet"},
            f"as backlog-at-logon ({SHOWS_NIGHT}), and it ends with the last upload",
            ((LOGOFF, "user logged off"), (LOGON, "user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS,
        ),
        "a backlog leaves at logon, though nothing is known of what came after",
        {
            "winner": {"plane:sensor": PROX02, "plane:antivirus": PROX02},
            "finding": ["backlog-flush"],
            "no_finding": ["winner-changed", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "backlog-of-few-large",
            "A backlog of three large uploads",
            ("wininet",),
            0.0,
            (*day(), *NIGHT, *LARGE, *morning()),
            {"sensor": "wininet", "antivirus": "wininet"},
            f"as backlog-at-logon ({SHOWS_NIGHT}), but what was kept leaves in three uploads of 30 kB",
            ((LOGOFF, "user logged off"), (LOGON, "user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS,
        ),
        "a backlog was emptied at logon, though few requests carried it",
        {
            "winner": {"plane:sensor": PROX02, "plane:antivirus": PROX02},
            "finding": ["backlog-flush"],
            "no_finding": ["winner-changed", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "quiet-night",
            "A night without a user, and nothing was kept",
            ("static",),
            0.0,
            (
                *day(),
                *(Activity(LOGOFF + 1.2 + number * 2.0, "MsSense", CNC, send=900) for number in range(6)),
                *NIGHT,
                *morning(),
            ),
            {"sensor": "static", "antivirus": "static"},
            f"the sensor checks in through the static proxy all night, {SHOWS_NIGHT}; in the morning the usual pace",
            ((LOGOFF, "user logged off"), (LOGON, "user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS,
        ),
        "static won for sensor and antivirus; no backlog",
        {
            "winner": {"plane:sensor": PROX03, "plane:antivirus": PROX03},
            "certain": ["plane:sensor", "plane:antivirus"],
            "no_finding": ["backlog-flush", "winner-changed", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "switched-off-at-night",
            "A PC is switched off at night and starts in the morning",
            ("static",),
            0.0,
            (*day(), *MANY, *morning()),
            {"sensor": "static", "antivirus": "static"},
            "nothing is heard of the PC for thirteen hours (pieces moved in time); when it starts, twelve uploads within two seconds",
            ((LOGOFF, "switched off"), (LOGON, "switched on, user logged on")),
            sessions=((0.0, LOGOFF), (LOGON, None)),
            moved=HOURS[12:],
        ),
        "static won for sensor and antivirus; no backlog: a machine that isn't heard keeps nothing back",
        {
            "winner": {"plane:sensor": PROX03, "plane:antivirus": PROX03},
            "certain": ["plane:sensor", "plane:antivirus"],
            "no_finding": ["backlog-flush", "winner-changed", "direct-allowed"],
        },
    ),
)
