"""Stretches as rows of the flow table, for the client and the server."""

from __future__ import annotations

from tests.facts.settled import settled
from tests.streams.harness import START_NS, Stage, client, server

SECOND = 10**9


def test_stretches_of_a_tunnel() -> None:
    for swapped in (False, True):
        stage = Stage(swapped=swapped)
        stage.add([client(b"abc"), server(b"de", ts_ns=START_NS + 9 * SECOND), client(b"f", ts_ns=START_NS + 30 * SECOND)])
        stage.add([server(b"ghij", ts_ns=START_NS + 40 * SECOND)])
        (row,) = settled(stage)
        assert row["active"] == [
            {"start": START_NS, "end": START_NS + 9 * SECOND, "bytes_out": 3, "bytes_in": 2},
            {"start": START_NS + 30 * SECOND, "end": START_NS + 40 * SECOND, "bytes_out": 1, "bytes_in": 4},
        ]


def test_flows_with_and_without_pauses_side_by_side() -> None:
    from tests.facts.settled import rows_of
    from tests.flows.packet_rows import A, B, count, packet

    other = (0, 0x0A000003, 50000)
    rows = [packet(A, B, ts_ns=START_NS), packet(other, B, ts_ns=START_NS + 1), packet(A, B, ts_ns=START_NS + 11 * SECOND, payload_bytes=7)]
    starts = [[stretch["start"] - START_NS for stretch in row["active"]] for row in rows_of(count(rows))]
    assert starts == [[0, 11 * SECOND], [1]]
