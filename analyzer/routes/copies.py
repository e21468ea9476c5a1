"""The column `same_as`: one connection captured on both sides of a translation (NAT, a load balancer).

A NAT changes addresses and forwards packets: both ends' sequence numbers stay, or are moved by a constant, and the bytes stay. A
transparent proxy opens a connection of its own with its own numbers: that is no copy, even where it forwards a ClientHello unchanged
(behind.py). Two flows are taken for one only where neither chance nor a tool's fixed numbers explain the match; a missed copy is the
smaller mistake. The flow seen first counts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import Captured
from analyzer.routes.groups import Groups, agreeing, joined, repeating
from analyzer.routes.numbers import codes, mixed, numbered
from analyzer.routes.one_connection import MIN_RANDOM, Judge, Traits
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import Bools, Ints, Requests, bools, integers, one_array, times_ns


def copies_of(flows: pa.Table, ends: Ends, requests: Requests, captured: Captured, hello: Ints, asking: Bools) -> Ints:
    """Per flow the row of the flow of which it is a copy, the first of its chain; -1: none.

    hello    int64[n]   a number for each ClientHello (legs.hello_codes)
    asking   bool[n]    the client has a proxy's address
    """
    out, back = integers(flows.column("isn_out"), -1), integers(flows.column("isn_in"), -1)
    dead = ends.tcp & (out >= MIN_RANDOM) & (back < 0) & (captured.client_bytes == 0) & (captured.server_bytes == 0)
    syns = repeating(np.flatnonzero(ends.tcp & (out >= 0) & (back >= 0)), out, back)
    hellos = repeating(np.flatnonzero(ends.tcp & (hello >= 0)), hello)
    silent = agreeing(np.flatnonzero(dead), out, ends.server_end)
    # If one direction was captured, only a SYN or a SYN-ACK can be compared, and the byte counts.
    heard = ends.tcp & ~dead & (captured.client ^ captured.server)
    halves = joined(
        [
            agreeing(np.flatnonzero(heard & (back >= MIN_RANDOM) & (out < 0)), back, ends.server_end),
            agreeing(np.flatnonzero(heard & (out >= MIN_RANDOM) & (back < 0)), out, ends.server_end),
        ],
        len(out),
    )
    both = ends.tcp & captured.client & captured.server
    lost = [
        _with_a_number_missing(np.flatnonzero(both & (back >= MIN_RANDOM)), back, out),
        _with_a_number_missing(np.flatnonzero(both & (out >= MIN_RANDOM)), out, back),
    ]
    numbers = agreeing(syns, out, back)
    if not any(len(groups.rows) for groups in (numbers, silent, halves, *lost)) and not len(agreeing(hellos, hello).rows):
        return np.full(flows.num_rows, -1, dtype=np.int64)
    # A copy has the same requests to a proxy as its original, so two legs of a tunnel (equal hellos) are never compared.
    asked = asked_codes(flows, requests)
    traits = Traits(
        out=out,
        back=back,
        hello=hello,
        asked=asked,
        plain=plain_codes(flows),
        first=times_ns(flows.column("first_seen")),
        last=times_ns(flows.column("last_seen")),
    )
    judge = Judge(flows, ends, captured, traits, asking)
    random = numbers.only((out[numbers.rows] >= MIN_RANDOM) & (back[numbers.rows] >= MIN_RANDOM))
    alike = joined([agreeing(syns, out, back, asked), agreeing(hellos, hello, asked), random, *lost], len(out))
    found = [
        judge.ones(alike, judge.agreed, judge.can_be_one),
        judge.ones(silent, judge.same_attempt, judge.moved),
        judge.ones(halves, judge.same_half, judge.moved),
    ]
    first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    copies = _behind_as_copy(firsts_of(first, second, flows.num_rows), ends.client)
    return _behind_as_copy(copies, ends.server)


def _with_a_number_missing(rows: Ints, number: Ints, other: Ints) -> Groups:
    """Groups of rows with the same initial number, where the other number of at least one of them wasn't captured."""
    without = array(number[rows[other[rows] < 0]])
    rows = rows[bools(pc.is_in(array(number[rows]), value_set=without))] if len(without) else rows[:0]
    return agreeing(rows, number)


