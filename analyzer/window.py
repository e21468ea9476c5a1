"""A time window: the packets in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.capture.block import Block
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from analyzer.packets.layout import NO_TIME
from analyzer.text.times import rfc3339

Window = tuple[int | None, int | None]
"""[start, end) in nanoseconds since 1970; None: no bound."""


def within(blocks: Iterable[Block], start_ns: int | None, end_ns: int | None) -> Iterator[Block]:
    """The blocks with only the frames in [start_ns, end_ns); frames without a time are in no window."""
    if start_ns is None and end_ns is None:
        yield from blocks
        return
    for block in blocks:
        times = block.frames["ts_ns"]
        kept = times != NO_TIME
        if start_ns is not None:
            kept &= times >= start_ns
        if end_ns is not None:
            kept &= times < end_ns
        yield Block(block.data, block.frames[kept])


def counted(blocks: Iterable[Block], frames: list[int]) -> Iterator[Block]:
    """The same blocks; their frames are added to the number in `frames`."""
    for block in blocks:
        frames[0] += len(block.frames)
        yield block


def check_span(sources: Sequence[Source], start_ns: int | None, end_ns: int | None) -> None:
    """Raise an error if a window without packets excludes all packets of the inputs. Errors: Unusable, with the inputs' time span."""
    times = [time for source in sources for time in (source.first_ns, source.last_ns) if time is not None]
    if times and (start_ns is not None or end_ns is not None):
        ends = [rfc3339(time) for time in (start_ns, end_ns) if time is not None]
        window = " to ".join(ends) if len(ends) > 1 else f"{'from' if start_ns is not None else 'before'} {ends[0]}"
        span = f"they go from {rfc3339(min(times))} to {rfc3339(max(times))}"
        raise Unusable(f"the window {window} holds no packet of the inputs", None, span)
