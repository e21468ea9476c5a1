"""407 in the ways Windows meets it: Basic on a new connection, NTLM and Negotiate in three steps, SYSTEM without credentials."""

from __future__ import annotations

from captures.lab.scenarios import CNC, CTL, CYBER, Activity, Scenario
from captures.lab.situations.situation import CNC_SERVICE, PROX01, PROX02, PROX03, Situation, row, some

WDCP, EDGE, START_PAGE, CONFIG = "wdcp.microsoft.com", "edge.microsoft.com", "ntp.msn.com", "config.edge.skype.com"
HELPERS = "/usr/lib/squid"
BASIC = f"auth_param basic program {HELPERS}/basic_fake_auth\nauth_param basic realm laboratory\n"
NTLM = f"auth_param ntlm program {HELPERS}/ntlm_fake_auth\nauth_param ntlm keep_alive on\n"
NEGOTIATE = (
    f"auth_param negotiate program {HELPERS}/negotiate_wrapper_auth --ntlm {HELPERS}/ntlm_fake_auth "
    f"--kerberos {HELPERS}/negotiate_kerberos_auth -s GSS_C_NO_NAME\nauth_param negotiate keep_alive on\n"
)
REQUIRED = "acl known proxy_auth REQUIRED\nhttp_access deny !known\n"
ONLY_OTHERS = "acl known proxy_auth somebody_else\nhttp_access deny !known\n"


def user(credentials: str, hello: str = "windows11") -> tuple[Activity, ...]:
    """A user's programs, each let in with credentials."""
    return tuple(
        Activity(at, component, host, "authenticate", times=times, every=3.0, hello=hello, credentials=credentials)
        for at, component, host, times in (
            (0.6, "msedge", EDGE, 3),
            (1.3, "msedge", START_PAGE, 2),
            (2.1, "explorer", CONFIG, 2),
        )
    )


SYSTEM = (  # all of them through the user's proxy, where the machine has nothing to offer
    Activity(0.3, "MsSense", CNC, times=4, every=2.2, through="wininet"),
    Activity(0.9, "MsSense", CYBER, times=3, every=2.6, through="wininet"),
    Activity(1.6, "MsMpEng", WDCP, times=2, every=3.0, through="wininet"),
    Activity(2.4, "wuauserv", "slscr.update.microsoft.com", times=2, every=3.0, through="wininet"),
    Activity(3.2, "CryptoAPI", "ctldl.windowsupdate.com", "get", times=2, every=2.0, paths=(f"{CTL}authrootstl.cab",), through="wininet"),
)
REFUSED = {
    "winner": {"plane:sensor": None, "plane:antivirus": None, "plane:system": None, "plane:user": PROX02},
    "asked": {"plane:sensor": PROX02, "plane:antivirus": PROX02, "plane:system": PROX02, "plane:user": PROX02},
    "outcome": {
        "plane:sensor": "authentication",
        "plane:antivirus": "authentication",
        "plane:system": "authentication",
        "plane:user": "works",
    },
    "certain": ["plane:user"],
    "finding": ["proxy-auth-required"],
    "no_finding": ["direct-allowed", "fallback", "winner-changed", "proxy-error"],
}
STATIC = (
    Activity(0.2, "MsSense", CNC, times=30, every=0.3, through="static"),
    Activity(0.3, "MsSense", CYBER, times=10, every=0.9, through="static"),
    Activity(10.5, "MsSense", CNC, send=900, through="winhttp"),
    Activity(11.2, "MsSense", CYBER, send=2_000, through="winhttp"),
)

