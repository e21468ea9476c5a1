"""Reads the messages of a side's stream one after the other, each with the reader for the side's state (transitions.py).

Every reader takes the tables, the bytes and the cursor. It returns the position behind what it read, MORE or NOT, sets cursor.found to
its finding, and, where more is needed, cursor.wanted to what is missing.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import N_MESSAGES, REGIONS
from analyzer.packets.fields import u16
from analyzer.readers.alerts import read_after_hello, read_alert
from analyzer.readers.bodies import read_chunk, read_trailer
from analyzer.readers.dns import is_resolvers, read_dns
from analyzer.readers.heads import starts_like_head
from analyzer.readers.http import read_answer, read_request
from analyzer.readers.proxy_protocol import read_proxy_header
from analyzer.readers.records import (
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HEARTBEAT,
    HELLO_CLIENT,
    HELLO_SERVER,
    read_passing_record,
    starts_like_application_data,
    starts_like_handshake,
)
from analyzer.readers.socks import read_socks5_answer, read_socks5_request, read_socks_start
from analyzer.readers.states import (
    AFTER_HELLO,
    CERTIFICATE,
    CHUNK,
    DNS,
    DONE,
    FOUND_ANSWER,
    FOUND_CONNECT,
    FOUND_EMPTY_LINE,
    FOUND_ENCRYPTED,
    FOUND_HEAD_BEGINS,
    FOUND_NO_PREFACE,
    FOUND_NOTHING,
    MORE,
    NOT,
    SCAN,
    SOCKS5_ANSWERING,
    SOCKS5_ASKING,
    START,
    TRAILER,
)
from analyzer.readers.texts import other_side, own_side
from analyzer.readers.tls import read_certificate, read_client_hello, read_server_hello
from analyzer.streams.regions import note_region
from analyzer.streams.transitions import move_on, move_on_behind_head
from analyzer.streams.waiting import arrival, rest_of_segment

# The header of a TDS packet ([MS-TDS] 2.2.3.1), and the packet types that carry TLS handshakes.
TDS_HEADER: Final = 8
TDS_PRELOGIN: Final = 0x12
TDS_RESULT: Final = 0x04


def read_stream(tables, buf, cursor, waited):
    """Read the bytes at the cursor, the first of which is at the side's `resume`; advances cursor, resume and state.

    waited   the bytes were gathered from waiting segments; each message has the time of its first byte's segment

    Bytes left over are incomplete, unless the state is SCAN or DONE; of bytes of no known kind one segment is skipped. A body continuing
    behind these bytes leaves `resume` at its end, and the cursor behind the bytes.
    """
    side, other = own_side(tables, cursor), other_side(tables, cursor)
    while cursor.at < cursor.end and side.state != DONE and side.state != SCAN:
        state = side.state
        if waited:
            cursor.ts_ns, cursor.ack = arrival(tables, side)
        cursor.seq = side.resume
        cursor.wanted = 0
        cursor.lacking = 0
        n_messages = tables.counts[N_MESSAGES]
        p = read_next(tables, buf, cursor)
        side.wanted = cursor.wanted
        side.lacking = cursor.lacking
        if p == MORE and not cursor.final:
            return
        if p < 0:
            move_on(side, other, FOUND_NOTHING)
            p = cursor.at
        else:
            if FOUND_CONNECT <= cursor.found <= FOUND_ANSWER:
                p = move_on_behind_head(side, other, cursor, p)
            else:
                move_on(side, other, cursor.found)
                if p == cursor.at and side.state == state:  # nothing was read and nothing changed: the loop would never end
                    move_on(side, other, FOUND_NOTHING)
            if tables.counts[REGIONS]:
                note_region(tables, cursor, min(p, cursor.end) - cursor.at, state, n_messages)
        side.resume = as_u32(side.resume + p - cursor.at)
        cursor.at = p
    if side.state == SCAN and cursor.at < cursor.end:
        rest = cursor.end - cursor.at
        if waited:  # a head may begin with the next segment
            rest = max(1, min(rest, rest_of_segment(tables, side)))
        side.resume = as_u32(side.resume + rest)


def read_next(tables, buf, cursor):
    """The position behind the message at the cursor, MORE, or NOT: from the reader for the side's state."""
    state = own_side(tables, cursor).state
    if state == START:
        return read_start(tables, buf, cursor)
    if state == SOCKS5_ASKING:
        return read_socks5_request(tables, buf, cursor)
    if state == SOCKS5_ANSWERING:
        return read_socks5_answer(tables, buf, cursor)
    if state == CHUNK:
        return read_chunk(tables, buf, cursor)
    if state == TRAILER:
        return read_trailer(tables, buf, cursor)
    if state == AFTER_HELLO:
        return read_after_hello(tables, buf, cursor)
    if state == CERTIFICATE:
        return read_certificate(tables, buf, cursor)
    if state == DNS:
        return read_dns(tables, buf, cursor)
    return read_head(tables, buf, cursor)


