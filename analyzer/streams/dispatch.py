"""Messages, read from the first bytes of each direction as they come in order, each by the reader of what is expected next.

A side's stream is read from `resume` on. What is there is read at once; what comes early waits, by sequence number, until
the bytes before it arrive, too much waits, or nothing more can come. What is expected next is the side's state (states.py):

    START        the stream's first bytes: PROXY protocol, SOCKS, HTTP or TLS
    HEAD         another HTTP head, or TLS, as behind a CONNECT
    CHUNK ...    the pieces of a chunked body
    DNS          messages to and from a resolver, each behind its length
    CERTIFICATE  the rest of a server's flight in TLS 1.2 and older
    SCAN         bytes of no known kind: a segment that begins like a head is read, the rest is passed over
    AFTER_HELLO  what a client sends behind its ClientHello: an alert, or it goes on
    DONE         encrypted from here on
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32, as_u64
from analyzer.flows.coverage import behind
from analyzer.flows.held import payload_seq
from analyzer.flows.layout import ARENA_USED, CONNECT, HELD_BACK, N_HELD, N_MESSAGES, N_SEGMENTS, POOL_USED, REGIONS, STORE_USED
from analyzer.packets.fields import u16
from analyzer.packets.layout import TCP
from analyzer.readers.alerts import read_after_hello, read_alert, starts_like_alert
from analyzer.readers.bodies import after_body, read_chunk, read_trailer
from analyzer.readers.dns import is_resolvers, read_dns_over_tcp
from analyzer.readers.http import (
    BODY_TO_CLOSE,
    read_answer,
    read_request,
    starts_like_answer,
)
from analyzer.readers.proxy_protocol import proxy_header_size, read_proxy_header
from analyzer.readers.request_line import starts_like_request
from analyzer.readers.socks import may_ask_socks, read_socks5_answer, read_socks5_request, read_socks_start
from analyzer.readers.states import (
    AFTER_HELLO,
    CERTIFICATE,
    CHUNK,
    DNS,
    DONE,
    HEAD,
    MORE,
    NOT,
    SCAN,
    SOCKS5_ANSWERING,
    SOCKS5_ASKING,
    START,
    TRAILER,
    WAIT_BYTES,
)
from analyzer.readers.tls import (
    HELLO_CLIENT,
    HELLO_SERVER,
    after_change_cipher_spec,
    read_certificate,
    read_client_hello,
    read_server_hello,
    starts_like_application_data,
    starts_like_handshake,
)
from analyzer.streams.attempts import worth_a_try
from analyzer.streams.datagrams import keep_datagram
from analyzer.streams.regions import note_region
from analyzer.streams.waiting import SEGMENT_COST, drop_all, drop_before, gather, kept_unread, moment, wait

# The header of a TDS packet ([MS-TDS] 2.2.3.1), and the types in which TLS handshakes come.
TDS_HEADER: Final = 8
TDS_PRELOGIN: Final = 0x12
TDS_RESULT: Final = 0x04

# Rows and bytes that one packet may need; reading stops before a packet when less than this is free.
ROOM_MESSAGES: Final = 1 << 14
ROOM_POOL: Final = 1 << 20
ROOM_ARENA: Final = 1 << 18


@kernel
def read_offers(buf, packets, offers, first, n, tables):
    """How many of offers[first:n] were read; fewer than all when the tables must grow first.

    buf      uint8[n_bytes]    the block
    offers   int64[>= n, 3]    rows of packets, records and sides, as flows.table.count_packets makes them; a packet's row of
                               -1 says that nothing more will come on that side
    """
    for k in range(first, n):
        if not has_room(tables):
            return k
        row, side_index = offers[3 * k + 1], offers[3 * k + 2]
        final = offers[3 * k] < 0
        packet = packets + max(offers[3 * k], 0)
        side = tables.sides + 2 * row + side_index
        if packet.protocol != TCP and not final:
            keep_datagram(tables, buf, packet, row, side_index)
        elif side.state != DONE:
            at = packet.payload
            end = at if final else at + min(packet.captured_bytes, packet.payload_bytes)
            seq = payload_seq(packet)
            held = side.seen & HELD_BACK != 0
            if held and kept_unread(tables, buf, at, end, row, side_index, seq, packet.ts_ns, packet.ack):
                continue
            take(tables, buf, at, end, row, side_index, seq, packet.ts_ns, packet.ack, final)
    return n


def has_room(tables):
    """True while every table can take what one packet may bring."""
    counts = tables.counts
    return (
        counts[N_MESSAGES] + ROOM_MESSAGES < tables.len_messages
        and counts[POOL_USED] + ROOM_POOL < tables.len_pool
        and counts[ARENA_USED] + ROOM_ARENA < tables.len_arena
        and counts[N_SEGMENTS] + 4 < tables.len_segments
        and counts[N_HELD] + 1 < tables.len_held
        and counts[STORE_USED] + ROOM_ARENA < tables.len_store
    )


def take(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final):
    """Read buf[at:end], which begins at `seq`, and whatever waits behind it, as far as the stream goes without a gap.

    Bytes before `resume` are passed over; bytes that come early wait. A gap is given up when too much waits behind it, or
    when nothing more can come (`final`).
    """
    side = tables.sides + 2 * row + side_index
    size = end - at
    fresh = size > 0
    forced = final
    while True:
        waited = not fresh
        source = buf
        if fresh:
            fresh = False
            ahead = behind(seq, side.resume)
            if ahead < 0 and is_early_answer(side, tables.sides + 2 * row + 1 - side_index, buf, at, end, seq):
                side.resume, ahead = seq, 0
            if ahead + size <= 0 or (side.state == SCAN and ahead < 0):
                return
            if side.state != SCAN and (ahead > 0 or side.waiting >= 0):
                forced = forced or ahead >= WAIT_BYTES or side.waiting_bytes + size + SEGMENT_COST > WAIT_BYTES
                wait(tables, side, buf, at, end, seq, ts_ns, ack)
                continue
            if ahead < 0:
                at -= ahead
                seq = side.resume
        else:
            drop_before(tables, side, side.resume)
            if side.waiting < 0:
                return
            segment = tables.segments + side.waiting
            gap = behind(segment.seq, side.resume)
            if gap > 0 and side.state != SCAN:
                if not forced:
                    return
                side.state = SCAN
            if side.state != SCAN and not forced and not worth_a_try(tables, side):
                return
            seq = segment.seq if gap > 0 else side.resume
            source = tables.arena
            at, end, ts_ns, ack = segment.at + max(0, -gap), segment.at + segment.size, segment.ts_ns, segment.ack
        if side.state == SCAN:
            if not head_begins(tables, row, side_index, source, at, end, seq):
                if side.state == DONE:
                    drop_all(tables, side)
                    return
                continue
            at += behind(side.resume, seq)
            seq = side.resume
        if waited:
            source = tables.scratch
            at, end = 0, gather(tables, side, seq)
        reached = read_stream(tables, source, at, end, row, side_index, ts_ns, ack, waited, final or (forced and waited))
        if side.state == DONE:
            drop_all(tables, side)
            return
        side.tried = 0
        if reached < end and side.state != SCAN:
            side.tried = end - reached
            if not waited:
                wait(tables, side, source, reached, end, side.resume, ts_ns, ack)
            if not (waited and forced):
                return


def is_early_answer(side, other, buf, at, end, seq):
    """True when an answer begins where the body before it should still go on: it was shorter than its head said, and what was asked
    since is being answered. Proxies do so with the page of a 407."""
    return (
        side.state == HEAD and 0 < side.responses < other.requests and behind(seq, side.head_end) > 0 and starts_like_answer(buf, at, end)
    )


def head_begins(tables, row, side_index, buf, at, end, seq):
    """True when buf[at:end] begins like a head, in a stream of no known kind; the side then reads on from there, else behind it.

    SQL Server's clients put their TLS handshake into packets of TDS, each with a header of eight bytes before it.
    """
    side = tables.sides + 2 * row + side_index
    if (
        starts_like_handshake(buf, at, end, HELLO_CLIENT)
        or starts_like_handshake(buf, at, end, HELLO_SERVER)
        or starts_like_answer(buf, at, end)
        or starts_like_request(buf, at, end)
        or starts_like_alert(buf, at, end)
    ):
        side.state = HEAD
        side.resume = seq
        return True
    if end - at > TDS_HEADER and buf[at] in (TDS_PRELOGIN, TDS_RESULT) and u16(buf, at + 2) > TDS_HEADER:
        p = at + TDS_HEADER
        if starts_like_handshake(buf, p, end, HELLO_CLIENT) or starts_like_handshake(buf, p, end, HELLO_SERVER):
            side.state = HEAD
            side.resume = as_u32(seq + TDS_HEADER)
            if tables.counts[REGIONS]:
                note_region(tables, row, side_index, seq, TDS_HEADER, TDS_HEADER, SCAN, tables.counts[N_MESSAGES])
            return True
    side.resume = as_u32(seq + end - at)
    if starts_like_application_data(buf, at, end):
        side.state = DONE
    return False


def read_stream(tables, buf, at, end, row, side_index, ts_ns, ack, waited, final):
    """Where reading stopped in buf[at:end], whose first byte is at the side's `resume`; resume and state move along.

    waited   the bytes were gathered from those that wait, and each thing came when its first byte did

    What follows that position is incomplete, unless the state is SCAN or DONE. A body that goes on behind `end` leaves
    `resume` where it will end.
    """
    side = tables.sides + 2 * row + side_index
    while at < end and side.state != DONE and side.state != SCAN:
        state = side.state
        if waited:
            ts_ns, ack = moment(tables, side)
        side.wanted = 0
        side.lacking = 0
        n_messages = tables.counts[N_MESSAGES]
        p = read_one(tables, buf, at, end, row, side_index, side.resume, ts_ns, ack, final)
        if p == MORE and not final:
            return at
        if p < 0 or (p == at and side.state == state):
            side.state = SCAN
            p = end
        elif tables.counts[REGIONS]:
            note_region(tables, row, side_index, side.resume, min(p, end) - at, end - at, state, n_messages)
        side.resume = as_u32(side.resume + p - at)
        at = p
    if side.state == SCAN and at < end:
        side.resume = as_u32(side.resume + end - at)
    return min(at, end)


def read_one(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final):
    """Behind the one thing that stands at `at` (past `end` when its body goes on), MORE, or NOT."""
    side = tables.sides + 2 * row + side_index
    other = tables.sides + 2 * row + 1 - side_index
    state = side.state
    if state == DNS or (state == START and is_resolvers(tables.records + row)):
        p = read_dns_over_tcp(tables, buf, at, end, row, side_index, seq, ts_ns, final)
        if p != NOT or state == DNS:
            return p
    if state == START:
        p = read_proxy_header(buf, at, end)
        if p != NOT:
            side.wanted = proxy_header_size(buf, at, end)
            return p
        if may_ask_socks(tables, row, side_index, other, ack) or other.asked_socks:
            p = read_socks_start(tables, buf, at, end, row, side_index, side, other, seq, ts_ns, ack)
            if p != NOT:
                return p
        side.state = HEAD
    elif state == SOCKS5_ASKING:
        p, asked = read_socks5_request(tables, buf, at, end, row, side_index, seq, ts_ns, ack)
        if asked:
            side.state = HEAD
        return p
    elif state == SOCKS5_ANSWERING:
        p, answered = read_socks5_answer(tables, buf, at, end, row, side_index, seq, ts_ns, ack)
        if answered:
            side.state = HEAD
        return p
    elif state == CHUNK:
        return read_chunk(buf, at, end, side)
    elif state == TRAILER:
        return read_trailer(buf, at, end, side)
    elif state == AFTER_HELLO:
        return read_after_hello(tables, buf, at, end, row, side_index, side, seq, ts_ns, ack)
    elif state == CERTIFICATE:
        p = read_certificate(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final)
        if p != MORE:
            side.state = DONE
            return end
        return p
    return read_head(tables, buf, at, end, row, side_index, side, other, seq, ts_ns, ack, final)


def read_head(tables, buf, at, end, row, side_index, side, other, seq, ts_ns, ack, final):
    """As read_one, where an HTTP head or a TLS handshake is expected."""
    c = buf[at]
    if c == 13 or c == 10:
        return at + 1  # an empty line before a request (RFC 9112 2.2), or behind a body
    if c == 20:
        return after_change_cipher_spec(buf, at, end)
    if c == 22:
        return read_handshake(tables, buf, at, end, row, side_index, side, seq, ts_ns, ack, final)
    if c == 21:
        return read_alert(tables, buf, at, end, row, side_index, side, seq, ts_ns, ack)
    if c == 23 and starts_like_application_data(buf, at, end):
        side.state = DONE
        return end
    p, body, status = read_answer(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final)
    if p != NOT:
        if p < 0:
            return p
        side.head_end = as_u32(seq + p - at)
        return after_answer(side, other, p, body, status)
    p, body, kind, is_head = read_request(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final)
    if p < 0:
        return p
    bit = as_u64(1) << (side.requests & 63)
    side.heads = side.heads | bit if is_head else side.heads & ~bit
    side.tunnels = side.tunnels | bit if kind == CONNECT else side.tunnels & ~bit
    side.requests += 1
    return after_body(side, p, body)


def read_handshake(tables, buf, at, end, row, side_index, side, seq, ts_ns, ack, final):
    """As read_one, where a TLS handshake record seems to begin."""
    if end - at < 6:
        return NOT if final else MORE
    if starts_like_handshake(buf, at, end, HELLO_CLIENT):
        p = read_client_hello(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final)
        side.state = AFTER_HELLO if p >= 0 else side.state
        return p
    if starts_like_handshake(buf, at, end, HELLO_SERVER):
        p, version = read_server_hello(tables, buf, at, end, row, side_index, seq, ts_ns, ack, final)
        if p >= 0:
            side.state = DONE if version >= 0x0304 else CERTIFICATE
            return end if version >= 0x0304 else at
        return p
    return NOT


def after_answer(side, other, p, body, status):
    """Where the next answer is expected, p being behind this one's head."""
    if status < 200 and status != 101:
        return p
    known = side.responses < other.requests
    bit = as_u64(1) << (side.responses & 63)
    if known and (other.heads & bit != 0 or (other.tunnels & bit != 0 and status < 300)):
        body = 0
    side.responses += 1
    return after_body(side, p, BODY_TO_CLOSE if status == 101 else body)
