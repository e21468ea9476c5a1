"""ClientHellos made by hand, after public captures of the programs they resemble.

chromium   GREASE at both ends, X25519MLKEM768 (larger than one segment), GREASE ECH, certificate compression: Edge 131 and later
schannel   no GREASE and Schannel's extension order (0,5,10,11,13,35,23,65281), to which TLS 1.3's own are added
windows11  Schannel of Windows 11 as public captures have it, TLS 1.3: JA4 t13d2013h2_2b729b4bf6f3_e24568c0d440
The ML-KEM share is random bytes: the laboratory's server knows no ML-KEM and takes the X25519 share beside it.
Source: RFC 8446 4.1.2, RFC 8701 (GREASE), RFC 9849 (ECH), draft-ietf-tls-ecdhe-mlkem.
"""

from __future__ import annotations

import secrets
import struct

X25519, MLKEM768 = 29, 0x11EC
ECH = 65037
SCHANNEL_SUITES = [
    *(0x1302, 0x1301, 0xC02C, 0xC02B, 0xC030, 0xC02F, 0xC024, 0xC023, 0xC028, 0xC027),
    *(0xC00A, 0xC009, 0xC014, 0xC013, 0x9D, 0x9C, 0x3D, 0x3C, 0x35, 0x2F),
]
SCHANNEL_SIGNATURES = (0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202, 0x0601, 0x0603)


def chromium_hello(name: str | None, random: bytes, public: bytes) -> bytes:
    """A ClientHello message of about 1.8 kB that offers the X25519 share `public`."""
    first, last, group = (secrets.randbelow(16) * 0x1010 + 0x0A0A for _ in range(3))
    if last == first:
        last ^= 0x1010
    suites = [first, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D, 0x2F, 0x35]
    middle = [
        *server_name(name),
        extension(23),
        extension(65281, b"\0"),
        extension(10, vector(2, shorts(group, MLKEM768, X25519, 23, 24))),
        extension(11, b"\x01\0"),
        extension(35),
        alpn("h2", "http/1.1"),
        extension(5, b"\x01\0\0\0\0"),
        extension(13, vector(2, shorts(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))),
        extension(18),
        extension(51, vector(2, share(group, b"\0") + share(MLKEM768, secrets.token_bytes(1184) + public) + share(X25519, public))),
        extension(45, b"\x01\x01"),
        extension(43, vector(1, shorts(first, 0x0304, 0x0303))),
        extension(27, b"\x02\0\x02"),
        extension(17613, vector(2, vector(1, b"h2"))),
        extension(ECH, b"\0" + shorts(1, 1) + b"\x2a" + vector(2, secrets.token_bytes(32)) + vector(2, secrets.token_bytes(144))),
    ]
    secrets.SystemRandom().shuffle(middle)  # as Chromium does since 110
    return hello(random, suites, [extension(first), *middle, extension(last, b"\0")])


def schannel_hello(name: str | None, random: bytes, public: bytes) -> bytes:
    """A ClientHello message that offers the X25519 share `public`."""
    extensions = [
        *server_name(name),
        extension(5, b"\x01\0\0\0\0"),
        extension(10, vector(2, shorts(X25519, 23, 24))),
        extension(11, b"\x01\0"),
        extension(13, vector(2, shorts(*SCHANNEL_SIGNATURES))),
        extension(35),
        extension(23),
        extension(43, vector(1, shorts(0x0304, 0x0303))),
        extension(45, b"\x01\x01"),
        extension(51, vector(2, share(X25519, public))),
        extension(65281, b"\0"),
    ]
    return hello(random, SCHANNEL_SUITES, extensions)


def windows11_hello(name: str | None, random: bytes, public: bytes) -> bytes:
    """A ClientHello message in Windows 11's order: 0,5,43,13,35,10,11,16,51,49,23,65281,45."""
    extensions = [
        *server_name(name),
        extension(5, b"\x01\0\0\0\0"),
        extension(43, vector(1, shorts(0x0304, 0x0303))),
        extension(13, vector(2, shorts(*SCHANNEL_SIGNATURES))),
        extension(35),
        extension(10, vector(2, shorts(X25519, 23, 24))),
        extension(11, b"\x01\0"),
        alpn("h2", "http/1.1"),
        extension(51, vector(2, share(X25519, public))),
        extension(49),
        extension(23),
        extension(65281, b"\0"),
        extension(45, b"\x01\x01"),
    ]
    return hello(random, SCHANNEL_SUITES, extensions)


def quic_hello(name: str, random: bytes, public: bytes) -> bytes:
    """A small ClientHello message for HTTP/3; its transport parameters are empty (RFC 9001 8.2)."""
    extensions = [
        *server_name(name),
        extension(10, vector(2, shorts(X25519))),
        alpn("h3"),
        extension(13, vector(2, shorts(0x0403, 0x0804, 0x0401))),
        extension(43, vector(1, shorts(0x0304))),
        extension(51, vector(2, share(X25519, public))),
        extension(57),
    ]
    return hello(random, [0x1301, 0x1302, 0x1303], extensions)


def hello(random: bytes, suites: list[int], extensions: list[bytes]) -> bytes:
    body = (
        b"\x03\x03" + random + vector(1, secrets.token_bytes(32)) + vector(2, shorts(*suites)) + b"\x01\0" + vector(2, b"".join(extensions))
    )
    return b"\x01" + vector(3, body)


def server_name(name: str | None) -> list[bytes]:
    return [extension(0, vector(2, b"\0" + vector(2, name.encode())))] if name else []


def alpn(*protocols: str) -> bytes:
    return extension(16, vector(2, b"".join(vector(1, protocol.encode()) for protocol in protocols)))


def share(group: int, key: bytes) -> bytes:
    return shorts(group) + vector(2, key)


def extension(kind: int, body: bytes = b"") -> bytes:
    return shorts(kind) + vector(2, body)


def shorts(*values: int) -> bytes:
    return struct.pack(f"!{len(values)}H", *values)


def vector(width: int, body: bytes) -> bytes:
    """TLS's variable-length vector: a length of `width` bytes, then the body."""
    return len(body).to_bytes(width, "big") + body
