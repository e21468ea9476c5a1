"""What is shown of a verdict: rows stay as they were judged, or go."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import TypeAdapter

from analyzer.errors import Unusable
from analyzer.report.chosen import Choice, check_services, chosen, chosen_flows, flows_behind
from analyzer.report.model import build
from analyzer.routes.topology import Topology, topology_from
from analyzer.verdict.types import Verdict
from tests.report.scenes import article, blocked, scene_of, through
from tests.report.verdicts import finding

CLIENT = "172.16.11.92"
OTHER = "172.16.11.93"
NOBODY = Topology()


def two_sources() -> dict[str, Any]:
    """The article's source, and one that uses PROX01 for its sensor."""
    rows = [through(n, 2, "sensor", "edr-cyber-data") for n in range(4)] + [through(4, 0, "system", "certificate-trust")]
    rows += [through(n, 0, "sensor", "edr-cyber-data", client_ip=OTHER) for n in range(5, 9)] + [blocked(9, client_ip=OTHER)]
    return dict(scene_of(_table(rows)).verdict)


def _table(rows: list[dict[str, Any]]) -> Any:
    from tests.report.flow_rows import table

    return table(*rows)


def test_without_a_choice_it_is_the_document() -> None:
    verdict = two_sources()
    assert chosen(verdict, Choice()) == verdict


@pytest.mark.parametrize("asked", [OTHER, "172.16.11.93/32", "host2"])
def test_a_source_by_address_network_or_name(asked: str) -> None:
    verdict = two_sources()
    verdict["sources"][1]["name"] = "HOST2"
    shown = chosen(verdict, Choice(sources=(asked,)))
    assert shown["sources"] == [source for source in verdict["sources"] if source["client_ip"] == OTHER]
    assert [group["sources"] for group in shown["groups"]] == [[OTHER]]
    assert [proxy["proxy"] for proxy in shown["proxies"]] == ["172.16.12.10:3128"]
    assert shown["direct"] == verdict["direct"] and any(shown["direct"].values())
    assert not any(chosen(verdict, Choice(sources=(CLIENT,)))["direct"].values())
    TypeAdapter(Verdict).validate_python(shown, strict=True)


def test_several_of_one_kind_add_up_and_several_kinds_must_all_hold() -> None:
    verdict = two_sources()
    assert len(chosen(verdict, Choice(sources=(CLIENT, OTHER)))["sources"]) == 2
    both = chosen(verdict, Choice(sources=(CLIENT,), proxies=("PROX01",)))
    assert [[row["service"] for row in source["services"]] for source in both["sources"]] == [["certificate-trust"]]


def test_a_services_rows_stay_whole_and_so_do_their_planes() -> None:
    verdict = two_sources()
    shown = chosen(verdict, Choice(services=("certificate-trust",)))
    (source,) = shown["sources"]
    (before,) = (source for source in verdict["sources"] if source["client_ip"] == CLIENT)
    assert source["services"] == [row for row in before["services"] if row["service"] == "certificate-trust"]
    assert source["planes"] == [row for row in before["planes"] if row["plane"] == "system"]
    assert {row["service"] for row in source["required"]} <= {"certificate-trust"}


@pytest.mark.parametrize("asked", ["172.16.12.12:3128", "172.16.12.12", "172.16.12.12/31", "prox03"])
def test_a_proxy_by_endpoint_address_or_name(asked: str) -> None:
    verdict = two_sources()
    shown = chosen(verdict, Choice(proxies=(asked,)))
    assert [source["client_ip"] for source in shown["sources"]] == [CLIENT]
    assert [proxy["proxy"] for proxy in shown["proxies"]] == ["172.16.12.12:3128"]
    assert {row["proxy"] for source in shown["sources"] for row in source["talk"]} <= {"172.16.12.12:3128"}
    assert not any(shown["direct"].values())


