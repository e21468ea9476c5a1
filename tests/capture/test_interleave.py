"""Purpose: several captures become one stream in the order of time, the same however they are cut, and no file's own order changes."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.capture import interleave
from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.inputs import open_inputs
from analyzer.capture.interleave import in_time_order, interleaved
from analyzer.capture.source import Source
from analyzer.packets.layout import FRAME
from tests.capture.reading import Dripping, with_sources

Written = list[tuple[int, bytes]]
Merged = list[tuple[int | None, int, bytes, int]]


def merged(files: Sequence[Written], folder: Path | None = None, step: int = 0) -> Merged:
    """The files together: as files of a folder, or as streams that give `step` bytes at a time."""
    sources = []
    for i, frames in enumerate(files):
        data = build.pcap(frames, nanosecond=True)
        if folder is None:
            sources.append(Source(str(i), file=Dripping(data, step) if step else io.BytesIO(data)))  # type: ignore[arg-type]
        else:
            path = folder / f"{chr(97 + i)}.pcap"
            path.write_bytes(data)
            sources.append(Source(str(path), path=path))
    return with_sources(interleaved(sources))


def expected(files: Sequence[Written]) -> Merged:
    """By time, then by file; a clock that steps back stands still until it is past again."""
    rows = []
    for i, frames in enumerate(files):
        clock = -1
        for n, (when, data) in enumerate(frames):
            clock = max(clock, when)
            rows.append((clock, i, n, (when, 1, data, i)))
    return [row[3] for row in sorted(rows, key=lambda row: row[:3])]


def numbered(times: Sequence[int], name: str) -> Written:
    return [(when, f"{name}{n}".encode()) for n, when in enumerate(times)]


def test_each_block_ahead_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of small files of one series are ahead together, and each new one asks whether they have ended."""
    looked: list[str] = []

    class Noting(np.ndarray):  # type: ignore[type-arg]
        def __getitem__(self, key: object) -> object:
            looked.append(str(key))
            return super().__getitem__(key)  # type: ignore[index]

    def blocks(_: Source, index: int) -> Iterator[Block]:
        for when in range(100):
            frames = np.zeros(1, FRAME)
            frames["ts_ns"] = when
            yield Block(np.zeros(1, np.uint8), frames.view(Noting))

    monkeypatch.setattr(interleave, "numbered", blocks)
    reader = interleave._Reader(Source("a", file=io.BytesIO()), 0)
    del looked[:]
    assert [reader.ends_by(until) for until in range(100)] == [False] * 99 + [True]
    assert len(looked) == 99 and reader.end == 99


def test_files_that_follow_each_other_pass_as_they_are(tmp_path: Path) -> None:
    files = [numbered(range(start, start + 3000), str(start)) for start in (20_000, 0, 10_000)]
    assert merged(files, tmp_path) == expected(files)


@pytest.mark.parametrize("shift", [0, 1, 2500])
def test_files_that_overlap(tmp_path: Path, shift: int) -> None:
    files = [numbered(range(0, 10_000, 2), "a"), numbered(range(shift, 10_000 + shift, 2), "b"), numbered([5000] * 300, "c")]
    assert merged(files, tmp_path) == expected(files)
    assert merged(files) == expected(files)
    assert merged(files, step=1001) == expected(files)


def test_equal_times_go_by_file_however_long_they_last(tmp_path: Path) -> None:
    """More frames of one time than fit a block: the order may not depend on where a block ends."""
    files = [numbered([7] * (BLOCK_FRAMES + 50), "a"), numbered([6, *[7] * (2 * BLOCK_FRAMES)], "b"), numbered([7, 7, 8], "c")]
    assert merged(files) == merged(files, step=999) == merged(files, tmp_path) == expected(files)
    files = [numbered([7, 9], "a"), numbered([6, 7, 9], "b")]  # the second file is begun first
    assert merged(files, tmp_path) == merged(files) == expected(files)


def test_a_clock_that_steps_back() -> None:
    files = [numbered([10, 20, 5, 6, 30], "a"), numbered([1, 15, 19, 25, 2, 40], "b")]
    assert merged(files) == expected(files)
    chance = Random(5)
    files = [numbered([chance.randrange(100_000) for _ in range(5000)], "a"), numbered(range(0, 100_000, 40), "b")]
    assert merged(files) == expected(files)


def rotated(pieces: Sequence[Written], folder: Path, name: str = "ring_{}.pcap") -> list[Source]:
    """The pieces as files that a capture was rotated into."""
    paths = [folder / name.format(i) for i in range(len(pieces))]
    for path, frames in zip(paths, pieces, strict=True):
        path.write_bytes(build.pcap(frames, nanosecond=True))
    return [Source(str(path), path=path) for path in paths]


def texts(sources: Sequence[Source]) -> list[bytes]:
    return [data for _, _, data, _ in with_sources(interleaved(sources))]


