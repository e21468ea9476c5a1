"""Conversations taken out: together the two halves are the whole, whatever is taken, and what stays goes on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.engine import Engine
from analyzer.facts.table import flow_table, named_tables
from analyzer.flows.concatenate import concatenated
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import ARENA_USED, N_MESSAGES, N_RECORDS, POOL_USED, Tables
from analyzer.flows.retire import answering, conversations, oldest, remaining
from analyzer.growing import together
from analyzer.streams.offers import read_waiting
from tests.build import ESTABLISHED, Conversation, client_hello, connect, messy_capture, pcap
from tests.pieces import Whole, differences


def tables_of(whole: Whole, first: int, last: int, tables: Tables | None = None) -> Tables:
    return Engine([whole.source], tables).read(whole.frames(first, last)).tables


def rows(tables: Tables) -> pa.Table:
    return flow_table(read_waiting(tables), ["whole.pcap"], [0])


def taken_rows(tables: Tables, taken: npt.NDArray[np.bool_]) -> pa.Table:
    named = named_tables(read_waiting(concatenated(tables, empty_tables())), ["whole.pcap"], [0])
    wanted = np.unique(named.row_of[taken])
    return named.flows.take(wanted[wanted >= 0])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.data())
def test_both_halves_are_the_whole_and_what_stays_goes_on(seed: int, data: st.DataObject) -> None:
    """Taken out at any time: conversations that are over by then lose nothing, those that stay lose nothing later.

    Names are the exception: an answer that is taken out gives no flow its name later.
    """
    whole = Whole(messy_capture(seed))
    cut = data.draw(st.integers(1, whole.n_frames))
    tables = tables_of(whole, 0, cut)
    first = conversations(tables)
    later = tables_of(whole, 0, whole.n_frames)
    # Taken: a random choice among conversations that have no packet behind the cut.
    last = {int(i): 0 for i in np.unique(first)}
    ends = [tuple(record[["a_hi", "a_lo", "a_port", "b_hi", "b_lo", "b_port", "protocol"]]) for record in tables.records[: len(first)]]
    grown = later.records[: int(later.counts[N_RECORDS])]
    packets = later.sides["packets"][0 : 2 * len(grown) : 2] + later.sides["packets"][1 : 2 * len(grown) : 2]
    now = tables.sides["packets"][0 : 2 * len(first) : 2] + tables.sides["packets"][1 : 2 * len(first) : 2]
    totals: dict[object, int] = {}
    for record, n in zip(grown, packets.tolist(), strict=True):
        key = tuple(record[["a_hi", "a_lo", "a_port", "b_hi", "b_lo", "b_port", "protocol"]])
        totals[key] = totals.get(key, 0) + n
    for row, n in zip(first.tolist(), now.tolist(), strict=True):
        last[row] += n
    naming = set(first[answering(tables)].tolist())
    over = [row for row, n in last.items() if totals[ends[row]] == n and row not in naming]
    chosen = data.draw(st.sets(st.sampled_from(over))) if over else set()
    taken = np.isin(first, list(chosen))
    out = taken_rows(tables, taken)
    stay = tables_of(whole, cut, whole.n_frames, remaining(tables, taken))
    assert differences(whole.table(), together([out, rows(stay)])) == []


def tunnel(port: int, start_ns: int) -> Conversation:
    return Conversation(client=("172.16.11.92", port), start_ns=start_ns).handshake()


def test_what_is_over_or_unanswered_goes_before_what_goes_on() -> None:
    base = 1_700_000_000_000_000_000
    goes_on = tunnel(50_001, base).send_client(connect("a.example:443")).send_server(ESTABLISHED)
    over = tunnel(50_002, base + 10**9).close()
    unanswered = tunnel(50_003, base + 2 * 10**9).frames[:1]
    frames = sorted([*goes_on.frames, *over.frames, *unanswered], key=lambda frame: frame[0])
    whole = Whole(pcap(frames, nanosecond=True))
    for share, ports, still in ((0.34, [50_002], 0), (0.67, [50_002, 50_003], 0), (1.0, [50_001, 50_002, 50_003], 1)):
        tables = tables_of(whole, 0, whole.n_frames)
        out = []
        for going_on, taken in oldest(tables, share):
            out.append(taken_rows(tables, taken)["client_port"].to_pylist())
            assert going_on == (len(out) == 2)
            tables = remaining(tables, taken)
        assert sorted(out[0] + out[1]) == ports and len(out[1]) == still
        assert rows(tables).num_rows == 3 - len(ports)


def test_what_was_taken_out_leaves_no_bytes_behind() -> None:
    talks = [tunnel(50_000 + i, 10**18 + i).send_client(client_hello("a.example")) for i in range(20)]
    whole = Whole(pcap([frame for talk in talks for frame in talk.frames], nanosecond=True))
    tables = tables_of(whole, 0, whole.n_frames)
    stay = remaining(tables, np.ones(20, np.bool_))
    assert [int(stay.counts[count]) for count in (N_RECORDS, N_MESSAGES, POOL_USED, ARENA_USED)] == [0, 0, 0, 0]
