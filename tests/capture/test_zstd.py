"""Purpose: a zstd stream that was cut is distinguished from one that ended, wherever the cut is and however its frames are written."""

from __future__ import annotations

import io
from random import Random

import pytest
import zstandard

from analyzer.capture.zstd import FrameWalk, ZstdStream

NOISE = Random(1).randbytes(300)


def frame(data: bytes, *, size: bool = True, checksum: bool = False, streamed: bool = False) -> bytes:
    compressor = zstandard.ZstdCompressor(write_content_size=size, write_checksum=checksum)
    if not streamed:
        return compressor.compress(data)
    packer = compressor.compressobj()
    return packer.compress(data) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) + packer.compress(data) + packer.flush()


SKIPPABLE = b"\x5f\x2a\x4d\x18\5\0\0\0abcde"
FRAMES = [
    frame(b""), frame(NOISE), frame(NOISE * 3, size=False), frame(b"a" * 200_000, checksum=True), frame(bytes(70_000)), SKIPPABLE,
    frame(NOISE, streamed=True), frame(NOISE, streamed=True, checksum=True, size=False), b"\x50\x2a\x4d\x18\0\0\0\0", frame(b"b" * 256),
]  # fmt: skip


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_complete_only_where_a_frame_ends(step: int) -> None:
    whole = b"".join(FRAMES)
    ends = {sum(map(len, FRAMES[:n])) for n in range(len(FRAMES) + 1)}
    walk = FrameWalk()
    assert walk.complete
    for at in range(0, len(whole), step):
        walk.feed(whole[at : at + step])
        assert walk.complete == (min(at + step, len(whole)) in ends)


def test_cut_at_every_offset() -> None:
    whole = b"".join(FRAMES)
    ends = {sum(map(len, FRAMES[:n])) for n in range(len(FRAMES) + 1)}
    for size in range(len(whole) + 1):
        stream, got = ZstdStream(io.BytesIO(whole[:size])), 0
        place = bytearray(1 << 20)
        try:
            while step := stream.readinto1(place):
                got += step
            cut = False
        except EOFError:
            cut = True
        assert cut == (size not in ends)
    assert got == 300 + 900 + 200_000 + 70_000 + 600 + 600 + 256


def test_it_is_a_stream_like_others() -> None:
    assert io.BufferedReader(ZstdStream(io.BytesIO(frame(NOISE) + frame(NOISE)))).read() == NOISE * 2
