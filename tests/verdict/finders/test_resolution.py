"""Defender's names without an address."""

from typing import Any

import pyarrow as pa

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.tables import LOOKUP_SCHEMA
from analyzer.verdict import judge
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, PROX01, SECOND_NS, START_NS, WORKSTATION, flow, table, tunnel


def lookup(name: str = CNC, rcode: int | None = 3, answers: list[str] | None = None, **columns: Any) -> dict[str, Any]:
    told = {"flow": "0" * 16, "client_ip": WORKSTATION, "server_ip": "172.16.11.1", "server_port": 53, "protocol": "udp", "asked": 1}
    answered = None if rcode is None else START_NS + SECOND_NS
    known = {"asked_at": START_NS, "answered_at": answered, "name": name, "type": "A", "rcode": rcode, "answers": answers or []}
    return dict.fromkeys(LOOKUP_SCHEMA.names) | told | known | columns


def failed(*lookups: dict[str, Any], flows: tuple[dict[str, Any], ...] = ()) -> list[dict[str, Any]]:
    routed = tag_flows(route_flows(table(flows), LAB_TOPOLOGY), CATALOGUE)
    asked = pa.Table.from_pylist(list(lookups), schema=LOOKUP_SCHEMA)
    document = judge(routed, topology=LAB_TOPOLOGY, catalogue=CATALOGUE, captures=[], lookups=asked)
    return [finding for finding in document["findings"] if finding["code"] == "dns-failed"]


def test_each_way_of_failing_is_told() -> None:
    (finding,) = failed(lookup(), lookup(), lookup(rcode=None), lookup(rcode=2))
    assert finding["text"] == (
        f"4 questions of WORKSTATION to 172.16.11.1 for Defender's hosts ({CNC}) gave no address of theirs: "
        "2 × no such name, 1 × server failure, 1 × unanswered"
    )
    assert (finding["severity"], finding["confidence"], finding["service"]) == ("warning", "certain", "edr-command-and-control")
    assert (finding["first_seen"], finding["last_seen"]) == ("2024-05-01T12:00:00.000000000Z", "2024-05-01T12:00:01.000000000Z")
    assert finding["flows"] == ["0" * 16]


def test_an_address_of_no_host_is_how_resolvers_block_a_name() -> None:
    (finding,) = failed(lookup(rcode=0, answers=["0.0.0.0"]), lookup(rcode=0, answers=["::"], type="AAAA"))
    assert finding["text"].endswith("1 × 0.0.0.0, by which resolvers block a name, 1 × ::, by which resolvers block a name")
    assert failed(lookup(rcode=0, answers=["0.0.0.0"]), lookup(rcode=0, answers=["20.1.1.11"])) == []
    assert failed(lookup(rcode=0, answers=["127.0.0.1", "20.1.1.11"])) == []


def test_an_answer_that_wasnt_seen_is_likely() -> None:
    (finding,) = failed(lookup(rcode=None, asked=2))
    assert finding["confidence"] == "likely"


def test_who_doesnt_ask_again_had_an_answer() -> None:
    other = {"server_ip": "172.16.11.2", "flow": "1" * 16, "asked_at": START_NS + 2 * SECOND_NS}
    assert failed(lookup(rcode=None)) == []
    assert len(failed(lookup(rcode=None), lookup(rcode=None, **other))) == 1
    assert failed(lookup(rcode=None), lookup(rcode=None, **other | {"client_ip": "172.16.11.93"})) == []
    assert failed(lookup(rcode=None), lookup(rcode=None, **other | {"asked_at": START_NS + 90 * SECOND_NS})) == []
    assert failed(lookup(rcode=None), lookup(rcode=None, type="AAAA")) == []


def test_addresses_that_werent_captured_are_none_that_are_missing() -> None:
    assert failed(lookup(rcode=0) | {"answers": None}) == []
    assert len(failed(lookup(rcode=0))) == 1


def test_an_answer_that_the_capture_couldnt_hold_is_none_that_is_missing() -> None:
    times = {"first_seen": START_NS, "last_seen": START_NS}
    question = flow(id="ab" * 8, protocol="udp", server_port=53, packets_in=0, **times)
    asked = lookup(rcode=None, flow=question["id"], asked=2)
    end = flow(client_ip=WORKSTATION, first_seen=START_NS, last_seen=START_NS + 2 * SECOND_NS)
    assert failed(asked | {"asked": 1}, flows=(question, end)) == []
    assert len(failed(asked, flows=(question, end))) == 1
    later = end | {"last_seen": START_NS + 3 * SECOND_NS}
    assert len(failed(asked, flows=(question, later))) == 1
    assert failed(asked, flows=(question, later | {"packets_in": 0})) == []  # of what is sent to the client nothing is captured


def test_a_name_that_resolved_at_any_time_didnt_fail() -> None:
    assert failed(lookup(rcode=None), lookup(CNC.upper(), rcode=0, answers=["20.1.1.11"])) == []
    assert failed(lookup(type="AAAA", rcode=0), lookup(rcode=0, answers=["20.1.1.11"])) == []


def test_a_name_that_is_there_without_any_address_failed_but_no_ipv6_is_as_it_should_be() -> None:
    assert len(failed(lookup(rcode=0))) == 1
    assert failed(lookup(type="AAAA", rcode=0)) == []


def test_other_names_and_other_types_are_nobodys_failure() -> None:
    assert failed(lookup("wpad.contoso.example"), lookup("example.org"), lookup(type="TXT"), lookup(asked=0)) == []


def test_behind_a_proxy_that_carries_the_service_it_is_information() -> None:
    (finding,) = failed(lookup(), flows=(tunnel(PROX01, CNC),))
    assert finding["severity"] == "info" and finding["text"].endswith("proxies carried these services all the same")


def test_a_capture_without_lookups_says_nothing() -> None:
    assert failed() == []
