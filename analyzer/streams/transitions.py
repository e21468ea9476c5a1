"""The expected next message of a side's stream: the only table of the states, and the only place where a state changes.

A state (SIDE.state, readers/states.py) selects the next reader (dispatch.py), and the reader's finding (CURSOR.found) selects the next
state. A body of known length is skipped together with its head, so it needs no state.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32, as_u64
from analyzer.readers.http import BODY_CHUNKED, BODY_TO_CLOSE
from analyzer.readers.states import (
    AFTER_HELLO,
    CERTIFICATE,
    CHUNK,
    DNS,
    DONE,
    FOUND_ALERT,
    FOUND_ANSWER,
    FOUND_BODY_TO_CLOSE,
    FOUND_CERTIFICATE,
    FOUND_CHUNK,
    FOUND_CHUNKED_BODY,
    FOUND_CLIENT_HELLO,
    FOUND_CONNECT,
    FOUND_DNS_MESSAGE,
    FOUND_EMPTY_LINE,
    FOUND_ENCRYPTED,
    FOUND_GAP,
    FOUND_HEAD_BEGINS,
    FOUND_HEAD_REQUEST,
    FOUND_INTERIM_ANSWER,
    FOUND_LAST_CHUNK,
    FOUND_LAST_HELLO,
    FOUND_MORE_HANDSHAKE,
    FOUND_NO_PREFACE,
    FOUND_NOTHING,
    FOUND_OPENING,
    FOUND_PASSING_RECORD,
    FOUND_PROXY_HEADER,
    FOUND_REQUEST,
    FOUND_SERVER_HELLO,
    FOUND_SOCKS4_REQUEST,
    FOUND_SOCKS5_ANSWER,
    FOUND_SOCKS5_CHOICE,
    FOUND_SOCKS5_CREDENTIALS,
    FOUND_SOCKS5_GREETING,
    FOUND_SOCKS5_REQUEST,
    FOUND_SOCKS5_VERDICT,
    FOUND_TRAILER_END,
    FOUND_TRAILER_LINE,
    FOUND_WARNING,
    FOUND_WENT_ON,
    HEAD,
    SCAN,
    SOCKS5_ANSWERING,
    SOCKS5_ASKING,
    SOCKS_REFUTED,
    START,
    TRAILER,
)

# The next state for each finding, in the order of the findings' numbers.
NEXT: Final = (
    SCAN,  # FOUND_NOTHING
    SCAN,  # FOUND_GAP
    HEAD,  # FOUND_NO_PREFACE
    START,  # FOUND_PROXY_HEADER
    SOCKS5_ASKING,  # FOUND_SOCKS5_GREETING
    SOCKS5_ASKING,  # FOUND_SOCKS5_CREDENTIALS
    HEAD,  # FOUND_SOCKS5_REQUEST
    SOCKS5_ANSWERING,  # FOUND_SOCKS5_CHOICE
    SOCKS5_ANSWERING,  # FOUND_SOCKS5_VERDICT
    HEAD,  # FOUND_SOCKS5_ANSWER
    HEAD,  # FOUND_SOCKS4_REQUEST
    HEAD,  # FOUND_OPENING
    DNS,  # FOUND_DNS_MESSAGE
    HEAD,  # FOUND_EMPTY_LINE
    HEAD,  # FOUND_CONNECT
    HEAD,  # FOUND_HEAD_REQUEST
    HEAD,  # FOUND_REQUEST
    HEAD,  # FOUND_INTERIM_ANSWER
    HEAD,  # FOUND_ANSWER
    CHUNK,  # FOUND_CHUNKED_BODY
    SCAN,  # FOUND_BODY_TO_CLOSE
    CHUNK,  # FOUND_CHUNK
    TRAILER,  # FOUND_LAST_CHUNK
    TRAILER,  # FOUND_TRAILER_LINE
    HEAD,  # FOUND_TRAILER_END
    AFTER_HELLO,  # FOUND_CLIENT_HELLO
    CERTIFICATE,  # FOUND_SERVER_HELLO
    DONE,  # FOUND_LAST_HELLO
    DONE,  # FOUND_CERTIFICATE
    HEAD,  # FOUND_PASSING_RECORD
    AFTER_HELLO,  # FOUND_MORE_HANDSHAKE
    DONE,  # FOUND_WENT_ON
    DONE,  # FOUND_ALERT
    DONE,  # FOUND_ENCRYPTED
    HEAD,  # FOUND_HEAD_BEGINS
    HEAD,  # FOUND_WARNING
)

_REQUESTS: Final = (FOUND_CONNECT, FOUND_HEAD_REQUEST, FOUND_REQUEST)
_BODIES: Final = (FOUND_CHUNKED_BODY, FOUND_BODY_TO_CLOSE)
_HEADS: Final = (
    *(FOUND_EMPTY_LINE, *_REQUESTS, FOUND_INTERIM_ANSWER, FOUND_ANSWER, *_BODIES),
    *(FOUND_CLIENT_HELLO, FOUND_SERVER_HELLO, FOUND_LAST_HELLO, FOUND_PASSING_RECORD, FOUND_WARNING),
    *(FOUND_ALERT, FOUND_ENCRYPTED),
)
_UNKNOWN: Final = (FOUND_NOTHING, FOUND_GAP)

EXPECTED: Final = {
    START: (
        *(FOUND_NO_PREFACE, FOUND_PROXY_HEADER, FOUND_SOCKS5_GREETING, FOUND_SOCKS5_CHOICE, FOUND_SOCKS4_REQUEST, FOUND_OPENING),
        *(FOUND_DNS_MESSAGE, *_UNKNOWN),
    ),
    HEAD: (*_HEADS, *_UNKNOWN),
    CHUNK: (FOUND_CHUNK, FOUND_LAST_CHUNK, *_UNKNOWN),
    TRAILER: (FOUND_TRAILER_LINE, FOUND_TRAILER_END, *_UNKNOWN),
    SOCKS5_ASKING: (FOUND_SOCKS5_CREDENTIALS, FOUND_SOCKS5_REQUEST, *_UNKNOWN),
    SOCKS5_ANSWERING: (FOUND_SOCKS5_VERDICT, FOUND_SOCKS5_ANSWER, *_UNKNOWN),
    DNS: (FOUND_DNS_MESSAGE, *_UNKNOWN),
    CERTIFICATE: (FOUND_CERTIFICATE, FOUND_GAP),
    AFTER_HELLO: (FOUND_MORE_HANDSHAKE, FOUND_WENT_ON, FOUND_ALERT, FOUND_ENCRYPTED, *_UNKNOWN),
    SCAN: (FOUND_HEAD_BEGINS, FOUND_ENCRYPTED, *_UNKNOWN),
    DONE: (),
}
"""The possible findings in each state. Nothing is read from a side in state DONE."""


def move_on(side, other, found):
    """Set the side's state to the one behind this finding."""
    if found == FOUND_SOCKS5_GREETING:
        side.asked_socks = 5
    elif found == FOUND_SOCKS4_REQUEST:
        side.asked_socks = 4
    elif found == FOUND_NO_PREFACE and other.asked_socks:
        other.asked_socks = SOCKS_REFUTED
    side.state = NEXT[found]


def move_on_behind_head(side, other, cursor, p):
    """The position of the next message behind a head and its body; p is behind the head. Counts requests and answers."""
    found, body = cursor.found, cursor.body
    if found in (FOUND_INTERIM_ANSWER, FOUND_ANSWER):
        side.head_end = as_u32(cursor.seq + p - cursor.at)
    if found == FOUND_ANSWER:
        bit = as_u64(1) << (side.responses & 63)
        known = side.responses < other.requests
        if cursor.status == 101:
            body = BODY_TO_CLOSE
        elif known and (other.heads & bit or (other.tunnels & bit and cursor.status < 300)):
            body = 0
        side.responses += 1
    elif found != FOUND_INTERIM_ANSWER:
        bit = as_u64(1) << (side.requests & 63)
        side.heads = side.heads | bit if found == FOUND_HEAD_REQUEST else side.heads & ~bit
        side.tunnels = side.tunnels | bit if found == FOUND_CONNECT else side.tunnels & ~bit
        side.requests += 1
    if body == BODY_CHUNKED:
        found = FOUND_CHUNKED_BODY
    elif body == BODY_TO_CLOSE:
        found = FOUND_BODY_TO_CLOSE
    else:
        p += body
    move_on(side, other, found)
    return p
