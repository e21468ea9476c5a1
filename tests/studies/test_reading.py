"""Captures read together for several tests: each test's flows are those of a reading of its own, and no file is read twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import analyzer
from analyzer.capture.source import Source
from analyzer.errors import NothingReadable
from analyzer.studies.file import load_plan
from analyzer.studies.plan import Plan
from analyzer.studies.reading import read_tests
from tests.studies.laboratory import CAPTURES, CATALOGUE

START, END = "2026-11-23T16:15:40Z", "2026-11-23T16:16:00.5Z"
STUDY = f"""topology = "topology.toml"
[[test]]
title = "all of it"
captures = ["T1-winhttp.pcapng"]
[[test]]
title = "two files, a window"
captures = ["T1-winhttp.pcapng", "T2*.pcapng"]
start = {START}
end = {END}
[[test]]
title = "the second alone"
captures = ["T2-winhttp-wininet.pcapng"]
[[test]]
title = "another"
captures = ["T4-static.pcapng"]
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("study")
    for name in ("T1-winhttp.pcapng", "T2-winhttp-wininet.pcapng", "T4-static.pcapng", "topology.toml"):
        shutil.copy(CAPTURES / name, folder)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return load_plan(folder / "study.toml", CATALOGUE)


def test_each_test_has_the_flows_of_a_reading_of_its_own(plan: Plan) -> None:
    readings, unusable, skipped = read_tests(plan, CATALOGUE)
    assert (unusable, skipped) == ([], 0)
    for test, reading in zip(plan.tests, readings, strict=True):
        window = {"start": START, "end": END} if test.start_ns else {}
        alone = analyzer.read(list(test.paths), topology=CAPTURES / "topology.toml", **window)
        assert reading.flows.equals(alone.table)
        assert reading.flows.num_rows
        assert reading.captures == alone._reading.captures


def test_a_capture_is_read_once_however_many_tests_share_it(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    blocks = Source.blocks
    monkeypatch.setattr(Source, "blocks", lambda self, *number: read.append(Path(self.name).name) or blocks(self, *number))
    read_tests(plan, CATALOGUE)
    assert sorted(read) == ["T1-winhttp.pcapng", "T2-winhttp-wininet.pcapng", "T4-static.pcapng"]


def test_one_bad_file_among_good_ones_is_told_and_the_rest_is_read(plan: Plan) -> None:
    folder = Path(plan.path).parent
    (folder / "bad.pcapng").write_bytes(b"not a capture")
    tests = [f'[[test]]\ntitle = "x"\ncaptures = ["bad.pcapng", "{name}"]\n' for name in ("T4-static.pcapng", "T1-winhttp.pcapng")]
    (folder / "some.toml").write_text("".join(tests), encoding="utf-8")
    readings, unusable, _ = read_tests(load_plan(folder / "some.toml", CATALOGUE), CATALOGUE)
    assert [reading.flows.num_rows > 0 for reading in readings] == [True, True]
    assert len(unusable) == 1 and "bad.pcapng" in str(unusable[0])
    (folder / "none.toml").write_text('[[test]]\ntitle = "x"\ncaptures = ["bad.pcapng"]\n', encoding="utf-8")
    with pytest.raises(NothingReadable, match=r"bad\.pcapng"):
        read_tests(load_plan(folder / "none.toml", CATALOGUE), CATALOGUE)
