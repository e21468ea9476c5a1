"""A flow's amounts: bytes acknowledged, bytes behind its last request to a proxy, and the server's first payload."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.arrow import array
from analyzer.compiled.widths import as_u32
from analyzer.facts.columns import times
from analyzer.facts.picked import Columns, Picked
from analyzer.facts.strings import words
from analyzer.flows.acknowledged import acknowledged_bytes, acknowledged_up_to
from analyzer.flows.coverage import behind
from analyzer.flows.held import is_fresh
from analyzer.flows.layout import (
    ABSOLUTE,
    ALERT,
    ANSWER,
    CONNECT,
    FIRST_CUT,
    HAS_ACKED,
    HAS_BASE,
    N_RECORDS,
    ORIGIN,
    SENT_NEW,
    SENT_SYN,
    SENT_SYN_ACK,
    SERVER_HELLO,
    SHAPE_CUT,
    SOCKS_ANSWER,
)
from analyzer.packets.layout import NO_TIME, TCP
from analyzer.readers.states import HEAD, SCAN, SOCKS5_ANSWERING

# Columns of `amounts`, -1: null.
ACKED_OUT: Final = 0
ACKED_IN: Final = 1
TUNNEL_OUT: Final = 2
TUNNEL_IN: Final = 3
SERVER_FIRST: Final = 4  # index in FIRSTS
N_AMOUNTS: Final = 5

HALF: Final = 1 << 31  # sequence numbers further apart have no order

FIRSTS: Final[list[str | None]] = ["alert", "tls", "http", "socks", "other"]
FIRST_ALERT: Final = 0
FIRST_TLS: Final = 1
FIRST_HTTP: Final = 2
FIRST_SOCKS: Final = 3
FIRST_OTHER: Final = 4


def amount_columns(amounts: npt.NDArray[np.int64], out: Columns, back: Columns, cut: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The columns of acknowledged and unacknowledged bytes, of tunnels' bytes, and of the server's first payload.

    amounts   int64[N_AMOUNTS, n flows], see measure()
    cut       bool[n flows]   the last request's head wasn't captured completely, so its tunnel's beginning isn't known
    """
    places = {"acked_out": ACKED_OUT, "acked_in": ACKED_IN, "tunnel_out": TUNNEL_OUT, "tunnel_in": TUNNEL_IN}
    amounts[TUNNEL_OUT, cut] = -1
    waits = (out["marks"] & SENT_NEW != 0) & (back["packets"] > 0)
    acked = (back["marks"] & HAS_ACKED != 0) & ((back["acked"] - out["high"]).astype(np.int32) >= 0)
    # Whether it was anything that is known, too little of it was captured to say.
    amounts[SERVER_FIRST, (amounts[SERVER_FIRST] == FIRST_OTHER) & (back["marks"] & FIRST_CUT != 0)] = -1
    return {name: array(amounts[i].copy(), amounts[i] < 0) for name, i in places.items()} | {
        "pending_since": times(np.where(waits & ~acked, out["pending_ns"], NO_TIME)),
        "server_first": words(amounts[SERVER_FIRST], FIRSTS),
    }


def cut_off(requests: Picked) -> npt.NDArray[np.bool_]:
    """bool[n requests]: whether the head of a request for a tunnel wasn't captured completely."""
    cut: npt.NDArray[np.bool_] = requests["shape"] & SHAPE_CUT != 0
    return cut


def measure(tables, n_flows, flow_of, heads, starts, order, clients, answers, asked, amounts):
    """Fill amounts, int64[n_flows, N_AMOUNTS], all -1; the other arrays are those of facts.settle."""
    sides = tables.sides
    for row in range(tables.counts[N_RECORDS]):
        flow = flow_of[row]
        server = 1 - clients[flow]
        side = sides + 2 * row + server
        at = flow * N_AMOUNTS
        if amounts[at + SERVER_FIRST] < 0 and not is_fresh(side):
            # Behind an interim answer, which isn't kept, another head is expected; an answer cut in its status isn't kept either.
            goes_on = side.state == HEAD and side.asked_socks == 0 and side.resume != as_u32(side.base + 1)
            amounts[at + SERVER_FIRST] = FIRST_HTTP if goes_on or side.responses > 0 else FIRST_OTHER
    for flow in range(n_flows):
        at = flow * N_AMOUNTS
        head = heads[flow]
        client = clients[flow]
        out, back = sides + 2 * head + client, sides + 2 * head + 1 - client
        if (tables.records + head).protocol != TCP:
            amounts[at + SERVER_FIRST] = FIRST_OTHER if back.bytes > 0 else -1
            continue
        amounts[at + ACKED_OUT] = acknowledged_bytes(out, back)
        amounts[at + ACKED_IN] = acknowledged_bytes(back, out)
        if back.seen & HAS_BASE == 0 or back.high == back.low:
            amounts[at + SERVER_FIRST] = -1
        elif amounts[at + SERVER_FIRST] >= 0:
            first = first_payload(tables.holes, back)
            start, end, else_ = starts[flow], starts[flow + 1], amounts[at + SERVER_FIRST]
            amounts[at + SERVER_FIRST] = first_kind(tables.messages, order, start, end, client, out, back, first, else_)
        last = -1
        for i in range(starts[flow], starts[flow + 1]):
            if asked[order[i]]:
                last = order[i]
        if last >= 0:
            message = tables.messages + last
            asking, answering = sides + 2 * head + message.side, sides + 2 * head + 1 - message.side
            amounts[at + TUNNEL_OUT] = bytes_behind(tables.holes, asking, answering, message.end)
            begin = (tables.messages + answers[last]).end if answers[last] >= 0 else stream_begin(answering)
            amounts[at + TUNNEL_IN] = bytes_behind(tables.holes, answering, asking, begin)


