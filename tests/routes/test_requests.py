import pyarrow as pa

from analyzer.routes.requests import NO_STATUS, NO_TIME, Names, flat_requests, same_host
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


def test_names_are_compared_without_case_and_the_roots_dot() -> None:
    assert same_host(pa.array(["A.Example.", "a.example", None])).to_pylist() == ["a.example", "a.example", None]


def test_spellings_of_one_name_have_one_number() -> None:
    names = Names.of(pa.array(["A.Example.", None, "b", "a.example", "B"]))
    assert names.code.tolist() == [0, -1, 1, 0, 1]
    assert names.code_of(pa.array(["B.", "c", None, "A.EXAMPLE"])).tolist() == [1, -1, -1, 0]
