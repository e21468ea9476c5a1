"""One connection captured on both sides of a translation (NAT, a load balancer's address): the column `same_as`.

A translator changes addresses and hands packets on: the sequence numbers chosen by both ends stay, or are moved by a constant, and
so do the bytes. A proxy that takes a connection over makes one of its own, with numbers of its own: that is no copy, even where it
hands a ClientHello on untouched (behind.py). Two flows are called one only where chance or a tool's fixed numbers don't explain it;
a copy that isn't recognised is the smaller mistake. The one seen first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import Captured
from analyzer.routes.numbers import mixed, repeated
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, Requests, integers, one_array, times_ns

MOST_COPIES = 8
"""More flows that agree were made by a tool that says the same everywhere; translators stand in a row of two or three."""

LEAST_RANDOM = 1 << 16
"""Smaller initial numbers are a tool's choice: one in 65,536 of random ones is as small (RFC 9293 3.4.1)."""

STARTS_WITHIN_NS = 3 * 10**9
SYN_WITHIN_NS = 10**9
LOCKSTEP_NS = 200_000
"""How far a translator's delay may vary within one connection. Of a transparent proxy beside its clients (laboratory) the SYN lags
370 microseconds more than the hello at the least."""

LOCKSTEP_PACKETS = 10


@dataclass(frozen=True)
class Traits:
    """What has to agree on two flows that are one, per flow; -1: not known.

    out back   initial sequence numbers
    hello      a number for random and digest of its ClientHello
    asked      a number for everything it asked a proxy for, in order, and how it was asked
    plain      a number for host and path of its first plain request
    first last   ns since 1970, or NO_TIME
    """

    out: Ints
    back: Ints
    hello: Ints
    asked: Ints
    plain: Ints
    first: Ints
    last: Ints


def copies_of(flows: pa.Table, ends: Ends, requests: Requests, captured: Captured, hello: Ints, asking: Bools) -> Ints:
    """Per flow the row of the flow that it is the copy of, the first of its chain; -1 for none.

    hello    int64[n]   a number for each ClientHello (legs.hello_codes)
    asking   bool[n]    the client has a proxy's address
    """
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    out, back = integers(flows.column("isn_out"), -1), integers(flows.column("isn_in"), -1)
    dead = ends.tcp & (out >= LEAST_RANDOM) & (back < 0) & (captured.client_bytes == 0) & (captured.server_bytes == 0)
    syns = np.flatnonzero(ends.tcp & (out >= 0) & (back >= 0))
    hellos = np.flatnonzero(ends.tcp & (hello >= 0))
    silent = list(agreeing(np.flatnonzero(dead), out, ends.server_end))
    # Of one direction a SYN or its answer is all that there is to go by, beside how much was sent.
    heard = ends.tcp & ~dead & (captured.client ^ captured.server)
    halves = [
        *agreeing(np.flatnonzero(heard & (back >= LEAST_RANDOM) & (out < 0)), back, ends.server_end),
        *agreeing(np.flatnonzero(heard & (out >= LEAST_RANDOM) & (back < 0)), out, ends.server_end),
    ]
    both = ends.tcp & captured.client & captured.server
    lost = [
        *_where_one_was_lost(np.flatnonzero(both & (back >= LEAST_RANDOM)), back, out),
        *_where_one_was_lost(np.flatnonzero(both & (out >= LEAST_RANDOM)), out, back),
    ]
    if not (silent or halves or lost or any(True for _ in agreeing(syns, out, back)) or any(True for _ in agreeing(hellos, hello))):
        return result
    # Whether a proxy was asked, and for what, is the same on both, so a tunnel's two legs (hellos alike) aren't compared at all.
    asked = _asked_codes(flows, requests)
    random = syns[(out[syns] >= LEAST_RANDOM) & (back[syns] >= LEAST_RANDOM)]
    groups = [*agreeing(syns, out, back, asked), *agreeing(hellos, hello, asked), *agreeing(random, out, back), *lost]
    traits = Traits(
        out=out,
        back=back,
        hello=hello,
        asked=asked,
        plain=_plain_codes(flows),
        first=times_ns(flows.column("first_seen")),
        last=times_ns(flows.column("last_seen")),
    )
    judge = _Judge(flows, ends, captured, traits, asking)
    for rows in groups:
        _mark(result, judge.in_order(rows), judge.same)
    for rows in silent:
        _mark(result, judge.in_order(rows), judge.same_attempt)
    for rows in halves:
        _mark(result, judge.in_order(rows), judge.same_half)
    return _one_way_round(result, ends)