JITTER = 400_000_000  # what interfaces and queues are out of order by, at most


@given(
    st.lists(st.tuples(st.integers(0, 900_000_000), st.integers(0, JITTER)), max_size=30),
    st.lists(st.integers(0, 30), max_size=6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_a_rotated_capture_is_read_as_the_one_it_was(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], cuts: list[int], chance: Random
) -> None:
    """However it is out of order, wherever it was cut, and whichever file is named first."""
    clock, frames = 10**18, []
    for n, (step, late) in enumerate(steps):
        clock += step
        frames.append((clock - late, str(n).encode()))
    edges = sorted({0, len(frames), *(min(cut, len(frames)) for cut in cuts)})
    sources = rotated([frames[a:b] for a, b in itertools.pairwise(edges)], tmp_path_factory.mktemp("ring"))
    chance.shuffle(sources)
    assert texts(sources) == [data for _, data in frames]


@pytest.mark.parametrize("back", [30, 700])
def test_where_a_rotated_capture_is_cut_says_nothing_of_a_clock_that_was_set_back(tmp_path: Path, back: int) -> None:
    """By 30 ms frames come late; by more, for one interface, the clock was set, be it where a file ends."""
    frames = numbered([1_000_000 * (n - (back if n >= 2000 else 0)) for n in range(1000, 3000)], "f")
    whole = with_sources(in_time_order(rotated([frames], tmp_path, "whole_{}.pcap")))
    for cut in (900, 1000, 1100):
        pieces = rotated([frames[:cut], frames[cut:]], tmp_path, f"ring{cut}_{{}}.pcap")
        assert [row[:3] for row in with_sources(in_time_order(pieces))] == [row[:3] for row in whole]


def test_two_rotated_captures_side_by_side(tmp_path: Path) -> None:
    """Each is read as the one it was, and both by time."""
    second = 10**9
    one = [(n * second // 10 - (n % 3) * second // 8, f"a{n}".encode()) for n in range(30, 230)]
    other = [(n * second // 10 - (n % 4) * second // 9, f"b{n}".encode()) for n in range(30, 230)]
    whole = merged([one, other], tmp_path)
    sources = rotated([one[:50], one[50:120], one[120:]], tmp_path, "one_{}.pcap") + rotated(
        [other[:48], other[48:125], other[125:]], tmp_path, "two_{}.pcap"
    )
    assert texts(sources) == [data for _, _, data, _ in whole]


def test_files_that_run_beside_each_other_longer_than_a_moment_are_no_series(tmp_path: Path) -> None:
    files = [numbered(range(0, 6 * 10**9, 10**7), "a"), numbered(range(10**9, 7 * 10**9, 10**7), "b")]
    assert with_sources(interleaved(rotated(files, tmp_path))) == expected(files)


def test_a_file_that_goes_on_past_many_blocks_is_not_read_ahead_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.capture.interleave.MAX_AHEAD", 2)
    files = [numbered(range(5 * BLOCK_FRAMES), "a"), numbered(range(10, 20), "b")]
    assert with_sources(interleaved(rotated(files, tmp_path))) == expected(files)


def test_frames_without_times() -> None:
    """A file without times comes first as a whole; a frame without one keeps its place in its file."""
    timeless = build.section_header() + build.interface() + b"".join(build.simple(bytes([65 + i])) for i in range(3))
    some = build.section_header() + build.interface(resolution=9) + build.enhanced(5, b"x") + build.simple(b"y") + build.enhanced(9, b"z")
    timed = build.pcap([(4, b"1"), (5, b"2"), (6, b"3")], nanosecond=True)
    sources = [Source("x", file=io.BytesIO(data)) for data in (timed, timeless, some)]
    order = b"".join(data for _, _, data, _ in with_sources(interleaved(sources)))
    assert order == b"ABC12xy3z"


def test_inputs_without_frames_and_no_inputs() -> None:
    assert with_sources(interleaved([])) == []
    files = [[], numbered([3, 1], "a"), [], numbered([2], "b"), []]
    assert merged(files) == expected(files)
    assert merged([[], []]) == []
    assert merged([[(9, b"one")]]) == [(9, 1, b"one", 0)]


def test_a_damaged_file_among_others(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.pcap", tmp_path / "cut.pcap"
    frames = numbered(range(0, 5000, 5), "a")
    whole.write_bytes(build.pcap(frames, nanosecond=True))
    cut.write_bytes(build.pcap(frames, nanosecond=True)[:-1])
    sources = open_inputs([str(whole), str(cut)]).sources
    assert len(with_sources(interleaved(sources))) == 1999
    assert [len(source.damage) for source in sources] == [0, 1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=5), st.sampled_from([0, 1, 40]))
def test_any_files(times: list[list[int]], step: int) -> None:
    files = [numbered(one, chr(97 + i)) for i, one in enumerate(times)]
    result = merged(files, step=step)
    assert result == expected(files)