def first_kind(messages, order, start, end, client, out, back, first, else_):
    """The kind of the server's first payload, which begins at `first` and was read in part; else_: where no message shows it."""
    speaks_http = False
    for i in range(start, end):
        message = messages + order[i]
        speaks_http = speaks_http or (message.side == client and message.kind in (CONNECT, ABSOLUTE, ORIGIN))
    for i in range(start, end):
        message = messages + order[i]
        if message.side == client:
            continue
        if message.kind in (SERVER_HELLO, ALERT) and back.responses > 0:
            return FIRST_HTTP  # an answer cut in its status isn't kept
        else_ = FIRST_OTHER
        begins = behind(message.seq, first) <= 0
        if message.kind == SOCKS_ANSWER:
            return FIRST_SOCKS  # behind the choice of a method, and of credentials
        if message.kind == ANSWER and (begins or speaks_http):
            return FIRST_HTTP  # interim answers, which may come before, aren't kept
        if message.kind == SERVER_HELLO and begins:
            return FIRST_TLS
        if message.kind == ALERT and begins:
            return FIRST_ALERT
        if message.kind in (ANSWER, SERVER_HELLO, ALERT):
            return FIRST_OTHER
    # Its choice of a method was read; the bytes behind it may be a refusal of the credentials, which nothing follows.
    # Where the beginning of the connection wasn't captured, that may be a coincidence.
    begun = (out.seen | back.seen) & (SENT_SYN | SENT_SYN_ACK)
    chose = begun != 0 and out.asked_socks == 5 and (back.state == SOCKS5_ANSWERING or back.state == SCAN)
    return FIRST_SOCKS if chose else else_


def stream_begin(side):
    """The first sequence number of a side's stream: behind its SYN, else of the first payload captured."""
    return as_u32(side.base + 1) if side.seen & (SENT_SYN | SENT_SYN_ACK) else side.low


def bytes_behind(holes, side, other, begin):
    """The number of distinct payload bytes this side sent from `begin` on: captured, or acknowledged by the other.

    Positions are counted in 64 bits from the lowest payload captured, because a stream may be longer than the sequence number space.
    """
    if side.seen & HAS_BASE == 0:
        return max(0, acknowledged_bytes(side, other))
    at = side.holes
    high = side.distinct
    while at >= 0:
        high += behind((holes + at).end, (holes + at).start)
        at = (holes + at).next
    # Sequence numbers give the stream's length modulo 2**32; the bytes counted, or those acknowledged behind dropped holes, are near to
    # the true one.
    high = max(high, acknowledged_bytes(side, other))
    high += behind(side.high - side.low, high)
    first = behind(begin, side.low)
    if first < 0 and high > as_u32(begin - side.low):
        first = as_u32(begin - side.low)
    known, acked = acknowledged_up_to(side, other)
    proved = first
    if known:
        proved = max(first, high + behind(acked, side.high))
    total = max(high, proved) - first
    if proved < 0:
        total += proved  # between `begin` and the lowest payload nothing was captured
    at = side.holes
    while at >= 0:
        start, end = (holes + at).start, (holes + at).end
        at = (holes + at).next
        if known and (as_u32(side.high - start) >= HALF or behind(end, side.high) > 0):
            continue  # acknowledged long ago, despite its numbers
        if known and behind(acked, start) > 0:
            start = acked
        if high - first < HALF and behind(begin, start) > 0:
            start = begin
        total -= max(0, behind(end, start))
    return max(0, total)


def first_payload(holes, side):
    """The sequence number of the side's first payload; only its SYN may come before."""
    at = side.holes
    return (holes + at).end if at >= 0 and (holes + at).start == side.low else side.low