def _where_one_was_lost(rows: Ints, number: Ints, other: Ints) -> list[list[int]]:
    """Rows that agree in this initial number, where the other one of any of them wasn't captured."""
    if not (other[rows] < 0).any():
        return []
    return [group for group in agreeing(rows, number) if min(other[group]) < 0]


def _one_way_round(copy: Ints, ends: Ends) -> Ints:
    """The same with an address that is mostly behind others behind them throughout.

    A translator is always behind what it translates; where frames are timed by different clocks a copy may seem to come first.
    """
    rows = np.flatnonzero(copy >= 0)
    sizes = np.bincount(copy[rows], minlength=len(copy))
    pairs = rows[(sizes[copy[rows]] == 1) & (ends.client[rows] != ends.client[copy[rows]])]
    n = len(ends.addresses)
    before, behind = np.bincount(ends.client[copy[pairs]], minlength=n), np.bincount(ends.client[pairs], minlength=n)
    for row in pairs[(behind > before)[ends.client[copy[pairs]]]].tolist():
        copy[copy[row]], copy[row] = row, -1
    return copy


def agreeing(rows: Ints, *keys: Ints) -> Iterator[list[int]]:
    """Rows that agree in all keys, where there are two to MOST_COPIES of them."""
    # Nearly always there are none, and putting all in order takes long.
    values = keys[0][rows].astype(np.uint64)
    for key in keys[1:]:
        values = mixed(values, key[rows].astype(np.uint64))
    rows = rows[repeated(values)]
    if not len(rows):
        return
    order = rows[np.lexsort([key[rows] for key in keys])]
    same = np.ones(len(order) - 1, dtype=np.bool_)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    sizes = np.diff(np.append(starts, len(order)))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        if size <= MOST_COPIES:
            yield order[start : start + size].tolist()


def _mark(result: Ints, rows: list[int], same: Callable[[int, int], bool]) -> None:
    """Note for each row the first of those before it that is the same."""
    for i, row in enumerate(rows):
        if result[row] >= 0:
            continue
        for before in rows[:i]:
            if result[before] != row and same(before, row):
                result[row] = before if result[before] < 0 else result[before]
                result[result == row] = result[row]
                break


