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


def nameless(asker: str, server: str, **columns: Any) -> dict[str, Any]:
    """The document over a blocked attempt at an address that DNS gave this asker for command and control."""
    blocked = {"state": "no-answer", "packets_in": 0, "bytes_in": 0, "bytes_out": 0}
    flows = tag_flows(route_flows(table([flow(server_ip=server, **(blocked | columns))]), LAB_TOPOLOGY), CATALOGUE)
    asked = pa.Table.from_pylist([lookup(rcode=0, answers=["2603:1030::5"], client_ip=asker)], schema=LOOKUP_SCHEMA)
    return judge(flows, topology=LAB_TOPOLOGY, catalogue=CATALOGUE, captures=[], lookups=asked)


@pytest.mark.parametrize("asker", ["172.16.11.93", "172.16.11.1"], ids=["a neighbour, or the same machine over IPv4", "a resolver"])
def test_an_address_that_dns_gave_others_for_defender_may_have_been_asked_for_it(asker: str) -> None:
    document = nameless(asker, "2603:1030::5", client_ip="2001:db8::92")
    (found,) = [one for one in document["findings"] if one["code"] == "no-service-traffic" and one["client_ip"] == "2001:db8::92"]
    assert found["text"].endswith(f"; 1 flow without a name went to an address that DNS gave others for Defender's own {CNC}")
    assert found["confidence"] == "likely"
    assert document["groups"][0]["answer"] == "no Defender traffic was seen, though not all that was asked for could be read"


@pytest.mark.parametrize("columns", [{"host": "www.contoso.com", "host_source": "sni"}, {"server_ip": "2603:1030::6"}])
def test_a_name_of_its_own_or_another_address_is_nothing_of_the_kind(columns: dict[str, Any]) -> None:
    server = columns.pop("server_ip", "2603:1030::5")
    document = nameless("172.16.11.93", server, client_ip="2001:db8::92", **columns)
    (found,) = [one for one in document["findings"] if one["code"] == "no-service-traffic" and one["client_ip"] == "2001:db8::92"]
    assert "DNS gave others" not in found["text"] and found["confidence"] == "certain"