def test_findings_stay_that_concern_what_was_chosen_or_everything() -> None:
    verdict = two_sources()
    verdict["findings"] = [
        finding("capture-damaged", "warning", "of the whole capture", None),
        finding("proxy-denied", "problem", "of one", None, client_ip=CLIENT, proxy="172.16.12.12:3128", service="edr-cyber-data"),
        finding("direct-blocked", "problem", "of the other", None, client_ip=OTHER, service="cloud-protection"),
        finding("tls-failed", "problem", "of both", None, client_ips=[CLIENT, OTHER], services=["edr-cyber-data", "cloud-protection"]),
    ]

    def told(**choice: tuple[str, ...]) -> list[str]:
        return [entry["text"] for entry in chosen(verdict, Choice(**choice))["findings"]]

    assert told(sources=(OTHER,)) == ["of the whole capture", "of the other", "of both"]
    assert told(services=("edr-cyber-data",)) == ["of the whole capture", "of one", "of both"]
    assert told(proxies=("PROX03",)) == ["of the whole capture", "of one"]


def test_what_was_chosen_stands_in_the_document_and_nothing_else_changed() -> None:
    verdict = two_sources()
    before = deepcopy(verdict)
    shown = chosen(verdict, Choice(sources=(OTHER,), services=("edr-cyber-data",)))
    assert shown["made_by"]["options"]["shown"] == {"source": [OTHER], "service": ["edr-cyber-data"], "proxy": []}
    assert verdict == before


def test_nothing_left_is_said_with_what_was_asked() -> None:
    shown = chosen(two_sources(), Choice(services=("live-response",)))
    assert shown["sources"] == [] and shown["groups"] == []
    assert build(shown).answers == ("No proxy won: nothing was seen of what was chosen, --service live-response.",)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice(sources=("172.16.11.9",)), "--source: no source '172.16.11.9' was seen; did you mean 172.16.11.9"),
        (Choice(sources=("nobody",)), "--source: no source 'nobody' was seen; there is 172.16.11.92 and 172.16.11.93"),
        (Choice(proxies=("PROX02",)), "--proxy: no proxy 'PROX02' was seen; did you mean PROX0"),
        (Choice(proxies=("172.16.12.12:80",)), "--proxy: no proxy '172.16.12.12:80' was seen; did you mean 172.16.12.12:3128?"),
    ],
)
def test_what_wasnt_seen_is_said(choice: Choice, told: str) -> None:
    with pytest.raises(Unusable) as error:
        chosen(two_sources(), choice)
    assert str(error.value).startswith(told)


def test_a_service_that_there_isnt_is_said() -> None:
    check_services(Choice(services=("edr-cyber-data",)), ["edr-cyber-data"])
    with pytest.raises(Unusable, match=r"--service: 'edr-cyberdata' is no service; did you mean edr-cyber-data?"):
        check_services(Choice(services=("edr-cyberdata",)), ["edr-cyber-data", "cloud-protection"])


def test_flows_of_a_source_a_service_and_a_proxy() -> None:
    flows = article().flows

    def ids(choice: Choice, topology: Topology = NOBODY) -> int:
        return int(chosen_flows(flows, choice, topology).num_rows)

    named = topology_from({"workstation": [{"name": "HOST", "address": CLIENT}]}, "here")
    assert ids(Choice()) == ids(Choice(sources=(CLIENT,))) == ids(Choice(sources=("host",)), named) == flows.num_rows
    assert ids(Choice(services=("cloud-protection",))) == 3 and ids(Choice(proxies=("PROX01",))) == 4
    assert ids(Choice(services=("cloud-protection",), proxies=("PROX01",))) == 0
    with pytest.raises(Unusable, match="no source 'host' was seen"):
        ids(Choice(sources=("host",)))


def test_a_later_request_of_a_flow_counts() -> None:
    row = through(0, 2, "sensor", "edr-cyber-data")
    row["requests"] = [*row["requests"], {**row["requests"][0], "service": "cloud-protection"}]
    assert chosen_flows(_table([row]), Choice(services=("cloud-protection",)), Topology()).num_rows == 1


def test_a_page_has_the_flows_that_its_verdict_names() -> None:
    flows, verdict = article().flows, dict(article().verdict)
    verdict["findings"] = [finding("proxy-denied", "problem", "x", None, service="cloud-protection", flows=[flows["id"][0].as_py()])]
    choice = Choice(services=("cloud-protection",))
    named = {one for entry in verdict["findings"] for one in entry["flows"]}
    behind = flows_behind(flows, choice, chosen(verdict, choice), Topology())
    kept = set(behind["id"].to_pylist())
    assert named <= kept and set(chosen_flows(flows, choice, Topology())["id"].to_pylist()) < kept
    assert flows_behind(flows, Choice(), verdict, Topology()) is flows
