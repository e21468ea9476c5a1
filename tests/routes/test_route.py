from typing import Any

import pyarrow.compute as pc
import pytest

from analyzer.routes.route import route_flows
from analyzer.routes.topology import topology_from
from analyzer.tables import FLOW_COLUMNS, FLOW_SCHEMA, REQUEST
from tests.verdict.rows import LAB_TOPOLOGY, PROX01, PROX02, START_NS, WORKSTATION, asked, flow, request, routed, table, tunnel


def routes(*rows: dict[str, Any], **options: Any) -> list[str | None]:
    return [row["route"] for row in routed(*rows, **options)]


def test_direct_is_all_other_tcp_and_quic() -> None:
    assert routes(flow(), flow(server_port=25), flow(protocol="udp"), flow(protocol="udp", server_port=53)) == [
        "direct",
        "direct",
        "direct",
        None,
    ]


def test_a_flow_to_a_proxy_before_and_after_it_behaved_as_one() -> None:
    end = {"server_ip": "172.16.12.10", "server_port": 3128}
    before, after = flow(**end, first_seen=START_NS, state="no-answer"), flow(**end, first_seen=START_NS + 10**12)
    rows = routed(before, tunnel(PROX01, "a.example", first_seen=START_NS + 10**9), after)
    assert [(row["route"], row["proxy"]) for row in rows] == [("proxy", PROX01)] * 3


def test_a_syn_to_an_unknown_host_is_direct() -> None:
    assert routes(flow(server_ip="172.16.12.10", server_port=3128, state="no-answer")) == ["direct"]


def test_another_port_of_a_proxy_is_direct() -> None:
    assert routes(tunnel(PROX01, "a.example"), flow(server_ip="172.16.12.10", server_port=22)) == ["proxy", "direct"]


def test_what_a_proxys_address_opens_is_upstream() -> None:
    proxy = {"client_ip": "172.16.12.10"}
    rows = (tunnel(PROX01, "a.example"), flow(**proxy), flow(**proxy, protocol="udp", server_port=53))
    assert routes(*rows) == ["proxy", "upstream", "upstream"]


def test_without_any_sign_of_a_proxy_its_flows_are_direct() -> None:
    assert routes(flow(client_ip="172.16.12.10")) == ["direct"]
    assert routes(flow(client_ip="172.16.12.10"), topology=LAB_TOPOLOGY) == ["upstream"]


def test_a_parent_proxy_is_upstream_and_named() -> None:
    rows = routed(tunnel(PROX01, "a.example"), tunnel(PROX02, "a.example", client_ip="172.16.12.10"))
    assert [(row["route"], row["proxy"]) for row in rows] == [("proxy", PROX01), ("upstream", PROX02)]


def test_names_and_methods_come_from_the_topology() -> None:
    (row, unnamed) = routed(tunnel(PROX01, "a.example"), tunnel("10.9.9.9:8080", "a.example"), topology=LAB_TOPOLOGY)
    assert (row["proxy"], row["proxy_name"], row["method"]) == (PROX01, "PROX01", "winhttp")
    assert (unnamed["proxy"], unnamed["proxy_name"], unnamed["method"]) == ("10.9.9.9:8080", None, None)


def test_direct_and_origin_legs_have_no_proxy() -> None:
    rows = routed(tunnel(PROX01, "a.example"), flow(), flow(client_ip="172.16.12.10"))
    assert [row["proxy"] for row in rows] == [PROX01, None, None]


def test_a_v6_proxy_is_written_in_brackets() -> None:
    row = asked("[2001:db8::10]:3128", request("connect", "a.example", 200), client_ip="2001:db8::92")
    topology = topology_from({"proxy": [{"name": "SIX", "address": "2001:db8::/64", "method": "pac"}]}, "t.toml")
    (plain,) = routed(row)
    assert (plain["proxy"], plain["proxy_name"]) == ("[2001:db8::10]:3128", None)
    (named,) = routed(row | {"client_ip": "2001:db8:1::92"}, topology=topology)
    assert (named["route"], named["proxy_name"], named["method"]) == ("proxy", "SIX", "pac")


def test_udp_to_a_proxys_port_is_not_the_proxy() -> None:
    quic = flow(server_ip="172.16.12.10", server_port=443, protocol="udp")
    assert routes(tunnel("172.16.12.10:443", "a.example"), quic) == ["proxy", "direct"]


@pytest.mark.parametrize("rows", [[], [tunnel(PROX01, "a.example"), flow()]])
def test_only_the_stages_own_columns_change(rows: list[dict[str, Any]]) -> None:
    flows = table(rows)
    result = route_flows(flows, LAB_TOPOLOGY)
    assert result.schema.equals(FLOW_SCHEMA)
    for column in FLOW_COLUMNS:
        if column.stage != "routes" and column.name != "requests":
            assert result.column(column.name).equals(flows.column(column.name))
    before, after = (pc.list_flatten(one.column("requests")).combine_chunks().flatten() for one in (flows, result))
    assert all(a.equals(b) for field, a, b in zip(REQUEST, before, after, strict=True) if field.name not in ("outcome", "let_through"))


def test_what_was_asked_as_a_proxy_is_never_direct() -> None:
    for answer in (None, 400, 404, 405, 501):
        (row,) = routed(tunnel("192.0.2.9:8080", "a.example", answer, bytes_in=0))
        assert (row["route"], row["proxy"], row["direct_outcome"]) == ("proxy", "192.0.2.9:8080", None)


def test_other_flows_to_what_was_only_asked_are_direct() -> None:
    assert routes(tunnel("192.0.2.9:8080", "a.example", 405), flow(server_ip="192.0.2.9", server_port=8080)) == ["proxy", "direct"]


def test_what_a_workstation_opens_is_its_own_even_where_a_proxy_runs_on_it() -> None:
    local = tunnel(f"{WORKSTATION}:8080", "a.example", client_ip="172.16.11.93")
    assert routes(local, flow(), topology=LAB_TOPOLOGY) == ["proxy", "direct"]
    assert routes(local, flow()) == ["proxy", "upstream"]
    both = {"proxy": [{"name": "LOCAL", "address": WORKSTATION}], "workstation": [{"name": "W", "address": WORKSTATION}]}
    assert routes(local, flow(), topology=topology_from(both, "t.toml")) == ["proxy", "direct"]


def test_outcomes_stand_in_the_requests() -> None:
    rows = routed(asked(PROX01, request("connect", "a", 407), request("connect", "a", 200)), flow(requests=None), tunnel(PROX01, "b", 503))
    assert [[entry["outcome"] for entry in row["requests"] or ()] for row in rows] == [["challenged", "worked"], [], ["failed"]]


def test_chunked_tables_give_the_same() -> None:
    import pyarrow as pa

    rows = [tunnel(PROX01, "a.example"), flow(), flow(client_ip="172.16.12.10")]
    chunks = pa.concat_tables([table(rows[:1]), table(rows[1:])])
    assert route_flows(chunks, LAB_TOPOLOGY).to_pylist() == route_flows(table(rows), LAB_TOPOLOGY).to_pylist()
