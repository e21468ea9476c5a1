"""Which flows are copies, found pair by pair in plain Python, as one reads it: what the arrays of analyzer/routes have to agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import pyarrow as pa

from analyzer.routes.captured import captured_of
from analyzer.routes.copies import asked_codes, plain_codes
from analyzer.routes.groups import MAX_COPIES
from analyzer.routes.legs import hello_codes
from analyzer.routes.one_connection import (
    LOCKSTEP_COUNTS,
    LOCKSTEP_NS,
    LOCKSTEP_PACKETS,
    LOCKSTEP_TIMES,
    MIN_RANDOM,
    STARTS_WITHIN_NS,
    SYN_WITHIN_NS,
)
from analyzer.routes.proxies import flow_ends
from analyzer.routes.requests import NO_TIME, flat_requests, integers, times_ns

Same = Callable[[int, int], bool]


class PairByPair:
    """The copies among the flows of a table. asking: the clients that are proxies."""

    def __init__(self, flows: pa.Table, asking: set[str]) -> None:
        captured, requests, self.ends = captured_of(flows), flat_requests(flows), flow_ends(flows)
        self.n, self.tcp = flows.num_rows, self.ends.tcp.tolist()
        self.out, self.back = (integers(flows.column(name), -1).tolist() for name in ("isn_out", "isn_in"))
        self.hello = hello_codes(flows).tolist()
        self.asked, self.plain = asked_codes(flows, requests).tolist(), plain_codes(flows).tolist()
        self.first, self.last = (times_ns(flows.column(name)).tolist() for name in ("first_seen", "last_seen"))
        self.counts = [integers(flows.column(name), -1).tolist() for name in LOCKSTEP_COUNTS]
        self.pace = [times_ns(flows.column(name)).tolist() for name in LOCKSTEP_TIMES]
        self.client, self.server = flows.column("client_ip").to_pylist(), flows.column("server_ip").to_pylist()
        self.server_end, self.client_port = self.ends.server_end.tolist(), flows.column("client_port").to_pylist()
        self.heard_client, self.heard_server = captured.client.tolist(), captured.server.tolist()
        self.bytes = list(zip(captured.client_bytes.tolist(), captured.server_bytes.tolist(), strict=True))
        self.lost: list[bool] = (captured.client_lost | captured.server_lost).tolist()
        self.ended: list[bool] = captured.ended.tolist()
        self.asking = [client in asking for client in self.client]
        self.copy = [-1] * self.n

    def copies(self) -> list[int]:
        """Per flow the row of the flow that it is the copy of; -1 for none. An address that is mostly behind isn't looked for."""
        out, back, rows = self.out, self.back, [row for row in range(self.n) if self.tcp[row]]
        dead = {row for row in rows if out[row] >= MIN_RANDOM and back[row] < 0 and self.bytes[row] == (0, 0)}
        heard = [row for row in rows if row not in dead and self.heard_client[row] != self.heard_server[row]]
        both = [row for row in rows if self.heard_client[row] and self.heard_server[row]]
        syns, hellos = [row for row in rows if min(out[row], back[row]) >= 0], [row for row in rows if self.hello[row] >= 0]
        silent = self.groups(dead, out, self.server_end)
        halves = [
            *self.groups((row for row in heard if back[row] >= MIN_RANDOM and out[row] < 0), back, self.server_end),
            *self.groups((row for row in heard if out[row] >= MIN_RANDOM and back[row] < 0), out, self.server_end),
        ]
        lost = [
            *(g for g in self.groups((row for row in both if back[row] >= MIN_RANDOM), back) if min(out[row] for row in g) < 0),
            *(g for g in self.groups((row for row in both if out[row] >= MIN_RANDOM), out) if min(back[row] for row in g) < 0),
        ]
        if not (silent or halves or lost or self.groups(syns, out, back) or self.groups(hellos, self.hello)):
            return self.copy
        random = [row for row in syns if min(out[row], back[row]) >= MIN_RANDOM]
        alike = [
            *self.groups(syns, out, back, self.asked),
            *self.groups(hellos, self.hello, self.asked),
            *self.groups(random, out, back),
            *lost,
        ]
        for groups, same in ((alike, self.same), (silent, self.same_attempt), (halves, self.same_half)):
            for group in groups:
                self.mark(self.in_order(group), same)
        return self.copy

    @staticmethod
    def groups(rows: Iterable[int], *keys: list[int]) -> list[list[int]]:
        found: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for row in sorted(rows):
            found[tuple(key[row] for key in reversed(keys))].append(row)
        return [found[key] for key in sorted(found) if 1 < len(found[key]) <= MAX_COPIES]

    def mark(self, rows: list[int], same: Same) -> None:
        for i, row in enumerate(rows):
            if self.copy[row] >= 0:
                continue
            for before in rows[:i]:
                if self.copy[before] != row and same(before, row):
                    begin = before if self.copy[before] < 0 else self.copy[before]
                    self.copy = [begin if i == row or one == row else one for i, one in enumerate(self.copy)]
                    break

    def in_order(self, rows: list[int]) -> list[int]:
        def public(row: int) -> bool:
            return not ip_address(self.client[row]).is_private

        lacking, hello = [self.out[row] < 0 for row in rows], self.pace[1]
        by: Callable[[int], Any]
        if not any(self.heard_client[row] for row in rows):
            by = lambda row: (-self.first[row], public(row), row)  # noqa: E731
        elif not any(lacking) or all(lacking):
            by = lambda row: (self.first[row], public(row), row)  # noqa: E731
        elif all(hello[row] != NO_TIME for row in rows):
            by = lambda row: (hello[row], public(row), row)  # noqa: E731
        else:
            by = lambda row: (public(row), self.first[row], row)  # noqa: E731
        return sorted(rows, key=by)

    def same(self, one: int, other: int) -> bool:
        out, back, ends = self.out, self.back, (self.client, self.server)
        overlapping: bool = self.timed(one, other) and self.first[other] <= self.last[one] and self.first[one] <= self.last[other]
        if all(end[one] == end[other] for end in ends) or not overlapping or self.contradict(one, other):
            return False
        close = abs(self.first[other] - self.first[one]) <= STARTS_WITHIN_NS
        random = out[one] >= MIN_RANDOM and (back[one] < 0 or back[one] >= MIN_RANDOM)
        hello, asked = agree(self.hello, one, other), agree(self.asked, one, other)
        said = asked or agree(self.plain, one, other)
        content = hello or (said and random)
        same_out, same_back = agree(out, one, other), agree(back, one, other)
        if same_out and same_back:
            more = content or self.bytes[one] == self.bytes[other] or self.lost[one] or self.lost[other]
            return hello or (close and random and more)
        if same_out and min(back[one], back[other]) >= 0:
            return close and content
        half = (same_out and min(back[one], back[other]) < 0) or (same_back and min(out[one], out[other]) < 0)
        lossy = self.lost[one] or self.lost[other]
        told = said or (lossy and self.at_one_end(one, other))
        if half and close and (hello or ((out if same_out else back)[one] >= MIN_RANDOM and told)):
            return True
        if not hello or not close or self.asking[other] or self.client[other] == self.server[one]:
            return False
        return asked or self.in_lockstep(one, other)

    def at_one_end(self, one: int, other: int) -> bool:
        same_client = (self.client[one], self.client_port[one]) == (self.client[other], self.client_port[other])
        return same_client or self.server_end[one] == self.server_end[other]

    def same_attempt(self, one: int, other: int) -> bool:
        soon = self.timed(one, other) and self.first[other] - self.first[one] <= SYN_WITHIN_NS
        return soon and self.client[one] != self.client[other]

    def same_half(self, one: int, other: int) -> bool:
        soon = self.timed(one, other) and abs(self.first[other] - self.first[one]) <= SYN_WITHIN_NS
        moved = self.client[one] != self.client[other]
        return soon and moved and all(count[one] == count[other] for count in self.counts) and not self.contradict(one, other)

    def timed(self, one: int, other: int) -> bool:
        return NO_TIME not in (self.first[one], self.first[other])

    def contradict(self, one: int, other: int) -> bool:
        return any(min(known[one], known[other]) >= 0 and known[one] != known[other] for known in (self.hello, self.plain))

    def in_lockstep(self, one: int, other: int) -> bool:
        alike = all(count[one] == count[other] for count in self.counts) and self.ended[one] == self.ended[other]
        if not alike or self.counts[0][one] + self.counts[1][one] < LOCKSTEP_PACKETS:
            return False
        apart = [times[other] - times[one] for times in self.pace if NO_TIME not in (times[one], times[other])]
        hello = self.pace[1][one]
        soon: bool = hello == NO_TIME or apart[0] * 4 <= hello - self.first[one]
        return soon and max(apart) - min(apart) <= LOCKSTEP_NS


def agree(values: list[int], one: int, other: int) -> bool:
    """Both are known, and the same."""
    return values[one] >= 0 and values[one] == values[other]
