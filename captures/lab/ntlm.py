"""NTLM's three messages as a client sends them to a proxy: their shape is right, the proofs in them are random bytes.

squid's own helper (ntlm_fake_auth) makes the challenge and believes every answer, so what is on the wire is the exchange that a
Windows client has with a proxy, and no password. Source: MS-NLMP 2.2.1.
"""

from __future__ import annotations

import base64
import secrets
import struct

SIGNATURE = b"NTLMSSP\0"
NEGOTIATE_FLAGS, AUTHENTICATE_FLAGS = 0xE2088297, 0xE2888215
WINDOWS_11 = struct.pack("<BBHxxxB", 10, 0, 22631, 15)
HEADER_BYTES = 72  # signature, type, six fields, flags, version


def negotiate() -> str:
    """The first message, in base64."""
    return encoded(SIGNATURE + struct.pack("<II", 1, NEGOTIATE_FLAGS) + bytes(16) + WINDOWS_11)


def authenticate(user: str, domain: str, machine: str) -> str:
    """The third message, in base64."""
    parts = [bytes(24), secrets.token_bytes(16) + b"\x01\x01" + bytes(6) + secrets.token_bytes(44)]  # LM, NTLMv2 response
    parts += [text.encode("utf-16-le") for text in (domain, user, machine)]
    parts.append(secrets.token_bytes(16))  # session key
    fields, at = b"", HEADER_BYTES
    for part in parts:
        fields += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    return encoded(SIGNATURE + struct.pack("<I", 3) + fields + struct.pack("<I", AUTHENTICATE_FLAGS) + WINDOWS_11 + b"".join(parts))


def encoded(message: bytes) -> str:
    return base64.b64encode(message).decode()
