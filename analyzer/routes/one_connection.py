"""Whether two flows are one connection, captured on both sides of a translation; decided for many pairs at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_address
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.routes.captured import Captured
from analyzer.routes.groups import MAX_COPIES, Groups
from analyzer.routes.numbers import distinct
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers, times_ns

MIN_RANDOM = 1 << 16
"""Smaller initial numbers are a tool's choice: one in 65,536 of random ones is as small (RFC 9293 3.4.1)."""

STARTS_WITHIN_NS = 3 * 10**9
SYN_WITHIN_NS = 10**9
LOCKSTEP_NS = 200_000
"""How far a NAT's delay may vary within one connection. With a transparent proxy beside its clients (laboratory) the SYN lags at least 370
microseconds more than the hello."""

LOCKSTEP_PACKETS = 10
LOCKSTEP_COUNTS = ("packets_out", "packets_in", "bytes_out", "bytes_in", "retransmitted")
LOCKSTEP_TIMES = ("first_seen", "client_hello_at", "ended_at", "last_seen")

Same = Callable[[Ints, Ints], Bools]
"""Per pair (rows of the flows seen first, rows of the others): whether both are one connection."""


class Traits(NamedTuple):
    """The values that must agree on two flows of one connection, per flow; -1: not known.

    out back   initial sequence numbers
    hello      a number for random and digest of its ClientHello
    asked      a number for all its requests to a proxy, in order
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


class Judge:
    """Decides which flows of a group are one connection.

    asking   bool[n]   the client has a proxy's address
    """

    def __init__(self, flows: pa.Table, ends: Ends, captured: Captured, traits: Traits, asking: Bools) -> None:
        self._flows = flows
        self._ends = ends
        self._captured = captured
        self._traits = traits
        self._asking = asking

    def ones(self, groups: Groups, same: Same, can_be: Same) -> tuple[Ints, Ints]:
        """(rows, other rows) of all pairs that are one connection, the flow seen first first: group by group, in each by the time of the
        second, then of the first.

        can_be   a symmetric and cheap test; groups without such a pair are skipped
        """
        left, right = groups.pairs()
        possible = can_be(groups.rows[left], groups.rows[right])
        hopeful = np.zeros(len(groups.rows), dtype=np.bool_)
        hopeful[left[possible]] = True
        hopeful = groups.any_of(hopeful)
        among, place = hopeful[left], np.cumsum(hopeful) - 1
        groups, left, right, possible = groups.only(hopeful), place[left[among]], place[right[among]], possible[among]
        swapped = self._comes_later(groups, left, right)
        first, second = np.where(swapped, right, left), np.where(swapped, left, right)
        place = np.bincount(second, minlength=len(groups.rows))  # in time within its group: after how many others
        first, second = first[possible], second[possible]
        one = same(groups.rows[first], groups.rows[second])
        first, second = first[one], second[one]
        by_time = np.argsort((groups.number[second] * MAX_COPIES + place[second]) * MAX_COPIES + place[first])
        return groups.rows[first[by_time]], groups.rows[second[by_time]]

    def _comes_later(self, groups: Groups, left: Ints, right: Ints) -> Bools:
        """Per pair of indices into groups.rows: whether the flow at `left` was first seen later than the one at `right`; at equal times a
        private client comes before a public one, and else the first row.

        A server's packets reach the client's side last: where only they were captured, the order is reversed. Where a SYN is missing, the
        hellos' times decide, or else the addresses.
        """
        rows, t = groups.rows, self._traits
        seen, hello = t.first[rows], self._pace[1][rows]
        lacking = t.out[rows] < 0
        from_server = ~groups.any_of(self._captured.client[rows])
        some_lack = groups.any_of(lacking) & groups.any_of(~lacking)
        by_hello = some_lack & ~groups.any_of(hello == NO_TIME)
        by_address = ~from_server & some_lack & ~by_hello
        at = np.where(from_server, ~seen, np.where(by_hello, hello, seen))  # ~: the other way round, and NO_TIME has no negative
        tied = by_address[left] | (at[left] == at[right])
        public = self._public(rows, np.concatenate([left[tied], right[tied]]))
        major, minor = np.where(by_address, public, at), np.where(by_address, at, public)
        later: Bools = (major[left] > major[right]) | ((major[left] == major[right]) & (minor[left] > minor[right]))
        return later

    def _public(self, rows: Ints, places: Ints) -> Ints:
        """Per row 1 where its client has a public address, else 0; only for these indices, each address once, as the check is slow."""
        result = np.zeros(len(self._ends.addresses), dtype=np.int64)
        clients = distinct(self._ends.client[rows[places]])
        result[clients] = [not ip_address(self._ends.addresses[client]).is_private for client in clients.tolist()]
        return result[self._ends.client[rows]]

    def can_be_one(self, one: Ints, other: Ints) -> Bools:
        """Whether both overlap in time between different addresses, and nothing that was read contradicts."""
        return self._translated(one, other) & self._overlapping(one, other) & ~self._contradict(one, other)

    def moved(self, one: Ints, other: Ints) -> Bools:
        """Whether the clients differ."""
        result: Bools = self._ends.client[one] != self._ends.client[other]
        return result

    def agreed(self, one: Ints, other: Ints) -> Bools:
        """Among pairs that can be one: whether sequence numbers, hellos and requests agree."""
        t = self._traits
        close = np.abs(t.first[other] - t.first[one]) <= STARTS_WITHIN_NS
        random = (t.out[one] >= MIN_RANDOM) & ((t.back[one] < 0) | (t.back[one] >= MIN_RANDOM))
        hello, asked = _agree(t.hello, one, other), _agree(t.asked, one, other)
        said = asked | _agree(t.plain, one, other)
        content = hello | (said & random)
        out, back = _agree(t.out, one, other), _agree(t.back, one, other)
        out_lost, back_lost = (t.out[one] < 0) | (t.out[other] < 0), (t.back[one] < 0) | (t.back[other] < 0)
        by_both = hello | (close & random & (content | self._same_bytes(one, other) | self._lacking(one, other)))
        # A load balancer answers by itself, and changes only the server's numbers.
        by_balancer = close & content
        # Where a SYN or its SYN-ACK wasn't captured on one side, the other number decides.
        half = (out & back_lost) | (back & out_lost)
        number = np.where(out, t.out[one], t.back[one])
        # Requests and hellos can't be compared where packets are missing; a random number at one same end is no accident.
        content_or_end = said | (self._at_one_end(one, other) & self._lacking(one, other))
        by_half = half & close & (hello | ((number >= MIN_RANDOM) & content_or_end))
        by_proxy = self._asking[other] | (self._ends.client[other] == self._ends.server[one])
        result: Bools = np.where(out & back, by_both, np.where(out & ~back_lost, by_balancer, by_half))
        rest = np.flatnonzero(~result & hello & close & ~by_proxy)
        result[rest] = asked[rest] | self._in_lockstep(one[rest], other[rest])
        return result

    def same_attempt(self, one: Ints, other: Ints) -> Bools:
        """Among unanswered connections of two clients: whether they are one SYN to one server."""
        first = self._traits.first
        result: Bools = (first[other] - first[one] <= SYN_WITHIN_NS) & (first[one] != NO_TIME) & (first[other] != NO_TIME)
        return result

    def same_half(self, one: Ints, other: Ints) -> Bools:
        """Among connections of two clients with one direction captured: whether one SYN or SYN-ACK and the counts of packets and bytes
        agree."""
        first = self._traits.first
        soon = (np.abs(first[other] - first[one]) <= SYN_WITHIN_NS) & (first[one] != NO_TIME) & (first[other] != NO_TIME)
        result: Bools = soon & self._as_much(one, other) & ~self._contradict(one, other)
        return result

    def _translated(self, one: Ints, other: Ints) -> Bools:
        ends = self._ends
        result: Bools = (ends.client[one] != ends.client[other]) | (ends.server[one] != ends.server[other])
        return result

    def _at_one_end(self, one: Ints, other: Ints) -> Bools:
        """Whether both have the same client address and port, or the same server address and port."""
        ends, port = self._ends, self._client_port
        client = (ends.client[one] == ends.client[other]) & (port[one] == port[other])
        result: Bools = client | (ends.server_end[one] == ends.server_end[other])
        return result

    def _overlapping(self, one: Ints, other: Ints) -> Bools:
        first, last = self._traits.first, self._traits.last
        known = (first[one] != NO_TIME) & (first[other] != NO_TIME)
        result: Bools = known & (first[other] <= last[one]) & (first[one] <= last[other])
        return result

    def _contradict(self, one: Ints, other: Ints) -> Bools:
        hello, plain = self._traits.hello, self._traits.plain
        return _differ(hello, one, other) | _differ(plain, one, other)

    def _same_bytes(self, one: Ints, other: Ints) -> Bools:
        c = self._captured
        result: Bools = (c.client_bytes[one] == c.client_bytes[other]) & (c.server_bytes[one] == c.server_bytes[other])
        return result

    def _lacking(self, one: Ints, other: Ints) -> Bools:
        """Whether packets of either weren't captured, so that their contents may differ."""
        lost = self._captured.client_lost | self._captured.server_lost
        result: Bools = lost[one] | lost[other]
        return result

    def _as_much(self, one: Ints, other: Ints) -> Bools:
        result = np.ones(len(one), dtype=np.bool_)
        for column in self._counts:
            result &= column[one] == column[other]
        return result

    def _in_lockstep(self, one: Ints, other: Ints) -> Bools:
        """Whether packets, bytes and pace agree, so that two differing sequence numbers were moved by a constant.

        A transparent proxy sends its own SYN only after the client's, and acknowledges by itself: counts differ, and the delay isn't the
        same for the SYN, the hello and the last packet.
        """
        enough = self._counts[0][one] + self._counts[1][one] >= LOCKSTEP_PACKETS
        alike = self._as_much(one, other) & (self._captured.ended[one] == self._captured.ended[other]) & enough
        # Both have times: as they overlap, first_seen of both is known.
        apart = self._pace[0][other] - self._pace[0][one]
        least, most = apart.copy(), apart.copy()
        for column in self._pace[1:]:
            known = (column[one] != NO_TIME) & (column[other] != NO_TIME)
            least = np.where(known, np.minimum(least, column[other] - column[one]), least)
            most = np.where(known, np.maximum(most, column[other] - column[one]), most)
        hello = self._pace[1][one]
        soon = (hello == NO_TIME) | (apart * 4 <= hello - self._pace[0][one])
        # As unsigned numbers, whose difference is exact however far apart two times are.
        steady = most.astype(np.uint64) - least.astype(np.uint64) <= LOCKSTEP_NS
        result: Bools = alike & soon & steady
        return result

    @cached_property
    def _client_port(self) -> Ints:
        return integers(self._flows.column("client_port"), -1)

    @cached_property
    def _counts(self) -> list[Ints]:
        return [integers(self._flows.column(name), -1) for name in LOCKSTEP_COUNTS]

    @cached_property
    def _pace(self) -> list[Ints]:
        return [times_ns(self._flows.column(name)) for name in LOCKSTEP_TIMES]


def _agree(values: Ints, one: Ints, other: Ints) -> Bools:
    result: Bools = (values[one] >= 0) & (values[one] == values[other])
    return result


def _differ(values: Ints, one: Ints, other: Ints) -> Bools:
    """Whether both are known and differ."""
    result: Bools = (values[one] >= 0) & (values[other] >= 0) & (values[one] != values[other])
    return result
