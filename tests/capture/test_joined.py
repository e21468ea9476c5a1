"""Purpose: frames of several blocks become one block in any order, each with its own bytes."""

from __future__ import annotations

import numpy as np

from analyzer.capture.block import Block
from analyzer.capture.joined import copy_frames, joined
from analyzer.packets.layout import FRAME


def test_frames_are_copied_whole() -> None:
    buf = np.arange(200, dtype=np.uint8)
    frames = np.zeros(3, FRAME)
    frames["start"], frames["captured_bytes"] = (150, 3, 90), (50, 0, 10)
    out = np.zeros(70, np.uint8)
    copy_frames(buf, frames, len(frames), 5, out)
    assert out.tolist() == [*[0] * 5, *range(150, 200), *range(90, 100), *[0] * 5]
    assert frames["start"].tolist() == [5, 55, 55]


def test_frames_of_several_blocks_keep_their_bytes() -> None:
    blocks = []
    for first in (0, 100):
        frames = np.zeros(2, FRAME)
        frames["start"], frames["captured_bytes"], frames["note_bytes"] = (10, 0), (3, 2), (1, 0)
        blocks.append(Block(np.arange(first, first + 20, dtype=np.uint8), frames))
    block = joined(blocks, np.array([3, 0, 2, 1]))
    sizes = block.frames["captured_bytes"] + block.frames["note_bytes"]
    found = [block.data[start : start + size].tolist() for start, size in zip(block.frames["start"], sizes, strict=True)]
    assert found == [[100, 101], [10, 11, 12, 13], [110, 111, 112, 113], [0, 1]]
