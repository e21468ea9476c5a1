"""What was read from a capture, in Python's own terms, so that it can be compared with what was written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.source import Source
from analyzer.packets.layout import NO_TIME

Seen = tuple[int | None, int, bytes]  # time, link type, bytes


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at a time, like a slow pipe."""

    def __init__(self, data: bytes, step: int = 1) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        return self._data.readinto(memoryview(place)[: self._step])


class OnlyRead:
    """The least that a file object can be."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, n: int = -1) -> bytes:
        return self._data.read(n)


def frames_of(blocks: Iterable[Block]) -> list[Seen]:
    """Every frame, copied before the next block is asked for."""
    return [(when, link, data) for when, link, data, _ in with_sources(blocks)]


def with_sources(blocks: Iterable[Block]) -> list[tuple[int | None, int, bytes, int]]:
    """Every frame, and which of the inputs it came from."""
    found = []
    for block in blocks:
        assert 1 <= len(block.frames) <= BLOCK_FRAMES
        for frame in block.frames:
            start, captured = int(frame["start"]), int(frame["captured_bytes"])
            when = None if frame["ts_ns"] == NO_TIME else int(frame["ts_ns"])
            assert frame["wire_bytes"] >= captured
            found.append((when, int(frame["link_type"]), block.data[start : start + captured].tobytes(), int(frame["source"])))
    return found


def read(given: bytes | Path | Any) -> tuple[list[Seen], list[tuple[str, int | None, int, int]]]:
    """The frames of a capture (its bytes, its path or a file object), and its damage: code, offset, bytes, count."""
    if isinstance(given, Path):
        source = Source(str(given), path=given)
    else:
        source = Source("test", file=io.BytesIO(given) if isinstance(given, bytes) else given)
    frames = frames_of(source.blocks())
    assert source.packets == len(frames)
    times = [when for when, _, _ in frames if when is not None]
    assert (source.first_ns, source.last_ns) == (min(times, default=None), max(times, default=None))
    return frames, [(d.code, d.offset, d.skipped, d.count) for d in source.damage]
