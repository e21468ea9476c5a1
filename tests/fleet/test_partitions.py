"""What counts as a gateway's day, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.fleet.partitions import partitions


def put(root: Path, *places: str) -> Path:
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_a_folder_of_rows_of_one_job_or_of_many_is_the_same(tmp_path: Path) -> None:
    put(tmp_path, "gateway=b/date=2026-10-02/part-1.parquet", "gateway=b/date=2026-10-01/open.parquet")
    put(tmp_path, "job a/flows/gateway=a/date=2026-10-01/part-1.parquet", "other/gateway=b/date=2026-10-01/part-9.parquet")
    put(tmp_path, "job a/packets/1.pcapng", "gateway=b/notes.parquet", "date=2026-10-01/x.parquet", "gateway=b/date=2026-10-01/x.txt")
    assert [(one.gateway, one.date, len(one.files)) for one in partitions(tmp_path)] == [
        ("a", "2026-10-01", 1),
        ("b", "2026-10-01", 2),
        ("b", "2026-10-02", 1),
    ]
    assert [one.gateway for one in partitions(tmp_path, ["a"])] == ["a"]
    assert [one.date for one in partitions(tmp_path, since="2026-10-02")] == ["2026-10-02"]
    assert [one.date for one in partitions(tmp_path, ["b"], until="2026-10-01")] == ["2026-10-01"]
    assert [one.gateway for one in partitions(tmp_path / "gateway=b")] == ["b", "b"]


def test_names_are_as_other_tools_escape_them_and_days_without_a_time_have_none(tmp_path: Path) -> None:
    put(tmp_path, "gateway=g%20w/date=__HIVE_DEFAULT_PARTITION__/a.parquet", "gateway=g%20w/date=2026-99-99/a.parquet")
    (only,) = partitions(tmp_path)
    assert (only.gateway, only.date, len(only.files)) == ("g w", None, 2)


def test_a_link_that_leads_back_is_walked_once(tmp_path: Path) -> None:
    put(tmp_path, "gateway=a/date=2026-10-01/a.parquet")
    (tmp_path / "gateway=a" / "loop").symlink_to(tmp_path)
    assert len(partitions(tmp_path)) == 1


@pytest.mark.parametrize(
    ("gateways", "since", "words"),
    [(["gw-west"], None, r"did you mean gw-east\?"), ([], "2027-01-01", "it has days from 2026-10-01 to 2026-10-01")],
)
def test_what_is_not_there_is_told_with_what_is(tmp_path: Path, gateways: list[str], since: str | None, words: str) -> None:
    put(tmp_path, "gateway=gw-east/date=2026-10-01/a.parquet")
    with pytest.raises(Unusable, match=words):
        partitions(tmp_path, gateways, since)


def test_no_folder_and_no_rows(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no such folder"):
        partitions(tmp_path / "absent")
    with pytest.raises(Unusable, match="no rows in it"):
        partitions(tmp_path)
