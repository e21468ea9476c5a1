import numpy as np
import pyarrow as pa
import pytest

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology, topology_from
from analyzer.verdict.evidence import by_first_seen, distinct, evidence_of, grouped, rfc3339, source_rows
from tests.verdict.rows import CNC, LAB_TOPOLOGY, PROX01, START_NS, WORKSTATION, flow, table, tunnel


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (START_NS + 1, "2024-05-01T12:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_rfc3339(ns: int, text: str) -> None:
    assert rfc3339(ns) == text


def test_grouped_by_several_keys_in_their_order() -> None:
    a, b = np.array([1, 0, 1, 0, 1]), np.array([5, 5, 4, 5, 5])
    found = [(key, positions.tolist()) for key, positions in grouped(np.array([4, 3, 2, 1, 0]), a, b)]
    assert found == [((0, 5), [1, 3]), ((1, 4), [2]), ((1, 5), [0, 4])]
    assert list(grouped(np.array([], dtype=np.int64), a)) == []
    assert list(distinct(np.array([4, 3, 2, 1, 0]), a, b)) == [key for key, _ in found]
    assert list(distinct(np.array([], dtype=np.int64), a)) == []


def test_rows_are_put_in_time_order_with_timeless_ones_last() -> None:
    rows = [flow(id="c", first_seen=2), flow(id="b", first_seen=1), flow(id="a", first_seen=2), flow(id="d") | {"first_seen": None}]
    assert by_first_seen(table(rows)).column("id").to_pylist() == ["b", "a", "c", "d"]
    assert by_first_seen(table(rows[::-1])).column("id").to_pylist() == ["b", "a", "c", "d"]


def test_a_table_in_order_is_left_alone() -> None:
    flows = table([flow(id="a", first_seen=1), flow(id="b", first_seen=1), flow(id="c", first_seen=2)])
    assert by_first_seen(flows).equals(flows)


def test_spans_leave_missing_times_out() -> None:
    rows = [flow(first_seen=START_NS, last_seen=START_NS + 5), flow() | {"first_seen": None, "last_seen": None}]
    evidence = evidence_of(table(rows), LAB_TOPOLOGY)
    assert evidence.span(np.array([0, 1])) == (rfc3339(START_NS), rfc3339(START_NS + 5))
    assert evidence.span(np.array([1])) == (None, None)


def test_labels() -> None:
    row = tunnel(PROX01, CNC) | {"proxy": PROX01, "proxy_name": "PROX01", "route": "proxy"}
    evidence = evidence_of(table([row, row | {"id": "x", "proxy": "10.0.0.1:80", "proxy_name": None}]), LAB_TOPOLOGY)
    assert sorted(evidence.proxy_label(code) for code in (0, 1)) == ["10.0.0.1:80", "PROX01"]
    assert evidence.client_label(0) == "WORKSTATION"


def test_what_else_comes_from_a_translators_address_is_nobodys() -> None:
    rows = [tunnel(PROX01, CNC), tunnel(PROX01, CNC, client_ip="203.0.113.7"), flow(client_ip="203.0.113.7"), flow(client_ip="203.0.113.8")]
    flows = route_flows(table(rows), LAB_TOPOLOGY)
    ids, copied = flows.column("id").to_pylist(), flows.column("same_as").to_pylist()
    copied[1] = ids[0]
    index = flows.schema.get_field_index("same_as")
    flows = flows.set_column(index, "same_as", pa.array(copied, pa.string()))
    evidence = evidence_of(flows, Topology())
    assert [evidence.client.text(code) for code in evidence.client.codes[source_rows(evidence)].tolist()] == [WORKSTATION, "203.0.113.8"]
    named = topology_from({"workstation": [{"name": "GATE", "address": "203.0.113.7"}]}, "named.toml")
    assert source_rows(evidence_of(flows, named)).all(), "unless the topology calls it a workstation"
