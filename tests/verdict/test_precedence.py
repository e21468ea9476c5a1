from typing import Any

from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, EDGE, LAB, MAPS, NCSI, PROX01, PROX02, PROX03, tunnel, verdict


def stated(*rows: dict[str, Any], **options: Any) -> list[tuple[str, str, str]]:
    (source,) = verdict(*rows, **options)["sources"]
    return [(row["plane"], row["over"], row["under"]) for row in source["precedence"]]


def test_static_over_winhttp_and_wininet() -> None:
    rows = tunnel(PROX03, CNC), tunnel(PROX01, NCSI), tunnel(PROX02, EDGE)
    assert stated(*rows) == [("sensor", "static", "winhttp"), ("sensor", "static", "wininet")]
    (source,) = verdict(*rows)["sources"]
    assert source["precedence"][0]["services"] == ["edr-command-and-control"]
    assert source["precedence"][0]["evidence"] == [rows[0]["id"], rows[1]["id"]]


def test_antivirus_has_its_own() -> None:
    assert stated(tunnel(PROX03, CNC), tunnel(PROX01, MAPS)) == [("sensor", "static", "winhttp"), ("antivirus", "winhttp", "static")]


def test_system_and_user_are_no_planes_of_precedence() -> None:
    assert stated(tunnel(PROX01, NCSI), tunnel(PROX02, EDGE)) == []


def test_a_proxy_that_carried_the_plane_too_is_not_under() -> None:
    assert stated(tunnel(PROX03, CNC), tunnel(PROX03, CNC), tunnel(PROX01, CNC), tunnel(PROX01, EDGE)) == []


def test_a_proxy_that_only_failed_was_not_there_to_be_used() -> None:
    assert stated(tunnel(PROX03, CNC), tunnel(PROX01, NCSI, 403)) == []


def test_a_proxy_that_was_asked_for_the_plane_too_is_not_under() -> None:
    assert stated(tunnel(PROX03, CNC), tunnel(PROX03, CNC), tunnel(PROX01, CNC, 403), tunnel(PROX01, "example.org")) == []


def test_another_sources_proxy_says_nothing() -> None:
    result = verdict(tunnel(PROX03, CNC), tunnel(PROX02, EDGE, client_ip="172.16.11.93"))
    assert [source["precedence"] for source in result["sources"]] == [[], []]


def test_no_winner_no_precedence() -> None:
    assert stated(tunnel(PROX03, CNC, 407), tunnel(PROX01, NCSI)) == []


def test_proxies_without_a_method_are_called_by_address() -> None:
    rows = tunnel("10.9.9.9:8080", CNC), tunnel("10.9.9.8:8080", "example.org")
    assert stated(*rows) == [("sensor", "10.9.9.9:8080", "10.9.9.8:8080")]


def test_two_proxies_of_one_method_are_told_apart_by_address() -> None:
    second = {"name": "PROX04", "address": "172.16.12.13", "method": "static"}
    topology = topology_from(LAB | {"proxy": [*LAB["proxy"], second]}, "t.toml")
    rows = tunnel(PROX03, CNC), tunnel("172.16.12.13:3128", EDGE)
    assert stated(*rows, topology=topology) == [("sensor", "static", "172.16.12.13:3128")]


def test_two_proxies_of_a_method_passed_over_are_one_row() -> None:
    second = {"name": "PROX04", "address": "172.16.12.13", "method": "wininet"}
    topology = topology_from(LAB | {"proxy": [*LAB["proxy"], second]}, "t.toml")
    rows = tunnel(PROX03, CNC), tunnel(PROX02, EDGE), tunnel("172.16.12.13:3128", EDGE)
    (source,) = verdict(*rows, topology=topology)["sources"]
    (row,) = source["precedence"]
    assert (row["under"], row["evidence"]) == ("wininet", [each["id"] for each in rows])


def test_configured_methods_count_without_traffic() -> None:
    rows = (tunnel(PROX03, CNC),)
    assert stated(*rows, configured=["static", "winhttp"]) == [("sensor", "static", "winhttp")]
    assert stated(*rows, configured=["static"]) == []


def test_a_configured_method_that_carried_the_plane_is_not_under() -> None:
    rows = *(tunnel(PROX03, CNC) for _ in range(4)), tunnel(PROX01, CNC)
    assert stated(*rows, configured=["static", "winhttp", "wininet"]) == [("sensor", "static", "wininet")]


def test_evidence_names_each_flow_once() -> None:
    (source,) = verdict(*[tunnel(PROX03, CNC) for _ in range(3)], tunnel(PROX02, EDGE))["sources"]
    evidence = source["precedence"][0]["evidence"]
    assert len(evidence) == len(set(evidence)) == 4


def test_a_proxy_that_was_asked_for_what_cant_be_seen_is_not_under() -> None:
    cut = tunnel(PROX01, None)
    assert stated(tunnel(PROX03, CNC), tunnel(PROX01, NCSI), cut) == []
    assert stated(tunnel(PROX03, CNC), tunnel(PROX01, NCSI), tunnel(PROX02, EDGE), cut) == [("sensor", "static", "wininet")]
