"""The flow table's columns, of conversations whose every fact is known."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.facts.handshakes import read_alpn
from analyzer.facts.table import flow_table
from analyzer.flows.grow import empty_tables
from analyzer.packets.layout import ACK, MARK, NO_TIME, PSH, SYN
from analyzer.tables import FLOW_SCHEMA
from tests.build import ECH_GREASE, ESTABLISHED, certificate, client_hello, connect, connect_as, get, leaf, records, server_hello
from tests.facts.settled import rows_of, settled
from tests.flows.packet_rows import START_NS, A, B, count, packet
from tests.streams.harness import START_NS as STAGE_NS
from tests.streams.harness import Stage, client, server

HELLO = client_hello("Inner.Example", ech=ECH_GREASE, alpn=("h2", b"\xff\0"))
FLIGHT = records(server_hello(0x0303, bare=True) + certificate(leaf("inner.example", "Some CA"), bare=True), version=0x0303)


def test_a_tunnel() -> None:
    stage = Stage(swapped=True)
    asked = connect_as("chromium", "Name.Example")
    stage.add([client(asked), server(ESTABLISHED), client(HELLO), server(FLIGHT), client(HELLO[:10], at=0)])
    (row,) = settled(stage)
    expected = {
        "capture": "0.pcap",
        "captures": ["0.pcap"],
        "protocol": "tcp",
        "client_ip": "10.0.0.3",
        "client_port": 50000,
        "server_ip": "10.0.0.2",
        "server_port": 3128,
        "packets_out": 4,
        "packets_in": 3,
        "bytes_out": len(asked) + len(HELLO) + 10,
        "bytes_in": len(ESTABLISHED) + len(FLIGHT),
        "retransmitted": 10,
        "state": "open",
        "outer": None,
        "request": "connect",
        "requested_host": "Name.Example",
        "requested_port": 443,
        "proxy_status": 200,
        "http_host": "Name.Example",
        "sni": "Inner.Example",
        "alpn": ["h2", "\\xff\0"],
        "tls_offered": "1.3",
        "ech": True,
        "client_random": bytes(range(32)).hex(),
        "tls_version": "1.2",
        "certificate_issuer": "CN=Some CA,O=Example\\, Inc.",
        "host": "name.example",
        "host_source": "connect",
        "client_family": "chromium",
    }
    assert {name: row[name] for name in expected} == expected
    assert (row["first_seen"], row["last_seen"]) == (STAGE_NS, STAGE_NS + 6000)
    (request,) = row["requests"]
    assert request["first_seen"] == STAGE_NS + 2000
    assert request["answered"] == STAGE_NS + 3000
    assert {key: value for key, value in request.items() if key not in ("first_seen", "answered")} == {
        "kind": "connect",
        "host": "Name.Example",
        "port": 443,
        "path": None,
        "status": 200,
        "service": None,
        "plane": None,
        "service_rule": None,
        "service_evidence": None,
        "outcome": None,
        "let_through": None,
        "challenge": [],
        "continues": None,
        "offered": None,
        "location": None,
        "html": False,
        "cut": False,
    }


def test_nothing_is_an_empty_table_of_the_schema() -> None:
    table = flow_table(empty_tables(), [], [])
    assert (table.num_rows, table.schema) == (0, FLOW_SCHEMA)


def test_a_bare_syn_has_no_facts() -> None:
    (row,) = rows_of(count([packet(flags=SYN, seq=1)]))
    assert list(row) == FLOW_SCHEMA.names
    assert (row["state"], row["requests"], row["alpn"], row["ech"], row["client_family"]) == ("no-answer", [], None, None, None)
    assert not any(value == "" for value in row.values())


def test_rows_are_sorted_by_first_seen_then_id_and_those_without_time_come_last() -> None:
    rows = [
        packet((0, 100 + i, 1000), B, SYN, seq=1, ts_ns=ts)
        for i, ts in enumerate([START_NS + 5, NO_TIME, START_NS, START_NS, START_NS, NO_TIME, START_NS - 1])
    ]
    keys = [(2**63 if row["first_seen"] is None else row["first_seen"], row["id"]) for row in rows_of(count(rows))]
    assert keys == sorted(keys)
    assert len(set(keys)) == 7


def test_an_icmp_error_alone_makes_no_flow() -> None:
    assert flow_table(count([packet(status=MARK)]), ["one.pcap"], [0]).num_rows == 0


def test_inputs_beyond_the_63_that_have_bits() -> None:
    rows = [packet(A, B, PSH | ACK, seq=1 + i, payload_bytes=1, ip_id=i + 1, ts_ns=START_NS + i, source=i) for i in range(70)]
    (row,) = rows_of(count(rows), 70, list(range(69, -1, -1)))
    assert row["capture"] == "0.pcap"
    assert row["captures"] == [f"{i}.pcap" for i in range(69, -1, -1)]


@pytest.mark.parametrize(
    ("raw", "names"),
    [(b"", []), (b"\2h2\10http/1.1", ["h2", "http/1.1"]), (b"\5h2", ["h2"]), (b"\0", [""]), (b"\2\xc3\x28", ["\\xc3("])],
)
def test_alpn(raw: bytes, names: list[str]) -> None:
    assert read_alpn(raw) == names


def test_alpn_of_a_hello_without_it_is_empty_and_without_a_hello_null() -> None:
    stage = Stage()
    stage.add([client(client_hello(alpn=()))])
    (row,) = settled(stage)
    assert (row["alpn"], row["ech"]) == ([], False)


@pytest.mark.parametrize(
    ("fields", "plain", "via"),
    [
        (("Via: 1.1 p",), b"", True),
        (("X-Forwarded-For: 10.0.0.9",), b"", True),
        ((), b"", False),
        (("Via: 1.1 p",), get("/", "Host: a"), False),
    ],
)
def test_via_is_of_the_plain_request_else_of_connect(fields: tuple[str, ...], plain: bytes, via: bool) -> None:
    stage = Stage()
    stage.add([client(connect("a:80", *fields)), server(ESTABLISHED), *([client(plain)] if plain else [])])
    (row,) = settled(stage)
    assert row["http_via"] is via


def test_many_flows_with_the_same_facts() -> None:
    """Rows are found by flow, whatever the order in which the records were made."""
    n = 300
    rows = [packet((0, 500 - i, 1000), B, SYN, seq=1, ts_ns=START_NS + (7 * i) % n) for i in range(n)]
    table = flow_table(count(rows), ["one.pcap"], [0])
    found = table["first_seen"].cast("int64").to_numpy()
    assert np.array_equal(found, START_NS + np.arange(n))
    assert set(table["packets_out"].to_pylist()) == {1}
