"""Each stage's kernels alone, on one piece of the capture, compared with the library one would use instead, or with the plain-Python twin.

Both sides give a result, and the results must be equal; a stage's input is made before its clock starts.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dpkt
import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.decoded import Decoded, keyed
from analyzer.facts.table import flow_table
from analyzer.flows.grow import empty_tables, grown
from analyzer.flows.layout import Tables
from analyzer.flows.table import count_packets
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import OK, PACKET, TCP
from analyzer.streams.offers import read_all, read_waiting
from analyzer.tables import FLOW_SCHEMA
from tests.benchmarks import write_frames
from tests.reference import tcp_names
from tests.reference.capture import read_capture
from tests.reference.flows import Flow, gather
from tests.reference.wrappings import peel

Timed = tuple[float, object]
"""Seconds, and the answer."""

PIECE_BYTES = 32 << 20
TWIN_BYTES = 1 << 20
NAMES = ("requested_host", "sni", "http_host")


class Contest(NamedTuple):
    """A stage, and a peer that does the same."""

    stage: str
    ours: Callable[[], Timed]
    peer: str
    theirs: Callable[[], Timed]


def timed(work: Callable[[], object]) -> Timed:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def piece_of(capture: Path, size: int) -> bytes:
    """The capture's beginning, cut between two packets."""
    with capture.open("rb") as file:
        return file.read(write_frames.packet_boundary(capture, size))


def blocks_of(piece: bytes) -> Iterator[Block]:
    return in_time_order([Source("piece", file=io.BytesIO(piece))])


def contests(capture: Path, piece_bytes: int = PIECE_BYTES, twin_bytes: int = TWIN_BYTES) -> list[Contest]:
    """All stages, in the order of a pass.

    piece_bytes, twin_bytes   how much of the capture the kernels read, and how much of it the slower twin
    """
    piece, little = piece_of(capture, piece_bytes), piece_of(capture, twin_bytes)
    blocks = [Block(block.data.copy(), block.frames.copy()) for block in blocks_of(piece)]
    decoded = [keyed(block, packets_of(block)) for block in blocks]
    few = [keyed(block, packets_of(block)) for block in (Block(b.data.copy(), b.frames.copy()) for b in blocks_of(little))]
    frames = [bytes(frame) for _, frame in dpkt.pcap.Reader(io.BytesIO(piece))]
    packets = pd.DataFrame({name: np.concatenate([d.packets[name] for d in decoded]) for name in PACKET.names})
    flows = gather(packet for i, frame in enumerate(read_capture(little)) if (packet := peel(frame, i, None)))
    return [
        Contest("frames", lambda: timed(lambda: found(piece)), "dpkt", lambda: timed(lambda: found_by_dpkt(piece))),
        Contest("packets", lambda: timed(lambda: peeled(blocks)), "dpkt", lambda: timed(lambda: peeled_by_dpkt(frames))),
        Contest("flows", lambda: counted(decoded), "pandas", lambda: timed(lambda: counted_by_pandas(packets))),
        Contest("names", lambda: named(few), "twin", lambda: timed(lambda: named_by_twin(flows))),
        Contest("table", lambda: tabled(decoded), "pyarrow", lambda: tabled_by_pyarrow(decoded)),
    ]


def found(piece: bytes) -> tuple[int, int]:
    """How many frames there are, and bytes in them."""
    frames = [block.frames["captured_bytes"] for block in blocks_of(piece)]
    return sum(map(len, frames)), int(sum(int(sizes.sum()) for sizes in frames))


def found_by_dpkt(piece: bytes) -> tuple[int, int]:
    sizes = [len(frame) for _, frame in dpkt.pcap.Reader(io.BytesIO(piece))]
    return len(sizes), sum(sizes)


def packets_of(block: Block) -> Any:
    packets = np.empty(len(block.frames), PACKET)
    decode_frames(block.data, block.frames, len(packets), packets)
    return packets


