"""What clients send to proxies and resolvers, and what they get back."""

from __future__ import annotations

import ipaddress
import struct

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
PROXY_AUTH = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 5\r\n\r\nlogin"
IE11 = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:92.0) Gecko/20100101 Firefox/92.0"

CONNECT_SHAPES: dict[str, tuple[str, ...]] = {
    "wininet": (
        "CONNECT {authority} HTTP/1.0", f"User-Agent: {IE11}", "Content-Length: 0", "Host: {host}", "Proxy-Connection: Keep-Alive",
        "Pragma: no-cache",
    ),
    "winhttp": ("CONNECT {authority} HTTP/1.1", "Host: {authority}"),
    "agent": ("CONNECT {authority} HTTP/1.0", "User-Agent: CrowdStrike Falcon Sensor"),
    "chromium": ("CONNECT {authority} HTTP/1.1", "Host: {authority}", "Proxy-Connection: keep-alive", f"User-Agent: {EDGE}"),
    "firefox": (
        "CONNECT {authority} HTTP/1.1", f"User-Agent: {FIREFOX}", "Proxy-Connection: keep-alive", "Connection: keep-alive",
        "Host: {authority}",
    ),
    "curl": ("CONNECT {authority} HTTP/1.1", "Host: {authority}", "User-Agent: curl/8.5.0", "Proxy-Connection: Keep-Alive"),
}  # fmt: skip
"""The CONNECT of each HTTP stack as seen in public captures, line by line."""


def head(*lines: str, end: str = "\r\n") -> bytes:
    """Lines and the empty line behind them."""
    return (end.join(lines) + end + end).encode("utf-8", "surrogateescape")


def connect(authority: str, *fields: str, version: str = "HTTP/1.1", end: str = "\r\n") -> bytes:
    return head(f"CONNECT {authority} {version}".rstrip(), *fields, end=end)


def connect_as(stack: str, host: str, port: int = 443) -> bytes:
    """A stack's CONNECT (CONNECT_SHAPES)."""
    return head(*(line.format(host=host, authority=f"{host}:{port}") for line in CONNECT_SHAPES[stack]))


def get(path: str, *fields: str) -> bytes:
    return head(f"GET {path} HTTP/1.1", *fields)


def absolute_get(url: str, *fields: str) -> bytes:
    """A GET as it is sent to a proxy."""
    return head(f"GET {url} HTTP/1.1", *fields)


def socks_address(host: str) -> bytes:
    try:
        packed = ipaddress.ip_address(host).packed
    except ValueError:
        return bytes((3, len(host))) + host.encode()
    return bytes((1 if len(packed) == 4 else 4,)) + packed


def socks5_greeting(*methods: int) -> bytes:
    return bytes((5, len(methods or (0,)), *(methods or (0,))))


def socks5(host: str, port: int, command: int = 1) -> bytes:
    """The request that follows greeting and authentication."""
    return bytes((5, command, 0)) + socks_address(host) + struct.pack(">H", port)


def socks5_reply(code: int = 0) -> bytes:
    return bytes((5, code, 0)) + socks_address("0.0.0.0") + bytes(2)


def socks4(host: str, port: int, user: bytes = b"") -> bytes:
    """SOCKS4 for an IPv4 address, 4a for a name."""
    try:
        return struct.pack(">2BH", 4, 1, port) + ipaddress.IPv4Address(host).packed + user + b"\0"
    except ValueError:
        return struct.pack(">2BH", 4, 1, port) + b"\0\0\0\1" + user + b"\0" + host.encode() + b"\0"


def socks4_reply(code: int = 90) -> bytes:
    return bytes((0, code)) + bytes(6)


def dns_query(name: str, *, kind: int = 1, id: int = 1) -> bytes:
    return struct.pack(">6H", id, 0x0100, 1, 0, 0, 0) + dns_name(name) + struct.pack(">2H", kind, 1)


def dns_name(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"


def dns_answer(name: str, *addresses: str, alias: str | None = None, id: int = 1) -> bytes:
    """An answer to a query for name; with alias, through a CNAME that owns the addresses."""
    records, owner = [], b"\xc0\x0c"
    if alias:
        records.append(owner + struct.pack(">2HIH", 5, 1, 60, len(dns_name(alias))) + dns_name(alias))
        owner = dns_name(alias)
    for text in addresses:
        packed = ipaddress.ip_address(text).packed
        records.append(owner + struct.pack(">2HIH", 1 if len(packed) == 4 else 28, 1, 60, len(packed)) + packed)
    kind = 28 if addresses and ":" in addresses[0] else 1
    return struct.pack(">6H", id, 0x8180, 1, len(records), 0, 0) + dns_name(name) + struct.pack(">2H", kind, 1) + b"".join(records)
