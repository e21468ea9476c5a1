"""Defender's own names that DNS was asked for, beside what was sent."""

from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.tables import LOOKUP_SCHEMA
from analyzer.verdict import judge
from tests.verdict.finders.test_resolution import lookup
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, flow, table


def silent(*lookups: dict[str, Any], server: str = "20.9.9.9") -> dict[str, Any]:
    flows = tag_flows(route_flows(table([flow(host="www.contoso.com", host_source="dns", server_ip=server)]), LAB_TOPOLOGY), CATALOGUE)
    asked = pa.Table.from_pylist(list(lookups), schema=LOOKUP_SCHEMA)
    document = judge(flows, topology=LAB_TOPOLOGY, catalogue=CATALOGUE, captures=[], lookups=asked)
    (found,) = [finding for finding in document["findings"] if finding["code"] == "no-service-traffic"]
    return found


def test_who_looks_defenders_names_up_is_said_to() -> None:
    found = silent(lookup(rcode=0, answers=["20.1.2.3"]))
    assert found["text"].endswith(f"; DNS was asked for Defender's own {CNC} all the same") and found["confidence"] == "certain"


def test_an_address_that_several_names_have_may_have_been_asked_for_any_of_them() -> None:
    found = silent(lookup(rcode=0, answers=["20.1.2.3"]), server="20.1.2.3")
    assert found["text"].endswith("and 1 flow went to an address that it gave for them as well as for another name")
    assert found["confidence"] == "likely"


@pytest.mark.parametrize("asked", [{"name": "security.microsoft.com"}, {"name": "crl.microsoft.com"}, {"client_ip": "172.16.11.93"}])
def test_what_anybody_looks_up_says_nothing(asked: dict[str, Any]) -> None:
    assert "DNS" not in silent(lookup(rcode=0, answers=["20.1.2.3"], **asked))["text"]
