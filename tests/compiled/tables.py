"""What the kernels make of many inputs, in one word, so that two ways of running them can be compared."""

from __future__ import annotations

import hashlib
import io
import random
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from analyzer.flows.layout import N_MESSAGES, N_RECORDS, POOL_USED
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import PACKET
from analyzer.parts.partial import Partial, merge
from tests import build
from tests.build.mess import messy_capture
from tests.facts.settled import settled
from tests.fuzz.inputs import damaged_frames, written
from tests.packets.shapes import frames_of_every_shape, frames_that_are_guessed
from tests.packets.twin import decoded
from tests.pieces import collect_piece, finish
from tests.reference.capture import Frame, read_capture
from tests.streams.harness import Segment, Stage
from tests.streams.test_attempts import STREAMS

ROUNDS = 3
MESSES = 6


def damaged(data: bytes, draw: random.Random) -> bytes:
    """The same with a few bytes changed, and sometimes its end lost."""
    changed = bytearray(data)
    for _ in range(draw.choice((0, 1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] = draw.choice((0, 1, 0xFF, draw.randrange(256)))
    return bytes(changed[: draw.randrange(len(changed))] if draw.random() < 0.1 else changed)


def content(table: npt.NDArray[Any]) -> bytes:
    """A table's columns; what lies between them in memory is anything."""
    return b"".join(table[name].tobytes() for name in table.dtype.names or ())


def of_damaged_frames() -> str:
    """A digest of the packets in frames of every shape, whole and damaged."""
    draw = random.Random(13)
    shapes = [*frames_of_every_shape().values(), *frames_that_are_guessed().values()]
    frames = [frame._replace(data=damaged(frame.data, draw)) for _ in range(ROUNDS) for frame in shapes if frame.data]
    _, packets = decoded([*shapes, *frames])
    return hashlib.sha256(content(packets)).hexdigest()


def of_damaged_captures() -> str:
    """A digest of the frames, packets and damage in captures of every format, whole and damaged."""
    draw = random.Random(13)
    packets = [(1_700_000_000_000_000_000 + i * 1_000_003, bytes([i]) * (20 + i)) for i in range(30)]
    files = [
        build.pcap(packets),
        build.pcap(packets, order="big", nanosecond=True),
        build.pcapng(packets),
        build.pcapng(packets, order="big"),
    ]
    digest = hashlib.sha256()
    for data in files * 12:
        for whole in (data, damaged(data, draw)):
            sources = [Source("one", file=io.BytesIO(whole)), Source("other", file=io.BytesIO(data))]
            try:
                for block in in_time_order(sources):
                    table = np.zeros(len(block.frames), PACKET)
                    decode_frames(block.data, block.frames, len(table), table)
                    digest.update(content(block.frames) + content(table))
            except Unusable as error:
                digest.update(str(error).encode())
            digest.update(repr([damage.as_dict() for source in sources for damage in source.all_damage()]).encode())
    return digest.hexdigest()


def of_damaged_streams() -> str:
    """A digest of what is read in streams of every kind, whole and damaged, in pieces that come in any order, and of the flows' rows."""
    draw = random.Random(13)
    digest = hashlib.sha256()
    for side, data, options in STREAMS.values():
        for sent in (data, damaged(data, draw)):
            edges = sorted({0, len(sent), *(draw.randrange(len(sent)) for _ in range(8))})
            pieces = [Segment(side, sent[a:b], a) for a, b in pairwise(edges)]
            draw.shuffle(pieces)
            stage = Stage(**options)
            stage.add(pieces)
            stage.finish()
            counts = stage.tables.counts
            digest.update(content(stage.tables.messages[: counts[N_MESSAGES]]) + stage.tables.pool[: counts[POOL_USED]].tobytes())
            digest.update(repr(settled(stage)).encode())
    return digest.hexdigest()


def of_pieces() -> str:
    """A digest of the flows in messy captures, whole and damaged, each read in one piece and in two that are put together."""
    draw = random.Random(13)
    digest = hashlib.sha256()
    for seed in range(MESSES):
        messy = read_capture(messy_capture(seed))
        for frames in (messy, damaged_frames(messy, messy, draw)):
            middle = draw.randrange(len(frames))
            two = merge(piece_of(frames[:middle]), piece_of(frames[middle:]))
            n = two.tables.counts[N_RECORDS]
            digest.update(content(two.tables.records[:n]) + content(two.tables.sides[: 2 * n]))
            digest.update(repr([finish(part).to_pydict() for part in (piece_of(frames), two)]).encode())
    return digest.hexdigest()


def piece_of(frames: list[Frame]) -> Partial:
    """A part of these frames."""
    sources = [Source("one", file=io.BytesIO(written(frames)))]
    return collect_piece(in_time_order(sources), sources)
