"""What a job reads of a verdict document: of the engine's own, and of one that says less."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from analyzer.jobs.answers import asked_proxies, direct_of, is_verdict, proxies_of, services_of, sources_of
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.jobs.rings import TOPOLOGY, a_job, finish_run, frames_as_ring
from tests.jobs.test_drift import CLOUD, ONE, PC, SENSOR, TWO, service, verdict

KEYS = ("sources", "services", "by_proxy", "tunnels", "proxies", "direct", "winner", "eras", "client_ip")


def test_services_are_known_by_source_and_say_who_did_what() -> None:
    found = services_of(verdict(service(SENSOR, (ONE, 10, 1), (TWO, 0, 3)), service(CLOUD)))
    sensor = found[PC, SENSOR]
    assert (sensor.source, sensor.winner, sensor.label, sensor.carried, sensor.failed) == ("PC", ONE, ONE, 10, 4)
    assert sensor.failed_share == pytest.approx(4 / 14) and sensor.first_seen == sensor.last_seen == []
    assert (found[PC, CLOUD].winner, found[PC, CLOUD].failed_share) == (None, 0)


def test_proxies_that_nobody_asked_are_left_out() -> None:
    asked = verdict(service(SENSOR, (ONE, 1, 0)), service(CLOUD, (TWO, 1, 0)))
    assert proxies_of(asked) == {ONE, TWO} and [str(one.label) for one in asked_proxies(asked)] == [ONE, TWO]
    assert proxies_of(verdict(service(SENSOR, (ONE, 1, 0)), requests=0)) == set()


def test_ways_past_the_proxies_are_told_by_what_came_of_them() -> None:
    found = verdict(blocked=("1.2.3.4:443",))
    assert [(one.client, one.server, one.service, one.flows) for one in direct_of(found, "blocked")] == [(PC, "1.2.3.4:443", None, ("f",))]
    assert direct_of(found, "allowed") == direct_of(found, "unknown") == []
    assert sources_of(found) == {PC: "PC"}


@pytest.mark.parametrize("document", [{}, {"sources": [], "proxies": []}, {"sources": {}, "proxies": [], "direct": {}}])
def test_other_json_is_no_verdict(document: dict[str, Any]) -> None:
    assert not is_verdict(document) and is_verdict(verdict())


def test_the_engines_own_document_is_read(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.jobs import finish
    from analyzer.jobs.pending import begin
    from analyzer.jobs.store import Store

    job, seen = a_job(tmp_path, f'topology = "{TOPOLOGY}"'), []
    monkeypatch.setattr(finish, "write_textfile", lambda job, summary, found: seen.append(found) or [])
    frames_as_ring(job, tunnel().frames, begin(Store(job.results)))
    finish_run(job)
    (document,) = seen
    ((key, found),) = services_of(document).items()
    assert is_verdict(document) and key == ("172.16.11.92", "edr-command-and-control")
    assert (found.label, found.carried, found.failed, len(found.first_seen)) == ("PROX01 (WinHTTP)", 1, 0, 1)


@pytest.mark.parametrize("name", ["drift.py", "tell.py"])
def test_nobody_else_knows_the_documents_keys(name: str) -> None:
    tree = ast.parse((ROOT / "analyzer" / "jobs" / name).read_text(encoding="utf-8"))
    keys = {node.slice.value for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)}
    assert not keys & set(KEYS)
