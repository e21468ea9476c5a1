"""The activities of each of the article's tests, as data. Times are seconds from the start of the play.

The article's tests last many minutes each; here the same order of events is packed into half a minute to a minute (no
timestamp is edited: the captures show exactly what was recorded). The Client Analyzer, which the article runs between
tests, does not run here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from captures.lab.proxies import PROXIES, Proxy


@dataclass(frozen=True)
class Activity:
    """Something a component does, `times` times, `every` so many seconds, each on a connection of its own.

    does       tunnel  CONNECT, TLS, then `exchanges` of `send` posted bytes and a fetched body `fetch`, `pause` seconds apart
               get     absolute-form GETs of `paths` on one connection
               direct  a TCP connection straight to the host, or to UNNAMED_ADDRESS when the host is None
               curl, openssl   those programs, through the proxy; curl by plain HTTP when `scheme` says so
               datagram, ping  UDP to UNNAMED_ADDRESS; ICMP echo to the gateway
               authenticate   as tunnel, after a 407: `credentials` are basic, ntlm or negotiate; on a new connection where the proxy closed
               quic    a QUIC Initial for the host, past the proxies
               tls, fetch   straight to the host: TLS as in a tunnel; plain GETs of `paths`
               late    as get; the last path on the same connection just after the proxy has closed it
               nested  curl through a proxy that is itself spoken to in TLS
    ends       closed (FIN both ways) · reset · open (still there when the recording ends) · pinned (the client rejects the certificate)
               · idle (the client says nothing more and waits for the proxy to close)
               · forgotten (`resumes` seconds into the play the client sends again, and waits for no answer)
    through    a method or a proxy's key, or "direct": instead of what the component would choose
    hello      instead of the component's own; cuts: the hello's first records, in bytes
    patience   seconds to wait for an answer; the client then closes. None: an answer has to come
    source     the client's address, where it isn't the workstation's own
    """

    at: float
    component: str
    host: str | None = None
    does: str = "tunnel"
    times: int = 1
    every: float = 0.5
    exchanges: int = 1
    send: int = 400
    fetch: str | None = "small"
    pause: float = 0.2
    paths: tuple[str, ...] = ("/",)
    scheme: str = "https"
    port: int = 443
    ends: str = "closed"
    hello: str | None = None
    through: str | None = None
    cuts: tuple[int, ...] = ()
    credentials: str = "basic"
    patience: float | None = None
    resumes: float = 0.0
    source: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A test: the configured methods, who is logged on, the activities, and the expected result.

    configured      methods, of proxies.PROXIES
    logon           when a user logs on; 0: logged on from the start; None: no user is
    sessions        (logon, logoff or None) of each, where that says too little
    marks           (seconds, what) a person did
    expect          plane → method that wins, or "none"
    capture_points  of network.CAPTURE_POINTS
    offload         leave segmentation offload on: frames above the MTU
    proxy_rules     proxy name → squid.conf lines before "allow all"
    workstations    how many play all of it at the same time
    intercepting    names of proxies that open TLS;  down: names of proxies that don't run
    rejecting       hosts whose server refuses every handshake with an alert
    proxies         who there is, instead of the article's three
    commands        (role, shell line): done in a namespace before anything is recorded: addresses, routes, the gateway's own rules
    timeline        (seconds, role, shell line) during the play; "stop" and "start" of a proxy's name end and begin its squid
    rotate_s        the recording goes to a new file after that many seconds: <name>-1.pcapng, <name>-2.pcapng …
    begins_s        what was recorded before that second of the play is left out
    moved           (second of the play, seconds): what was recorded from then on is moved that much later; see moved.py
    """

    name: str
    title: str
    configured: tuple[str, ...]
    logon: float | None
    activities: tuple[Activity, ...]
    expect: dict[str, str]
    shows: str
    marks: tuple[tuple[float, str], ...] = ()
    gateway_policy: str = "drop"
    capture_points: tuple[str, ...] = ("workstations",)
    offload: bool = False
    proxy_rules: dict[str, str] = field(default_factory=dict)
    workstations: int = 1
    intercepting: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    rejecting: tuple[str, ...] = ()
    proxies: tuple[Proxy, ...] = PROXIES
    commands: tuple[tuple[str, str], ...] = ()
    timeline: tuple[tuple[float, str, str], ...] = ()
    rotate_s: int | None = None
    begins_s: float | None = None
    moved: tuple[tuple[float, float], ...] = ()
    sessions: tuple[tuple[float, float | None], ...] = ()


