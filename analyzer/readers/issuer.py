"""An issuer's name in the form of RFC 4514, for the plain names that nearly all issuers have. The library that reads any name
(certificate.issuer_text) takes 25 ms to load, a twentieth of a small report.

Source: RFC 5280 4.1.2.4 and appendix A.1 (names and their attributes), RFC 4514 2 and 3, X.690 8.1 (DER).
"""

from __future__ import annotations

import re
from typing import Final

SHORT_NAMES: Final = {0x03: "CN", 0x06: "C", 0x07: "L", 0x08: "ST", 0x0A: "O", 0x0B: "OU"}
"""Attributes by the last byte of their object identifier, 2.5.4.x."""

TEXTS: Final = (0x0C, 0x13)
"""UTF8String and PrintableString, which encode these characters alike."""

PLAIN: Final = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9'()./:? -]{0,62}[A-Za-z0-9'()./:?-])?")
"""No character that must be escaped, and no more than a common name holds."""


def ordinary_name(der: bytes) -> str | None:
    """The name, as certificate.issuer_text gives it; None where it isn't a sequence of plain texts."""
    at, parts, body = 3 if der[1:2] == b"\x81" else 2, [], b""
    while at < len(der):
        attribute = der[at : at + 11]
        if len(attribute) < 11:
            return None
        kind, form, size = attribute[8:]
        text = der[at + 11 : at + 11 + size]
        if kind not in SHORT_NAMES or form not in TEXTS or not PLAIN.fullmatch(text):
            return None
        parts.append(f"{SHORT_NAMES[kind]}={text.decode()}")
        body += element(0x31, element(0x30, bytes((0x06, 3, 0x55, 0x04, kind)) + element(form, text)))
        at += 11 + size
    return ",".join(reversed(parts)) if parts and element(0x30, body) == der else None


def element(tag: int, body: bytes) -> bytes:
    """The DER element, of up to 255 bytes; b"" for more."""
    size = len(body)
    return bytes((tag, size)) + body if size < 0x80 else bytes((tag, 0x81, size)) + body if size < 0x100 else b""
