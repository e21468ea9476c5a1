"""TLS handshake records as the clients of the benchmark capture and their servers send them.

Written from RFC 5246, RFC 8446 and the shapes that real clients show; nothing here is shared with the code under test.
The randoms are zero: build_capture fills them in, a different one for each flow.
"""

from __future__ import annotations

import datetime
import struct

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

RANDOM_AT = 11  # record header 5, handshake header 4, version 2
SESSION_AT = RANDOM_AT + 32 + 1
GREASE = 0x3A3A
X25519, X25519MLKEM768 = 0x001D, 0x11EC

SCHANNEL_CIPHERS = (0xC02C, 0xC02B, 0xC030, 0xC02F, 0x009F, 0x009E, 0xC024, 0xC023, 0xC028, 0xC027, 0xC00A, 0xC009, 0xC014, 0xC013)
BROWSER_CIPHERS = (GREASE, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D)
OPENSSL_CIPHERS = (0x1302, 0x1303, 0x1301, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC02B, 0xC02F, 0xC024, 0xC028, 0x009D, 0x009C, 0x00FF)


def vector(width: int, body: bytes) -> bytes:
    """A length of `width` bytes, then the body."""
    return len(body).to_bytes(width, "big") + body


def numbers(values: tuple[int, ...]) -> bytes:
    return b"".join(struct.pack("!H", value) for value in values)


def extension(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("!H", kind) + vector(2, body)


def server_name(host: str) -> bytes:
    return extension(0, vector(2, b"\x00" + vector(2, host.encode("ascii"))))


def alpn(*protocols: bytes) -> bytes:
    return extension(16, vector(2, b"".join(vector(1, name) for name in protocols)))


def groups(*values: int) -> bytes:
    return extension(10, vector(2, numbers(values)))


def key_shares(*shares: tuple[int, int]) -> bytes:
    """Shares of the given group and length."""
    return extension(
        51, vector(2, b"".join(struct.pack("!H", group) + vector(2, (bytes(range(256)) * 5)[:length]) for group, length in shares))
    )


def handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(3, body)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return struct.pack("!BHH", kind, version, len(body)) + body


def client_hello(ciphers: tuple[int, ...], extensions: bytes) -> bytes:
    session = vector(1, bytes(32))
    body = b"\x03\x03" + bytes(32) + session + vector(2, numbers(ciphers)) + b"\x01\x00" + vector(2, extensions)
    return record(22, handshake(1, body), 0x0301)


SIGNATURES = extension(13, vector(2, numbers((0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))))
POINTS = extension(11, b"\x01\x00")
STATUS = extension(5, b"\x01\x00\x00\x00\x00")
RENEGOTIATION = extension(65281, b"\x00")
VERSIONS = extension(43, vector(1, numbers((0x0304, 0x0303))))


def schannel(host: str) -> bytes:
    """A Windows service's: TLS 1.2, no GREASE, no ALPN."""
    rest = STATUS + groups(X25519, 0x17, 0x18) + POINTS + SIGNATURES + extension(35) + extension(23) + RENEGOTIATION
    return client_hello(SCHANNEL_CIPHERS, server_name(host) + rest)


def openssl(host: str) -> bytes:
    """curl's or a script's: TLS 1.3, http/1.1 offered."""
    rest = POINTS + groups(X25519, 0x17, 0x18, 0x19) + extension(35) + alpn(b"h2", b"http/1.1") + extension(22) + extension(23)
    return client_hello(
        OPENSSL_CIPHERS, server_name(host) + rest + SIGNATURES + VERSIONS + extension(45, b"\x01\x01") + key_shares((X25519, 32))
    )


def browser(host: str, post_quantum: bool) -> bytes:
    """Chromium's: GREASE at both ends; with the hybrid key share it is larger than a segment."""
    shares = ((GREASE, 1), (X25519MLKEM768, 1216), (X25519, 32)) if post_quantum else ((GREASE, 1), (X25519, 32))
    named = (GREASE, X25519MLKEM768, X25519, 0x17) if post_quantum else (GREASE, X25519, 0x17, 0x18)
    first = extension(GREASE) + server_name(host) + extension(23) + RENEGOTIATION + groups(*named) + POINTS + extension(35)
    rest = alpn(b"h2", b"http/1.1") + STATUS + SIGNATURES + extension(18) + key_shares(*shares) + extension(45, b"\x01\x01")
    grease_ech = extension(65037, b"\x00\x00\x01\x00\x01\x07" + vector(2, bytes(32)) + vector(2, bytes(144)))
    last = vector(1, numbers((GREASE, 0x0304, 0x0303)))
    return client_hello(
        BROWSER_CIPHERS, first + rest + extension(43, last) + extension(27, b"\x02\x00\x02") + grease_ech + extension(0x4A4A, b"\x00")
    )


def certificate() -> bytes:
    """DER of one leaf certificate, the same every time: Ed25519 signs without randomness."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    issuer = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Benchmark"), x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark Issuing CA")]
    )
    built = x509.CertificateBuilder(issuer, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "*.example.com")]), key.public_key(), 7)
    built = built.not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(2027, 1, 1))
    signed = built.sign(key, None)
    return signed.public_bytes(Encoding.DER)


def server_flight(tls_1_3: bool) -> bytes:
    """ServerHello and what follows it, up to the client's turn."""
    chosen = b"\x13\x01" if tls_1_3 else b"\xc0\x2f"
    extensions = extension(43, b"\x03\x04") + extension(51, struct.pack("!H", X25519) + vector(2, bytes(32))) if tls_1_3 else RENEGOTIATION
    hello = handshake(2, b"\x03\x03" + b"\x5a" * 32 + vector(1, b"\xa5" * 32) + chosen + b"\x00" + vector(2, extensions))
    if tls_1_3:
        return record(22, hello) + record(20, b"\x01") + record(23, bytes(range(256)) * 12)
    leaf = certificate()
    chain = handshake(11, vector(3, vector(3, leaf) + vector(3, leaf) + vector(3, leaf)))
    exchange = handshake(12, b"\x03\x00\x1d" + vector(1, bytes(32)) + b"\x04\x03" + vector(2, bytes(72)))
    return record(22, hello) + record(22, chain) + record(22, exchange) + record(22, handshake(14, b""))


def client_finish(tls_1_3: bool) -> bytes:
    if tls_1_3:
        return record(20, b"\x01") + record(23, bytes(53))
    return record(22, handshake(16, vector(1, bytes(32)))) + record(20, b"\x01") + record(22, bytes(40))
