"""Sources with one answer are one group."""

from __future__ import annotations

from typing import Any

from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX03, flow, tunnel, verdict


def source(number: int, *hosts: str, proxy: str = PROX03, status: int = 200) -> list[dict[str, Any]]:
    return [tunnel(proxy, host, status, client_ip=f"172.16.11.{number}") for host in hosts]


def groups(*rows: list[dict[str, Any]]) -> list[tuple[list[str], str]]:
    result = verdict(*[row for one in rows for row in one])
    return [([ip.rpartition(".")[2] for ip in group["sources"]], group["defender"]) for group in result["groups"]]


def test_the_unusual_before_the_usual_and_those_without_defender_last() -> None:
    usual = [source(n, CNC, MAPS) for n in range(1, 6)]
    odd = source(9, CNC, MAPS, proxy=PROX01)
    other = source(7, EDGE)
    assert groups(*usual, odd, other) == [(["9"], "seen"), (["1", "2", "3", "4", "5"], "seen"), (["7"], "not-seen")]


def test_fewer_services_seen_is_no_contradiction() -> None:
    assert groups(source(1, CNC, MAPS), source(2, CNC), source(3, MAPS)) == [(["1", "2", "3"], "seen")]


def test_a_source_without_any_answer_has_none_of_anothers() -> None:
    nothing = [flow(client_ip=f"172.16.11.{n}", host="www.example.org", server_port=8443) for n in (5, 6)]
    (with_user, user), (without, none) = [(group["sources"], group["answer"]) for group in verdict(*source(7, EDGE), *nothing)["groups"]]
    assert (with_user, without) == (["172.16.11.7"], ["172.16.11.5", "172.16.11.6"])
    assert "user" in user and "user" not in none


def test_another_outcome_is_another_answer() -> None:
    assert groups(source(1, CNC), source(2, CNC), source(3, CNC, status=407)) == [(["3"], "seen"), (["1", "2"], "seen")]


def test_what_goes_past_the_proxies_is_another_answer() -> None:
    astray = flow(client_ip="172.16.11.3", host=MAPS)
    assert groups(source(1, CNC), source(2, CNC), [*source(3, CNC), astray]) == [(["3"], "seen"), (["1", "2"], "seen")]


def test_the_answer_is_one_line() -> None:
    (group,) = verdict(*source(1, CNC, MAPS), *source(2, CNC))["groups"]
    assert group["answer"] == "PROX03 (static) won for sensor and antivirus"
    assert group["planes"]["sensor"] == {"asked": PROX03, "winner": PROX03, "outcome": "works"}