CNC, CNC_NEU, CYBER = "winatp-gw-weu.microsoft.com", "winatp-gw-neu.microsoft.com", "eu-v20.events.data.microsoft.com"
STREAMLINED_CNC, STREAMLINED_CYBER = "edr-weu.eu.endpoint.security.microsoft.com", "eu-v20.events.endpoint.security.microsoft.com"
MDAV = "mdav.eu.endpoint.security.microsoft.com"
STORAGE = "automatedirstrprdweu.blob.core.windows.net"
CTL = "/msdownload/update/v3/static/trustedr/en/"

SENSOR = (
    Activity(0.6, "MsSense", CNC, times=3, every=5.0, send=900),
    Activity(1.1, "MsSense", CYBER, times=4, every=4.0, send=3_000),
    Activity(2.4, "SenseCncProxy", CNC_NEU, exchanges=3, pause=1.0, ends="open"),
    Activity(3.3, "MsSense", "enterpriseregistration.windows.net"),
    Activity(6.2, "MsSense", "checkin.dm.microsoft.com", hello="library"),
    Activity(9.7, "MsSense", CYBER, does="openssl"),
)
ANTIVIRUS = (
    Activity(1.7, "MsMpEng", "wdcp.microsoft.com", times=3, every=4.0, send=1_500),
    Activity(4.2, "MsMpEng", "wdcpalt.microsoft.com"),
    Activity(5.0, "MsMpEng", "europe.cp.wd.microsoft.com", times=2, every=6.0, hello="tls12"),
    Activity(8.4, "MsMpEng", "usseu1westprod.blob.core.windows.net", send=12_000),
    Activity(7.1, "MsMpEng", "eu-mobile.events.data.microsoft.com", hello="schannel"),
)
LIVE_RESPONSE = (
    Activity(12.0, "SenseIR", CNC, exchanges=12, pause=0.7, send=1_400, fetch="page"),
    Activity(15.0, "SenseIR", STORAGE, send=18_000, hello="tls12"),
    Activity(17.5, "SenseIR", STORAGE, fetch="update"),
)
SYSTEM = (
    Activity(0.2, "NCSI", "www.msftconnecttest.com", "get", paths=("/connecttest.txt",)),
    Activity(
        1.4, "CryptoAPI", "ctldl.windowsupdate.com", "get", paths=(f"{CTL}disallowedcertstl.cab?a1b2c3", f"{CTL}authrootstl.cab?d4e5f6")
    ),
    Activity(2.1, "CryptoAPI", "crl.microsoft.com", "get", paths=("/pki/crl/products/MicRooCerAut2011_2011_03_22.crl",)),
    Activity(2.9, "wuauserv", "slscr.update.microsoft.com"),
    Activity(4.4, "wuauserv", "fe3cr.delivery.mp.microsoft.com", send=2_200),
    Activity(5.6, "DoSvc", "download.windowsupdate.com", "get", paths=("/update", "/list?range=2")),
    Activity(6.8, "DoSvc", "tlu.dl.delivery.mp.microsoft.com", "get", paths=("/cabinet",)),
    Activity(8.0, "DiagTrack", "v10.events.data.microsoft.com", times=2, every=5.0, send=2_500),
    Activity(9.1, "CryptoAPI", "ocsp.digicert.com", "get", paths=("/list",)),
    Activity(10.3, "wuauserv", "definitionupdates.microsoft.com", hello="schannel"),
)
BLOCKED_SYSTEM = (
    Activity(0.2, "NCSI", "www.msftconnecttest.com", "direct", port=80),
    Activity(3.0, "wuauserv", "slscr.update.microsoft.com", "direct", times=2, every=9.0),
    Activity(6.0, "DiagTrack", "v10.events.data.microsoft.com", "direct"),
)
BLOCKED_REVOCATION = (
    Activity(1.4, "CryptoAPI", "ctldl.windowsupdate.com", "direct", port=80),
    Activity(2.2, "CryptoAPI", "crl.microsoft.com", "direct", times=3, every=5.0, port=80),
    Activity(8.5, "CryptoAPI", "ocsp.digicert.com", "direct", port=80),
)
PUSH = (Activity(0.9, "WpnService", "client.wns.windows.com", "direct", times=2, every=10.0),)
USER = (
    Activity(1.9, "msedge", "edge.microsoft.com", exchanges=2, fetch="page"),
    Activity(2.3, "msedge", "ntp.msn.com", fetch="update"),
    Activity(2.6, "msedge", "ntp.msn.com", cuts=(600,), fetch="page"),
    Activity(4.8, "msedge", "nav.smartscreen.microsoft.com", times=2, every=6.0),
    Activity(5.3, "explorer", "config.edge.skype.com"),
    Activity(6.5, "explorer", "tile-service.weather.microsoft.com", "get", paths=("/en-US/livetile/front",)),
    Activity(7.7, "msedge", "www.contoso.com", ends="reset"),
    Activity(9.4, "script", "www.contoso.com", "curl", fetch="page"),
    Activity(10.9, "script", "www.contoso.com", "curl", scheme="http"),
    Activity(11.8, "explorer", "edge.microsoft.com", hello="tls12"),
)
NOISE = (
    Activity(0.4, "noise", does="ping", times=3, every=7.0),
    Activity(1.0, "noise", does="datagram", times=3, every=6.0, port=123),
    Activity(3.6, "noise", does="direct", times=2, every=8.0),
    Activity(5.1, "noise", does="direct", port=445),
)
LIVE_RESPONSE_MARK = (11.5, "live response started")


