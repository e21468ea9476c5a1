"""SOCKS4, SOCKS4a and SOCKS5 requests and replies (RFC 1928, RFC 1929, the SOCKS4 and SOCKS4a notes)."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from tests.reference.tls import Reader, Short


class SocksRequest(NamedTuple):
    """The requested host and port; begin is the start of the request itself (behind greeting and authentication), end is behind it."""

    kind: str
    host: str | None
    port: int | None
    begin: int
    end: int


def read_socks(data: bytes, answer: bytes) -> SocksRequest | None:
    """The request at the beginning of the client's bytes, or None; `answer` is the server's bytes, b"" if nothing was captured."""
    if data[:1] == b"\x05":
        chose_nothing = answer[:1] == b"\x05" and 10 <= (answer[1:2] or b"\0")[0] < 0x80  # of IANA's methods and the private ones
        return None if chose_nothing else read_socks5(data)
    if data[:1] == b"\x04" and (not answer or (answer[0] == 0 and (len(answer) < 2 or 90 <= answer[1] <= 93))):
        return read_socks4(data)
    return None


def read_socks5(data: bytes) -> SocksRequest | None:
    reader = Reader(data)
    try:
        reader.take(1)
        if not reader.vector(1):  # a greeting offers at least one method
            return None
        while reader.data[:1] == b"\x01" and is_token(reader.data):  # RFC 1961
            reader.take(2)
            reader.vector(2)
        if reader.data[:1] == b"\x01":  # RFC 1929: user name and password
            reader.take(1)
            reader.vector(1)
            reader.vector(1)
        begin = len(data) - len(reader.data)
        version, command, reserved = reader.take(3)
        if version != 5 or command not in (1, 2, 3) or reserved:
            return None
        host = read_address(reader)
        port = reader.number(2)
    except Short:
        return None
    return SocksRequest("socks5", host, port or None, begin, len(data) - len(reader.data)) if host else None


def is_token(data: bytes) -> bool:
    """Whether a message that begins with 1 is GSSAPI's and not a user name: names have no control characters."""
    length = int.from_bytes(data[2:4], "big")
    return len(data) > 4 and data[1] in (1, 2) and length > 0 and (length < 0x2000 or data[4] in (0x60, 0x6E, 0xA1))


def read_address(reader: Reader) -> str | None:
    kind = reader.number(1)
    if kind == 3:
        return reader.vector(1).decode("utf-8", "backslashreplace") or None
    if kind in (1, 4):
        return str(ipaddress.ip_address(reader.take(4 if kind == 1 else 16)))
    return None


def read_socks4(data: bytes) -> SocksRequest | None:
    """CONNECT or BIND; 4a puts a name behind an address 0.0.0.x, x not 0."""
    if len(data) < 9 or data[1] not in (1, 2):
        return None
    port = int.from_bytes(data[2:4], "big")
    user, stop, rest = data[8:].partition(b"\0")
    if not stop or not is_text(user) or not port:
        return None
    host, end = str(ipaddress.IPv4Address(data[4:8])), 9 + len(user)
    if data[4:7] == b"\0\0\0" and data[7]:
        name, stop, _ = rest.partition(b"\0")
        if not stop or not name or not is_text(name):
            return None
        host, end = name.decode("utf-8", "backslashreplace"), end + len(name) + 1
    elif data[4] == 0:  # "this network" is nowhere to connect to
        return None
    return SocksRequest("socks4", host, port, 0, end)


def is_text(data: bytes) -> bool:
    """Whether data is short enough and free of control characters: other protocols' bytes begin with 04 01 as well."""
    return len(data) < 512 and not any(byte < 32 or byte == 127 for byte in data)


def read_reply(kind: str, data: bytes) -> tuple[int, int, int] | None:
    """Reply code, length of the proxy's whole answer (method choice and authentication included), and where in it the reply begins."""
    if kind == "socks4":
        return (data[1], 8, 0) if len(data) >= 8 and data[0] == 0 else None
    reader = Reader(data)
    try:
        version, _ = reader.take(2)
        while reader.data[:1] == b"\x01" and is_token(reader.data):
            reader.take(2)
            reader.vector(2)
        if reader.data[:1] == b"\x01":
            reader.take(2)
        begin = len(data) - len(reader.data)
        again, code, _ = reader.take(3)
        if version != 5 or again != 5 or not (read_address(reader) or code):
            return None
        reader.take(2)
    except Short:
        return None
    return code, len(data) - len(reader.data), begin
