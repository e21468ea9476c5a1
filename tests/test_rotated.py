"""The same packets give the same flows and the same verdict, however a capture was cut into files, and however out of order they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.pipeline import Reading, judge
from tests.build import messy_capture, pcap, pcapng
from tests.build.files import Frame
from tests.conftest import ROOT
from tests.engine import reading
from tests.reference.capture import read_capture

CAPTURES = ("T1-winhttp", "T3a-wininet-no-user", "T4-static")
MESSY = [seed for seed in range(30) if not messy_capture(seed).startswith(b"\x1f\x8b")][:8]
SKEW = 300_000_000
OF_FILES = ("capture", "captures", "first_frame")


def frames_of(source: str | int) -> list[Frame]:
    data = messy_capture(source) if isinstance(source, int) else (ROOT / "captures" / f"{source}.pcapng").read_bytes()
    return [(f.ts_ns, f.data, f.wire_bytes) for f in read_capture(data) if f.ts_ns is not None]


def skewed(frames: list[Frame], by: int) -> list[Frame]:
    """As two interfaces hand them over: what the one with the higher addresses sends has a clock of its own."""
    return [(frame[0] + by * (frame[1][6:12] > frame[1][:6] or len(frame[1]) % 3 == 0), *frame[1:]) for frame in frames]


def files_of(frames: list[Frame], cuts: list[int], folder: Path) -> list[Path]:
    edges = sorted({0, len(frames), *(cut % (len(frames) + 1) for cut in cuts)})
    paths = []
    for i, (a, b) in enumerate(pairwise(edges)):
        paths.append(folder / f"ring_{i:03}.pcap")
        paths[-1].write_bytes(pcapng(frames[a:b]) if i % 2 else pcap(frames[a:b], nanosecond=True))
    return paths


def answer(read: Reading) -> tuple[pa.Table, dict[str, Any]]:
    """The flows and the verdict, but for what names files."""
    verdict = dict(judge(read))
    for key in ("captures", "made_by"):
        verdict.pop(key, None)
    verdict["findings"] = [finding for finding in verdict["findings"] if not finding["code"].startswith(("capture-", "duplicated-"))]
    return read.flows.drop_columns([name for name in OF_FILES if name in read.flows.column_names]), verdict


@given(
    st.one_of(st.sampled_from(CAPTURES), st.sampled_from(MESSY)),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    st.sampled_from([0, SKEW, -SKEW, 700_000_000]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None)
def test_a_cut_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, source: str | int, cuts: list[int], skew: int, chance: Any
) -> None:
    folder = tmp_path_factory.mktemp("ring")
    frames = skewed(frames_of(source), skew)
    (whole,) = files_of(frames, [0], folder)
    flows, verdict = answer(reading(str(whole)))
    paths = files_of(frames, cuts, folder)
    chance.shuffle(paths)
    pieces, said = answer(reading(*map(str, paths)))
    assert pieces.num_rows == flows.num_rows
    assert pieces.equals(flows)
    assert said == verdict
