"""A certificate issuer's name as text, from the DER that TLS 1.2 and older show."""

from __future__ import annotations


def issuer_text(der: bytes) -> str | None:
    """The name in the form of RFC 4514 (CN=...,O=...), None when it can't be read.

    The library reads names only inside certificates, so the name is put into an empty one.
    """
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(_certificate_with_issuer(der))
        text = certificate.issuer.rfc4514_string()
    except (ValueError, TypeError, IndexError):
        return None
    return text or None


def _tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + body


def _certificate_with_issuer(name: bytes) -> bytes:
    """A certificate of no meaning but its issuer (RFC 5280 4.1): Ed25519, with a key and signature of zeros."""
    algorithm = _tlv(0x30, bytes.fromhex("06032b6570"))
    validity = _tlv(0x30, _tlv(0x17, b"250101000000Z") + _tlv(0x17, b"260101000000Z"))
    key = _tlv(0x30, algorithm + _tlv(0x03, bytes(33)))
    version = _tlv(0xA0, _tlv(0x02, b"\x02"))
    body = _tlv(0x30, version + _tlv(0x02, b"\x01") + algorithm + name + validity + _tlv(0x30, b"") + key)
    return _tlv(0x30, body + algorithm + _tlv(0x03, bytes(65)))
