"""Reports how much of the captures has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from analyzer.capture.block import Block
from analyzer.capture.source import Source

Progress = Callable[[int, int | None], None]
"""Called with bytes read so far and total bytes (None where unknown, as on stdin)."""

PROGRESS_BLOCKS: Final = 32
"""Progress is reported every so many blocks. A report asks every input, so with many inputs it comes less often."""


def reported(blocks: Iterable[Block], sources: Sequence[Source], progress: Progress | None) -> Iterator[Block]:
    """The same blocks; progress is reported from time to time."""
    apart = max(PROGRESS_BLOCKS, len(sources) // PROGRESS_BLOCKS)
    for i, block in enumerate(blocks):
        yield block
        if progress is not None and i % apart == 0:
            progress(*progress_of(sources))
    if progress is not None:
        progress(*progress_of(sources))


def progress_of(sources: Sequence[Source]) -> tuple[int, int | None]:
    """Bytes used so far and in total; None where a stream's length isn't known."""
    sizes: list[Any] = [source.size for source in sources]
    return sum(source.taken() for source in sources), (None if None in sizes else sum(sizes))
