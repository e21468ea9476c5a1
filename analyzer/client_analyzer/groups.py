"""The purpose of the analyzer's URLs, the meaning of its methods, and the names of its error numbers."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.url_groups import GROUPS

DEFAULT, DISCOVERY, DIRECT, NAMED, COMMAND_LINE = "1", "2", "3", "4", "5"

METHODS: Final = {
    DEFAULT: "Default proxy",
    DISCOVERY: "Proxy auto discovery (WPAD)",
    DIRECT: "Proxy disabled",
    NAMED: "Named proxy",
    COMMAND_LINE: "Command line proxy",
}

SENSOR_METHODS: Final = {"namedwinhttp": "winhttp", "telemetryproxyserver": "static", "autodetectwpad": "pac"}
"""`Proxy config: Method=`, in lower case → our method. WinINET has none: the sensor's own discovery doesn't look there."""

BY_HOST: Final = {
    "settings-win.data.microsoft.com": "Settings",
    "v10.events.data.microsoft.com": "Events",
    "v20.events.data.microsoft.com": "Events",
}

PINNED: Final = ("CnC", "Cyber")
"""Groups whose certificate the program pins; the others are marked NoPinning in its list of URLs."""

WINHTTP: Final = {
    12002: "timeout: packets dropped silently",
    12007: "name not resolved",
    12029: "cannot connect: rejected, or nothing listens there",
    12030: "connection broken off",
    12152: "invalid server response",
    12157: "secure channel error",
    12166: "error in the PAC script",
    12167: "PAC script not downloadable",
    12175: "TLS refused: inspection, pinning, or revocation lists out of reach",
    12180: "no proxy discovered",
}
"""ERROR_WINHTTP_* (winhttp.h), as a gateway sees them."""


def host_of(url: str) -> str | None:
    """The host of a URL, in lower case; None where there is none."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None


def service_of(url: str, catalogue: Catalogue) -> str | None:
    """The service of the URL's host, by the catalogue."""
    found = match_host(catalogue, host_of(url), urlsplit(url).path if host_of(url) else None)
    return found.service or found.possible


def group_of(url: str, catalogue: Catalogue) -> str | None:
    """The analyzer's group of the URL; None where its host is in none."""
    host = host_of(url) or ""
    if host in BY_HOST:
        return BY_HOST[host]
    group = GROUPS.get(service_of(url, catalogue) or "")
    return "MAPS" if group is None and host.startswith("mdav.") else group


def meaning_of(code: int | None) -> str | None:
    """The name of an HTTP status or WinHTTP error; HRESULTs 0x8007xxxx hold the latter in their low half."""
    if code is None:
        return None
    number = code & 0xFFFF if (code & 0xFFFFFFFF) >> 16 == 0x8007 else code
    if number in WINHTTP:
        return WINHTTP[number]
    if 100 <= number < 600:
        return {407: "the proxy wants authentication", 403: "forbidden", 502: "bad gateway: the proxy got no answer"}.get(
            number, f"HTTP {number}"
        )
    return None