def firsts_of(first: Ints, second: Ints, n: int) -> Ints:
    """Per row of n the first of the chain of flows that are the same connection; -1 where that is the row itself.

    first second   rows of pairs that are the same connection. Of pairs with the same second row, the first pair counts, except one that
                   would close a circle, which happens where captures' clocks disagree.
    """
    before = np.full(n, -1, dtype=np.int64)
    before[second[::-1]] = first[::-1]  # numpy keeps the last value written to an index
    begins = before < 0
    chain = np.where(begins, np.arange(n), before)
    for _ in range(n.bit_length() + 1):  # doubles the distance each time
        if begins[chain].all():
            return np.where(begins, -1, chain)
        chain = chain[chain]
    return _firsts_without_circles(first.tolist(), second.tolist(), n)


def _firsts_without_circles(first: list[int], second: list[int], n: int) -> Ints:
    """The same result, computed pair by pair."""
    before = [-1] * n

    def begin_of(row: int) -> int:
        while (one := before[row]) >= 0:
            if before[one] >= 0:
                before[row] = before[one]  # path compression
            row = one
        return row

    for one, other in zip(first, second, strict=True):
        if before[other] < 0 and begin_of(one) != other:
            before[other] = one
    begins = np.array([begin_of(row) for row in range(n)], dtype=np.int64)
    return np.where(np.array(before) < 0, -1, begins)


def _behind_as_copy(copy: Ints, of: Ints) -> Ints:
    """The copies, with each address that is mostly a copy's made so throughout.

    of   int64[n]   a number for the address of each flow's client, which a NAT changes, or server, which a load balancer does

    A NAT's or a balancer's second side is always the copy. Where frames are timed by different clocks, or where the first packets
    weren't captured, it may seem to come first.
    """
    rows = np.flatnonzero(copy >= 0)
    sizes = np.bincount(copy[rows], minlength=len(copy))
    pairs = rows[(sizes[copy[rows]] == 1) & (of[rows] != of[copy[rows]])]
    if not len(pairs):
        return copy
    n = int(of.max()) + 1
    before, behind = np.bincount(of[copy[pairs]], minlength=n), np.bincount(of[pairs], minlength=n)
    turned = pairs[(behind > before)[of[copy[pairs]]]]
    firsts = copy[turned]
    copy[firsts], copy[turned] = turned, -1
    return copy


def asked_codes(flows: pa.Table, requests: Requests) -> Ints:
    """Per flow a number for all its requests to a proxy; -1 where it has none."""
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    if not len(requests.row):
        return result
    texts = [codes(pc.fill_null(column, "")) for column in (requests.host, requests.path)]
    code = numbered(*texts, requests.port, requests.kind)
    starts = np.concatenate([[0], np.flatnonzero(requests.last)[:-1] + 1])
    rows = requests.row[starts]
    rest = [codes(one_array(flows.column(name)).take(array(rows))) for name in ("user_agent", "client_family")]
    # A sum of well mixed codes, each by its place on the connection: an accidental match needs about 2**32 lists.
    place = np.arange(len(code)) - np.repeat(starts, np.diff(np.append(starts, len(code))))
    sums = np.add.reduceat(mixed(code.astype(np.uint64) * np.uint64(2) + np.uint64(1), place.astype(np.uint64)), starts)
    for column in rest:
        sums = mixed(sums, column.astype(np.uint64))
    result[rows] = (sums >> np.uint64(1)).astype(np.int64)
    return result


def plain_codes(flows: pa.Table) -> Ints:
    """Per flow a number for host and path of its first plain request; -1 without one."""
    host, path = one_array(flows.column("http_host")), one_array(flows.column("http_path"))
    both = pc.binary_join_element_wise(pc.fill_null(host, ""), path, " ")
    return codes(both)