class _Judge:
    """Whether two flows, the first seen first, are one."""

    def __init__(self, flows: pa.Table, ends: Ends, captured: Captured, traits: Traits, asking: Bools) -> None:
        self._flows = flows
        self._ends = ends
        self._captured = captured
        self._traits = traits
        self._asking = asking
        self._private: dict[int, bool] = {}

    def _is_private(self, client: int) -> bool:
        """Whether the address of this code is a private one; each is looked at once, as one client has many flows."""
        if client not in self._private:
            self._private[client] = ip_address(self._ends.addresses[client]).is_private
        return self._private[client]

    def in_order(self, rows: list[int]) -> list[int]:
        """The rows by the time they were first seen; at the same time a private client comes before a public one.

        What the server sends comes by the client's side last: where nothing else was captured of any, that is the other way round, and
        where a SYN is missing the hellos tell, or else the addresses.
        """
        private = [self._is_private(int(self._ends.client[row])) for row in rows]
        first = [int(self._traits.first[row]) for row in rows]
        lacking = [self._traits.out[row] < 0 for row in rows]
        hello = [int(self._pace[1][row]) for row in rows]
        places: list[tuple[int | bool, ...]]
        if not self._captured.client[rows].any():
            places = [(-at, not own, row) for at, own, row in zip(first, private, rows, strict=True)]
        elif not any(lacking) or all(lacking):
            places = [(at, not own, row) for at, own, row in zip(first, private, rows, strict=True)]
        elif NO_TIME not in hello:
            places = [(at, not own, row) for at, own, row in zip(hello, private, rows, strict=True)]
        else:
            places = [(not own, at, row) for at, own, row in zip(first, private, rows, strict=True)]
        return [int(place[-1]) for place in sorted(places)]

    def same(self, one: int, other: int) -> bool:
        t = self._traits
        if not self._translated(one, other) or not self._overlapping(one, other) or self._contradict(one, other):
            return False
        close = abs(t.first[other] - t.first[one]) <= STARTS_WITHIN_NS
        hello = self._agree(t.hello, one, other)
        content = hello or ((self._agree(t.asked, one, other) or self._agree(t.plain, one, other)) and self._random(one))
        out, back = self._agree(t.out, one, other), self._agree(t.back, one, other)
        if out and back:
            return hello or (close and self._random(one) and (content or self._same_bytes(one, other) or self._lacking(one, other)))
        known = min(t.out[one], t.out[other], t.back[one], t.back[other]) >= 0
        if out and known:  # a balancer answers by itself, and moves only the server's numbers
            return bool(close and content)
        # Where a SYN or its answer wasn't captured on one side, the other one tells.
        half = (out and min(t.back[one], t.back[other]) < 0) or (back and min(t.out[one], t.out[other]) < 0)
        if half and close and (hello or ((t.out if out else t.back)[one] >= LEAST_RANDOM and self._says_the_same(one, other))):
            return True
        by_proxy = self._asking[other] or self._ends.client[other] == self._ends.server[one]
        if not hello or not close or by_proxy:
            return False
        return bool(self._agree(t.asked, one, other) or self._in_lockstep(one, other))

    def same_attempt(self, one: int, other: int) -> bool:
        """Of connections that nobody answered: one SYN to one server, from two clients."""
        t = self._traits
        apart = t.first[other] - t.first[one]
        known = t.first[one] != NO_TIME and t.first[other] != NO_TIME
        return bool(known and apart <= SYN_WITHIN_NS and self._ends.client[one] != self._ends.client[other])

    def same_half(self, one: int, other: int) -> bool:
        """Of connections of which one direction was captured: one SYN or its answer, and as many packets and bytes behind it."""
        t = self._traits
        apart = abs(t.first[other] - t.first[one])
        known = t.first[one] != NO_TIME and t.first[other] != NO_TIME
        alike = all(column[one] == column[other] for column in self._counts)
        moved = self._ends.client[one] != self._ends.client[other]
        return bool(known and apart <= SYN_WITHIN_NS and alike and moved and not self._contradict(one, other))

    def _translated(self, one: int, other: int) -> bool:
        ends = self._ends
        return bool(ends.client[one] != ends.client[other] or ends.server[one] != ends.server[other])

    def _overlapping(self, one: int, other: int) -> bool:
        first, last = self._traits.first, self._traits.last
        known = first[one] != NO_TIME and first[other] != NO_TIME
        return bool(known and first[other] <= last[one] and first[one] <= last[other])

    def _random(self, row: int) -> bool:
        return bool(self._traits.out[row] >= LEAST_RANDOM and (self._traits.back[row] < 0 or self._traits.back[row] >= LEAST_RANDOM))

    def _contradict(self, one: int, other: int) -> bool:
        t = self._traits
        return any(values[one] >= 0 and values[other] >= 0 and values[one] != values[other] for values in (t.hello, t.plain))

    @staticmethod
    def _agree(values: Ints, one: int, other: int) -> bool:
        return bool(values[one] >= 0 and values[one] == values[other])

    def _same_bytes(self, one: int, other: int) -> bool:
        c = self._captured
        return bool(c.client_bytes[one] == c.client_bytes[other] and c.server_bytes[one] == c.server_bytes[other])

    def _lacking(self, one: int, other: int) -> bool:
        """Whether packets of either weren't captured, so that what was read of them may differ."""
        c = self._captured
        return bool((c.client_lost | c.server_lost)[[one, other]].any())

    def _says_the_same(self, one: int, other: int) -> bool:
        t = self._traits
        return self._agree(t.asked, one, other) or self._agree(t.plain, one, other)

    def _in_lockstep(self, one: int, other: int) -> bool:
        """Packet for packet, byte for byte, and at the same pace: numbers that both differ were then moved by a constant.

        Who takes a connection over says its own SYN only after it has the client's, and acknowledges by itself: counts differ, and the
        distance in time isn't the same for the SYN, the hello and the last packet.
        """
        if any(column[one] != column[other] for column in self._counts):
            return False
        if self._captured.ended[one] != self._captured.ended[other] or self._counts[0][one] + self._counts[1][one] < LOCKSTEP_PACKETS:
            return False
        times = [column for column in self._pace if NO_TIME not in (column[one], column[other])]
        apart = [int(column[other] - column[one]) for column in times]
        hello = self._pace[1][one]
        soon = hello == NO_TIME or apart[0] * 4 <= hello - self._pace[0][one]
        return bool(soon and max(apart) - min(apart) <= LOCKSTEP_NS)

    @cached_property
    def _counts(self) -> list[Ints]:
        return [integers(self._flows.column(name), -1) for name in LOCKSTEP_COUNTS]

    @cached_property
    def _pace(self) -> list[Ints]:
        return [times_ns(self._flows.column(name)) for name in LOCKSTEP_TIMES]