SITUATIONS = (
    Situation(
        Scenario(
            "basic-on-the-next-connection",
            "A challenge closes the connection, and the answer comes on the next one",
            ("wininet",),
            0.0,
            user("basic"),
            {"user": "wininet"},
            "PROX02 (squid) wants Basic and closes behind each 407; the user's programs connect again with credentials and are let in",
            proxy_rules={"PROX02": f"{BASIC}{REQUIRED}client_persistent_connections off\n"},
        ),
        "WinINET won for the user, everything works: a challenge that is met is no failure",
        {
            "winner": {"plane:user": PROX02},
            "outcome": {"plane:user": "works"},
            "certain": ["plane:user"],
            "no_failed": True,
            "rows": [row(7, proxy_status=407), row(7, proxy_status=200)],
            "no_finding": ["proxy-auth-required", "fallback", "direct-allowed"],
        },
    ),
    Situation(
        Scenario(
            "ntlm-system-refused",
            "NTLM: SYSTEM has nothing to offer, the user is let in",
            ("wininet",),
            0.0,
            SYSTEM + user("ntlm"),
            {"sensor": "none", "antivirus": "none", "system": "none", "user": "wininet"},
            "PROX02 (squid with its own NTLM helper, which believes everybody) wants NTLM: the user's programs go its three steps on one "
            "connection, what runs as SYSTEM asks without credentials and is refused each time",
            proxy_rules={"PROX02": NTLM + REQUIRED},
        ),
        "WinINET won for the user; sensor, antivirus and SYSTEM were refused for want of credentials: no winner for them",
        {**REFUSED, "offered": {"ntlm": 14}},
    ),
    Situation(
        Scenario(
            "negotiate-system-refused",
            "Negotiate: SYSTEM has nothing to offer, the user is let in",
            ("wininet",),
            0.0,
            SYSTEM + user("negotiate"),
            {"sensor": "none", "antivirus": "none", "system": "none", "user": "wininet"},
            "the same with Negotiate, NTLM's tokens inside (squid's negotiate_wrapper_auth)",
            proxy_rules={"PROX02": NEGOTIATE + REQUIRED},
        ),
        "WinINET won for the user; sensor, antivirus and SYSTEM were refused for want of credentials: no winner for them",
        {**REFUSED, "offered": {"negotiate": 14}},
    ),
    Situation(
        Scenario(
            "ntlm-refused",
            "NTLM offered and refused",
            ("wininet",),
            0.0,
            user("ntlm"),
            {"user": "none"},
            "PROX02 (squid) lets in another user only: the third message of each exchange is answered 407 once more",
            proxy_rules={"PROX02": NTLM + ONLY_OTHERS},
        ),
        "no winner: WinINET's proxy was asked, the user's credentials were offered and refused, each three steps one refusal",
        {
            "winner": {"plane:user": None},
            "asked": {"plane:user": PROX02},
            "outcome": {"plane:user": "authentication"},
            "failed": {"plane:user": 7},
            "finding": ["proxy-auth-required"],
            "no_finding": ["direct-allowed", "fallback"],
        },
    ),
    Situation(
        Scenario(
            "static-407-then-winhttp",
            "The static proxy answers 407 thirty times, then WinHTTP carries one",
            ("static", "winhttp"),
            None,
            STATIC,
            {"sensor": "winhttp"},
            "PROX03 (squid) wants Basic, of which the sensor knows nothing: after forty refusals it goes through PROX01, twice",
            proxy_rules={"PROX03": BASIC + REQUIRED},
        ),
        "static is in force and was refused; WinHTTP carried what fell back: asked static, winner WinHTTP, not certain",
        {
            "asked": {CNC_SERVICE: PROX03, "plane:sensor": PROX03},
            "winner": {CNC_SERVICE: PROX01, "plane:sensor": PROX01},
            "not_certain": [CNC_SERVICE, "plane:sensor"],
            "outcome": {CNC_SERVICE: "partly", "plane:sensor": "partly"},
            "rows": [some(40, proxy="172.16.12.12:3128", proxy_status=407)],
            "finding": ["proxy-auth-required", "fallback"],
            "no_finding": ["winner-changed", "direct-allowed"],
        },
    ),
)
