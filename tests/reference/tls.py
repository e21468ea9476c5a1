"""ClientHello, ServerHello and the leaf certificate's issuer (RFC 8446, RFC 5246, RFC 6066, RFC 7301), and JA4 (FoxIO).

Only a complete hello counts, and only if its lengths fit; bytes behind its extensions are ignored. A malformed extension counts as
absent, and of a hello with an extension longer than the list only the name counts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
VERSIONS = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}  # IANA, TLS Alerts
HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3
MAX_RECORD_BYTES = 2**14 + 2048  # RFC 5246 6.2.3
MAX_HELLO_BYTES = 2**16


class Short(ValueError):
    """A length points outside of the bytes."""


class Reader:
    """Takes fields off the front of bytes; raises Short when there are too few."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, n: int) -> bytes:
        if n > len(self.data):
            raise Short
        head, self.data = self.data[:n], self.data[n:]
        return head

    def number(self, n: int) -> int:
        return int.from_bytes(self.take(n), "big")

    def vector(self, n: int) -> bytes:
        """Bytes behind a length of n bytes."""
        return self.take(self.number(n))


def is_versioned(data: bytes) -> bool:
    """A record's version is of TLS or of TLCP."""
    return (data[1] == 3 and data[2] <= 4) or data[1:3] == b"\1\1"


def looks_like_handshake(data: bytes, kind: int) -> bool:
    """Whether data begins with a TLS record that begins with a handshake message of that kind."""
    return (
        len(data) >= 6 and data[0] == 22 and is_versioned(data)
        and 1 <= int.from_bytes(data[3:5], "big") <= MAX_RECORD_BYTES and data[5] == kind
    )  # fmt: skip


def is_change_cipher_spec(data: bytes) -> bool:
    """A record that TLS 1.3 ignores wherever it stands (RFC 8446 5, D.4)."""
    return len(data) >= 6 and data[0] == 20 and data[1] == 3 and data[2] <= 4 and data[3:6] == b"\0\1\1"


def looks_like_encrypted(data: bytes) -> bool:
    """Whether data begins with a record of application data: nothing behind it can be read."""
    return (
        len(data) >= 5
        and data[0] == 23
        and data[1] == 3
        and 1 <= data[2] <= 3
        and 1 <= int.from_bytes(data[3:5], "big") <= MAX_RECORD_BYTES
    )


def handshake_bytes(data: bytes) -> tuple[bytes, bytes]:
    """The contents of the handshake records at the beginning of data (the last one perhaps cut), and what follows them."""
    whole = b""
    while len(data) >= 5 and data[0] == 22 and is_versioned(data):
        length = int.from_bytes(data[3:5], "big")
        if not 1 <= length <= MAX_RECORD_BYTES:
            break
        whole += data[5 : 5 + length]
        data = data[5 + length :]
    return whole, data


def messages(handshake: bytes) -> list[tuple[int, bytes]]:
    """The whole messages, kind and body."""
    found, reader = [], Reader(handshake)
    try:
        while reader.data:
            found.append((reader.number(1), reader.vector(3)))
    except Short:
        pass
    return found


def is_grease(value: int) -> bool:
    """RFC 8701."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def numbers(data: bytes) -> list[int]:
    """16-bit numbers, GREASE left out."""
    values = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2)]
    return [value for value in values if not is_grease(value)]


@dataclass(frozen=True)
class ClientHello:
    legacy_version: int
    random: bytes
    ciphers: list[int]  # GREASE left out
    extensions: list[tuple[int, bytes]]
    body: bytes = b""

    def extension(self, kind: int) -> bytes | None:
        return next((data for key, data in self.extensions if key == kind), None)


def read_client_hello(data: bytes) -> ClientHello | None:
    """The ClientHello in the records at the beginning of data, or None."""
    found = messages(handshake_bytes(data)[0])
    return parse_client_hello(found[0][1]) if found and found[0][0] == CLIENT_HELLO else None


def parse_client_hello(body: bytes) -> ClientHello | None:
    """RFC 8446 4.1.2; a hello without extensions ends behind the compression methods."""
    reader = Reader(body)
    try:
        version, random = reader.number(2), reader.take(32)
        session, ciphers, compression = reader.vector(1), reader.vector(2), reader.vector(1)
        if len(session) > 32 or len(ciphers) % 2 or not ciphers or not compression or not (version >> 8 == 3 or version == 0x0101):
            return None
        extensions = read_extensions(reader.vector(2)) if reader.data else []
    except Short:
        return None
    return ClientHello(version, random, numbers(ciphers), extensions, body)


def hello_size(data: bytes) -> int:
    """How many bytes the records take that a hello is in."""
    wanted, size, p = 4 + int.from_bytes(handshake_bytes(data)[0][1:4], "big"), 0, 0
    while size < wanted:
        length = int.from_bytes(data[p + 3 : p + 5], "big")
        size, p = size + length, p + 5 + length
    return p


def alert(data: bytes) -> str | None:
    """The name of the unencrypted alert at the beginning of data (RFC 8446 6)."""
    if len(data) < 7 or data[0] != 21 or data[1] != 3 or data[2] > 4 or data[3:5] != b"\0\2" or data[5] not in (1, 2):
        return None
    return ALERTS.get(data[6], f"alert {data[6]}")


def is_warning(data: bytes) -> bool:
    """Whether the first alert doesn't end the handshake: no_certificate, no_renegotiation, unrecognized_name, as warnings."""
    return alert(data) is not None and data[5] == 1 and data[6] in (41, 100, 112)


