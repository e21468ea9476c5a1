"""The programs played on the workstation, and the proxy that each one uses.

The order of proxies is what the article observed, and where it is silent what Microsoft documents:
sensor and antivirus   static, then WinHTTP, then WinINET while a user is logged on (article, tests 1 to 5; the antivirus by assumption)
system                 WinHTTP, else straight to the gateway (netsh winhttp is the machine's; CryptoAPI never inherits its caller's)
user                   WinINET, else straight to the gateway
push                   always straight to the gateway: "this service can't be used through a proxy" (Microsoft's URL list on WNS)
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class Component(NamedTuple):
    """A Windows program: its plane, the shape of its CONNECT, its ClientHello, its user agent on plain HTTP."""

    plane: str
    shape: str
    hello: str
    user_agent: str


COMPONENTS = {
    "MsSense": Component("sensor", "winhttp", "tls12", "MsSense"),
    "SenseCncProxy": Component("sensor", "winhttp", "schannel", "SenseCncProxy"),
    "SenseIR": Component("sensor", "winhttp", "library", "SenseIR"),
    "MsMpEng": Component("antivirus", "winhttp", "library", "MpCommunication"),
    "CryptoAPI": Component("system", "winhttp", "tls12", "Microsoft-CryptoAPI/10.0"),
    "NCSI": Component("system", "winhttp", "tls12", "Microsoft NCSI"),
    "wuauserv": Component("system", "winhttp", "tls12", "Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.71"),
    "DoSvc": Component("system", "winhttp", "schannel", "Microsoft-Delivery-Optimization/10.0"),
    "DiagTrack": Component("system", "winhttp", "schannel", "DiagTrack"),
    "dsregcmd": Component("system", "winhttp", "windows11", "Dsreg/10.0 (Windows 10.0.22631)"),
    "omadmclient": Component("system", "winhttp", "windows11", "MSFT OMA DM Client/1.2.0.1"),
    "MonitoringHost": Component("system", "winhttp", "windows11", "MonitoringHost"),
    "himds": Component("system", "winhttp", "library", "himds"),
    "sppsvc": Component("system", "winhttp", "windows11", "SLSSoapClient"),
    "WpnService": Component("push", "winhttp", "schannel", "Microsoft-WNS/10.0"),
    "msedge": Component("user", "chromium", "chromium", "Microsoft-WNS/10.0"),
    "explorer": Component("user", "wininet", "schannel", "Microsoft-WNS/10.0"),
    "Code": Component("user", "chromium", "chromium", "Code"),
    "OUTLOOK": Component("user", "wininet", "windows11", "Microsoft Office/16.0"),
    "script": Component("user", "wininet", "library", "script"),
    "noise": Component("none", "winhttp", "library", "noise"),
}

PREFERENCE = {
    "sensor": ("static", "winhttp", "wininet"),
    "antivirus": ("static", "winhttp", "wininet"),
    "system": ("winhttp",),
    "user": ("wininet",),
    "push": (),
    "none": (),
}


class NothingToSay(ValueError):
    """A scenario lets a Defender component talk where it would send nothing and keep its events."""


def choose_method(plane: str, configured: Collection[str], user_logged_on: bool) -> str | None:
    """The method whose proxy a plane's traffic goes to, None for straight to the gateway.

    Raises NothingToSay for the sensor and the antivirus without any proxy they can use: the article saw no traffic at all then.
    """
    for method in PREFERENCE[plane]:
        if method in configured and (method != "wininet" or user_logged_on):
            return method
    if plane in ("sensor", "antivirus"):
        raise NothingToSay(f"{plane} has no proxy among {sorted(configured)} (user logged on: {user_logged_on})")
    return None
