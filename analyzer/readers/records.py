"""TLS records: how to recognize one, and records that don't matter for a handshake.

Source: RFC 8446 5.1 (TLS 1.3), RFC 5246 6.2.1 (1.2), RFC 6520 (heartbeats). TLCP's records have the version 1.1 (0x0101).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u24
from analyzer.readers.states import FOUND_PASSING_RECORD, MORE, NOT

CHANGE_CIPHER_SPEC: Final = 20
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
HEARTBEAT: Final = 24
MAX_RECORD: Final = 16384 + 2048
MAX_HANDSHAKE: Final = 1 << 16

# Handshake messages.
HELLO_REQUEST: Final = 0
HELLO_CLIENT: Final = 1
HELLO_SERVER: Final = 2


def is_versioned(buf, at):
    """True where the record at `at`, of which three bytes must be there, has a version of TLS or TLCP."""
    return (buf[at + 1] == 3 and buf[at + 2] <= 4) or (buf[at + 1] == 1 and buf[at + 2] == 1)


def starts_like_handshake(buf, at, end, kind):
    """True when the bytes, at least six, can be a TLS record with the beginning of handshake message `kind`."""
    return (
        end - at >= 6
        and buf[at] == HANDSHAKE
        and is_versioned(buf, at)
        and 1 <= u16(buf, at + 3) <= MAX_RECORD
        and buf[at + 5] == kind
        and (u16(buf, at + 3) < 4 or end - at < 9 or u24(buf, at + 6) <= MAX_HANDSHAKE)
    )


def starts_like_application_data(buf, at, end):
    """True when a TLS record of encrypted data begins here."""
    return (
        end - at >= 5 and buf[at] == APPLICATION_DATA and buf[at + 1] == 3 and 1 <= buf[at + 2] <= 3 and 0 < u16(buf, at + 3) <= MAX_RECORD
    )


def read_passing_record(tables, buf, cursor):
    """The position behind a record that may come before a hello and means nothing, MORE, or NOT.

    A ChangeCipherSpec means nothing in TLS 1.3 (RFC 8446 D.4), a heartbeat nothing for the handshake (RFC 6520 3), a HelloRequest may come
    at any time (RFC 5246 7.4.1.1), and an empty record, which every version allows for application data alone, is ignored by everyone.
    """
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_PASSING_RECORD
    if end - at < 5:
        return MORE if end - at < 2 or buf[at + 1] == 3 else NOT
    kind, size = buf[at], u16(buf, at + 3)
    if buf[at + 1] != 3 or buf[at + 2] > 4 or size > MAX_RECORD:
        return NOT
    stop = at + 5 + size
    if kind in (HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA) and size > (1 if kind == CHANGE_CIPHER_SPEC else 4):
        return NOT
    if end < stop:
        cursor.wanted = 5 + size
        return MORE
    if size == 0 or kind == HEARTBEAT:
        return stop
    if kind == CHANGE_CIPHER_SPEC:
        return stop if buf[at + 5] == 1 else NOT
    return stop if kind == HANDSHAKE and size == 4 and buf[at + 5] == HELLO_REQUEST and u24(buf, at + 6) == 0 else NOT
