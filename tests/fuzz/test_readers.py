"""Invariant: whatever the bytes and however they arrive, reading ends, raises Unusable or nothing, and loses no earlier frame."""

from __future__ import annotations

import io
from collections import Counter
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.capture.interleave import in_time_order, interleaved
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from tests.build.netmon import Record, netmon, process
from tests.capture.reading import Dripping, Seen, frames_of
from tests.reference.capture import NotACapture, read_capture

FRAMES = [(1_700_000_000_000_000_000 + i, Random(i).randbytes(i * 9 % 70)) for i in range(12)]
CAPTURES = [
    build.pcap(FRAMES), build.pcap(FRAMES, order="big", nanosecond=True), build.pcap(FRAMES, modified=True),
    build.pcapng(FRAMES), build.pcapng(FRAMES, order="big") + build.pcapng(FRAMES),
    build.section_header() + build.interface(101, snap_bytes=40) + build.simple(b"abc") + build.obsolete(7, b"d") + build.enhanced(8, b"e"),
]  # fmt: skip

RECORDS = [Record(ts_ns, data, (1, 6, 0xE065, 0xFFFC)[i % 4], i % 3) for i, (ts_ns, data) in enumerate(FRAMES)]
PROCESSES = [process("C:\\a.exe", 7), process("b.exe", 2**32 - 1, b"")]
OF_NETMON = [netmon(RECORDS, minor, order=range(11, -1, -1), processes=PROCESSES) for minor in range(4)]

Change = tuple[float, int, bytes]  # where (0 to 1), how many bytes go, what comes in their place
changes = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=12)), max_size=4)


def damaged(data: bytes, how: list[Change]) -> bytes:
    for where, gone, new in how:
        at = int(where * len(data))
        data = data[:at] + new + data[at + gone :]
    return data


def read(data: bytes, step: int = 0) -> tuple[list[Seen], list[dict[str, object]]] | None:
    """Frames in the file's order and damage, None where it is no capture; anything else it raises fails the test."""
    source = Source("fuzz", file=Dripping(data, step) if step else io.BytesIO(data))  # type: ignore[arg-type]
    try:
        return frames_of(interleaved([source])), [entry.as_dict() for entry in source.damage]
    except Unusable:
        return None


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(OF_NETMON), changes, st.sampled_from([1, 7, 100]))
def test_damaged_files_of_network_monitor(data: bytes, how: list[Change], step: int) -> None:
    data = damaged(data, how)
    answer = read(data)
    assert read(data, step) == answer
    assert answer is None or len(answer[0]) <= len(data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CAPTURES), changes, st.sampled_from([1, 7, 100]))
@example(CAPTURES[0], [(0.0, 4, b"GMBU")], 1)
@example(CAPTURES[0], [(0.0, 4, b"\x1c\0\1\xac")], 7)
def test_damaged_captures(data: bytes, how: list[Change], step: int) -> None:
    data = damaged(data, how)
    answer = read(data)
    assert read(data, step) is None if answer is None else read(data, step)[0] == answer[0]  # type: ignore[index]
    if answer is None:
        return
    frames, damage = answer
    assert Counter(frames_of(in_time_order([Source("fuzz", file=io.BytesIO(data))]))) == Counter(frames)
    assert is_unknown_to_the_twin(data) or frames == [frame[:3] for frame in read_capture(data)] or len(data) < 24 or short_interface(data)
    for entry in damage:
        if entry["offset"] is not None:
            assert 0 <= entry["offset"] <= entry["offset"] + entry["bytes"] <= len(data) or entry["count"] != 1  # type: ignore[operator]
        assert entry["count"] >= 1  # type: ignore[operator]


def is_unknown_to_the_twin(data: bytes) -> bool:
    """Damage made it begin like Ixia's pcap or a file of Network Monitor, which the twin doesn't read."""
    return data[:4] in (b"GMBU", b"\x1c\0\1\xac", b"\xac\1\0\x1c", b"\x1c\0\1\xab", b"\xab\1\0\x1c")


def short_interface(data: bytes) -> bool:
    """An interface block too short for its fields: the decoder keeps its number, the twin doesn't."""
    return any(kind in data for kind in (b"\1\0\0\0\x0c\0\0\0", b"\1\0\0\0\x10\0\0\0", b"\0\0\0\1\0\0\0\x0c", b"\0\0\0\1\0\0\0\x10"))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CAPTURES), st.floats(0, 1), st.binary(max_size=200))
def test_what_came_before_garbage_is_kept(data: bytes, where: float, garbage: bytes) -> None:
    """A capture cut anywhere and followed by anything: the frames that were whole are there, in their order."""
    cut = data[: int(where * len(data))]
    before, after = read(cut), read(cut + garbage)
    if before is not None:
        assert after is not None
        assert after[0][: len(before[0])] == before[0]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", *(data[:24] for data in CAPTURES), *(data[:48] for data in CAPTURES[3:])]))
@example(b"\x0a\x0d\x0d\x0a", b"")
@example(b"\xff" * 40, CAPTURES[0][:24])
def test_any_bytes_behind_any_beginning(data: bytes, begin: bytes) -> None:
    answer = read(begin + data)
    try:
        twin = read_capture(begin + data)
    except (NotACapture, EOFError):
        return
    if answer is not None and not short_interface(begin + data):
        assert answer[0] == [frame[:3] for frame in twin]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"\x1f\x8b", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\xfd7zXZ\0", b"BZh9", b"BZh91AY&SY"]),
    st.binary(max_size=200),
)
def test_any_bytes_behind_a_compression_s_mark(mark: bytes, data: bytes) -> None:
    assert read(mark + data) is None or data
