"""Rows in the order asked for: addresses as addresses, what is missing last."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.report.arranged import arranged, arrangement, columns_that_begin
from tests.report.flow_rows import flow, table


def order(sort: str, name: str, *given: Any, limit: int | None = None) -> list[Any]:
    """The column's values once it is sorted."""
    rows = table(*(flow(n, **{name: value}) for n, value in enumerate(given)))
    found: list[Any] = arranged(rows, arrangement(sort=sort, limit=limit))[name].to_pylist()
    return found


def test_numbers_and_what_is_missing() -> None:
    assert order("proxy_status", "proxy_status", 407, None, 200) == [200, 407, None]
    assert order("-proxy_status", "proxy_status", 407, None, 200) == [407, 200, None]


def test_addresses_sort_as_addresses() -> None:
    given = ("10.0.0.10", "2001:db8::1", "10.0.0.9")
    assert order("client_ip", "client_ip", *given) == ["10.0.0.9", "10.0.0.10", "2001:db8::1"]
    proxies = ("10.0.0.9:8080", "[2001:db8::1]:80", "10.0.0.10:80", "10.0.0.9:80")
    assert order("proxy", "proxy", *proxies) == ["10.0.0.9:80", "10.0.0.9:8080", "10.0.0.10:80", "[2001:db8::1]:80"]


def test_later_columns_decide_between_equals_and_then_the_tables_own_order() -> None:
    rows = table(*(flow(n, host=host, bytes_out=size) for n, (host, size) in enumerate([("b", 1), ("a", 1), ("b", 2), ("a", 1)])))
    sorted_rows = arranged(rows, arrangement(sort="host,-bytes_out"))
    assert sorted_rows["host"].to_pylist() == ["a", "a", "b", "b"] and sorted_rows["bytes_out"].to_pylist() == [1, 1, 2, 1]
    ids = rows["id"].to_pylist()
    assert sorted_rows["id"].to_pylist() == [ids[1], ids[3], ids[2], ids[0]]


def test_a_limit_comes_after_the_order() -> None:
    assert order("-bytes_in", "bytes_in", 1, 3, 2, limit=2) == [3, 2]
    rows = table(flow(0), flow(1))
    assert arranged(rows, arrangement(limit=1)).num_rows == 1 and arranged(rows, arrangement(limit=9)).num_rows == 2


@pytest.mark.parametrize(
    ("columns", "sort", "told"),
    [
        ("hots", None, "--columns: 'hots' is no column; did you mean host?"),
        ("host,host", None, "--columns: host stands there twice; name each column once"),
        ("host,,id", None, "--columns: a column without a name"),
        ("", None, "--columns: a column without a name"),
        (None, "-bytesout", "--sort: 'bytesout' is no column; did you mean bytes_out?"),
        (None, "host,-host", "--sort: host stands there twice"),
        (None, "-", "--sort: a column without a name"),
        (None, "requests", "--sort: requests holds lists, which have no order"),
    ],
)
def test_mistakes_are_said(columns: str | None, sort: str | None, told: str) -> None:
    with pytest.raises(Unusable) as error:
        arrangement(columns, sort)
    assert str(error.value).startswith(told)


def test_columns_complete_behind_a_comma_and_a_minus() -> None:
    assert columns_that_begin("host,-bytes_o") == ["host,-bytes_out"]
    assert "client_ip" in columns_that_begin("cl") and columns_that_begin("host,zz") == []
