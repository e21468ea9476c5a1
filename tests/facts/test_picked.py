"""Fields of chosen rows, against numpy's own picking."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.facts.picked import OF_RECORDS, OF_SIDES, Fields, Picked
from analyzer.facts.strings import HEX
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import MESSAGE, RECORD, SIDE
from analyzer.flows.messages import CLIENT_HELLO_ROW


@pytest.mark.parametrize("n", [0, 1, 7, 64, 4103])
@pytest.mark.parametrize("least", [0, -1])
def test_fields_are_those_of_the_rows(n: int, least: int) -> None:
    """In order, also where some are missing."""
    draws = np.random.default_rng(n)
    table = np.zeros(100, SIDE)
    for name in OF_SIDES:
        table[name] = draws.integers(0, 200, len(table))
    rows = draws.integers(least, len(table), n)
    fields = Fields(table, rows, OF_SIDES)
    assert len(fields) == n
    for name in OF_SIDES:
        assert fields[name].dtype == SIDE[name] and fields[name].flags.c_contiguous
        assert fields[name].tolist() == np.where(rows >= 0, table[name][rows], 0).tolist()


def test_a_table_without_rows() -> None:
    assert Fields(np.zeros(0, RECORD), np.array([-1, -1]), OF_RECORDS)["first_ns"].tolist() == [0, 0]


def test_texts_and_numbers_by_the_names_of_their_kind() -> None:
    messages = np.zeros(3, MESSAGE)
    hellos = messages.view(CLIENT_HELLO_ROW)
    hellos["version"], hellos["random_at"], hellos["random_size"] = (7, 8, 9), 3, 2
    hellos["server_name_at"], hellos["server_name_size"] = (0, 1, 2), (1, -1, 2)
    tables = empty_tables()._replace(messages=messages, pool=np.frombuffer(b"Aa.\x01\xfe\x10", np.uint8))
    picked = Picked(tables, CLIENT_HELLO_ROW, np.array([2, -1, 0, 1]), "version", "server_name", "random")
    assert picked.number("version", missing=-5).tolist() == [9, -5, 7, 8] and picked["version"].tolist() == [9, 0, 7, 8]
    assert picked.text("server_name").to_pylist() == [".\x01", None, "A", None]
    assert picked.part("random", 1, 2, HEX, np.array([True, False, False, True])).to_pylist() == ["fe10", None, None, "fe10"]
    assert picked.raw("server_name", np.array([False, False, True, True])).to_pylist() == [None, None, b"A", None]
