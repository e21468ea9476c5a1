"""Both legs: what a pair shows, its times, and what it doesn't show."""

from typing import Any

from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.forwarding import leg_table
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, PROX03, START_NS, flow, request, table, verdict
from tests.verdict.rows import asked as connection

MS = 1_000_000
RANDOM = "ab" * 32


def client_leg(random: str = RANDOM, host: str = CNC, **columns: Any) -> dict[str, Any]:
    """CONNECT at 0 ms, 200 at 5, ClientHello at 6, ServerHello at 10."""
    asked = request("connect", host, 200, first_seen=START_NS, answered=START_NS + 5 * MS)
    times = {"first_seen": START_NS, "client_hello_at": START_NS + 6 * MS, "server_hello_at": START_NS + 10 * MS}
    return connection(PROX03, asked, sni=host, client_random=random, **(times | {"client_hello_digest": "1" * 16} | columns))


def origin_leg(random: str = RANDOM, host: str = CNC, **columns: Any) -> dict[str, Any]:
    """Opened at 1 ms, ClientHello at 7, ServerHello at 9."""
    times = {"first_seen": START_NS + MS, "client_hello_at": START_NS + 7 * MS, "server_hello_at": START_NS + 9 * MS}
    ends = {"client_ip": "172.16.12.12", "server_ip": "20.1.2.6"}
    return flow(sni=host, host=host, client_random=random, **(ends | times | {"client_hello_digest": "1" * 16} | columns))


def legs(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = verdict(*rows)["legs"]
    return result


def test_a_tunnel_that_was_passed_on() -> None:
    leg, origin = client_leg(bytes_out=700, bytes_in=900), origin_leg(bytes_out=500, bytes_in=860)
    (entry,) = legs(leg, origin)
    assert (
        entry["text"] == f"PROX03 forwarded 1 tunnel of WORKSTATION for {CNC} to 20.1.2.6:443; the ClientHello is bit for bit the client's"
    )
    assert (entry["kind"], entry["hello"], entry["confidence"]) == ("tunnel", "same", "certain")
    delays = ("opening_ms", "first_byte_ms", "origin_answer_ms", "outward_ms", "inward_ms")
    assert [entry[name] for name in delays] == [5.0, 5.0, 2.0, 1.0, 1.0]
    assert [entry[name] for name in ("bytes_out", "bytes_in", "origin_bytes_out", "origin_bytes_in")] == [700, 900, 500, 860]
    assert (entry["flows"], entry["origin_flows"]) == ([leg["id"]], [origin["id"]])


def test_a_tunnel_that_was_opened_has_no_delay_of_bytes() -> None:
    (entry,) = legs(client_leg(), origin_leg("cd" * 32, client_hello_digest="2" * 16))
    assert (
        entry["text"]
        == f"PROX03 opened 1 tunnel of WORKSTATION for {CNC}: toward 20.1.2.6:443 the ClientHello is another than the client's"
    )
    assert (entry["hello"], entry["outward_ms"], entry["inward_ms"], entry["opening_ms"]) == ("other", None, None, 5.0)


def test_the_same_random_in_another_hello_is_not_the_clients() -> None:
    (entry,) = legs(client_leg(), origin_leg(client_hello_digest="2" * 16))
    assert entry["hello"] == "other"
    assert legs(client_leg(), origin_leg(client_hello_digest="2" * 16, host="other.example")) == []
    assert legs(client_leg(), origin_leg(client_hello_digest="2" * 16, client_ip="198.51.100.7")) == []


def test_behind_nat_the_address_is_told() -> None:
    (entry,) = legs(client_leg(), origin_leg(client_ip="198.51.100.7"))
    assert entry["text"].startswith("198.51.100.7, behind PROX03, forwarded 1 tunnel")


def test_a_fetch_by_plain_http_is_likely() -> None:
    asked = request("absolute", "crl.microsoft.com", 200, path="/a.crl", first_seen=START_NS, answered=START_NS + 5 * MS)
    leg = connection(PROX03, asked, first_seen=START_NS, bytes_in=3000)
    origin = flow(
        client_ip="172.16.12.12", server_port=80, first_seen=START_NS + MS, http_host="CRL.microsoft.com", http_path="/a.crl", bytes_in=2900
    )
    (entry,) = legs(leg, origin)
    assert (entry["kind"], entry["hello"], entry["confidence"], entry["flows"]) == ("fetch", None, "likely", [leg["id"]])
    late = {**origin, "first_seen": START_NS + 6 * MS}
    other = {**origin, "http_path": "/b.crl"}
    longer = {**origin, "bytes_in": 9000}
    assert [legs(leg, one) for one in (late, other, longer)] == [[], [], []]
    assert legs(leg, origin, {**origin, "id": "f" * 16}) == []


def test_the_table_has_a_row_per_leg_with_nulls_for_missing_times() -> None:
    from analyzer.routes.route import route_flows
    from analyzer.services.tag import tag_flows

    rows = [client_leg(), origin_leg(server_hello_at=None)]
    flows = tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE)
    (row,) = leg_table(evidence_of(flows, LAB_TOPOLOGY)).to_pylist()
    assert (row["pair"], row["origin"]) == (rows[0]["id"], rows[1]["id"])
    assert (row["outward_ns"], row["inward_ns"], row["origin_port"], row["inspected"]) == (MS, None, 443, False)
