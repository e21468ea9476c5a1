"""From requests to answers: what belongs to one service or plane of one source, era by era."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.verdict.answers import Answers, answers_of
from analyzer.verdict.evidence import Evidence, evidence_of
from analyzer.verdict.winner import Answer
from tests.verdict.rows import (
    CATALOGUE,
    CNC,
    EDGE,
    LAB_TOPOLOGY,
    MAPS,
    PROX01,
    PROX02,
    PROX03,
    SECOND_NS,
    START_NS,
    WORKSTATION,
    asked,
    flow,
    request,
    table,
    tunnel,
    verdict,
)

CYBER = "eu.vortex-win.data.microsoft.com"


def answered(*rows: dict[str, Any]) -> tuple[Evidence, Answers]:
    flows: pa.Table = tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE)
    evidence = evidence_of(flows, LAB_TOPOLOGY)
    return evidence, answers_of(evidence)


def plane(name: str, *rows: dict[str, Any], client: str = WORKSTATION) -> Answer:
    evidence, answers = answered(*rows)
    return answers.planes[evidence.client.values.index(client), evidence.plane.values.index(name)]


def at(second: float, proxy: str, host: str = CNC, **columns: Any) -> dict[str, Any]:
    return tunnel(proxy, host, first_seen=START_NS + int(second * SECOND_NS), **columns)


def test_each_source_has_answers_of_its_own() -> None:
    evidence, answers = answered(at(0, PROX01), at(1, PROX03, client_ip="172.16.11.93"), at(2, PROX03, MAPS))
    keys = {(evidence.client.values[client], evidence.service.values[code]) for client, code in answers.services}
    assert keys == {
        (WORKSTATION, "edr-command-and-control"),
        (WORKSTATION, "cloud-protection"),
        ("172.16.11.93", "edr-command-and-control"),
    }


def test_eras_are_a_planes_own_and_go_for_its_services() -> None:
    rows = [at(i, PROX01 if i < 4 else PROX03) for i in range(8)]
    answer = plane("sensor", *rows, *(at(i + 0.5, PROX01, EDGE) for i in range(8)))
    assert [era.contest.winner and era.contest.winner.proxy for era in answer.eras] == [PROX01, PROX03]
    assert (answer.eras[1].until, answer.eras[1].since) == (START_NS + 3 * SECOND_NS, START_NS + 4 * SECOND_NS)
    assert not plane("user", *rows, *(at(i + 0.5, PROX01, EDGE) for i in range(8))).changed


def test_services_that_part_ways_split_their_plane() -> None:
    rows = [at(i, PROX03) for i in range(5)] + [at(i + 0.5, PROX01, CYBER) for i in range(5)]
    contest = plane("sensor", *rows).last
    assert contest.split and contest.winner is None


def test_what_went_past_the_proxies_is_counted_beside_them() -> None:
    contest = plane("sensor", at(0, PROX01), flow(host=CNC, sni=CNC, state="no-answer", bytes_in=0)).last
    assert contest.direct == {"blocked": 1}
    assert contest.winner is not None and contest.winner.proxy == PROX01


@pytest.mark.parametrize(("location", "confidence"), [("portal.example", "likely"), ("crl.microsoft.com", "certain"), (None, "certain")])
def test_a_redirect_to_another_host_is_at_most_likely(location: str | None, confidence: str) -> None:
    crl = request("absolute", "crl.microsoft.com", 302, first_seen=START_NS, location=location)
    (source,) = verdict(asked(PROX01, crl), asked(PROX01, crl))["sources"]
    (entry,) = source["services"]
    assert (entry["winner"], entry["confidence"], entry["outcome"]) == (PROX01, confidence, "works")
    assert ("redirected" in entry["reason"]) == (confidence == "likely")


def test_a_page_beside_the_redirect_is_evidence_of_the_host() -> None:
    page, sent = (
        request("absolute", "crl.microsoft.com", status, first_seen=START_NS, location=to)
        for status, to in ((200, None), (302, "a.example"))
    )
    (source,) = verdict(asked(PROX02, page), asked(PROX02, sent))["sources"]
    assert source["services"][0]["confidence"] == "certain"
