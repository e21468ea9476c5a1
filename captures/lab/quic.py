"""A QUIC client's first datagram: an Initial with a ClientHello in it (RFC 9000 17.2.2, RFC 9001 5)."""

from __future__ import annotations

import hmac
import secrets
import struct
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION_1 = 1
SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 5.2
SMALLEST = 1200  # RFC 9000 14.1
NUMBER_BYTES = 4
TAG_BYTES = 16


def initial(hello: bytes) -> bytes:
    """The datagram that opens a connection with this ClientHello message, padded as it must be."""
    connection = secrets.token_bytes(8)
    secret = _expand(hmac.digest(SALT, connection, sha256), b"client in", 32)
    key, iv, hiding = _expand(secret, b"quic key", 16), _expand(secret, b"quic iv", 12), _expand(secret, b"quic hp", 16)
    before = struct.pack(">BIB", 0xC0 | (NUMBER_BYTES - 1), VERSION_1, len(connection)) + connection + b"\0\0"  # no source id, no token
    frames = b"\x06\0" + struct.pack(">H", 0x4000 | len(hello)) + hello
    frames = frames.ljust(SMALLEST - len(before) - 2 - NUMBER_BYTES - TAG_BYTES, b"\0")
    header = before + struct.pack(">HI", 0x4000 | (NUMBER_BYTES + len(frames) + TAG_BYTES), 0)
    sealed = AESGCM(key).encrypt(iv, frames, header)
    mask = Cipher(algorithms.AES(hiding), modes.ECB()).encryptor().update(sealed[:16])
    number = bytes(a ^ b for a, b in zip(header[-NUMBER_BYTES:], mask[1:], strict=False))
    return bytes((header[0] ^ mask[0] & 0x0F,)) + header[1:-NUMBER_BYTES] + number + sealed


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context, of at most 32 bytes (RFC 8446 7.1)."""
    label = b"tls13 " + label
    info = struct.pack(">HB", length, len(label)) + label + b"\0\x01"
    return hmac.digest(secret, info, sha256)[:length]
