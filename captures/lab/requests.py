"""Requests of Windows programs to a proxy: CONNECT and absolute-form GET, byte for byte as in public captures."""

from __future__ import annotations

from typing import NamedTuple

TRIDENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Trident/7.0; rv:11.0) like Gecko"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"


class Shape(NamedTuple):
    """A CONNECT request's lines ({host} to be filled in), and the facts a reader should find in it."""

    lines: tuple[str, ...]
    user_agent: str | None


CONNECT = {
    "wininet": Shape(
        (
            "CONNECT {host}:443 HTTP/1.0",
            f"User-Agent: {TRIDENT}",
            "Content-Length: 0",
            "Host: {host}",
            "Proxy-Connection: Keep-Alive",
            "Pragma: no-cache",
        ),
        TRIDENT,
    ),
    "winhttp": Shape(("CONNECT {host}:443 HTTP/1.1", "Host: {host}:443"), None),
    "chromium": Shape(("CONNECT {host}:443 HTTP/1.1", "Host: {host}:443", "Proxy-Connection: keep-alive", f"User-Agent: {EDGE}"), EDGE),
}


def connect(shape: str, host: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*CONNECT[shape].lines, "")).format(host=host).encode()


def connect_as(shape: str, host: str, credentials: str) -> bytes:
    """The same again, with an answer to the proxy's 407."""
    asked = connect(shape, host)
    return asked[:-2] + f"Proxy-Authorization: {credentials}\r\n\r\n".encode()


def absolute(host: str, path: str, user_agent: str) -> bytes:
    lines = (
        f"GET http://{host}{path} HTTP/1.1",
        "Proxy-Connection: Keep-Alive",
        "Accept: */*",
        f"User-Agent: {user_agent}",
        f"Host: {host}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def origin(host: str, path: str, user_agent: str) -> bytes:
    """A GET past every proxy, as CryptoAPI sends it."""
    lines = (f"GET {path} HTTP/1.1", "Connection: Keep-Alive", "Accept: */*", f"User-Agent: {user_agent}", f"Host: {host}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def inner_get(host: str, path: str) -> bytes:
    """Inside a tunnel: encrypted, so only its size is visible."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def inner_post(host: str, size: int) -> bytes:
    return (
        f"POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n".encode()
        + b"\xa5" * size
    )
