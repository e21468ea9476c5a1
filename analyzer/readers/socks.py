"""SOCKS requests and answers: version 4, 4a and 5. User names are skipped, never kept.

Source: RFC 1928 (SOCKS5), RFC 1929 (its user names), RFC 1961 (its GSSAPI tokens, which are skipped), "SOCKS: A protocol for TCP
proxy" and "SOCKS 4A" (Ying-Da Lee).
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.coverage import behind
from analyzer.flows.layout import HAS_BASE, SENT_SYN, SENT_SYN_ACK, SHAPE_ADDRESS, SOCKS4, SOCKS5, SOCKS_ANSWER
from analyzer.flows.messages import as_socks_answer
from analyzer.packets.fields import u16, u24
from analyzer.readers.states import (
    FOUND_OPENING,
    FOUND_SOCKS4_REQUEST,
    FOUND_SOCKS5_ANSWER,
    FOUND_SOCKS5_CHOICE,
    FOUND_SOCKS5_CREDENTIALS,
    FOUND_SOCKS5_GREETING,
    FOUND_SOCKS5_REQUEST,
    FOUND_SOCKS5_VERDICT,
    MORE,
    NOT,
)
from analyzer.readers.texts import keep, new_message, other_side, own_side
from analyzer.readers.uri import is_host

# A longer text is no user name; RFC 1413's identifiers have at most 512 bytes.
MAX_TEXT: Final = 512
PORT_SOCKS: Final = 1080  # the one that IANA assigned


def has_begun(tables, cursor):
    """True where the connection's beginning was captured."""
    return (own_side(tables, cursor).seen | other_side(tables, cursor).seen) & (SENT_SYN | SENT_SYN_ACK) != 0


def has_opened(tables, cursor):
    """True for the side that opened the connection, if its beginning was captured."""
    syn_side = (tables.records + cursor.record).syn_side
    return syn_side == cursor.side or (syn_side < 0 and other_side(tables, cursor).seen & SENT_SYN_ACK != 0)


def may_ask_socks(tables, cursor):
    """True for a side's first bytes on a connection: elsewhere SOCKS can't be distinguished from other bytes.

    An opener that already received bytes, as a greeting of FTP or SMTP, speaks another protocol. The side that accepted the connection may
    send a SOCKS5 request, as relays behind a firewall do (the oracles have one): a greeting followed by a request is no coincidence, even
    where the capture begins a moment after the connection.
    """
    other = other_side(tables, cursor)
    received = cursor.ack != 0 and other.seen & HAS_BASE != 0 and behind(cursor.ack, as_u32(other.base + 1)) > 0
    return not (received and (has_opened(tables, cursor) or not has_begun(tables, cursor)))


def is_method(number):
    """True for a method of authentication that IANA assigned, a private one, and for "no acceptable methods" (255)."""
    return number < 10 or number >= 0x80


def after_greeting(buf, at, end):
    """The position behind a SOCKS5 client's list of methods, MORE, or NOT.

    The client waits for the server's choice, so only credentials or the request of a hasty client may follow.
    """
    if buf[at] != 5:
        return NOT
    if end - at < 2:
        return MORE
    stop = at + 2 + buf[at + 1]
    if buf[at + 1] == 0:
        return NOT
    if stop > end:
        return MORE
    for p in range(at + 2, stop):
        if not is_method(buf[p]):
            return NOT
    if stop < end and buf[stop] not in (1, 5):
        return NOT
    return stop


def read_socks5_request(tables, buf, cursor):
    """The position behind the client's credentials or its request, MORE, or NOT; keeps the request as a message."""
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_SOCKS5_CREDENTIALS
    if end - at < 2:
        return MORE
    if buf[at] == 1:
        p = after_token(buf, at, end)
        if p != NOT:
            return p
        p = at + 2 + buf[at + 1]
        if p >= end:
            return MORE
        p += 1 + buf[p]
        return p if p <= end else MORE
    if buf[at] != 5 or buf[at + 1] == 0 or buf[at + 1] > 3:
        return NOT
    if end - at > 2 and buf[at + 2] != 0 and not has_begun(tables, cursor):
        return NOT
    host_at, host_size, p, shape = socks5_address(buf, at + 3, end)
    if p < 0:
        return p
    cursor.found = FOUND_SOCKS5_REQUEST
    message = new_message(tables, cursor, SOCKS5, p - at)
    message.host_at = keep(tables, buf, host_at, host_at + host_size)
    message.host_size = host_size
    message.port = u16(buf, p - 2)
    message.shape = shape
    return p


def after_token(buf, at, end):
    """The position behind a GSSAPI message (RFC 1961 3 and 4), MORE, or NOT for a user name or a server's reply to one.

    Both begin with a 1. A token's length is in the place of the first characters of a user name with one or two letters, which are never
    below a blank; longer tokens begin with GSSAPI's tag. A server's refusal has two bytes, and its connection ends.
    """
    if buf[at + 1] == 0 or buf[at + 1] > 2:
        return NOT
    if end - at < 5:
        return MORE
    length = u16(buf, at + 2)
    if length == 0 or (length >= 0x2000 and buf[at + 4] not in (0x60, 0x6E, 0xA1)):
        return NOT
    return at + 4 + length if at + 4 + length <= end else MORE


