"""Addresses that DNS gives for one proxy's name are one proxy where no topology says who is who; a name of its own keeps one apart."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from analyzer.services.tag import tag_flows
from analyzer.tables import LOOKUP_SCHEMA
from analyzer.verdict import judge
from analyzer.verdict.named_by_dns import named_by_dns
from tests.verdict.finders.test_resolution import lookup
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, MAPS, SECOND_NS, START_NS, table, tunnel

ONE, TWO = "10.0.0.1:3128", "10.0.0.2:3128"
NAME = "proxy.corp.example"
BOTH = lookup("Proxy.Corp.Example.", 0, ["10.0.0.1", "10.0.0.2"])


def names(*proxies: str, asked: list[dict[str, Any]], **known: str) -> list[str | None]:
    lookups = pa.Table.from_pylist(asked, schema=LOOKUP_SCHEMA)
    found = named_by_dns({proxy: (known.get("name"), None) for proxy in proxies}, lookups)
    return [found[proxy][0] for proxy in proxies]


@pytest.mark.parametrize(
    "asked",
    [
        [BOTH],
        [lookup(NAME, 0, ["10.0.0.1"]), lookup(NAME, 0, ["10.0.0.2"])],  # by turns
        [BOTH, lookup("proxy", 0, ["10.0.0.2", "10.0.0.1"])],
    ],
)
def test_addresses_of_the_very_same_names_are_one_proxy(asked: list[dict[str, Any]]) -> None:
    assert names(ONE, TWO, asked=asked) in ([NAME, NAME], ["proxy", "proxy"])


@pytest.mark.parametrize(
    ("proxies", "asked"),
    [
        ((ONE, TWO), [BOTH, lookup("two.corp.example", 0, ["10.0.0.2"])]),  # someone may have been set to that name
        ((ONE, "10.0.0.2:8080"), [BOTH]),
        ((ONE,), [BOTH]),
        ((ONE, TWO), [lookup(NAME, 0, ["10.0.0.1"])]),
        ((ONE, TWO), [BOTH | {"type": "HTTPS"}]),
        ((ONE, TWO), []),
    ],
    ids=["a name of its own", "another port", "one proxy", "one address", "no addresses", "nothing asked"],
)
def test_what_may_be_two_stays_two(proxies: tuple[str, ...], asked: list[dict[str, Any]]) -> None:
    assert names(*proxies, asked=asked) == [None] * len(proxies)


def test_without_lookups_nothing_is_named() -> None:
    assert named_by_dns({ONE: (None, None), TWO: (None, None)}, None) == {ONE: (None, None), TWO: (None, None)}


def judged(*rows: dict[str, Any], topology: Topology | None = None) -> dict[str, Any]:
    topology = topology or Topology()
    flows = tag_flows(route_flows(table(rows), topology), CATALOGUE)
    lookups = pa.Table.from_pylist([BOTH], schema=LOOKUP_SCHEMA)
    return judge(flows, topology=topology, catalogue=CATALOGUE, captures=[], lookups=lookups)


def at(second: int, proxy: str, host: str = CNC) -> dict[str, Any]:
    return tunnel(proxy, host, first_seen=START_NS + second * SECOND_NS)


def test_from_one_address_to_the_other_nothing_changes() -> None:
    rows = [at(n, ONE if n < 5 else TWO) for n in range(10)]
    document = judged(*rows)
    assert document["groups"][0]["answer"] == f"{NAME} won for sensor"
    assert "winner-changed" not in {finding["code"] for finding in document["findings"]}
    changed = judged(*rows, topology=LAB_TOPOLOGY)
    assert "winner-changed" in {finding["code"] for finding in changed["findings"]}, "a topology says who is who"


def test_planes_on_two_addresses_have_no_order() -> None:
    (source,) = judged(*(at(n, ONE) for n in range(5)), *(at(n, TWO, MAPS) for n in range(5)))["sources"]
    assert [plane["winner"] for plane in source["planes"]] == [ONE, TWO] and source["precedence"] == []
