"""A history as a file: by suffix, whole or not at all, the same bytes for the same history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.report.fleet_files import check_history_path, write_history
from tests.report.histories import fleet


@pytest.mark.parametrize("name", ["fleet.json", "fleet.html", "FLEET.HTM"])
def test_what_is_written_is_the_same_each_time_and_replaces_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_history(path, fleet())
    first = path.read_bytes()
    path.write_bytes(b"old")
    write_history(path, fleet())
    assert path.read_bytes() == first and [one.name for one in tmp_path.iterdir()] == [name]
    if name.endswith("json"):
        assert json.loads(first) == fleet()


def test_other_suffixes_and_places_are_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"no history is written as \.xlsx"):
        check_history_path(tmp_path / "fleet.xlsx")
    with pytest.raises(Unusable, match="no such directory"):
        check_history_path(tmp_path / "absent" / "fleet.html")
    check_history_path(tmp_path / "fleet.html")
