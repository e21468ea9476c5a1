"""How far the reading of captures came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from analyzer.capture.block import Block
from analyzer.capture.source import Source

Progress = Callable[[int, int | None], None]
"""Called with bytes read so far and bytes in all (None when that can't be known, as on stdin)."""

PROGRESS_BLOCKS: Final = 32
"""Word is given every so many blocks. Each time all inputs are asked: of many inputs, at most so many times while each gives a block."""


def reported(blocks: Iterable[Block], sources: Sequence[Source], progress: Progress | None) -> Iterator[Block]:
    """The same blocks, with word given now and then of how far the reading came."""
    apart = max(PROGRESS_BLOCKS, len(sources) // PROGRESS_BLOCKS)
    for i, block in enumerate(blocks):
        yield block
        if progress is not None and i % apart == 0:
            progress(*progress_of(sources))
    if progress is not None:
        progress(*progress_of(sources))


def progress_of(sources: Sequence[Source]) -> tuple[int, int | None]:
    """Bytes used so far and in all; None where a stream's length can't be known."""
    sizes: list[Any] = [source.size for source in sources]
    return sum(source.taken() for source in sources), (None if None in sizes else sum(sizes))