def socks5_address(buf, at, end):
    """(host's position, its size, the position behind the port or MORE or NOT, SHAPE_ADDRESS for an address) (RFC 1928 5)."""
    if end - at < 2:
        return 0, 0, MORE, 0
    kind = buf[at]
    if kind == 1:
        host_at, size, shape = at + 1, 4, SHAPE_ADDRESS
    elif kind == 4:
        host_at, size, shape = at + 1, 16, SHAPE_ADDRESS
    elif kind == 3:
        host_at, size, shape = at + 2, buf[at + 1], 0
        if size == 0:
            return 0, 0, NOT, 0
    else:
        return 0, 0, NOT, 0
    if kind == 3 and host_at + size <= end and not is_host(buf, host_at, host_at + size):
        return 0, 0, NOT, 0
    stop = host_at + size + 2
    return host_at, size, (stop if stop <= end else MORE), shape


def read_socks5_answer(tables, buf, cursor):
    """As read_socks5_request, for the server: its reply to the credentials (version 1), then its answer."""
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_SOCKS5_VERDICT
    if end - at < 2:
        return MORE
    if buf[at] == 1:
        p = after_token(buf, at, end)
        return p if p != NOT else at + 2
    if buf[at] != 5:
        return NOT
    _, _, p, _ = socks5_address(buf, at + 3, end)
    if p == MORE and cursor.final:
        p = end  # truncated, or the server leaves out its bound address: the reply code is there
    if p < 0:
        return p
    cursor.found = FOUND_SOCKS5_ANSWER
    as_socks_answer(new_message(tables, cursor, SOCKS_ANSWER, p - at)).reply = buf[at + 1]
    return p


def text_end(buf, at, end):
    """The position of a text's zero byte, MORE, or NOT where it is too long or holds control characters."""
    for p in range(at, min(end, at + MAX_TEXT)):
        if buf[p] == 0:
            return p
        if buf[p] < 32 or buf[p] == 127:
            return NOT
    return NOT if end - at >= MAX_TEXT else MORE


def read_socks4_request(tables, buf, cursor):
    """The position behind a SOCKS4 or 4a request, MORE, or NOT; keeps it as a message. The client sends nothing behind it at first."""
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_SOCKS4_REQUEST
    if buf[at] != 4:
        return NOT
    if end - at < 9:
        return MORE if end - at < 2 or 1 <= buf[at + 1] <= 2 else NOT
    if buf[at + 1] == 0 or buf[at + 1] > 2:
        return NOT
    user_end = text_end(buf, at + 8, end)
    if user_end < 0:
        return user_end
    by_name = buf[at + 4] == 0 and buf[at + 5] == 0 and buf[at + 6] == 0 and buf[at + 7] != 0
    stop = user_end + 1
    host_at, host_end = at + 4, at + 8
    if by_name:
        name_end = text_end(buf, stop, end)
        if name_end < 0:
            return name_end
        if not is_host(buf, stop, name_end):
            return NOT
        host_at, host_end, stop = stop, name_end, name_end + 1
    if u16(buf, at + 2) == 0 or (not by_name and buf[at + 4] == 0):
        return NOT
    if stop < end and not has_begun(tables, cursor):
        return NOT
    message = new_message(tables, cursor, SOCKS4, stop - at)
    message.host_at = keep(tables, buf, host_at, host_end)
    message.host_size = host_end - host_at
    message.port = u16(buf, at + 2)
    message.shape = 0 if by_name else SHAPE_ADDRESS
    return stop


def read_socks4_answer(tables, buf, cursor):
    """The position behind a SOCKS4 server's eight bytes, MORE, or NOT; keeps its code as a message. Some begin with the request's 4."""
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_OPENING
    if buf[at] not in (0, 4):
        return NOT
    if end - at < 8:
        return MORE if end - at < 2 or 90 <= buf[at + 1] <= 93 else NOT
    if not 90 <= buf[at + 1] <= 93:
        return NOT
    as_socks_answer(new_message(tables, cursor, SOCKS_ANSWER, 8)).reply = buf[at + 1]
    return at + 8


def read_socks_start(tables, buf, cursor):
    """The position behind a SOCKS greeting, request or answer that begins a stream, MORE, or NOT."""
    asked = other_side(tables, cursor).asked_socks
    if asked == 4:
        return read_socks4_answer(tables, buf, cursor)
    if asked == 5 and buf[cursor.at] == 5:
        cursor.found = FOUND_SOCKS5_CHOICE
        if cursor.end - cursor.at < 2:
            return MORE
        return cursor.at + 2 if is_method(buf[cursor.at + 1]) else NOT
    if asked or not may_ask_socks(tables, cursor):
        return NOT
    cursor.found = FOUND_SOCKS5_GREETING
    p = after_greeting(buf, cursor.at, cursor.end)
    if p != NOT or not may_ask_socks4(tables, buf, cursor):
        return p
    return read_socks4_request(tables, buf, cursor)


def may_ask_socks4(tables, buf, cursor):
    """True for the side that opened the connection; where its beginning wasn't captured, for a request by name, or one to port 1080.

    A name follows an invalid address (0.0.0.1 to 0.0.0.255); an address alone may be any four bytes.
    """
    if has_begun(tables, cursor):
        return has_opened(tables, cursor)
    record, at = tables.records + cursor.record, cursor.at
    asked_port = record.b_port if cursor.side == 0 else record.a_port
    return asked_port == PORT_SOCKS or (cursor.end - at > 8 and u24(buf, at + 4) == 0)
