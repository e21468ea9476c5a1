"""`whichproxy history` from the command line: forms, choices, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Whichproxy
from tests.fleet.fleets import STATIC, WINHTTP, date, small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plans = {"gw1": lambda source, day: WINHTTP, "gw2": lambda source, day: WINHTTP if day < 2 else STATIC}
    return small(tmp_path_factory.mktemp("fleet"), plans, 4, sources=1)


def test_the_terminal_the_page_and_the_json_say_the_same(folder: Path, whichproxy: Whichproxy, tmp_path: Path) -> None:
    plain = whichproxy("history", folder)
    assert plain.code == 0 and plain.err == ""
    assert plain.out.startswith("All 2 gateways report") and "PROX03 (static) since" in plain.out
    told = json.loads(whichproxy("history", folder, "--json").out)
    assert told["schema"] == 1 and told["answers"][0] in plain.out
    written = whichproxy("history", folder, "-o", tmp_path / "fleet.html")
    assert (written.code, written.out) == (0, "") and written.err == f"whichproxy: wrote {tmp_path / 'fleet.html'}: {told['answers'][0]}\n"
    assert told["answers"][0] in (tmp_path / "fleet.html").read_text(encoding="utf-8")
    whichproxy("history", folder, "-o", tmp_path / "fleet.json", "-q")
    assert json.loads((tmp_path / "fleet.json").read_text(encoding="utf-8")) == told


def test_a_part_of_it(folder: Path, whichproxy: Whichproxy, tmp_path: Path) -> None:
    topology = tmp_path / "names.toml"
    topology.write_text('[[proxy]]\nname = "EDGE"\naddress = "172.16.12.12"\nmethod = "pac"\n', encoding="utf-8")
    few = whichproxy("history", folder, "--gateway", "gw2", "--start", date(2), "--topology", topology)
    assert few.code == 0 and "EDGE (PAC)" in few.out and "gw1" not in few.out
    late = whichproxy("history", folder, "--tz", "Asia/Tokyo", "--json").out
    assert json.loads(late)["window"] == json.loads(whichproxy("history", folder, "--json").out)["window"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("absent",), "no such folder"),
        (("--gateway", "gw9"), "no gateway 'gw9' in it; did you mean"),
        (("--start", "2030-01-01"), "nothing of these days"),
        (("--start", "soon"), "is not an RFC 3339 time"),
        (("-o", "fleet.md"), "no history is written as .md"),
    ],
)
def test_what_can_not_be_had_is_one_line_and_2(folder: Path, whichproxy: Whichproxy, args: tuple[str, ...], words: str) -> None:
    ended = whichproxy("history", *((args[0],) if len(args) == 1 else (folder, *args)))
    assert (ended.code, ended.out, len(ended.lines)) == (2, "", 1) and words in ended.err


def test_a_day_that_can_not_be_read_is_told_and_the_rest_is_shown(whichproxy: Whichproxy, tmp_path: Path) -> None:
    small(tmp_path, {"gw1": lambda source, day: WINHTTP}, 2, sources=1)
    next((tmp_path / "gateway=gw1" / f"date={date(1)}").glob("*.parquet")).write_bytes(b"no")
    ended = whichproxy("history", tmp_path)
    assert ended.code == 2 and ended.out.startswith("The gateway reports") and "rows can't be read" in ended.lines[0]


def test_days_are_kept_unless_that_is_not_wanted(whichproxy: Whichproxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHICHPROXY_CACHE", str(tmp_path / "cache"))
    results = small(tmp_path / "results", {"gw1": lambda source, day: WINHTTP}, 2, sources=1)
    anew = whichproxy("history", results, "--no-cache")
    assert anew.code == 0 and not (tmp_path / "cache").exists()
    for _ in range(2):
        assert whichproxy("history", results) == anew
        assert len([*(tmp_path / "cache").rglob("*.day")]) == 2
    (tmp_path / "no folder").touch()
    monkeypatch.setenv("WHICHPROXY_CACHE", str(tmp_path / "no folder"))
    without = whichproxy("history", results)
    assert (without.code, without.out, len(without.lines)) == (0, anew.out, 1) and "can't be kept there: Not a directory" in without.err
    assert whichproxy("history", results, "-q").err == ""
