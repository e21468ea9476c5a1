"""The study file to begin from is one, and shows everything that a study may say."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from analyzer.capture.inputs import open_inputs
from analyzer.errors import Unusable
from analyzer.services.catalogue import load_catalogue
from analyzer.studies.begin import first_study
from analyzer.studies.file import MarkTable, OneTest, RunTable, SessionTable, StudyTables, load_plan
from tests.conftest import ROOT

CAPTURE = ROOT / "captures" / "T1-winhttp.pcapng"


def written(path: Path, *captures: Path) -> str:
    text = first_study(str(path), open_inputs([str(one) for one in captures]).sources)
    path.write_text(text, encoding="utf-8")
    return text


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_given_captures_are_a_test_each_and_it_runs_as_it_stands(tmp_path: Path) -> None:
    names = ["a.pcapng", 'sub/ü "q" [1].pcapng', "sub/😀.pcapng"]
    (tmp_path / "sub").mkdir()
    for name in names:
        shutil.copy(CAPTURE, tmp_path / name)
    written(tmp_path / "study.toml", *(tmp_path / name for name in names))
    plan = load_plan(tmp_path / "study.toml", load_catalogue())
    assert [(test.title, test.captures) for test in plan.tests] == [(Path(name).name, (name,)) for name in names]


def test_everything_that_a_study_may_say_is_shown_and_can_be_used(tmp_path: Path) -> None:
    shutil.copy(ROOT / "captures" / "topology.toml", tmp_path)
    text = written(tmp_path / "study.toml")
    assert '\ntopology = "topology.toml"\n' in text
    inline = uncommented(text.replace('\ntopology = "topology.toml"\n', "\n"))
    said = tomllib.loads(inline)
    assert set(said) | {"topology"} == set(StudyTables.model_fields)
    (test,) = said["test"]
    assert set(test) == set(OneTest.model_fields)
    for table, kind in (("session", SessionTable), ("mark", MarkTable), ("analyzer", RunTable)):
        assert set(test[table][0]) <= set(kind.model_fields)


def test_what_is_commented_out_makes_a_study_of_it(tmp_path: Path) -> None:
    (tmp_path / "MDEClientAnalyzerResult.zip").mkdir()
    shutil.copy(CAPTURE, tmp_path / "gateway.pcapng")
    text = uncommented(written(tmp_path / "study.toml"))
    for left_out in ("user_logged_on", "client_analyzer", 'topology = "topology.toml"'):  # instead of what stands beside them
        text = re.sub(rf"^{left_out}.*\n", "", text, flags=re.MULTILINE)
    text = text.replace('"winhttp", "wininet"]', '"winhttp"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    (test,) = load_plan(tmp_path / "study.toml", load_catalogue()).tests
    assert (test.configured, len(test.marks), len(test.sessions), len(test.analyzer)) == (("winhttp",), 1, 1, 1)
    assert test.expect is not None


def test_a_captures_own_beginning_is_the_example(tmp_path: Path) -> None:
    text = written(tmp_path / "study.toml", CAPTURE)
    first = open_inputs([str(CAPTURE)]).sources[0].first_time()
    (start,) = re.findall(r"^# start = (\S+) .*which is where it begins$", text, re.MULTILINE)
    assert first is not None and f"{first // 10**9 % 60:02d}." in start.replace("Z", ".")


def test_a_name_that_toml_can_not_hold_is_told(tmp_path: Path) -> None:
    odd = tmp_path / "b\udcff.pcapng"
    shutil.copy(CAPTURE, odd)
    with pytest.raises(Unusable, match="isn't UTF-8"):
        written(tmp_path / "study.toml", odd)
