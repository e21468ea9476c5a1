"""Rows of the packet table from plain arguments, and the flow table that they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.flows.grow import empty_tables, grown
from analyzer.flows.identify import key_packets
from analyzer.flows.layout import CONTINUED, KEY, N_RECORDS, Tables
from analyzer.flows.merge import merged_tables
from analyzer.flows.table import count_packets
from analyzer.packets.layout import ACK, FRAME, PACKET, TCP
from analyzer.streams.offers import read_all

A, B = (0, 0x0A000001, 50000), (0, 0x0A000002, 3128)
START_NS = 1_700_000_000_000_000_000
End = tuple[int, int, int]


def packet(src: End = A, dst: End = B, flags: int = ACK, **columns: Any) -> dict[str, Any]:
    """A packet's columns; an end is (upper half, lower half of the address, port)."""
    ends = dict(zip(("src_hi", "src_lo", "src_port", "dst_hi", "dst_lo", "dst_port"), (*src, *dst), strict=True))
    return {"ts_ns": START_NS, "protocol": TCP, "version": 4, "ttl": 64, "ip_id": 1, "flags": flags, **ends, **columns}


def table_of(rows: Sequence[dict[str, Any]]) -> Any:
    packets = np.zeros(len(rows), PACKET)
    for i, row in enumerate(rows):
        packets[i]["frame"] = i
        for name in row.keys() - {"source"}:
            packets[i][name] = row[name]
    return packets


def small_tables() -> Tables:
    """Empty tables that a few dozen flows and some thousand messages fill."""
    tables = empty_tables()
    fewer = {"records": 1 << 6, "sides": 1 << 7, "slots": 1 << 8, "messages": 1 << 15}
    return tables._replace(**{name: getattr(tables, name)[:n].copy() for name, n in fewer.items()})


def count_block(frames: Any, packets: Any, first: int, tables: Tables, offers: Any) -> tuple[int, int]:
    """count_packets over packets[first:]."""
    keys = np.zeros(len(packets), KEY)
    key_packets(packets, keys, len(keys))
    return count_packets(frames, packets, keys, first, len(packets), tables, offers)  # type: ignore[no-any-return]


def count(rows: Sequence[dict[str, Any]], tables: Tables | None = None) -> Tables:
    """The flow table after these packets, that come in one block; a row's `source` is its frame's."""
    packets, frames = table_of(rows), np.zeros(len(rows), FRAME)
    frames["source"] = [row.get("source", 0) for row in rows]
    tables = tables or empty_tables()
    offers = np.zeros((len(rows), 3), np.int64)
    done = 0
    while done < len(rows):
        done, _ = count_block(frames, packets, done, tables, offers)
        if done < len(rows):
            tables = grown(tables)
    return tables


def records(tables: Tables) -> Any:
    return tables.records[: tables.counts[N_RECORDS]]


def piece(*rows: dict[str, Any]) -> Tables:
    """The flow table of packets before which others may have come."""
    tables = small_tables()
    tables.counts[CONTINUED] = 1
    return count([{"ip_id": 100 * row["seq"] % 60_000 + i + 1} | row for i, row in enumerate(rows)], tables)


def merged(left: Tables, right: Tables) -> Tables:
    """Two pieces' flow tables as one."""
    return merged_tables(left, right, read_all, 16)
