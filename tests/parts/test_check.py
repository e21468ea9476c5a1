"""Tables that point to what isn't there are refused; those that were counted aren't."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.flows.concatenate import USED, concatenated, used
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import FREE_HOLE, N_DUPLICATES, Tables
from analyzer.parts.check import check_tables
from tests.build import messy_capture
from tests.pieces import Whole


def counted() -> Tables:
    tables = concatenated(Whole(messy_capture(1)).pieces([])[0].tables, empty_tables())
    return tables._replace(**{name: getattr(tables, name)[: used(tables, name)] for name in USED})


def change(table: str, column: str, value: int) -> Callable[[Tables], None]:
    def do(tables: Tables) -> None:
        getattr(tables, table)[column][0] = value

    return do


CHANGES = [
    change("messages", "record", 1 << 20),
    change("messages", "side", 2),
    change("messages", "host_size", 1 << 30),
    change("sides", "holes", 1 << 20),
    change("sides", "state", 77),
    change("records", "previous", 0),
    change("records", "sources", 2),
    change("records", "last_source", 3),
    lambda tables: tables.counts.__setitem__(FREE_HOLE, 1 << 20),
    lambda tables: tables.counts.__setitem__(N_DUPLICATES, -1),
]


def test_what_was_counted_is_right() -> None:
    check_tables(counted(), 1, [0])
    with pytest.raises(ValueError, match="fragment"):
        check_tables(counted(), 1, [1])


@pytest.mark.parametrize("do", CHANGES)
def test_what_was_changed_is_not(do: Callable[[Tables], None]) -> None:
    tables = counted()
    do(tables)
    with pytest.raises(ValueError, match=r"isn't there|goes on behind|back to itself|below zero"):
        check_tables(tables, 1, [])
