"""The packets of chosen flows, found in a second reading that keeps only what it yields."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.capture.block import BLOCK_FRAMES
from analyzer.capture.inputs import no_results, open_inputs
from analyzer.capture.source import Input, Source
from analyzer.packets.aggregated import is_aggregated, subframes
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAGMENT, MARK, OK, PACKET, TCP
from analyzer.packets.named_ports import open_vxlan
from analyzer.routes.requests import NO_TIME as NULL_TIME
from analyzer.routes.requests import times_ns
from analyzer.slices.frame import Frame, frame_of
from analyzer.slices.parted import WaitingFrames
from analyzer.window import within

MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Finder:
    """Gives a packet's flow, for all flows with the same endpoints as a chosen one."""

    def __init__(self, flows: pa.Table, chosen: Collection[int]) -> None:
        self._chosen = frozenset(chosen)
        ends = flows.select(["protocol", "client_ip", "client_port", "server_ip", "server_port"]).to_pylist()
        times = times_ns(flows.column("first_seen")).tolist()
        wanted = {_ends_key(ends[i]) for i in chosen}
        self._flows: dict[Any, list[tuple[int, int]]] = {}
        self._clients: dict[int, tuple[int, int]] = {}
        for i, row in enumerate(ends):
            key = _ends_key(row)
            if key in wanted:
                self._flows.setdefault(key, []).append((times[i], i))
                self._clients[i] = (_address(row["client_ip"])[1], row["client_port"])
        for listed in self._flows.values():
            listed.sort()
        self._hashes = np.array(sorted({_hash_of(key) for key in self._flows}), np.uint64)

    def candidates(self, packets: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Indices of `packets` that may belong to a chosen flow: by a hash of the endpoints, and all fragments."""
        ends = [
            (packets[f"{end}_lo"] ^ (packets[f"{end}_hi"] * MIX)) * MIX
            + packets[f"{end}_port"].astype(np.uint64) * np.uint64(0x100000001B3)
            for end in ("src", "dst")
        ]
        hit = np.isin(ends[0] + ends[1], self._hashes) & np.isin(packets["status"], (OK, MARK))
        return np.flatnonzero(hit | (packets["status"] == FRAGMENT))

    def row_of(self, packet: Any) -> tuple[int, bool] | None:
        """(the chosen flow's row, whether its client sent the packet); None for a packet of another flow."""
        return self._row_at(packet, "src", "dst", int(packet["ts_ns"])) if packet["status"] in (OK, MARK) else None

    def row_of_side(self, record: Any, side: int) -> tuple[int, bool] | None:
        """(the chosen flow's row, whether its client is this side of the record); None for a record of another flow."""
        here, there = ("a", "b") if side == 0 else ("b", "a")
        return self._row_at(record, here, there, int(record["first_ns"]))

    def _row_at(self, ends: Any, here: str, there: str, ts_ns: int) -> tuple[int, bool] | None:
        protocol = "tcp" if ends["protocol"] == TCP else "udp"
        end, other = _end_of(ends, here), _end_of(ends, there)
        listed = self._flows.get((protocol, int(ends["version"]), frozenset((end, other))))
        if not listed:
            return None
        row = listed[max(0, bisect_right(listed, (ts_ns, 1 << 62)) - 1)][1]
        if row not in self._chosen:
            return None
        return row, self._clients[row] == end


def _end_of(ends: Any, name: str) -> tuple[int, int]:
    """(address as a number, port) of one end of a packet or record."""
    return (int(ends[f"{name}_hi"]) << 64) | int(ends[f"{name}_lo"]), int(ends[f"{name}_port"])


def _address(text: str) -> tuple[int, int]:
    import ipaddress

    parsed = ipaddress.ip_address(text)
    return parsed.version, int(parsed)


def _ends_key(row: Any) -> tuple[str, int, frozenset[tuple[int, int]]]:
    version, client = _address(row["client_ip"])
    return row["protocol"], version, frozenset(((client, row["client_port"]), (_address(row["server_ip"])[1], row["server_port"])))


def _hash_of(key: tuple[str, int, frozenset[tuple[int, int]]]) -> int:
    """The hash that `candidates` computes, in Python integers. Both endpoints may be the same."""
    ends = list(key[2]) * (3 - len(key[2]))
    total = 0
    for address, port in ends[:2]:
        low, high = address & 0xFFFF_FFFF_FFFF_FFFF, address >> 64
        mixed = low ^ (high * int(MIX) & 0xFFFF_FFFF_FFFF_FFFF)
        total += mixed * int(MIX) + port * 0x100000001B3
    return total & 0xFFFF_FFFF_FFFF_FFFF


def read_frames(
    inputs: Sequence[Input],
    flows: pa.Table,
    chosen: Collection[int],
    start_ns: int | None = None,
    end_ns: int | None = None,
    *,
    joined: bool = False,
    vxlan_ports: tuple[int, ...] = (),
) -> tuple[list[Source], Iterator[Frame]]:
    """The inputs, and every packet of the chosen rows in time order; inputs are read lazily.

    Includes duplicate packets, and ICMP errors about a flow.
    Errors   Unusable: an object behind a URL, read to its end before, can't be read again

    joined   a packet that came in IP fragments is given whole, with link type 101 and without its encapsulation
    """
    sources = no_results(open_inputs(inputs, vxlan_ports)).sources
    finder = Finder(flows, chosen)
    each = [_of_source(source, number, finder, start_ns, end_ns, joined) for number, source in enumerate(sources)]
    return sources, heapq.merge(*each, key=lambda frame: NULL_TIME if frame.ts_ns is None else frame.ts_ns)


def _of_source(source: Source, number: int, finder: Finder, start_ns: int | None, end_ns: int | None, joined: bool) -> Iterator[Frame]:
    packets = np.zeros(BLOCK_FRAMES, PACKET)
    parted = WaitingFrames(finder.row_of, source.vxlan_ports, joined=joined)
    for block in within(source.blocks(), start_ns, end_ns):
        n = len(block.frames)
        if n > len(packets):
            packets = np.zeros(n, PACKET)
        decode_frames(block.data, block.frames, n, packets)
        if source.vxlan_ports:
            open_vxlan(block.data, block.frames, packets[:n], source.vxlan_ports)
        for i in finder.candidates(packets[:n]):
            packet = packets[i]
            if is_aggregated(packet):
                for one in subframes(block.data, block.frames[i], packet, source.vxlan_ports):
                    if (found := finder.row_of(one.packet[0])) is not None:
                        alone = frame_of(np.frombuffer(one.raw, np.uint8), one.frame[0], one.packet[0], number)
                        yield alone._replace(row=found[0], from_client=found[1])
                continue
            frame = frame_of(block.data, block.frames[i], packet, number)
            if packet["status"] == FRAGMENT:
                yield from parted.take(block.data, block.frames[i], packet, frame)
            elif (found := finder.row_of(packet)) is not None:
                yield frame._replace(row=found[0], from_client=found[1])
    if source.broke_off is not None:
        raise source.broke_off
    yield from parted.rest()
