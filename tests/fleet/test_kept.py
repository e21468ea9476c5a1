"""A kept day replaces its rows as long as its files, topology, catalogue and program are unchanged, and no longer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.fleet import kept as room
from analyzer.fleet.day import read_day
from analyzer.fleet.document import history_of
from analyzer.fleet.kept import CACHE_VARIABLE, MAGIC, Kept, cache_folder
from analyzer.fleet.partitions import partitions
from analyzer.routes.topology import Topology, topology_of
from analyzer.services.catalogue import Catalogue, load_catalogue
from tests.fleet.fleets import BOTH, NS_PER_DAY, STATIC, WINHTTP, date, day_of, lay, small

CATALOGUE = load_catalogue(())
DAYS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plans = {"gw1": lambda source, day: WINHTTP if day < 2 else STATIC, "gw2": lambda source, day: BOTH}
    return small(tmp_path_factory.mktemp("fleet"), plans, DAYS, sources=1)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "fleet"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def read(folder: Path, cache: Path, topology: Topology | None = None, **choice: Any) -> tuple[dict[str, Any], Kept]:
    """The history, and what was kept; it says what is said without anything kept."""
    topology = Topology() if topology is None else topology
    kept = Kept(cache, folder, topology, CATALOGUE)
    document, unusable = history_of(folder, topology, CATALOGUE, kept=kept, **choice)
    anew, still = history_of(folder, topology, CATALOGUE, **choice)
    assert document == anew and list(map(str, unusable)) == list(map(str, still))
    return document, kept


def first_file(folder: Path, day: int = 0) -> Path:
    return next((folder / "gateway=gw1" / f"date={date(day)}").glob("*.parquet"))


def test_the_second_time_no_rows_are_read(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, kept = read(folder, cache)
    assert kept.reused == 0
    assert {path.stat().st_mode & 0o77 for path in cache.iterdir()} == {0}, "nobody else looks into it"
    monkeypatch.setattr(room, "read_day", None)
    again, kept = read(folder, cache)
    assert (kept.reused, again) == (2 * DAYS, first)


def other_rows(path: Path) -> None:
    lay(path.parents[2], "gw1", 0, day_of(0, 0, {0: STATIC}))


def one_more(path: Path) -> None:
    shutil.copy(path, path.with_name("part-9.parquet"))


def gone(path: Path) -> None:
    path.unlink()


def other_time(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def same_size_and_time(path: Path) -> None:
    """Another proxy's name of the same length, and the file's time set back: as a copy that keeps times may bring it."""
    about = path.stat()
    rows = day_of(0, 0, {0: WINHTTP})
    at = rows.schema.get_field_index("proxy_name")
    import pyarrow.compute as pc

    rows = rows.set_column(at, rows.schema.field(at), pc.replace_substring(rows["proxy_name"], "PROX01", "PROX99"))
    lay(path.parents[2], "gw1", 0, rows)
    assert path.stat().st_size == about.st_size
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def damaged(path: Path) -> None:
    path.write_bytes(b"PAR1 and nothing more")


@pytest.mark.parametrize("change", [other_rows, one_more, gone, other_time, same_size_and_time, damaged])
def test_a_day_whose_files_changed_is_read_anew(folder: Path, cache: Path, change: Callable[[Path], None]) -> None:
    read(folder, cache)
    change(first_file(folder))
    _, kept = read(folder, cache)
    assert kept.reused == 2 * DAYS - 1
    _, kept = read(folder, cache)
    assert kept.reused == 2 * DAYS - (change in (gone, damaged))


def test_another_topology_catalogue_program_or_folder_has_days_of_its_own(
    folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(folder, cache)
    names = topology_of({"proxy": [{"name": "EDGE", "address": "172.16.12.10", "method": "pac"}]})
    document, kept = read(folder, cache, names)
    assert kept.reused == 0 and "EDGE" in str(document["proxies"])
    assert read(folder, cache)[1].reused == 2 * DAYS, "and those of before are still there"
    assert read(shutil.copytree(folder, tmp_path / "elsewhere"), cache)[1].reused == 0
    other = Kept(cache, folder, Topology(), Catalogue(CATALOGUE.services.values(), CATALOGUE.rules, sha256="0" * 64))
    other.day(partitions(folder)[0])
    unnamed = Kept(cache, folder, Topology(), Catalogue((), ()))
    for _ in range(2):
        unnamed.day(partitions(folder)[0])
    assert (other.reused, unnamed.reused) == (0, 0)
    monkeypatch.setattr(room, "_program", lambda: b"another version")
    assert read(folder, cache)[1].reused == 0


def test_whatever_lies_there_instead_is_no_day(folder: Path, cache: Path) -> None:
    """Cut, changed in any byte, of another kind, or a folder: read anew, and put right."""
    expected, kept = read(folder, cache)
    (days,) = cache.iterdir()
    one, *others = sorted(days.iterdir())
    data = one.read_bytes()
    assert data.startswith(MAGIC) and b"gw1" not in data[:80]
    for bad in (
        b"",
        data[:-1],
        data[:40],
        data + b"x",
        b"x" + data[1:],
        *(data[:at] + b"\xff" + data[at + 1 :] for at in (20, 60, 90, 200)),
    ):
        one.write_bytes(bad)
        again, kept = read(folder, cache)
        assert (again, kept.reused, one.read_bytes()) == (expected, len(others), data)
    one.write_bytes(others[0].read_bytes())  # another day's, whole as it is
    assert read(folder, cache)[0] == expected


def test_a_window_takes_whole_days_from_what_is_kept_and_keeps_no_piece_of_one(folder: Path, cache: Path) -> None:
    start = int(partitions(folder)[0].date == date(0)) and 1_790_812_800 * 10**9
    middle = start + NS_PER_DAY + NS_PER_DAY // 2
    read(folder, cache, window=(middle, None))
    whole, kept = read(folder, cache, window=(None, start + DAYS * NS_PER_DAY))
    cut = {(one.gateway, one.date): read_day(one, Topology(), CATALOGUE, (middle, None)).whole for one in partitions(folder)}
    assert kept.reused == sum(is_whole for (_, day), is_whole in cut.items() if day is not None and day >= date(1))
    assert read(folder, cache)[1].reused == 2 * DAYS and whole["read"]["days"] == 2 * DAYS
    assert read(folder, cache, window=(middle, None))[1].reused == sum(
        is_whole for (_, day), is_whole in cut.items() if day and day > date(0)
    )


def test_what_is_not_asked_for_any_more_goes(folder: Path, cache: Path) -> None:
    """A day whose rows are gone, and a folder of days that wasn't used for months, are removed. Files of other programs stay."""
    read(folder, cache)
    (days,) = cache.iterdir()
    shutil.rmtree(first_file(folder).parent)
    read(folder, cache, gateways=["gw2"])
    assert len([*days.iterdir()]) == 2 * DAYS
    forgotten, recent, others = cache / ("0" * 32), cache / ("1" * 32), cache / "photographs"
    for one in (forgotten, recent, others):
        one.mkdir()
        (one / "a.day").touch()
    about = days.stat().st_mtime
    for one, old in ((forgotten, 91), (recent, 89), (others, 500)):
        os.utime(one, (about - old * 86_400,) * 2)
    read(folder, cache)
    assert len([*days.iterdir()]) == 2 * DAYS - 1
    assert sorted(cache.iterdir()) == sorted([days, recent, others]) and (others / "a.day").exists()


def test_where_nothing_can_be_kept_it_is_said_and_all_is_read(folder: Path, cache: Path) -> None:
    cache.write_text("a file\n")
    for _ in range(2):
        _, kept = read(folder, cache)
        assert (kept.reused, kept.trouble) == (0, "Not a directory")


def test_it_lies_where_the_system_has_its_caches_or_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here" / "history"
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "whichproxy" / "history"
