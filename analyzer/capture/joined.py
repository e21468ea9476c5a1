"""Frames of several blocks as one block, in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block
from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes


def joined(blocks: Sequence[Block], order: npt.NDArray[np.int64]) -> Block:
    """The frames of all blocks and their bytes as one block, which may be larger than those of readers.

    order   the frames' indices, counted through all blocks, in the order of the result
    """
    frames = np.concatenate([block.frames for block in blocks])
    sizes = frames["captured_bytes"].astype(np.int64) + frames["note_bytes"]
    ends = np.cumsum(sizes)
    data = np.empty(int(ends[-1]), np.uint8)
    first = 0
    for block in blocks:
        n = len(block.frames)
        if n:
            copy_frames(block.data, frames[first : first + n], n, ends[first] - sizes[first], data)
        first += n
    return Block(data, frames[order])


@kernel
def copy_frames(buf, frames, n_frames, at, out):
    """Copy each frame's bytes, and the comment behind them, into `out` from `at` on, and set the frames' `start` to the copies."""
    for i in range(n_frames):
        frame = frames + i
        start = frame.start
        size = frame.captured_bytes + frame.note_bytes
        copy_bytes(buf, start, size, out, at)
        frame.start = at
        at += size
