"""Purpose: snoop files are read packet by packet, cut anywhere, with lengths that can't be, and their drops are counted."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import pytest

from analyzer.capture.snoop import MAGIC, starts_like_snoop
from analyzer.capture.source import Source
from tests.capture.reading import frames_of

PACKETS = ((1_700_000_000_000_001_000, b"first"), (1_700_000_000_000_002_000, b"second packet"), (1_700_000_001_000_000_000, b""))


def snoop(packets: Sequence[tuple[int, bytes]], datalink: int = 4, drops: int = 0) -> bytes:
    data = MAGIC + struct.pack(">2I", 2, datalink)
    for i, (ts_ns, packet) in enumerate(packets):
        padded = packet + bytes(-len(packet) % 4)
        data += (
            struct.pack(">6I", len(packet) + 9, len(packet), 24 + len(padded), drops * i, ts_ns // 10**9, ts_ns % 10**9 // 1000) + padded
        )
    return data


def read(data: bytes) -> tuple[list[tuple[int | None, int, bytes]], list[tuple[str, int]]]:
    source = Source("x", file=io.BytesIO(data))
    frames = [(frame[0], frame[1], frame[2]) for frame in frames_of(source.blocks())]
    return frames, [(damage.code, damage.count) for damage in source.damage]


@pytest.mark.parametrize(("datalink", "link_type"), [(0, 1), (4, 1), (8, 10), (0x12, 242), (0x13, 226), (3, 65539)])
def test_a_whole_file(datalink: int, link_type: int) -> None:
    assert starts_like_snoop(snoop(()))
    assert read(snoop(PACKETS, datalink)) == ([(ts, link_type, data) for ts, data in PACKETS], [])
    assert read(snoop(())) == ([], [])


def test_cut_at_every_length() -> None:
    whole = snoop(PACKETS)
    for size in range(12, len(whole)):
        frames, damage = read(whole[:size])
        assert [data for _, _, data in frames] == [data for _, data in PACKETS][: len(frames)]
        assert damage == ([] if size in (16, 48, 88) else [("capture-damaged", 1)]), size


@pytest.mark.parametrize(("captured", "size"), [(2**31, 2**31 + 24), (5, 24), (5, 0), (5, 2**32 - 1), (262_145, 262_169)])
def test_lengths_that_cannot_be_true(captured: int, size: int) -> None:
    bad = struct.pack(">6I", captured, captured, size, 0, 0, 0) + bytes(40)
    frames, damage = read(snoop(PACKETS[:1]) + bad)
    assert ([data for _, _, data in frames], damage) == ([b"first"], [("capture-damaged", 1)])


def test_packets_that_were_dropped_are_told_once() -> None:
    assert read(snoop(PACKETS, drops=7))[1] == [("packets-dropped", 14)]


def test_what_is_no_snoop_file() -> None:
    assert not starts_like_snoop(MAGIC + struct.pack(">2I", 1, 4))
    assert not starts_like_snoop(b"snoop")
