"""What is known of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.jobs.runs import dropped_once, drops_of, place_of, read_json, summaries


def entry(dropped: int) -> dict[str, Any]:
    damage = [{"code": "packets-dropped", "text": "", "count": dropped}] if dropped else []
    return {"path": "x", "damage": [{"code": "capture-gap", "text": "", "count": 1}, *damage]}


def test_dropped_packets_are_told_once_although_every_file_counts_from_the_beginning() -> None:
    found = dropped_once([entry(0), entry(3), entry(3), entry(10)], 0)
    assert [drops_of(one) for one in found] == [0, 3, 0, 7]
    assert [drops_of(one) for one in dropped_once([entry(10), entry(11)], 10)] == [0, 1]
    assert all(one["damage"][0]["code"] == "capture-gap" for one in found)


def test_runs_come_by_number(tmp_path: Path) -> None:
    for number in (1_000_000, 2, 10):
        path = tmp_path / place_of(number, "run.json")
        path.parent.mkdir(parents=True)
        path.write_text(f'{{"number": {number}}}')
    assert [run["number"] for run in summaries(tmp_path)] == [2, 10, 1_000_000]
    assert summaries(tmp_path / "nothing") == []


@pytest.mark.parametrize("text", ["", "[1]", None])
def test_what_can_not_be_read_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "x").write_text(text)
    with pytest.raises(Unusable):
        read_json(tmp_path / "x")