def later(seconds: float, *groups: tuple[Activity, ...]) -> tuple[Activity, ...]:
    """The activities of all groups, that much later."""
    return tuple(replace(activity, at=activity.at + seconds) for group in groups for activity in group)


def instead(activities: tuple[Activity, ...], names: dict[str, str]) -> tuple[Activity, ...]:
    """The activities with some hosts replaced by others."""
    return tuple(replace(activity, host=names.get(activity.host or "", activity.host)) for activity in activities)


STREAMLINED: dict[str, Any] = {CNC: STREAMLINED_CNC, CYBER: STREAMLINED_CYBER, "wdcp.microsoft.com": MDAV, STORAGE: STREAMLINED_CNC}

T3B_LOGON = 8.0
T3B = (
    # the cache is emptied: many uploads close together, then the usual pace
    Activity(1.0, "MsSense", CYBER, times=9, every=0.25, send=9_000),
    Activity(6.5, "MsSense", CYBER, times=3, every=5.0, send=2_000),
    # command and control and the pinned services: the tunnel opens, TLS does not survive the certificate
    Activity(1.6, "MsSense", CNC, times=3, every=6.0, ends="pinned"),
    Activity(12.5, "SenseIR", CNC, times=2, every=3.0, ends="pinned", hello="tls12"),
    Activity(9.0, "SenseCncProxy", CNC_NEU, ends="pinned", hello="library"),
    # what the article's Client Analyzer could reach
    Activity(4.0, "SenseIR", STORAGE, send=5_000),
    Activity(3.0, "MsSense", "enterpriseregistration.windows.net"),
    Activity(5.5, "MsSense", "checkin.dm.microsoft.com"),
)

