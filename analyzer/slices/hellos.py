"""Masked TLS handshakes: host names are replaced; tickets, session ids and pre-shared keys are replaced by other bytes.

Everything else in a hello stays byte for byte, so versions, ciphers, the order of extensions and the random stay; of other messages
only certificates stay, masked. Equal values in two hellos stay equal.
Sources: RFC 8446 4.1.2, 4.2 and 4.2.11, RFC 6066 3, RFC 5246 7.4.
"""

from __future__ import annotations

from typing import Final

from analyzer.slices.certificates import mask_certificates
from analyzer.slices.names import Names

CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
CERTIFICATE: Final = 11
MESSAGE_HEAD: Final = 4
RECORDS_HEAD: Final = 5

SERVER_NAME: Final = 0
PRE_SHARED_KEY: Final = 41
# Extensions that identify a program and no person, or hold values made for this connection alone (43, 51, 65037: versions,
# key shares, an encrypted hello). The bytes of all others are replaced.
HARMLESS: Final = frozenset(
    (1, 5, 10, 11, 13, 15, 16, 17, 18, 21, 22, 23, 27, 28, 34, 43, 45, 49, 50, 51, 57, 13172, 17513, 17613, 65037, 65281)
)


def masked_records(data: bytes, names: Names) -> bytes:
    """Consecutive TLS records of handshake messages, masked; the last record may be incomplete."""
    body, pieces = bytearray(), []  # where each record's body lies in data
    at = 0
    while at + RECORDS_HEAD <= len(data):
        end = min(len(data), at + RECORDS_HEAD + int.from_bytes(data[at + 3 : at + 5], "big"))
        pieces.append(slice(at + RECORDS_HEAD, end))
        body += data[pieces[-1]]
        at = end
    mask_messages(body, names)
    made, used = bytearray(data), 0
    for piece in pieces:
        size = piece.stop - piece.start
        made[piece] = body[used : used + size]
        used += size
    return bytes(made)


def mask_messages(body: bytearray, names: Names) -> None:
    """Mask consecutive handshake messages in place; the last may be incomplete."""
    at = 0
    while at + MESSAGE_HEAD <= len(body):
        end = min(len(body), at + MESSAGE_HEAD + int.from_bytes(body[at + 1 : at + 4], "big"))
        if body[at] in (CLIENT_HELLO, SERVER_HELLO):
            message = body[at:end]
            _mask_hello(message, names)
            body[at:end] = message
        elif body[at] == CERTIFICATE:
            mask_certificates(body, at + MESSAGE_HEAD, end, names)
        else:
            body[at + MESSAGE_HEAD : end] = bytes(end - at - MESSAGE_HEAD)
        at = end
    body[at:] = bytes(len(body) - at)


def _mask_hello(body: bytearray, names: Names) -> None:
    """Mask a hello with its header in place; everything behind a malformed field becomes zeros."""
    end = len(body)
    at = MESSAGE_HEAD + 2 + 32
    size = body[at] if at < end else 0
    session = slice(at + 1, min(end, at + 1 + size))
    body[session] = names.blur(bytes(body[session]))  # the session can be resumed by it
    at += 1 + size
    if body[0] == CLIENT_HELLO:
        at += 2 + int.from_bytes(body[at : at + 2], "big")  # cipher suites
        at += 1 + (body[at] if at < end else 0)  # compression
    else:
        at += 3
    at += 2
    while at + 4 <= end:
        kind, size = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        if at + 4 + size > end:
            break
        at += 4
        if kind == SERVER_NAME and size >= 5:
            _mask_name(body, at, at + size, names)
        elif kind == PRE_SHARED_KEY and body[0] == CLIENT_HELLO:
            _mask_keys(body, at, at + size, names)
        elif kind not in HARMLESS and kind & 0x0F0F != 0x0A0A:  # GREASE (RFC 8701) is noise already
            body[at : at + size] = names.blur(bytes(body[at : at + size]))
        at += size
    body[min(at, end) : end] = bytes(end - min(at, end))


def _mask_name(body: bytearray, at: int, end: int, names: Names) -> None:
    """Mask the only entry of a server_name extension; several entries become zeros."""
    size = int.from_bytes(body[at + 3 : at + 5], "big")
    if body[at + 2] == 0 and at + 5 + size == end:
        body[at + 5 : end] = names.host(bytes(body[at + 5 : end]))
    else:
        body[at:end] = bytes(end - at)


def _mask_keys(body: bytearray, at: int, end: int, names: Names) -> None:
    """Replace the tickets that a client offers and their binders (RFC 8446 4.2.11)."""
    stop = min(end, at + 2 + int.from_bytes(body[at : at + 2], "big"))
    at += 2
    while at + 2 <= stop:
        last = min(stop, at + 2 + int.from_bytes(body[at : at + 2], "big") + 4)  # the obfuscated age is replaced too
        body[at + 2 : last] = names.blur(bytes(body[at + 2 : last]))
        at = last
    at = stop + 2
    while at < end:
        last = min(end, at + 1 + body[at])
        body[at + 1 : last] = names.blur(bytes(body[at + 1 : last]))
        at = last
