"""Records made from packets: their opener, their counts, and the payload offered to the readers."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import (
    DONE,
    HAS_BASE,
    N_BY_STATUS,
    N_RECORDS,
    N_SIGHTINGS,
    SENT_FIN,
    SENT_OTHER,
    SENT_RST,
    SENT_SYN,
    SENT_SYN_ACK,
    SOURCE_BITS,
    Tables,
)
from analyzer.flows.table import place_records
from analyzer.packets.layout import ACK, FIN, FRAME, MALFORMED, MARK, NO_TIME, NOT_IP, PSH, RST, SYN, UDP
from tests.flows.packet_rows import START_NS, A, B, count, count_block, packet, records, small_tables, table_of


def offered(rows: list[dict[str, int]], tables: Tables | None = None) -> list[list[int]]:
    offers = np.full((len(rows), 3), -1, np.int64)
    done, n = count_block(np.zeros(len(rows), FRAME), table_of(rows), 0, tables or empty_tables(), offers)
    assert done == len(rows)
    return offers[:n].tolist()  # type: ignore[no-any-return]


def test_a_connection() -> None:
    tables = count(
        [
            packet(A, B, SYN, seq=100, ts_ns=START_NS, ip_id=1),
            packet(B, A, SYN | ACK, seq=500, ack=101, ts_ns=START_NS + 1, ip_id=1),
            packet(A, B, PSH | ACK, seq=101, payload_bytes=10, ip_id=2, ts_ns=START_NS + 2),
            packet(A, B, PSH | ACK, seq=101, payload_bytes=10, ip_id=3, ts_ns=START_NS + 3),
            packet(B, A, PSH | ACK, seq=501, payload_bytes=7, ip_id=2, ts_ns=START_NS + 4),
            packet(A, B, FIN | ACK, seq=111, ip_id=4, ts_ns=START_NS + 5),
            packet(B, A, RST, seq=508, ip_id=3, ts_ns=START_NS + 9),
        ]
    )
    (record,) = records(tables)
    assert (int(record["syn_side"]), int(record["isn"]), int(record["previous"])) == (0, 100, -1)
    assert (int(record["first_ns"]), int(record["last_ns"])) == (START_NS, START_NS + 9)
    out, back = tables.sides[:2]
    assert [int(out[name]) for name in ("packets", "bytes", "distinct", "base", "low", "high", "resume")] == [4, 20, 10, 100, 101, 111, 101]
    assert [int(back[name]) for name in ("packets", "bytes", "distinct", "base")] == [3, 7, 7, 500]
    assert out["seen"] == SENT_SYN | SENT_FIN | SENT_OTHER | HAS_BASE
    assert back["seen"] == SENT_SYN_ACK | SENT_RST | SENT_OTHER | HAS_BASE


def test_a_new_syn_begins_a_record_and_its_repetition_doesnt() -> None:
    tables = count([packet(flags=SYN, seq=1, ip_id=i) for i in (1, 2)] + [packet(flags=SYN, seq=9, ip_id=3), packet(ip_id=4, seq=10)])
    first, second = records(tables)
    assert (int(second["previous"]), int(second["isn"])) == (0, 9)
    assert tables.sides["packets"][:4].tolist() == [2, 0, 2, 0]
    assert int(first["isn"]) == 1


def test_simultaneous_open_is_two_records() -> None:
    tables = count([packet(A, B, SYN, seq=1), packet(B, A, SYN, seq=1)])
    assert [int(record["syn_side"]) for record in records(tables)] == [0, 1]


def test_a_syn_after_packets_without_one_begins_a_record() -> None:
    tables = count([packet(seq=5, payload_bytes=3), packet(flags=SYN, seq=1, ip_id=2)])
    assert [int(record["syn_side"]) for record in records(tables)] == [-1, 0]


def test_datagrams() -> None:
    tables = count([packet(protocol=UDP, flags=0, payload_bytes=n, ip_id=n) for n in (1, 2, 3)])
    (record,) = records(tables)
    assert [int(tables.sides[0][name]) for name in ("packets", "bytes", "distinct", "seen")] == [3, 6, 6, SENT_OTHER]
    assert int(record["syn_side"]) == -1


def test_a_reset_with_a_text_is_counted_but_is_no_part_of_the_stream() -> None:
    tables = count([packet(seq=10, payload_bytes=5), packet(flags=RST, seq=15, payload_bytes=30, ip_id=2)])
    side = tables.sides[0]
    assert [int(side[name]) for name in ("bytes", "distinct", "high")] == [35, 35, 15]
    assert offered([packet(flags=RST | ACK, captured_bytes=30, payload_bytes=30)]) == []


def test_an_icmp_error_marks_the_newest_record() -> None:
    tables = count([packet(flags=SYN, seq=1), packet(flags=SYN, seq=9, ip_id=2), packet(A, B, 0, status=MARK)])
    assert [int(record["unreachable"]) for record in records(tables)] == [0, 1]
    assert int(tables.sides["packets"].sum()) == 2


def test_an_icmp_error_alone_is_a_record_without_packets() -> None:
    (record,) = records(count([packet(status=MARK)]))
    assert (int(record["unreachable"]), int(record["first_ns"]), int(record["first_source"])) == (1, NO_TIME, -1)


def test_frames_that_hold_no_packet_are_counted_by_status() -> None:
    tables = count([packet(status=status) for status in (NOT_IP, NOT_IP, MALFORMED)] + [packet()])
    assert [int(tables.counts[N_BY_STATUS + status]) for status in (0, NOT_IP, MALFORMED)] == [1, 2, 1]
    assert tables.counts[N_RECORDS] == 1


def test_times_out_of_order_and_missing() -> None:
    times = [NO_TIME, START_NS + 5, START_NS, NO_TIME, START_NS + 9]
    rows = [packet(ts_ns=ts, ip_id=i + 1, outer0=i) for i, ts in enumerate(times)]
    (record,) = records(count(rows))
    assert [int(record[name]) for name in ("first_ns", "last_ns", "outer0")] == [START_NS, START_NS + 9, 2]
    (record,) = records(count(rows[:1]))
    assert [int(record[name]) for name in ("first_ns", "last_ns", "outer0")] == [NO_TIME, NO_TIME, 0]


@pytest.mark.parametrize("time", [0, -5])
def test_times_before_1970(time: int) -> None:
    (record,) = records(count([packet(ts_ns=time), packet(ts_ns=time + 1, ip_id=2)]))
    assert [int(record[name]) for name in ("first_ns", "last_ns")] == [time, time + 1]


def test_sources() -> None:
    sources = [0, 3, 62, 63, 63, 500, 63, 0]
    tables = count([packet(source=source, ip_id=i + 1, ts_ns=START_NS + i) for i, source in enumerate(sources)])
    (record,) = records(tables)
    assert int(record["sources"]) == 1 | 1 << 3 | 1 << 62
    assert (int(record["first_source"]), int(record["last_source"])) == (0, 0)
    assert tables.sightings["source"][: tables.counts[N_SIGHTINGS]].tolist() == [63, 500, 63]
    assert SOURCE_BITS == 63


def test_offers_are_packets_with_payload_on_sides_that_may_still_say_something() -> None:
    rows = [
        packet(flags=SYN, seq=1),
        packet(seq=2, payload_bytes=5, captured_bytes=5, ip_id=2),
        packet(B, A, seq=2, payload_bytes=5, captured_bytes=0, ip_id=2),  # cut by the snap length
        packet(B, A, seq=7, payload_bytes=5, captured_bytes=1, ip_id=3),
        packet(seq=7, ip_id=3),
    ]
    assert offered(rows) == [[1, 0, 0], [3, 0, 1]]
    tables = count(rows)
    tables.sides["state"][0] = DONE
    assert offered([{**row, "ip_id": row["ip_id"] + 50} for row in rows[1:]], tables) == [[2, 0, 1]]


def test_it_stops_before_the_tables_are_full() -> None:
    tables = small_tables()
    n = len(tables.records) + 10
    rows = [packet((0, i + 1, 7), B) for i in range(n)]
    done, _ = count_block(np.zeros(n, FRAME), table_of(rows), 0, tables, np.zeros((n, 3), np.int64))
    assert done == len(tables.records) - 1 == tables.counts[N_RECORDS]


def test_placing_finds_the_newest_record_of_each_conversation() -> None:
    tables = count([packet(flags=SYN, seq=i, ip_id=i + 1) for i in range(5)] + [packet((0, 77, 7), B)])
    tables.slots[:] = 0
    place_records(tables, 0)
    assert sorted(tables.slots[tables.slots > 0].tolist()) == [5, 6]  # rows, plus one