def peeled(blocks: list[Block]) -> tuple[int, int, int]:
    """How many TCP segments there are, bytes in them, and the sum of their sequence numbers."""
    n = size = seq = 0
    for block in blocks:
        packets = packets_of(block)
        segments = packets[(packets["status"] == OK) & (packets["protocol"] == TCP)]
        n += len(segments)
        size += int(segments["payload_bytes"].sum())
        seq += int(segments["seq"].sum(dtype=np.uint64))
    return n, size, seq


def peeled_by_dpkt(frames: list[bytes]) -> tuple[int, int, int]:
    n = size = seq = 0
    for frame in frames:
        ip = dpkt.ethernet.Ethernet(frame).data
        if isinstance(ip, dpkt.ip.IP) and isinstance(ip.data, dpkt.tcp.TCP):
            n += 1
            size += ip.len - 4 * ip.hl - 4 * ip.data.off
            seq += ip.data.seq
    return n, size, seq


def kept(decoded: list[Decoded], work: Callable[[Decoded, Tables, Any, int], tuple[Tables, float]]) -> tuple[float, float, Tables]:
    """Seconds of counting, and of reading, with the resulting tables."""
    tables, offers = empty_tables(), np.zeros((BLOCK_FRAMES, 3), np.int64)
    counting = reading = 0.0
    for one in decoded:
        at = 0
        while at < len(one.packets):
            began = time.perf_counter()
            at, n_offers = count_packets(one.block.frames, one.packets, one.keys, at, len(one.packets), tables, offers)
            counting += time.perf_counter() - began
            tables, seconds = work(one, tables, offers, n_offers)
            reading += seconds
            if at < len(one.packets):
                tables = grown(tables)
    return counting, reading, tables


def read(one: Decoded, tables: Tables, offers: Any, n_offers: int) -> tuple[Tables, float]:
    began = time.perf_counter()
    tables = read_all(one.block.data, one.packets, offers, n_offers, tables)
    return tables, time.perf_counter() - began


def counted(decoded: list[Decoded]) -> Timed:
    """Packets and bytes of each conversation, in order of size."""
    seconds, _, tables = kept(decoded, read)
    flows = flow_table(read_waiting(tables), ["piece"], [0])
    sums = [np.asarray(flows[a]) + np.asarray(flows[b]) for a, b in (("packets_out", "packets_in"), ("bytes_out", "bytes_in"))]
    return seconds, sorted(zip(*(column.tolist() for column in sums), strict=True))


def counted_by_pandas(packets: pd.DataFrame) -> list[tuple[int, int]]:
    packets = packets[(packets["status"] == OK) & (packets["protocol"] == TCP)]
    source, target = ((packets[f"{end}_lo"].to_numpy() << 16) | packets[f"{end}_port"].to_numpy() for end in ("src", "dst"))
    ends = {"low": np.minimum(source, target), "high": np.maximum(source, target)}
    sizes = packets.assign(**ends).groupby(["low", "high"], sort=False)["payload_bytes"].agg(["size", "sum"])
    return sorted(zip(sizes["size"].tolist(), sizes["sum"].tolist(), strict=True))


def names_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in NAMES)


def named_by_twin(flows: list[Flow]) -> list[str]:
    return sorted(str(names_of(tcp_names(flow, [])[1])) for flow in flows)


def named(decoded: list[Decoded]) -> Timed:
    """The names of each flow."""
    _, seconds, tables = kept(decoded, read)
    began = time.perf_counter()
    tables = read_waiting(tables)
    seconds += time.perf_counter() - began
    rows = flow_table(tables, ["piece"], [0]).select(list(NAMES)).to_pylist()
    return seconds, sorted(str(names_of(row)) for row in rows)


def tabled(decoded: list[Decoded]) -> Timed:
    """The flow table of the facts read."""
    tables = read_waiting(kept(decoded, read)[2])
    return timed(lambda: flow_table(tables, ["piece"], [0]))


def tabled_by_pyarrow(decoded: list[Decoded]) -> Timed:
    rows = tabled(decoded)[1].to_pylist()  # type: ignore[attr-defined]
    return timed(lambda: pa.Table.from_pylist(rows, FLOW_SCHEMA))
