"""TLS hellos, certificates and QUIC Initials, written field by field."""

from __future__ import annotations

import datetime
import hmac
import itertools
import struct
from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

X25519MLKEM768 = 0x11EC
SHARE_BYTES = {0x11EC: 1216, 0x001D: 32, 0x0017: 65, 0x0018: 97}  # what a client sends for each group
ECH_GREASE = b"\0\0\1\0\1\x2a" + struct.pack(">H", 32) + bytes(32) + struct.pack(">H", 144) + bytes(144)  # an outer ECH of made-up bytes
CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F)
SIGNATURES = (0x0403, 0x0804, 0x0401)


def vector(n: int, data: bytes) -> bytes:
    """Data behind its length in n bytes."""
    return len(data).to_bytes(n, "big") + data


def numbers(values: Sequence[int]) -> bytes:
    return b"".join(struct.pack(">H", value) for value in values)


def extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">H", kind) + vector(2, data)


def records(data: bytes, cuts: Sequence[int] = (), *, kind: int = 22, version: int = 0x0301) -> bytes:
    """TLS records around data; cuts are offsets where one record ends and the next begins."""
    edges = [0, *cuts, len(data)]
    return b"".join(bytes((kind,)) + struct.pack(">H", version) + vector(2, data[a:b]) for a, b in itertools.pairwise(edges))


def handshake(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + vector(3, body)


def client_hello(
    sni: str | bytes | None = "example.com",
    *,
    alpn: Sequence[str | bytes] = ("h2", "http/1.1"),
    versions: Sequence[int] = (0x0304, 0x0303),
    legacy_version: int = 0x0303,
    groups: Sequence[int] = (0x001D, 0x0017),
    ciphers: Sequence[int] = CIPHERS,
    signatures: Sequence[int] = SIGNATURES,
    grease: bool = False,
    ech: bytes | None = None,
    padding: int = 0,
    sni_last: bool = False,
    extra: Sequence[tuple[int, bytes]] = (),
    random: bytes = bytes(range(32)),
    session: bytes = bytes(32),
    cuts: Sequence[int] = (),
    bare: bool = False,
) -> bytes:
    """A ClientHello in records.

    versions   supported_versions; () leaves the extension and the key shares out, as before TLS 1.3
    groups     the first one also gets a key share, of its true size (X25519MLKEM768: 1,216 bytes)
    grease     a GREASE value among ciphers, versions, groups and at both ends of the extensions
    cuts       offsets in the handshake message where a record ends
    bare       the handshake message alone, as QUIC carries it
    """
    odd = (0x2A2A,) if grease else ()
    named = []
    if sni is not None:
        named = [extension(0, vector(2, b"\0" + vector(2, sni.encode() if isinstance(sni, str) else sni)))]
    others = [extension(0xFF01, b"\0"), extension(10, vector(2, numbers((*odd, *groups)))), extension(13, vector(2, numbers(signatures)))]
    if alpn:
        protocols = b"".join(vector(1, p.encode() if isinstance(p, str) else p) for p in alpn)
        others.append(extension(16, vector(2, protocols)))
    if versions:
        others.append(extension(43, vector(1, numbers((*odd, *versions)))))
        others.append(extension(51, vector(2, struct.pack(">H", groups[0]) + vector(2, b"\7" * SHARE_BYTES.get(groups[0], 32)))))
    if ech is not None:
        others.append(extension(0xFE0D, ech))
    others += [extension(kind, data) for kind, data in extra]
    if padding:
        others.append(extension(21, bytes(padding)))
    listed = [*others, *named] if sni_last else [*named, *others]
    if grease:
        listed = [extension(0x1A1A, b""), *listed, extension(0x3A3A, b"\0")]
    body = struct.pack(">H", legacy_version) + random + vector(1, session) + vector(2, numbers((*odd, *ciphers))) + b"\1\0"
    message = handshake(1, body + vector(2, b"".join(listed)))
    return message if bare else records(message, cuts)


def server_hello(version: int = 0x0304, *, random: bytes = b"\x55" * 32, session: bytes = bytes(32), bare: bool = False) -> bytes:
    """A ServerHello in a record; 1.3 is said in supported_versions, older ones in the legacy field."""
    said = extension(43, struct.pack(">H", version)) if version >= 0x0304 else b""
    body = struct.pack(">H", min(version, 0x0303)) + random + vector(1, session) + b"\x13\x01\0" + (vector(2, said) if said else b"")
    message = handshake(2, body)
    return message if bare else records(message, version=0x0303)


def leaf(host: str = "example.com", issuer: str = "Example CA", *, names: Sequence[str] | None = None) -> bytes:
    """A DER certificate for a host by an issuer (CN and O); the same arguments give the same bytes."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Inc."), x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    begin = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().issuer_name(name).subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=90))
    listed = [x509.DNSName(entry) for entry in ([host] if names is None else names)]
    if listed:
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)

    return builder.sign(key, None).public_bytes(Encoding.DER)


def certificate(*ders: bytes, bare: bool = False) -> bytes:
    """A Certificate message of TLS 1.2 and before, leaf first."""
    message = handshake(11, vector(3, b"".join(vector(3, der) for der in ders)))
    return message if bare else records(message, version=0x0303)


def expand(secret: bytes, label: bytes, length: int) -> bytes:
    info = struct.pack(">H", length) + vector(1, b"tls13 " + label) + b"\0\x01"
    return hmac.digest(secret, info, sha256)[:length]


def quic_initial(
    hello: bytes, *, connection_id: bytes = bytes(range(8)), offset: int = 0, number: int = 0, version: int = 1, size: int = 1200
) -> bytes:
    """A client's QUIC v1 (or v2) Initial with one CRYPTO frame of a bare hello from an offset on (RFC 9001 5)."""
    second = version == 0x6B3343CF
    salt = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9" if second else "38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
    secret = expand(hmac.digest(salt, connection_id, sha256), b"client in", 32)
    key, iv, hp = (expand(secret, (b"quicv2 " if second else b"quic ") + what, n) for what, n in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    frames = b"\x06" + struct.pack(">2H", 0x4000 | offset, 0x4000 | len(hello)) + hello
    first = 0xC3 | (0x10 if second else 0)
    before = bytes((first,)) + struct.pack(">I", version) + vector(1, connection_id) + b"\0\0"
    frames = frames.ljust(size - len(before) - 2 - 4 - 16, b"\0")
    header = before + struct.pack(">HI", 0x4000 | (4 + len(frames) + 16), number)
    nonce = bytes(a ^ b for a, b in zip(iv, number.to_bytes(12, "big"), strict=True))
    sealed = AESGCM(key).encrypt(nonce, frames, header)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sealed[:16])
    hidden = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5], strict=True))
    return bytes((first ^ mask[0] & 0x0F,)) + header[1:-4] + hidden + sealed
