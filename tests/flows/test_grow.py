from __future__ import annotations

import numpy as np

from analyzer.flows.grow import CACHE_LINE, FLOW_BYTES, MOST_RECORDS, RECORDS, empty_tables, grown
from analyzer.flows.layout import ARENA_LIVE, ARENA_USED, FREE_HOLE, FREE_SEGMENT, N_HOLES, N_MESSAGES, N_RECORDS, POOL_USED, STORE_USED
from analyzer.streams.reassembly import ROOM_ARENA, ROOM_MESSAGES, ROOM_POOL
from tests.flows.packet_rows import B, count, packet, records, small_tables
from tests.streams.harness import Stage, client

MANY = 3000
HUGE = 1 << 22  # numpy asks for pages of 2 MiB for arrays from here on


def test_empty_tables() -> None:
    tables = empty_tables()
    assert not tables.counts[[N_RECORDS, N_MESSAGES, N_HOLES]].any()
    assert (tables.counts[FREE_HOLE], tables.counts[FREE_SEGMENT]) == (-1, -1)
    assert not tables.slots.any()
    assert len(tables.sides) == 2 * len(tables.records)
    assert grown(tables) == tables


def test_a_large_captures_tables_begin_with_room_for_its_flows() -> None:
    assert [len(empty_tables(n).records) for n in (0, RECORDS * FLOW_BYTES, RECORDS * FLOW_BYTES + FLOW_BYTES)] == [
        RECORDS,
        RECORDS,
        2 * RECORDS,
    ]
    tables = empty_tables(1 << 40)
    assert (len(tables.records), len(tables.sides), len(tables.slots)) == (MOST_RECORDS, 2 * MOST_RECORDS, 4 * MOST_RECORDS)


def test_the_least_room_is_small_and_grows_before_a_packet_needs_it() -> None:
    """A table with less room than one packet may need must be one that grown() doubles, or reading would never go on."""
    tables = empty_tables()
    for name, place, room in (
        ("messages", N_MESSAGES, ROOM_MESSAGES),
        ("pool", POOL_USED, ROOM_POOL),
        ("arena", ARENA_USED, ROOM_ARENA),
        ("store", STORE_USED, ROOM_ARENA),
    ):
        table = getattr(tables, name)
        assert table.nbytes < HUGE, name
        full = tables._replace(counts=tables.counts.copy())
        full.counts[place] = len(table) - room
        if name == "arena":
            full.counts[ARENA_LIVE] = full.counts[place]  # so that packing frees nothing
        assert len(getattr(grown(full), name)) == 2 * len(table), name


def test_what_every_packet_needs_lies_in_one_line_of_the_cache() -> None:
    tables = empty_tables()
    tables.counts[N_RECORDS] = len(tables.records)
    for each in (tables, grown(tables)):
        for table, last in ((each.records, "last_source"), (each.sides, "resume")):
            end = dict(table.dtype.fields or {})[last][1]
            assert table.ctypes.data % CACHE_LINE == table.itemsize % CACHE_LINE == 0 and end + 4 <= CACHE_LINE
        assert each.recent.ctypes.data % CACHE_LINE == CACHE_LINE % (2 * each.recent.itemsize) == 0


def test_conversations_are_found_again_after_the_tables_grew() -> None:
    rows = [packet((0, 0x0A000001 + i, 1024 + i % 50_000), B, ip_id=i % 65535 + 1) for i in range(MANY)]
    tables = count(rows, small_tables())
    tables = count([{**row, "seq": 9} for row in rows], tables)
    assert len(records(tables)) == MANY
    assert tables.sides["packets"][: 2 * MANY].reshape(-1, 2).sum(1).tolist() == [2] * MANY
    assert len(tables.slots) >= 2 * MANY


def test_only_that_is_doubled_of_which_less_than_a_quarter_is_free() -> None:
    tables = empty_tables()
    tables.counts[N_MESSAGES] = len(tables.messages) * 3 // 4 + 1
    larger = grown(tables)
    assert len(larger.messages) == 2 * len(tables.messages)
    assert all(getattr(larger, name) is getattr(tables, name) for name in tables._fields if name != "messages")


def test_what_was_there_stays() -> None:
    tables = count([packet(ip_id=i + 1, seq=100 * i, payload_bytes=10) for i in range(40)])
    n = len(tables.holes) * 3 // 4 + 1
    tables.counts[N_HOLES] = n
    before = tables.holes[:n].copy()
    after = grown(tables).holes
    assert after[:n].tobytes() == before.tobytes()
    assert not np.frombuffer(after[n:].tobytes(), np.uint8).any()


def test_the_arena_is_packed_when_most_of_it_is_dead() -> None:
    stage = Stage()
    stage.add([client(b"CONNECT name.example:443 HTTP/1.1\r\n", 0)])
    counts = stage.tables.counts
    used, live = int(counts[ARENA_USED]), int(counts[ARENA_LIVE])
    assert live > 0
    counts[ARENA_USED] = used + 2 * live + (1 << 18)  # as if as much had waited and gone
    tables = grown(stage.tables)
    assert int(tables.counts[ARENA_USED]) == int(tables.counts[ARENA_LIVE]) == live
    stage.tables = tables
    assert [m.host for m in stage.feed([client(b"\r\n", live)])] == [b"name.example"]


def test_many_holes() -> None:
    """A thousand flows that each lost something: the holes' table grows in the middle of a block."""
    rows = []
    for i in range(1500):
        end = (0, 0x0A000001 + i, 2000)
        rows += [packet(end, B, seq=seq, payload_bytes=10, ip_id=k + 1) for k, seq in enumerate((0, 20, 40))]
    tables = count(rows)
    assert int(tables.counts[N_HOLES]) == 3000
    assert tables.sides["distinct"][:3000].reshape(-1, 2).sum(1).tolist() == [30] * 1500
