"""A capture cut between frames, and its pieces read separately."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.capture.block import Block
from analyzer.capture.source import Source
from analyzer.engine import FILE_LIMITS, Engine, Limits
from analyzer.facts.table import Named
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import ACK, PACKET, SYN, TCP
from analyzer.parts.partial import Partial
from analyzer.pipeline import collect


class Whole:
    """The frames of one capture, in memory."""

    def __init__(self, capture: bytes | Path) -> None:
        source = Source("whole.pcap", file=io.BytesIO(capture if isinstance(capture, bytes) else capture.read_bytes()))
        self.blocks = [Block(block.data.copy(), block.frames.copy()) for block in source.blocks()]
        for block in self.blocks:
            block.frames["source"] = 0
        self.source = source
        self.n_frames = sum(len(block.frames) for block in self.blocks)

    def frames(self, first: int, last: int) -> Iterator[Block]:
        """The frames [first, last), in blocks."""
        for block in self.blocks:
            n = len(block.frames)
            if first < n and last > 0:
                yield Block(block.data, block.frames[max(first, 0) : last].copy())
            first, last = first - n, last - n

    def says_a_syn_again(self) -> bool:
        """True when a connection that carried data begins again with the same initial sequence number."""
        sent: dict[tuple[Any, ...], int] = {}
        for block in self.blocks:
            packets = np.zeros(len(block.frames), PACKET)
            decode_frames(block.data, block.frames, len(packets), packets)
            for packet in packets[packets["protocol"] == TCP]:
                ends = [tuple(packet[[f"{end}_hi", f"{end}_lo", f"{end}_port"]]) for end in ("src", "dst")]
                key = tuple(sorted(ends))
                before = sent.get(key, 0)
                opens = packet["flags"] & (SYN | ACK) == SYN
                if opens and sent.setdefault((*ends, int(packet["seq"])), before) != before:
                    return True
                sent[key] = before + int(packet["payload_bytes"])
        return False

    def table(self) -> pa.Table:
        """The flow table of one pass, which is made once."""
        return self._flows

    @cached_property
    def _flows(self) -> pa.Table:
        return self.named().flows

    def named(self, limits: Limits = FILE_LIMITS) -> Named:
        """The result of one pass."""
        engine = collect(self.frames(0, self.n_frames), [self.source], limits=limits)
        return engine.named(engine.contents())

    def pieces(self, cuts: Sequence[int]) -> list[Partial]:
        """Each piece's part; a cut is the number of the frame that begins a piece."""
        return [collect_piece(self.frames(a, b), [self.source]) for a, b in pairwise([0, *cuts, self.n_frames])]


def collect_piece(blocks: Iterable[Block], sources: Sequence[Source], limits: Limits = FILE_LIMITS) -> Partial:
    """The part of these packets, before and behind which others may have come."""
    return Engine.piece(sources, limits).read(blocks).part()


def finish(part: Partial) -> pa.Table:
    """The flow table of a part with all the packets; the part stays unchanged."""
    return Engine.of(part).snapshot().flows


def differences(one: pa.Table, other: pa.Table) -> list[Any]:
    """The differences between two flow tables: (column, row, value, other value)."""
    found: list[Any] = [("rows", one.num_rows, other.num_rows)] if one.num_rows != other.num_rows else []
    for name in one.column_names:
        if not one[name].equals(other[name]):
            pairs = zip(one[name].to_pylist(), other[name].to_pylist(), strict=False)
            found += [(name, row, a, b) for row, (a, b) in enumerate(pairs) if a != b]
    return found
