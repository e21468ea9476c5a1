import numpy as np
import pytest

from analyzer.routes.requests import NO_STATUS, NO_TIME, bytes_both_ways, flat_requests, tunnelled_unanswered
from tests.verdict.rows import START_NS, asked, flow, request, table


def test_requests_lie_flat_in_row_order() -> None:
    first = asked("10.0.0.1:80", request("connect", "a", 407, first_seen=START_NS), request("connect", "a", 200))
    flat = flat_requests(table([flow(), first, asked("10.0.0.1:80", request("socks5", "b", None))]))
    assert flat.row.tolist() == [1, 1, 2]
    assert flat.kind.tolist() == [0, 0, 3]
    assert flat.status.tolist() == [407, 200, NO_STATUS]
    assert flat.first_seen.tolist() == [START_NS, NO_TIME, NO_TIME]
    assert flat.last.tolist() == [False, True, True]
    assert flat.host.to_pylist() == ["a", "a", "b"]


def test_a_null_list_is_no_request() -> None:
    assert flat_requests(table([flow(requests=None), asked("10.0.0.1:80", request("connect", "a", 200))])).row.tolist() == [1]


def test_no_flows_have_no_requests() -> None:
    assert len(flat_requests(table([])).row) == 0


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"sni": "a"}, True),
        ({"client_random": "00" * 32}, True),
        ({"tls_offered": "1.3"}, True),
        ({}, False),
        ({"bytes_out": 2049}, True),
        ({"bytes_out": 4000, "retransmitted": 2000}, False),
        ({"sni": "a", "bytes_in": 0}, False),
        ({"sni": "a", "bytes_in": None}, False),
    ],
)
def test_tunnel_bytes_took_both_directions(columns: dict[str, object], expected: bool) -> None:
    row = flow(bytes_out=300, bytes_in=100) | columns
    assert bytes_both_ways(table([row])).tolist() == [expected]


@pytest.mark.parametrize(
    ("kind", "status", "expected"), [("connect", None, True), ("socks4", None, True), ("absolute", None, False), ("connect", 200, False)]
)
def test_an_unanswered_request_becomes_a_tunnel(kind: str, status: int | None, expected: bool) -> None:
    flat = flat_requests(table([asked("10.0.0.1:80", request("connect", "a", None), request(kind, "a", status))]))
    assert tunnelled_unanswered(flat, np.array([True])).tolist() == [False, expected]
    assert not tunnelled_unanswered(flat, np.array([False])).any()
