"""Masked certificates, byte for byte as long as before.

The fields and their algorithms stay, and the names of public authorities that sign for Defender. Host names are replaced by `names`,
other words by meaningless ones; serial numbers, keys, signatures, dates and everything else are blanked.
Source: RFC 5280 4.1, X.690 8.1 (DER).
"""

from __future__ import annotations

import re
from typing import Final

from analyzer.slices.names import Names

CERTIFICATE_HEAD: Final = 3  # the bytes of a certificate's length in the message (RFC 5246 7.4.2)
MAX_DEPTH: Final = 32

INTEGER, BIT_STRING, OCTET_STRING, OID = 0x02, 0x03, 0x04, 0x06
STRINGS: Final = frozenset((0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E))
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
DNS_NAME: Final = 0x82  # in a subject alternative name (RFC 5280 4.2.1.6)
CONSTRUCTED: Final = 0x20
ALTERNATIVE_NAME: Final = bytes.fromhex("551d11")

# Words common in the names of all authorities.
WORDS: Final = frozenset(
    b"authority ca certificate certification class ev global intermediate issuing ocsp r1 r2 r3 root rsa server ssl tls".split()
)
# Object identifiers from standards; others belong to companies, and some to one directory. 1.2.840, 2.5.4, 2.5.29, 1.3.6.1.5.5.7, 1.3.132,
# 1.3.101, 2.16.840.1.101.3.4, 2.23.140, 0.9.2342.19200300.100.1
EVERYONES_OIDS: Final = tuple(
    map(bytes.fromhex, ("2a8648", "5504", "551d", "2b0601050507", "2b8104", "2b65", "608648016503 04", "67810c", "0992268993f22c6401"))
)
# Authorities that sign for Defender: a reader of the slice must see which one signed.
_PUBLIC = re.compile(rb"(?i)(Microsoft|DigiCert|Baltimore)\b.*", re.DOTALL)
_HOST = re.compile(rb"[A-Za-z0-9*_-]+(\.[A-Za-z0-9_-]+)+")


def mask_certificates(body: bytearray, at: int, end: int, names: Names) -> None:
    """Mask the body of a Certificate message in place; a certificate that isn't complete becomes zeros."""
    at += CERTIFICATE_HEAD
    while at + CERTIFICATE_HEAD <= end:
        size = int.from_bytes(body[at : at + CERTIFICATE_HEAD], "big")
        at += CERTIFICATE_HEAD
        if at + size > end:
            break
        body[at : at + size] = masked_certificate(bytes(body[at : at + size]), names)
        at += size
    body[min(at, end) : end] = bytes(end - min(at, end))


def masked_certificate(der: bytes, names: Names) -> bytes:
    """The masked certificate; everything behind the first byte that isn't DER becomes zeros."""
    made = bytearray(len(der))
    _copy(der, made, 0, len(der), names, 0, is_names=False)
    return bytes(made)


def _copy(der: bytes, made: bytearray, at: int, end: int, names: Names, depth: int, *, is_names: bool) -> None:
    """Copy the elements der[at:end], masked. is_names: they are alternative names."""
    extension = b""
    while at < end:
        body, stop = _body(der, at, end)
        if body < 0:
            return
        tag = der[at]
        made[at:body] = der[at:body]
        if tag & CONSTRUCTED:
            if depth < MAX_DEPTH:
                _copy(der, made, body, stop, names, depth + 1, is_names=is_names)
        elif tag == OCTET_STRING and extension and _body(der, body, stop)[1] == stop:
            _copy(der, made, body, stop, names, depth + 1, is_names=extension == ALTERNATIVE_NAME)
        elif tag == BIT_STRING and _body(der, body + 1, stop)[1] == stop:  # a key or a signature of several numbers
            _copy(der, made, body + 1, stop, names, depth + 1, is_names=False)
        else:
            made[body:stop] = names.host(der[body:stop]) if is_names and tag == DNS_NAME else _value(tag, der[body:stop], names)
        extension = der[body:stop] if tag == OID else extension
        at = stop


def _body(der: bytes, at: int, end: int) -> tuple[int, int]:
    """(offset of the content of the element at `at`, offset of its end); (-1, -1) where it isn't complete."""
    if end - at < 2:
        return -1, -1
    size, body = der[at + 1], at + 2
    if size & 0x80:
        body += size & 0x7F
        if not 0 < size & 0x7F <= 4 or body > end:
            return -1, -1
        size = int.from_bytes(der[at + 2 : body], "big")
    return (body, body + size) if body + size <= end else (-1, -1)


def name_text(value: bytes, names: Names) -> bytes:
    """The masked form of a text in an issuer's or a subject's name."""
    if _PUBLIC.match(value):
        return value
    return names.host(value) if _HOST.fullmatch(value) else names.words(value, WORDS)


def _value(tag: int, value: bytes, names: Names) -> bytes:
    """The masked form of a primitive element's content."""
    if tag == OID:
        return value if value.startswith(EVERYONES_OIDS) else bytes(len(value))
    if len(value) < 2:  # a flag or a version
        return value
    if tag in STRINGS:
        return name_text(value, names)
    if tag == UTC_TIME:
        return b"700101000000Z".ljust(len(value), b"0")[: len(value)]
    if tag == GENERALIZED_TIME:
        return b"19700101000000Z".ljust(len(value), b"0")[: len(value)]
    if tag == INTEGER:
        return b"\x01" + bytes(len(value) - 1)
    return bytes(len(value))