def read_extensions(data: bytes) -> list[tuple[int, bytes]]:
    reader, found = Reader(data), []
    while reader.data:
        found.append((reader.number(2), reader.vector(2)))
    return found


def is_cut_hello(data: bytes) -> bool:
    """Whether data is the beginning of a ClientHello, at least up to its length, whose end is missing."""
    handshake, rest = handshake_bytes(data)
    size = 4 + int.from_bytes(handshake[1:4], "big")
    return len(handshake) >= 4 and handshake[0] == CLIENT_HELLO and len(handshake) < size <= MAX_HELLO_BYTES and len(rest) < 5


def cut_server_name(data: bytes) -> str | None:
    """The server name of a ClientHello whose end is missing, or of which an extension is too long, if its extension is there whole."""
    handshake, rest = handshake_bytes(data)
    size = 4 + int.from_bytes(handshake[1:4], "big")
    is_whole = len(handshake) >= size
    reader, extensions = Reader(handshake[:size]), []
    if (rest and not is_whole) or handshake[:1] != bytes((CLIENT_HELLO,)):
        return None
    try:
        reader.take(4 + 2 + 32)
        reader.vector(1), reader.vector(2), reader.vector(1)
        if is_whole:
            reader = Reader(reader.vector(2))
        else:
            reader.take(2)
        while reader.data:
            extensions.append((reader.number(2), reader.vector(2)))
    except Short:
        pass
    return server_name(ClientHello(0, b"", [], extensions))


def vector_of(data: bytes | None, n: int) -> bytes | None:
    """An extension's content behind its one length; None where that length doesn't fit."""
    if data is None or len(data) < n or int.from_bytes(data[:n], "big") != len(data) - n:
        return None
    return data[n:]


def server_name(hello: ClientHello) -> str | None:
    """The first host_name, as sent; the list must be well-formed, bytes behind it in the extension are ignored."""
    reader, names = Reader(hello.extension(0) or b""), []
    try:
        reader = Reader(reader.vector(2))
        while reader.data:
            names.append((reader.number(1), reader.vector(2)))
    except Short:
        return None
    first = next((name for kind, name in names if kind == 0 and name), b"")
    return first.decode("utf-8", "backslashreplace") or None


def alpn(hello: ClientHello) -> list[bytes]:
    """Protocols in the order offered; [] without the extension or when it is malformed."""
    reader, found = Reader(vector_of(hello.extension(16), 2) or b""), []
    try:
        while reader.data:
            found.append(reader.vector(1))
    except Short:
        return []
    return found


def offered_version(hello: ClientHello) -> int | None:
    """The highest version of supported_versions, else legacy_version; may be no known one."""
    listed = vector_of(hello.extension(43), 1)
    if listed is None:
        return hello.legacy_version
    return max(numbers(listed), default=None)


def tls_offered(hello: ClientHello) -> str | None:
    """The highest known version, 1.0 to 1.3."""
    listed = vector_of(hello.extension(43), 1)
    known = [v for v in (numbers(listed) if listed is not None else [hello.legacy_version]) if v in VERSIONS]
    return VERSIONS[max(known)] if known else None