T6_LOGOFF = 17.0
T6_AFTERWARDS = (
    Activity(1.0, "MsSense", CNC, times=3, every=5.0, send=900),
    Activity(1.6, "MsSense", CYBER, times=4, every=4.0, send=3_000),
    Activity(2.3, "MsMpEng", "wdcp.microsoft.com", times=2, every=6.0, send=1_500),
    Activity(3.1, "CryptoAPI", "crl.microsoft.com", "direct", times=2, every=6.0, port=80),
    *later(-7.0, LIVE_RESPONSE),
)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "T1-winhttp",
            "Only the WinHTTP proxy is configured",
            ("winhttp",),
            None,
            SENSOR + ANTIVIRUS + SYSTEM + PUSH + LIVE_RESPONSE,
            {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp", "user": "none"},
            "WinHTTP wins: everything goes through PROX01, live response works; push notifications try the direct way and are dropped",
            (LIVE_RESPONSE_MARK,),
        ),
        Scenario(
            "T2-winhttp-wininet",
            "Which one wins? WinINET or WinHTTP?",
            ("winhttp", "wininet"),
            0.0,
            SENSOR + ANTIVIRUS + SYSTEM + USER + PUSH + LIVE_RESPONSE,
            {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp", "user": "wininet"},
            "WinHTTP over WinINET: Defender and SYSTEM stay on PROX01 while the user's programs use PROX02; live response works",
            (LIVE_RESPONSE_MARK,),
        ),
        Scenario(
            "T3a-wininet-no-user",
            "WinINET proxy configuration only, no user logged on",
            ("wininet",),
            None,
            NOISE,
            {"sensor": "none", "antivirus": "none", "system": "none", "user": "none"},
            "nothing: no Defender traffic at all, only ARP, pings, time queries and dropped attempts to an address without a name",
            (LIVE_RESPONSE_MARK,),
        ),
        Scenario(
            "T3b-wininet-user",
            "WinINET proxy configuration only, a user logs on",
            ("wininet",),
            T3B_LOGON,
            NOISE + later(T3B_LOGON, T3B, ANTIVIRUS, USER, PUSH),
            {"sensor": "wininet", "antivirus": "wininet", "system": "none", "user": "wininet"},
            "WinINET, once a user has logged on: cached events leave in a burst through PROX02; "
            "command and control opens a tunnel and TLS breaks, so live response times out",
            ((T3B_LOGON, "user logged on"), (20.0, "live response started")),
        ),
        Scenario(
            "T4-static",
            "Static proxy configuration only",
            ("static",),
            None,
            later(3.0, instead(SENSOR + ANTIVIRUS + LIVE_RESPONSE, STREAMLINED), BLOCKED_SYSTEM, BLOCKED_REVOCATION, PUSH),
            {"sensor": "static", "antivirus": "static", "system": "none", "user": "none"},
            "static wins: sensor and antivirus through PROX03 (streamlined host names), live response works; "
            "Windows Update and revocation lists go direct and are dropped",
            ((0.0, "workstation rebooted"), (14.5, "live response started")),
        ),
        Scenario(
            "T5-all-three",
            "WinINET, WinHTTP and static proxy configuration. Which one wins?",
            ("static", "winhttp", "wininet"),
            0.0,
            SENSOR + ANTIVIRUS + SYSTEM + USER + PUSH + LIVE_RESPONSE + (Activity(10.1, "msedge", "ntp.msn.com", hello="no-sni"),),
            {"sensor": "static", "antivirus": "static", "system": "winhttp", "user": "wininet"},
            "static for sensor and antivirus (PROX03), WinINET for the user (PROX02), WinHTTP for SYSTEM (PROX01); "
            "recorded with segmentation offload on, so frames exceed the MTU",
            (LIVE_RESPONSE_MARK,),
            offload=True,
        ),
        Scenario(
            "T6-static-wininet",
            "Static and WinINET proxy configuration, as the article recommends",
            ("static", "wininet"),
            None,
            SENSOR + ANTIVIRUS + USER + BLOCKED_SYSTEM + BLOCKED_REVOCATION + PUSH + later(T6_LOGOFF, T6_AFTERWARDS),
            {"sensor": "static", "antivirus": "static", "system": "none", "user": "wininet"},
            "static for sensor and antivirus (PROX03), with a user and without one, WinINET for the user (PROX02) while there is one; "
            "live response works after logoff; Windows Update and revocation lists go direct and are dropped",
            ((T6_LOGOFF, "user logged off"), (T6_LOGOFF + 4.5, "live response started")),
            sessions=((0.0, T6_LOGOFF),),
        ),
    )
}
