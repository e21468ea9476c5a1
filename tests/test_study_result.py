"""The study from Python: tests are traffic, documents are copies, reports are files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import analyzer
from analyzer.errors import Mistakes, Unusable
from analyzer.study_result import Study
from tests.studies.laboratory import CAPTURES


@pytest.fixture(scope="module")
def study() -> Study:
    return analyzer.study(CAPTURES / "study.toml")


def test_each_test_is_traffic(study: Study) -> None:
    assert [len(test.flows) for test in study.tests] == [test.table.num_rows for test in study.tests]
    fifth = study.tests[5]
    assert fifth.title.startswith("WinINET, WinHTTP and static") and fifth.held is True
    assert fifth.verdict.to_dict() == fifth.to_dict()["verdict"] == study.to_dict()["tests"][5]["verdict"]
    assert "backlog-flush" in set(study.tests[3].findings["code"])


def test_documents_are_copies(study: Study) -> None:
    study.to_dict()["tests"].clear()
    study.tests[0].to_dict()["verdict"].clear()
    assert study.to_dict()["tests"] and study.tests[0].to_dict()["verdict"]


def test_reports_say_the_same(study: Study, tmp_path: Path) -> None:
    study.report(tmp_path / "study.json")
    assert json.loads((tmp_path / "study.json").read_text(encoding="utf-8")) == study.to_dict()
    study.report(tmp_path / "study.md")
    text = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {study.title}\n") and all(f"## {n}. " in text for n in range(1, 7))
    with pytest.raises(Unusable):
        study.report(tmp_path / "study.docx")


def test_it_shows_itself(study: Study) -> None:
    assert str(study).startswith(study.title)
    assert repr(study).startswith(f"<Study '{study.title}': Sensor: static over WinHTTP over WinINET.")
    assert repr(study.tests[0]) == f"<StudyTest 'Only the WinHTTP proxy is configured': {study.tests[0].table.num_rows} flows>"


def test_topology_and_catalogue_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f'[[test]]\ntitle = "x"\ncaptures = ["{CAPTURES}/T4-static.pcapng"]\n', encoding="utf-8")
    ours = tmp_path / "ours.toml"
    ours.write_text('[[service]]\nslug = "ours"\ngroup = "ours"\n', encoding="utf-8")
    plain, named = analyzer.study(path), analyzer.study(path, CAPTURES / "topology.toml", catalogue=[ours])
    assert plain.held is None and plain.to_dict()["topology"]["proxies"] == []
    assert named.to_dict()["topology"]["proxies"][2]["name"] == "PROX03"
    path.write_text("[[test]]\n", encoding="utf-8")
    with pytest.raises(Mistakes):
        analyzer.study(path)
