"""The bytes of one direction of a TCP flow, put in order by sequence number.

The first copy of a byte wins, in capture order. Positions count from 0 = the first byte after the SYN, or after the first
packet's sequence number less one; they don't wrap, however long the stream.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from itertools import repeat

from tests.reference.packets import FIN, RST, SYN, Packet

KEPT_BYTES = 262144  # of each direction
KEPT_BEFORE = 65536  # without a SYN: earlier bytes that arrived after the first ones


class Stream:
    """One end's bytes.

    start     position where reading begins: behind the SYN, or the earliest byte kept
    has_syn   a SYN was captured, so that `start` is the true beginning
    fin       the furthest position of a FIN; 0 without one
    segments  positions where a packet's payload begins, ascending
    """

    def __init__(self, packets: list[Packet]) -> None:
        self.payload_bytes = sum(p.payload_bytes for p in packets)
        self.pieces: list[tuple[int, Packet]] = []  # position, packet; packets with payload only, in capture order
        self.has_syn = False
        self.start = 0
        self.fin = 0
        self.place(packets)
        self.first_cut = begins_cut(packets)
        self.distinct_bytes = covered([(at, at + p.payload_bytes) for at, p in self.pieces])
        low, high = self.window()
        self.known: dict[int, tuple[int, int | None]] = {}  # position: byte, time of the packet that brought it first
        spoken = [(at, packet) for at, packet in self.pieces if not packet.flags & RST]
        spans = [(max(low, at), min(high, at + len(packet.payload))) for at, packet in spoken]
        for (a, b), (at, packet) in reversed([*zip(spans, spoken, strict=True)]):  # the first copy comes last, over all others
            self.known.update(zip(range(a, b), zip(packet.payload[a - at : max(b, a) - at], repeat(packet.ts_ns)), strict=True))
        self.segments = sorted({at for at, _ in spoken if low <= at < high})
        if not self.has_syn and self.known:
            self.start = min(self.known)
        self.runs = runs(spans)
        self.texts = [bytes(byte for byte, _ in map(self.known.__getitem__, range(a, b))) for a, b in self.runs]

    def place(self, packets: list[Packet]) -> None:
        """Give every payload its position: the nearest one to the furthest byte seen so far (RFC 9293 3.4)."""
        if not packets:
            return
        base = packets[0].seq if packets[0].flags & SYN else packets[0].seq - 1
        furthest = 0
        for packet in packets:
            syn = bool(packet.flags & SYN)
            distance = (packet.seq + syn - base - 1 - furthest) & 0xFFFFFFFF
            at = furthest + (distance - 2**32 if distance >= 2**31 else distance)
            if syn and not self.has_syn:
                self.has_syn, self.start = True, at
            if packet.flags & FIN and not packet.flags & RST:
                self.fin = max(self.fin, at + packet.payload_bytes)
                furthest = max(furthest, at + packet.payload_bytes)
            if packet.payload_bytes:
                self.pieces.append((at, packet))  # a reset's payload too: it is counted, though it is no part of the stream
                furthest = max(furthest, at + packet.payload_bytes)

    def window(self) -> tuple[int, int]:
        """The positions whose bytes are kept, half-open."""
        if self.has_syn:
            return self.start, self.start + KEPT_BYTES
        first = next((at for at, packet in self.pieces if packet.payload), 0)
        return first - KEPT_BEFORE, first + KEPT_BYTES

    def bytes_from(self, at: int) -> bytes:
        """The bytes from a position up to the next gap or the end; b"" in a gap."""
        i = bisect.bisect_right(self.runs, (at, 2**63)) - 1
        if i < 0 or at >= self.runs[i][1]:
            return b""
        return self.texts[i][at - self.runs[i][0] :]

    def time_at(self, at: int) -> int | None:
        """When the byte at this position was first seen."""
        return self.known[at][1]

    def segment_behind(self, at: int) -> int | None:
        """Where the next packet begins; None when none does."""
        return next((s for s in self.segments if s > at), None)


def begins_cut(packets: list[Packet]) -> bool:
    """Whether the first payload goes on behind what was captured of it."""
    there = [packet for packet in packets if not packet.flags & RST]
    firsts = [packet.seq + bool(packet.flags & SYN) for packet in there]
    return any(first == firsts[0] and len(packet.payload) < packet.payload_bytes for first, packet in zip(firsts, there, strict=True))


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """How many distinct positions half-open spans cover."""
    return sum(b - a for a, b in runs(spans))


def runs(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The fewest half-open spans that cover the same positions, ascending: none touches another."""
    found: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        elif b > a:
            found.append((a, b))
    return found


class Cursor:
    """A reading position in a stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.at = stream.start

    def bytes(self) -> bytes:
        return self.stream.bytes_from(self.at)

    def resync(self) -> bool:
        """Go on where the next packet begins; False when there is none."""
        at = self.stream.segment_behind(self.at)
        if at is None:
            return False
        self.at = at
        return True