LOCKSTEP_COUNTS = ("packets_out", "packets_in", "bytes_out", "bytes_in", "retransmitted")
LOCKSTEP_TIMES = ("first_seen", "client_hello_at", "ended_at", "last_seen")


def _asked_codes(flows: pa.Table, requests: Requests) -> Ints:
    """Per flow a number for all that it asked a proxy for and how; -1 where it asked nothing."""
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    if not len(requests.row):
        return result
    one = pc.binary_join_element_wise(
        pc.fill_null(requests.host, ""),
        pc.fill_null(requests.path, ""),
        array(requests.port).cast(pa.string()),
        array(requests.kind).cast(pa.string()),
        " ",
    )
    code = integers(one.dictionary_encode().indices, -1)
    starts = np.concatenate([[0], np.flatnonzero(requests.last)[:-1] + 1])
    rows = requests.row[starts]
    rest = [
        integers(one_array(flows.column(name)).take(array(rows)).dictionary_encode().indices, -1)
        for name in ("user_agent", "client_family")
    ]
    # A sum of well mixed codes, each by its place on the connection: two lists alike by chance would take 2**32 of them.
    place = np.arange(len(code)) - np.repeat(starts, np.diff(np.append(starts, len(code))))
    sums = np.add.reduceat(mixed(code.astype(np.uint64) * np.uint64(2) + np.uint64(1), place.astype(np.uint64)), starts)
    for column in rest:
        sums = mixed(sums, column.astype(np.uint64))
    result[rows] = (sums >> np.uint64(1)).astype(np.int64)
    return result


def _plain_codes(flows: pa.Table) -> Ints:
    """Per flow a number for host and path of its first plain request; -1 without one."""
    host, path = one_array(flows.column("http_host")), one_array(flows.column("http_path"))
    both = pc.binary_join_element_wise(pc.fill_null(host, ""), path, " ")
    return integers(both.dictionary_encode().indices, -1)