def read_start(tables, buf, cursor):
    """As read_next, at a stream's first bytes: a message that occurs only there, or else a head."""
    if is_resolvers(tables.records + cursor.record):
        p = read_dns(tables, buf, cursor)
        if p != NOT:
            return p
    p = read_proxy_header(tables, buf, cursor)
    if p == NOT:
        p = read_socks_start(tables, buf, cursor)
    if p != NOT:
        return p
    move_on(own_side(tables, cursor), other_side(tables, cursor), FOUND_NO_PREFACE)
    return read_head(tables, buf, cursor)


def read_head(tables, buf, cursor):
    """As read_next, where an HTTP head or a TLS record is expected."""
    c = buf[cursor.at]
    if c == 13 or c == 10:
        cursor.found = FOUND_EMPTY_LINE  # before a request (RFC 9112 2.2), or behind a body
        return cursor.at + 1
    if c in (CHANGE_CIPHER_SPEC, HEARTBEAT):
        return read_passing_record(tables, buf, cursor)
    if c == 21:
        return read_alert(tables, buf, cursor)
    if c == 22:
        return read_handshake(tables, buf, cursor)
    if c == APPLICATION_DATA:
        if not starts_like_application_data(buf, cursor.at, cursor.end):
            return read_passing_record(tables, buf, cursor)
        cursor.found = FOUND_ENCRYPTED
        return cursor.end
    p = read_answer(tables, buf, cursor)
    return p if p != NOT else read_request(tables, buf, cursor)


def read_handshake(tables, buf, cursor):
    """As read_next, where a TLS handshake record seems to begin."""
    at, end = cursor.at, cursor.end
    if end - at < 6:
        return NOT if cursor.final else MORE
    if starts_like_handshake(buf, at, end, HELLO_CLIENT):
        return read_client_hello(tables, buf, cursor)
    if starts_like_handshake(buf, at, end, HELLO_SERVER):
        return read_server_hello(tables, buf, cursor)
    return read_passing_record(tables, buf, cursor)


def head_begins(tables, buf, cursor):
    """True when the bytes at the cursor begin like a head, in a stream of no known kind; reading then continues there, else behind them.

    SQL Server's clients put their TLS handshake into packets of TDS, each with a header of eight bytes before it.
    """
    side, other = own_side(tables, cursor), other_side(tables, cursor)
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_HEAD_BEGINS
    if starts_like_head(buf, at, end):
        move_on(side, other, FOUND_HEAD_BEGINS)
        side.resume = cursor.seq
        return True
    if end - at > TDS_HEADER and buf[at] in (TDS_PRELOGIN, TDS_RESULT) and u16(buf, at + 2) > TDS_HEADER:
        p = at + TDS_HEADER
        if starts_like_handshake(buf, p, end, HELLO_CLIENT) or starts_like_handshake(buf, p, end, HELLO_SERVER):
            move_on(side, other, FOUND_HEAD_BEGINS)
            side.resume = as_u32(cursor.seq + TDS_HEADER)
            if tables.counts[REGIONS]:
                note_region(tables, cursor, TDS_HEADER, SCAN, tables.counts[N_MESSAGES])
            return True
    side.resume = as_u32(cursor.seq + end - at)
    if starts_like_application_data(buf, at, end):
        move_on(side, other, FOUND_ENCRYPTED)
    return False
