"""A slice of packets cut by a snap length gives the same rows and the same verdict, cut or anonymized."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.pipeline import judge
from analyzer.slices.choose import Selection
from analyzer.slices.slicing import write_slice
from tests.build import messy_capture
from tests.build.altered import frames_in, snapped, written
from tests.conftest import ROOT
from tests.engine import reading
from tests.reference.agree import rows_of_table
from tests.slices.anonymous import KEY, comparable, expected_rows, expected_verdict, ordered
from tests.slices.slicing import rows_in, rows_of, sliced, without_place

SNAP_LENGTHS = (74, 76, 80, 96, 110, 128, 160, 200, 256, 400)
"""From the headers alone to most of a hello: request lines, heads, names and certificates end in all of their parts."""
CAPTURES = ("T4-static", "T5-all-three", "proof/failures", "proof/interception")


def each() -> list[tuple[str, int]]:
    """Every snap length of one capture, and each other capture at two; longer headers than its are cut by the shortest."""
    turns = [(name, SNAP_LENGTHS[3 + i + k]) for i, name in enumerate(CAPTURES[1:]) for k in (0, 4)]
    return [(CAPTURES[0], snap) for snap in SNAP_LENGTHS] + turns


@pytest.mark.parametrize(("name", "snap"), each())
def test_the_same_rows_and_verdict(name: str, snap: int, tmp_path: Path) -> None:
    path = tmp_path / "s.pcap"
    path.write_bytes(written(snapped(frames_in(ROOT / "captures" / f"{name}.pcapng"), snap)))
    same(path, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_messy_captures(seed: int, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pcap"
    whole.write_bytes(messy_capture(seed))
    path = tmp_path / "s.pcap"
    path.write_bytes(written(snapped(frames_in(whole), SNAP_LENGTHS[2 + 2 * seed])))
    same(path, tmp_path, verdict=False)


def same(path: Path, tmp_path: Path, *, verdict: bool = True) -> None:
    """Cut, the capture's rows; under other names, these rows under other names, and the verdict."""
    whole = reading(str(path))
    unread = {"server_first": None, "first_cut": None}  # bytes of an unknown protocol aren't kept
    cut = rows_of(sliced(tmp_path / "cut.pcapng", [str(path)], None, whole, cut=True))
    assert [row | unread for row in cut] == [row | unread for row in rows_in(whole, set(whole.flows.column("id").to_pylist()))]
    out = tmp_path / "a.pcapng"
    assert write_slice(str(out), [str(path)], whole, Selection(), key=KEY).left_out == 0
    made = reading(str(out))
    rows = sorted((comparable(without_place(row) | unread) for row in rows_of_table(made.flows)), key=str)
    assert rows == sorted((comparable(row | unread) for row in expected_rows(whole)), key=str)
    if verdict:
        assert ordered(judge(made)) == expected_verdict(whole)
