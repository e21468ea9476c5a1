"""How much of each flow the capture shows: which directions, how long it goes on, and whether the flow ended before.

Missing packets prove nothing. Silence counts only where the silent side is captured and was waited for: for SILENCE_S, or until the
connection ended, or until the other side resent what was never acknowledged. So a capture that is cut in two between a request and its
answer changes no result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.numbers import codes
from analyzer.routes.requests import NO_TIME, Bools, Ints, are_valid, bools, integers, one_array, times_ns

SILENCE_S = 3
"""How long no packet must come before that counts as no answer."""

ENDED_STATES = ("closed", "reset", "refused", "unreachable")


class Captured(NamedTuple):
    """Per flow.

    client server         bool[n]   any packet of that side is in the capture
    client_lost server_lost  bool[n]   the other side acknowledged payload of this side that isn't in the capture
    client_bytes server_bytes  int64[n]   distinct payload captured
    began       bool[n]    TCP: a SYN or a SYN-ACK was captured, so the connection began there
    ended       bool[n]    a FIN, a RST or an ICMP error was captured
    again       bool[n]    the client resent what the server never acknowledged
    holed       bool[n]    unacknowledged data wasn't resent, which TCP always does (RFC 6298), in a capture that lacks packets of other
                           flows, or the beginning of one that it shows later: the answer may be missing too
    end         int64[n]   when the capture (of those with this flow, the latest) has its last packet, ns since 1970; NO_TIME without times
    """

    client: Bools
    server: Bools
    client_lost: Bools
    server_lost: Bools
    client_bytes: Ints
    server_bytes: Ints
    began: Bools
    ended: Bools
    again: Bools
    holed: Bools
    end: Ints

    def waited(self, since: Ints, rows: Ints | slice = slice(None)) -> Bools:
        """Whether silence since these times (one for each of `rows`) means that no answer comes."""
        result: Bools = self.ended[rows] | self.again[rows] | (self.passed(since, rows) & ~self.holed[rows])
        return result

    def passed(self, since: Ints, rows: Ints | slice = slice(None)) -> Bools:
        """Whether the capture goes on for SILENCE_S after these times, whether or not the connection does."""
        end = self.end[rows]
        known = (since != NO_TIME) & (end != NO_TIME)
        result: Bools = known & (np.where(known, end, 0) - np.where(known, since, 0) >= SILENCE_S * 10**9)
        return result


def captured_of(flows: pa.Table) -> Captured:
    """What the capture shows of every flow of the table."""
    client_bytes = integers(flows.column("bytes_out"), 0) - integers(flows.column("resent_out"), 0)
    server_bytes = integers(flows.column("bytes_in"), 0) - integers(flows.column("resent_in"), 0)
    resent, waits = integers(flows.column("resent_out"), 0) > 0, is_known(flows, "pending_since")
    client_lost, server_lost = integers(flows.column("acked_out"), 0) > client_bytes, integers(flows.column("acked_in"), 0) > server_bytes
    over = pc.is_in(one_array(flows.column("state")), value_set=pa.array(ENDED_STATES)).to_numpy(zero_copy_only=False).astype(np.bool_)
    captures = Captures.of(flows)
    began = is_known(flows, "isn_out") | is_known(flows, "isn_in")
    lacking = captures.largest((client_lost | server_lost).astype(np.int64)) > 0
    late = np.where(began | ~is_text(flows, "protocol", "tcp"), NO_TIME, times_ns(flows.column("first_seen")))
    lacking |= captures.largest(late) > times_ns(flows.column("pending_since"))
    return Captured(
        client=integers(flows.column("packets_out"), 0) > 0,
        server=integers(flows.column("packets_in"), 0) > 0,
        client_lost=client_lost,
        server_lost=server_lost,
        client_bytes=client_bytes,
        server_bytes=server_bytes,
        began=began,
        ended=is_known(flows, "ended_by") | over,
        again=resent & waits,
        holed=~resent & waits & lacking,
        end=captures.largest(times_ns(flows.column("last_seen"))),
    )


def is_known(flows: pa.Table, *names: str) -> Bools:
    """Per flow: whether any of these columns isn't null."""
    known = np.zeros(flows.num_rows, dtype=np.bool_)
    for name in names:
        known |= are_valid(one_array(flows.column(name)))
    return known


def is_text(flows: pa.Table, name: str, text: str) -> Bools:
    """Per flow: whether the column holds this text."""
    return bools(pc.equal(one_array(flows.column(name)), text))


def capture_ends(flows: pa.Table) -> Ints:
    """Per flow the latest packet time in any capture that contains it."""
    return Captures.of(flows).largest(times_ns(flows.column("last_seen")))


class Captures(NamedTuple):
    """Which captures contain each flow, one entry for each.

    row    int64[n]   the flow's row, in order
    code   int64[n]   a number for the capture, from 0 on
    """

    row: Ints
    code: Ints

    @staticmethod
    def of(flows: pa.Table) -> Captures:
        """The captures of the table's flows."""
        lists = one_array(flows.column("captures"))
        return Captures(integers(pc.list_parent_indices(lists), 0), codes(pc.list_flatten(lists)))

    def largest(self, figures: Ints) -> Ints:
        """Per flow the largest of the values of all flows in its captures; its own value where it has no capture."""
        result = figures.copy()
        if not len(self.row):
            return result
        if not self.code.any():  # one capture contains all flows
            result[self.row] = figures[self.row].max()
            return result
        by_capture = np.argsort(self.code)
        of_capture = np.maximum.reduceat(figures[self.row[by_capture]], _starts(self.code[by_capture]))
        begins = _starts(self.row)
        result[self.row[begins]] = np.maximum.reduceat(of_capture[self.code], begins)
        return result


def _starts(values: Ints) -> Ints:
    """The start of each run of equal values."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
