"""How far reading came: for every kind of file, up to its end."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from analyzer.capture import progress
from analyzer.capture.inputs import open_inputs
from analyzer.capture.interleave import interleaved
from analyzer.capture.progress import progress_of, reported
from analyzer.capture.source import Source
from tests import build
from tests.capture.test_interleave import numbered


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    """Also for compressed files, which are closed by then, and with bytes behind a capture's end."""
    plain, packed = tmp_path / "a.pcap", tmp_path / "b.pcap.gz"
    plain.write_bytes(build.pcap(numbered(range(9000), "a")) + b"\xff" * 100)
    packed.write_bytes(gzip.compress(build.pcap(numbered(range(9000), "b"))))
    sources = open_inputs([str(plain), str(packed)]).sources
    total = plain.stat().st_size + packed.stat().st_size
    steps = [progress_of(sources) for _ in interleaved(sources)]
    assert all(0 <= done <= total and of == total for done, of in steps)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert progress_of(sources) == (total, total)
    assert progress_of([*sources, Source("-", file=io.BytesIO())])[1] is None


def test_every_block_comes_through_and_the_end_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes(build.pcap(numbered(range(9000), "a")))
    sources = open_inputs([str(file)]).sources
    steps: list[tuple[int, int | None]] = []
    blocks = list(reported(interleaved(sources), sources, lambda done, of: steps.append((done, of))))
    assert sum(len(block.frames) for block in blocks) == 9000
    assert steps[-1] == (file.stat().st_size, file.stat().st_size) and steps == sorted(steps)


def test_many_small_inputs_are_not_asked_at_every_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PROGRESS_BLOCKS", 8)
    for i in range(400):
        (tmp_path / f"{i:04d}.pcap").write_bytes(build.pcap(numbered(range(i, i + 1), "a")))
    sources = open_inputs([str(tmp_path)]).sources
    steps: list[tuple[int, int | None]] = []
    assert sum(1 for _ in reported(interleaved(sources), sources, lambda done, of: steps.append((done, of)))) <= 400
    assert 2 <= len(steps) <= 400 // (400 // 8) + 2 and steps[-1] == (sum(source.size or 0 for source in sources),) * 2
