"""The article's study on the laboratory's captures: the whole document, and its statements about each test."""

from __future__ import annotations

import json

import pytest

import analyzer
from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.studies.document import StudyDocument
from analyzer.studies.file import load_plan
from analyzer.studies.run import StudyRun, live_response_of, run_study
from analyzer.tables import FLOW_SCHEMA
from tests.studies.laboratory import CAPTURES, CATALOGUE
from tests.studies.schema import exact

T1, T2, T3A, T3B, T4, T5 = range(6)
TELLS_TLS = "tls_completed" in FLOW_SCHEMA.names


@pytest.fixture(scope="module")
def run() -> StudyRun:
    return run_study(load_plan(CAPTURES / "study.toml", CATALOGUE), CATALOGUE)


def test_the_document_has_the_shape_it_promises(run: StudyRun) -> None:
    exact(StudyDocument).validate_python(run.document)
    assert json.loads(json.dumps(run.document, allow_nan=False)) == run.document


def test_the_same_captures_give_the_same_document(run: StudyRun) -> None:
    assert run_study(load_plan(CAPTURES / "study.toml", CATALOGUE), CATALOGUE).document == run.document


def test_what_the_article_says_held(run: StudyRun) -> None:
    missed = [line["text"] for test in run.document["tests"] for line in test["expectations"] if not line["held"]]
    assert missed == [] or not TELLS_TLS
    assert all("live response" in text for text in missed)
    assert run.document["held"] is not bool(missed)
    assert sum(len(test["expectations"]) for test in run.document["tests"]) == 35


def test_a_verdict_in_a_study_is_the_verdict_of_its_capture(run: StudyRun) -> None:
    alone = analyzer.read(CAPTURES / "T5-all-three.pcapng", topology=CAPTURES / "topology.toml").verdict.to_dict()
    assert run.document["tests"][T5]["verdict"]["sources"] == alone["sources"]


def test_silence_without_a_user_and_the_backlog_at_logon(run: StudyRun) -> None:
    without, after = run.document["tests"][T3A], run.document["tests"][T3B]
    assert [silence["silent"] for silence in without["silence"]] == [True] and without["silence"][0]["resumed"] is None
    (silence,) = after["silence"]
    assert silence["silent"] and silence["end"] == after["sessions"][0]["logon"]
    assert silence["resumed_name"] == "PROX02" and silence["seconds_until"] == pytest.approx(1.0, abs=0.1)
    (backlog,) = after["backlog"]
    assert (backlog["name"], backlog["requests"], backlog["planes"]) == ("PROX02", 11, ["sensor", "antivirus"])
    assert backlog["rate_after"] is not None and backlog["rate"] > 2 * backlog["rate_after"]
    assert backlog["logon"] == after["sessions"][0]["logon"] and backlog["start"] > backlog["logon"]
    (finding,) = [f for f in after["verdict"]["findings"] if f["code"] == "backlog-flush"]
    assert finding["flows"] == backlog["flows"] and finding["confidence"] == "likely"
    assert not any(test["backlog"] for number, test in enumerate(run.document["tests"]) if number != T3B)


def test_live_response_by_the_channel_alone(run: StudyRun) -> None:
    outcomes = [test["live_response"]["outcome"] for test in run.document["tests"]]
    assert outcomes[:3] == ["success", "success", "timeout"] and outcomes[4:] == ["success"] * 3
    assert [test["live_response"]["name"] for test in run.document["tests"]][4:] == ["PROX03"] * 3
    if TELLS_TLS:
        assert outcomes[T3B] == "timeout" and "TLS inside broke" in run.document["tests"][T3B]["live_response"]["reason"]


def test_the_timeline_names_every_flow_of_a_source(run: StudyRun) -> None:
    for test, reading in zip(run.document["tests"], run.readings, strict=True):
        rows = reading.flows.select(["id", "route"]).to_pylist()
        shown = {flow for stretch in test["timeline"] for flow in stretch["flows"]}
        assert shown == {row["id"] for row in rows if row["route"] in ("proxy", "direct")}
        assert all(stretch["first_seen"] <= stretch["last_seen"] for stretch in test["timeline"])


def test_live_response_without_a_study() -> None:
    reading = read([str(CAPTURES / "T4-static.pcapng")], topology=load_topology(CAPTURES / "topology.toml"), catalogue=CATALOGUE)
    result = live_response_of(reading)
    assert result["outcome"] == "success" and result["since"] is None
