"""The benchmark of a fleet checks its answer: a history by its plan passes, and one that differs doesn't."""

from __future__ import annotations

from pathlib import Path

from analyzer.fleet.document import history_of
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from tests.benchmarks.fleet import change_day, check, make, plan, sources_of


def test_plans_differ_by_gateway_source_and_day() -> None:
    assert len({sources_of(gateway) for gateway in range(100)}) > 30
    captures = {plan(gateway, source, day, 30) for gateway in range(10) for source in range(5) for day in range(30)}
    assert len(captures) >= 6 and None in captures
    assert plan(0, 1, change_day(0, 30) - 1, 30) != plan(0, 1, change_day(0, 30), 30)
    assert plan(9, 1, 29, 30) is None


def test_an_answer_is_held_against_the_plan(tmp_path: Path) -> None:
    make(tmp_path, 1, 3)
    document, _ = history_of(tmp_path, Topology(), load_catalogue(()))
    assert check(document, 1, 3) == []
    document["findings"] = []
    document["gateways"][0]["state"] = "silent"
    document["gateways"][0]["planes"][0]["winners"][0]["name"] = "PROX02"
    assert len(check(document, 1, 3)) == 3
