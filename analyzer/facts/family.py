"""The family of a client's HTTP and TLS stack. It supports a verdict and never decides one.

WinINET, WinHTTP, Chromium and Firefox write CONNECT differently, and their ClientHellos differ: OpenSSL offers encrypt_then_mac, browsers
of the Chromium family send GREASE, Firefox offers delegated credentials. Schannel's hello is the same under WinINET and WinHTTP, so it
separates neither; but a visible hello that isn't Schannel's excludes both: Python, Node and hyper write a CONNECT as bare as WinHTTP's.
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import (
    CONNECT,
    SHAPE_AGENT,
    SHAPE_CUT,
    SHAPE_HOST,
    SHAPE_HOST_PORT,
    SHAPE_LENGTH_0,
    SHAPE_PRAGMA,
    TRAIT_CUT,
    TRAIT_DELEGATED,
    TRAIT_ENCRYPT_THEN_MAC,
    TRAIT_GREASE,
    TRAIT_SCHANNEL,
)

# Beginnings of the user agents of Windows' own services; all of them use WinHTTP.
SERVICE_AGENTS: Final = (
    "microsoft-cryptoapi/",
    "microsoft ncsi",
    "microsoft-delivery-optimization/",
    "microsoft bits/",
    "windows-update-agent/",
    "winhttp",
    "microsoft-wns/",
    "microsoft_device_metadata_retrieval_client",
)


# The second part of the JA4 of Schannel's hellos: its lists of cipher suites, in 15 captures of real Windows machines.
SCHANNEL_CIPHERS: Final = ("d83cc789557e", "4b22cbed5bed", "2b729b4bf6f3", "76e208dd3e22")


def family(kind: int, shape: int, agent: str | None, traits: int) -> tuple[str | None, str | None]:
    """wininet, winhttp, chromium, firefox, curl, openssl or other, and the evidence; None without evidence.

    kind, shape   of the request (flows.layout), kind 0: none
    agent         its User-Agent
    traits        of the ClientHello, -1: none
    """
    if agent:
        named = _by_agent(agent.lower())
        if named and not (kind == CONNECT and shape & SHAPE_LENGTH_0 and shape & SHAPE_PRAGMA):
            return named, "user agent"
    seen = traits >= 0 and not traits & TRAIT_CUT
    if kind == CONNECT and (not seen or traits & TRAIT_SCHANNEL):
        if shape & SHAPE_LENGTH_0 and shape & SHAPE_PRAGMA and shape & SHAPE_HOST and not shape & SHAPE_HOST_PORT:
            return "wininet", "CONNECT with Content-Length: 0, Pragma, and a Host without port"
        if not shape & (SHAPE_AGENT | SHAPE_CUT) and shape & SHAPE_HOST_PORT:
            return "winhttp", "CONNECT with a Host with port and no user agent"
    if seen:
        if traits & TRAIT_SCHANNEL:
            return "other", "ClientHello of Windows' Schannel, which WinHTTP, WinINET and others use"
        if traits & TRAIT_GREASE:
            return "chromium", "ClientHello with GREASE"
        if traits & TRAIT_DELEGATED:
            return "firefox", "ClientHello with delegated_credentials"
        if traits & TRAIT_ENCRYPT_THEN_MAC:
            return "openssl", "ClientHello with encrypt_then_mac"
        return "other", "ClientHello of no known family"
    return ("other", "request of no known family") if kind and not shape & SHAPE_CUT else (None, None)


def _by_agent(agent: str) -> str | None:
    if agent.startswith("curl/"):
        return "curl"
    if agent.startswith(SERVICE_AGENTS):
        return "winhttp"
    if "trident/" in agent or "msie " in agent:
        return "wininet"
    if "firefox/" in agent:
        return "firefox"
    if "chrome/" in agent or "edg/" in agent:
        return "chromium"
    return None
