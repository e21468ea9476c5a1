"""The facts of the leaf certificate, visible in TLS 1.2 and older: its issuer, and the host it is issued for.

Source: RFC 5280 4.1 (certificates), 4.2.1.6 (subject alternative names), X.690 8.1 (DER).
"""

from __future__ import annotations

from analyzer.packets.fields import u24


def der_body(buf, at, end, tag):
    """(position, end) of the content of the DER element with this tag at `at`, position -1 where it isn't complete."""
    if end - at < 2 or buf[at] != tag:
        return -1, 0
    size = buf[at + 1]
    p = at + 2
    if size & 0x80:
        digits = size & 0x7F
        if digits == 0 or digits > 3 or end - p < digits:
            return -1, 0
        size = 0
        for _ in range(digits):
            size = (size << 8) | buf[p]
            p += 1
    if end - p < size:
        return -1, 0
    return p, p + size


def after_optional(buf, at, end, tag):
    """The position behind the DER element with this tag at `at`; `at` itself where it isn't complete."""
    p, behind = der_body(buf, at, end, tag)
    return behind if p >= 0 else at


def certificate_names(buf, at, end):
    """(issuer's position, end, host's position, end) in the certificate buf[at:end]; empty where there is none or it can't be parsed.

    The issuer is a Name, DER with its tag. The host is the first of the certificate's DNS names that is no wildcard; where it
    has no DNS names, its subject's common name, if it looks like a host name.
    """
    p, certificate_end = der_body(buf, at, end, 0x30)
    if p < 0:
        return 0, 0, 0, 0
    p, body_end = der_body(buf, p, certificate_end, 0x30)
    if p < 0:
        return 0, 0, 0, 0
    p = after_optional(buf, p, body_end, 0xA0)
    q, p = der_body(buf, p, body_end, 0x02)
    if q < 0:
        return 0, 0, 0, 0
    q, p = der_body(buf, p, body_end, 0x30)
    if q < 0:
        return 0, 0, 0, 0
    issuer_at = p
    q, issuer_end = der_body(buf, p, body_end, 0x30)
    if q < 0:
        return 0, 0, 0, 0
    q, p = der_body(buf, issuer_end, body_end, 0x30)  # validity
    if q < 0:
        return issuer_at, issuer_end, 0, 0
    subject_at, p = der_body(buf, p, body_end, 0x30)
    if subject_at < 0:
        return issuer_at, issuer_end, 0, 0
    host_at, host_end, n_names = alternative_name(buf, p, body_end)
    if n_names == 0:
        host_at, host_end = common_name(buf, subject_at, p)
    return issuer_at, issuer_end, host_at, host_end


def alternative_name(buf, at, end):
    """(position, end, number of DNS names) of the first DNS name without a wildcard; at: the key behind the subject."""
    q, p = der_body(buf, at, end, 0x30)
    if q < 0:
        return 0, 0, 0
    p = after_optional(buf, p, end, 0x81)  # unique identifiers, which are obsolete
    p = after_optional(buf, p, end, 0x82)
    p = after_optional(buf, p, end, 0xA1)
    p = after_optional(buf, p, end, 0xA2)
    q, stop = der_body(buf, p, end, 0xA3)
    if q < 0:
        return 0, 0, 0
    p, stop = der_body(buf, q, stop, 0x30)
    while 0 <= p < stop:
        q, following = der_body(buf, p, stop, 0x30)
        if q < 0:
            return 0, 0, 0
        kind, behind = der_body(buf, q, following, 0x06)
        if kind >= 0 and behind - kind == 3 and u24(buf, kind) == 0x551D11:
            q, value_end = der_body(buf, after_optional(buf, behind, following, 0x01), following, 0x04)
            if q < 0:
                return 0, 0, 0
            return first_host(buf, q, value_end)
        p = following
    return 0, 0, 0


def first_host(buf, at, end):
    """As alternative_name, for the GeneralNames buf[at:end]."""
    host_at, host_end, n = 0, 0, 0
    p, stop = der_body(buf, at, end, 0x30)
    while 0 <= p < stop:
        q, behind = der_body(buf, p, stop, buf[p])
        if q < 0:
            break
        if buf[p] == 0x82:
            n += 1
            if host_end == 0 and is_host_text(buf, q, behind):
                host_at, host_end = q, behind
        p = behind
    return host_at, host_end, n


def common_name(buf, at, end):
    """(position, end) of the first common name that has a dot and looks like a host name; empty without one."""
    p = at
    while p < end:
        q, following = der_body(buf, p, end, 0x31)
        if q < 0:
            return 0, 0
        while q < following:
            pair, behind = der_body(buf, q, following, 0x30)
            if pair < 0:
                return 0, 0
            kind, value = der_body(buf, pair, behind, 0x06)
            if kind >= 0 and value - kind == 3 and u24(buf, kind) == 0x550403 and value < behind and buf[value] in (0x0C, 0x13, 0x16):
                first, last = der_body(buf, value, behind, buf[value])
                if first >= 0 and is_host_text(buf, first, last) and has_dot(buf, first, last):
                    return first, last
            q = behind
        p = following
    return 0, 0


def is_host_text(buf, at, end):
    """True for a text that isn't empty, of visible ASCII, without characters that no host name has."""
    for p in range(at, end):
        c = buf[p]
        if c <= 32 or c >= 127 or c in (42, 47, 64):  # * / @
            return False
    return end > at


def has_dot(buf, at, end):
    """True when there is a dot in buf[at:end]."""
    p = at
    while p < end and buf[p] != 46:
        p += 1
    return p < end


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
    """A certificate with this issuer and otherwise meaningless fields (RFC 5280 4.1): Ed25519, with a key and signature of zeros."""
    algorithm = _tlv(0x30, bytes.fromhex("06032b6570"))
    validity = _tlv(0x30, _tlv(0x17, b"250101000000Z") + _tlv(0x17, b"260101000000Z"))
    key = _tlv(0x30, algorithm + _tlv(0x03, bytes(33)))
    version = _tlv(0xA0, _tlv(0x02, b"\x02"))
    body = _tlv(0x30, version + _tlv(0x02, b"\x01") + algorithm + name + validity + _tlv(0x30, b"") + key)
    return _tlv(0x30, body + algorithm + _tlv(0x03, bytes(65)))
