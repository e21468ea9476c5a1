"""Purpose: a pcap file in any of its forms gives the frames that were written, and none before its damage is lost."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import tests.build as build
from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, MAX_WIRE
from analyzer.capture.pcap import BAD, FULL, NEED_MORE, index_pcap, starts_like_pcap
from analyzer.capture.source import Source
from analyzer.packets.layout import FRAME
from tests.capture.reading import Dripping, read
from tests.reference.capture import read_capture

FRAMES = [(1_700_000_000_123_456_000 + i * 1_000_001_000, bytes([i]) * (i * 7 % 40)) for i in range(9)]
FORMS = [
    {"order": order, **form} for order in ("little", "big") for form in ({}, {"nanosecond": True}, {"modified": True})
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form(form: dict[str, object]) -> None:
    data = build.pcap(FRAMES, link_type=113, **form)  # type: ignore[arg-type]
    assert starts_like_pcap(data)
    assert read(data) == ([(when, 113, body) for when, body in FRAMES], [])


def test_nanoseconds_are_kept() -> None:
    frames, damage = read(build.pcap([(1_700_000_000_123_456_789, b"x")], nanosecond=True))
    assert (frames, damage) == ([(1_700_000_000_123_456_789, 1, b"x")], [])


def test_seconds_up_to_the_end_of_32_bits() -> None:
    last = (2**32 - 1) * 10**9
    assert read(build.pcap([(last, b"x")]))[0] == [(last, 1, b"x")]


def test_frame_check_sequence_bits_are_no_link_type() -> None:
    assert read(build.pcap(FRAMES[:1], link_type=0x4400_0000 | 1))[0][0][1] == 1


def test_bytes_on_the_wire() -> None:
    def wire_bytes(said: int) -> int:
        (block,) = Source("x", file=Dripping(build.pcap([(0, b"abcd", said)]))).blocks()  # type: ignore[arg-type]
        return int(block.frames["wire_bytes"][0])

    assert [wire_bytes(n) for n in (4, 1500, 0, 2**32 - 1)] == [4, 1500, 4, MAX_WIRE]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_cut_at_every_offset(form: dict[str, object]) -> None:
    """What is whole is read; one entry says where the rest begins and how long it is."""
    data = build.pcap(FRAMES, **form)  # type: ignore[arg-type]
    header = 24 if "modified" in form else 16
    ends = [24]
    for _, body in FRAMES:
        ends.append(ends[-1] + header + len(body))
    for size in range(4, len(data)):
        frames, damage = read(data[:size])
        whole = [end for end in ends if end <= size]
        assert [body for _, _, body in frames] == [body for _, body in FRAMES[: max(0, len(whole) - 1)]]
        last = whole[-1] if whole else 0
        assert damage == ([] if last == size else [("capture-damaged", last, size - last, 1)])
        assert read(Dripping(data[:size]))[0] == frames


def test_a_length_that_cannot_be_ends_the_file_there() -> None:
    good = build.pcap(FRAMES)
    for claimed, readable in ((MAX_FRAME, True), (MAX_FRAME + 1, False), (2**31, False), (2**32 - 1, False)):
        record = struct.pack("<4I", 1, 0, claimed, claimed)
        tail = record + bytes(MAX_FRAME + 100)
        frames, damage = read(good + tail)
        assert [body for _, _, body in frames[: len(FRAMES)]] == [body for _, body in FRAMES]
        if readable:
            assert len(frames[len(FRAMES)][2]) == MAX_FRAME
        else:
            assert len(frames) == len(FRAMES)
            assert [(code, offset) for code, offset, _, _ in damage] == [("capture-damaged", len(good))]


def test_what_a_broken_length_cost_is_known_of_a_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    good = build.pcap(FRAMES)
    path = tmp_path / "long.pcap"
    path.write_bytes(good + b"\xff" * (9 << 20))
    frames, damage = read(path)
    assert len(frames) == len(FRAMES)
    assert damage == [("capture-damaged", len(good), 9 << 20, 1)]


def test_many_blocks_and_bytes_behind_each_other() -> None:
    frames = [(i * 1000, i.to_bytes(4, "big") * (i % 50)) for i in range(3 * BLOCK_FRAMES + 5)]
    large = [(0, bytes([i]) * MAX_FRAME) for i in range(40)]  # far more than one window
    for written in (frames, large):
        assert read(build.pcap(written)) == ([(when, 1, body) for when, body in written], [])


def test_as_the_twin_reads_it_with_any_byte_of_a_header_changed() -> None:
    data = build.pcap(FRAMES[:4])
    for at in range(24, 24 + 16):
        for value in (0, 1, 0x7F, 0xFF):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            assert read(changed)[0] == [frame[:3] for frame in read_capture(changed)]


def test_why_the_index_stops() -> None:
    data = np.frombuffer(build.pcap(FRAMES[:3]), np.uint8).copy()
    frames = np.zeros(2, FRAME)
    n, at, status = index_pcap(data, 24, len(data), True, 1000, 16, 1, frames, len(frames))
    assert (n, status) == (2, FULL)
    assert index_pcap(data, at, len(data), True, 1000, 16, 1, frames, len(frames)) == (1, len(data), NEED_MORE)
    for claimed, answer in ((1, NEED_MORE), (MAX_FRAME, NEED_MORE), (MAX_FRAME + 1, BAD)):
        header = np.frombuffer(struct.pack("<4I", 0, 0, claimed, claimed), np.uint8).copy()
        assert index_pcap(header, 0, 16, True, 1000, 16, 1, frames, len(frames)) == (0, 0, answer)


@pytest.mark.parametrize("order", ["little", "big"])
def test_files_one_behind_the_other_are_read_as_one(order: str) -> None:
    one, two = [(1000, b"first")], [(2000, b"second"), (3000, b"third")]
    joined = build.pcap(one, order=order) + build.pcap(two, order=order, link_type=101) + build.pcap([], order=order, nanosecond=True)
    frames, damage = read(joined)
    assert ([frame[-1] for frame in frames], damage) == ([b"first", b"second", b"third"], [])
    assert [frame[1] for frame in frames] == [1, 101, 101]
    for size in range(len(build.pcap(one, order=order)) + 16, len(build.pcap(one, order=order)) + 24):
        assert [code for code, *_ in read(joined[:size])[1]] == ["capture-damaged"]