def ja4(hello: ClientHello, transport: str) -> str:
    """FoxIO's JA4, technical_details/JA4.md; transport is t or q."""
    kinds = [kind for kind, _ in hello.extensions if not is_grease(kind)]
    signatures = numbers(vector_of(hello.extension(13), 2) or b"")
    version = JA4_VERSIONS.get(offered_version(hello) or 0, "00")
    named = "d" if 0 in kinds else "i"
    a = f"{transport}{version}{named}{min(len(hello.ciphers), 99):02}{min(len(kinds), 99):02}{ja4_alpn(alpn(hello))}"
    listed = ",".join(sorted(f"{kind:04x}" for kind in kinds if kind not in (0, 16)))
    signed = "_" + ",".join(f"{number:04x}" for number in signatures) if signatures else ""
    ciphers = ",".join(sorted(f"{number:04x}" for number in hello.ciphers))
    return f"{a}_{ja4_hash(ciphers)}_{ja4_hash(listed + signed if listed else '')}"


def ja4_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def ja4_alpn(offered: list[bytes]) -> str:
    """First and last character of the first protocol that isn't GREASE, or of its hex form when either isn't alphanumeric."""
    first = next((p for p in offered if not (len(p) == 2 and is_grease(int.from_bytes(p, "big")))), b"")
    if not first:
        return "00"
    ends = bytes((first[0], first[-1]))
    return ends.decode() if ends.isalnum() else first.hex()[0] + first.hex()[-1]


@dataclass(frozen=True)
class ServerHello:
    """The server's choice, and the facts of its certificate where it is visible."""

    version: str | None
    issuer: str | None = None
    host: str | None = None  # the leaf's first DNS name that is no wildcard, else its common name


def read_server_hello(data: bytes) -> ServerHello | None:
    """The last ServerHello of the records at the beginning of data (one may follow a HelloRetryRequest), and the issuer behind it."""
    hello = None
    while True:
        handshake, data = handshake_bytes(data)
        found = messages(handshake)
        if not found or found[0][0] != SERVER_HELLO:
            return hello
        parsed = parse_server_hello(found[0][1])
        if parsed is None:
            return hello
        version, retry = parsed
        certificate = first_certificate(handshake) if version < 0x0304 else None
        hello = ServerHello(VERSIONS.get(version), *(leaf_names(certificate) if certificate else ()))
        if not retry:
            return hello
        if data[:1] == b"\x14":  # ChangeCipherSpec, for middleboxes
            data = data[5 + int.from_bytes(data[3:5], "big") :]


def parse_server_hello(body: bytes) -> tuple[int, bool] | None:
    """Chosen version, and whether this is a HelloRetryRequest."""
    reader = Reader(body)
    try:
        version, random = reader.number(2), reader.take(32)
        session = reader.vector(1)
        reader.take(3)
    except Short:
        return None
    if len(session) > 32 or version >> 8 != 3:
        return None
    chosen = None
    try:
        reader.take(2 if reader.data else 0)
        while reader.data and chosen is None:
            kind, data = reader.number(2), reader.vector(2)
            chosen = data if kind == 43 and len(data) == 2 else None
    except Short:
        pass
    return int.from_bytes(chosen, "big") if chosen else version, random == HELLO_RETRY


def first_certificate(handshake: bytes) -> bytes | None:
    """The leaf of the first Certificate message (RFC 5246 7.4.2); only the leaf has to be there whole."""
    reader = Reader(handshake)
    try:
        while reader.data:
            if reader.number(1) == CERTIFICATE:
                reader.take(6)  # lengths of the message and of the list
                return reader.vector(3)
            reader.vector(3)
    except Short:
        pass
    return None


def leaf_names(der: bytes) -> tuple[str | None, str | None]:
    """Issuer (RFC 4514) and host of a certificate."""
    try:
        leaf = x509.load_der_x509_certificate(der)
        return leaf.issuer.rfc4514_string() or None, leaf_host(leaf)
    except ValueError:  # hostile or damaged
        return None, None


def leaf_host(leaf: x509.Certificate) -> str | None:
    """A host that the certificate is for, if it names one and not a whole domain."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        names = []
    common = [str(name.value) for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    hosts = names or [name for name in common if "." in name and not set(name) & set(" /@")]
    return next((name for name in hosts if "*" not in name), None)
