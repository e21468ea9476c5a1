"""Sources that did the same have rows that were worked out once, and are what each would have alone."""

import json
import random
from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.verdict import alike, judge
from analyzer.verdict.evidence import evidence_of
from tests.verdict.rows import (
    CATALOGUE,
    CNC,
    EDGE,
    LAB_TOPOLOGY,
    MAPS,
    NCSI,
    PROX01,
    PROX02,
    SECOND_NS,
    START_NS,
    asked,
    flow,
    request,
    table,
)

HOSTS = (CNC, MAPS, NCSI, EDGE, "login.microsoftonline.com", "x.blob.core.windows.net", "a.example")


def one_flow(when: random.Random, client: str, seed: int) -> dict[str, Any]:
    """One of the few kinds of flows that there are of a seed, at any time and of any size."""
    chance = random.Random(20 * seed + when.randrange(20))
    host, at = chance.choice(HOSTS), START_NS + when.randrange(10**6) * SECOND_NS // 1000
    who: dict[str, Any] = {"client_ip": client, "first_seen": when.choice([at, at, at, None]), "bytes_in": when.randrange(9000)}
    who |= {"last_seen": at + SECOND_NS} if chance.random() < 0.8 else {}
    if chance.random() < 0.2:
        who |= {"process": chance.choice(["MsSense.exe", "MsMpEng.exe"])}
    proxy = PROX02 if chance.random() < 0.1 else PROX01
    match chance.randrange(6):
        case 0:
            return flow(host=host, sni=host, host_source="sni", **who)
        case 1:
            return flow(state="no-answer", packets_in=0, bytes_out=0, **(who | {"bytes_in": 0}))
        case 2:
            pages = [request("absolute", host, chance.choice([200, 302, 403]), location=chance.choice([None, "other.example"]))]
            return asked(proxy, *pages * chance.randrange(1, 3), **who)
        case 3:
            return asked(proxy, client_family="schannel", client_family_by="ja4", ja4="t12d190800_d83cc789557e_7af1ed941c26", **who)
        case _:
            status = chance.choice([200, 200, 200, 407, 403, None])
            seen = {"first_seen": chance.choice([None, at + 5]), "outcome": None}
            return asked(proxy, request("connect", host, status, **seen), user_agent=chance.choice([None, "WinHTTP"]), **who)


def network(seed: int, sources: int = 60) -> pa.Table:
    """Flows of sources of which many did one thing only, and others much."""
    chance = random.Random(seed)
    rows = [one_flow(chance, f"172.16.11.{n + 1}", seed) for n in range(sources) for _ in range(chance.choice([1, 1, 1, 2, 5]))]
    return tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE)


def document(flows: pa.Table, **options: Any) -> str:
    return json.dumps(judge(flows, topology=LAB_TOPOLOGY, catalogue=CATALOGUE, captures=[], **options))


@pytest.mark.parametrize("seed", range(6))
def test_a_source_that_is_like_another_has_the_row_that_it_would_have_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = network(seed)
    found = alike.alike_of(evidence_of(flows, LAB_TOPOLOGY))
    assert 5 < len(set(found.like.values())) < len(found.like) - 5
    together = document(flows)
    monkeypatch.setattr(alike, "MAX_FLOWS", 0)
    assert document(flows) == together


def test_who_asked_several_proxies_is_like_nobody() -> None:
    rows = [
        asked(proxy, request("connect", CNC, 200), client_ip=client) for client in ("10.0.0.1", "10.0.0.2") for proxy in (PROX01, PROX02)
    ]
    rows += [asked(PROX01, request("connect", CNC, 200), client_ip=client) for client in ("10.0.0.3", "10.0.0.4")]
    flows = tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE)
    evidence = evidence_of(flows, LAB_TOPOLOGY)
    found = alike.alike_of(evidence)
    named = {evidence.client.values[client]: evidence.client.values[first] for client, first in found.like.items()}
    assert named == {"10.0.0.1": "10.0.0.1", "10.0.0.2": "10.0.0.2", "10.0.0.3": "10.0.0.3", "10.0.0.4": "10.0.0.3"}
    assert sorted({found.each.client.values[code] for code in found.each.client.codes}) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_where_flows_are_named_nobody_is_like_anybody() -> None:
    found = alike.alike_of(evidence_of(network(1), LAB_TOPOLOGY), compared=False)
    assert all(client == first for client, first in found.like.items())


def test_what_wasnt_compared_cant_be_read() -> None:
    each = alike.alike_of(evidence_of(network(1), LAB_TOPOLOGY)).each
    assert {"client_ip", "id", "server_ip", "certificate_issuer"}.isdisjoint(each.flows.column_names)
    assert len(each.requests.path) == 0 < len(each.requests.row)
