"""Rows named apart are the rows named at once: in order, with names that another's lookup gives. See also tests/flows/test_finished.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from analyzer.engine import Engine
from analyzer.facts import together
from analyzer.facts.together import in_order, joined, laid_out, ns_of, parts_of
from analyzer.packets.layout import NO_TIME
from analyzer.tables import TIME
from tests.build import messy_capture
from tests.pieces import Whole, differences


def test_by_time_then_id_and_those_without_a_time_last() -> None:
    pieces = [
        pa.table({"first_seen": pa.array([5, None], TIME), "id": ["b", "a"]}),
        pa.table({"first_seen": pa.array([5, 1, None], TIME), "id": ["a", "z", "A"]}),
    ]
    assert in_order(pieces).tolist() == [3, 2, 0, 4, 1]


def test_pieces_of_one_are_that_one() -> None:
    named = Whole(messy_capture(5)).named()
    again = joined([named])
    assert again.flows.equals(named.flows) and again.lookups.equals(named.lookups) and again.discoveries.equals(named.discoveries)
    assert again.missing == named.missing


def test_a_missing_time_is_what_it_is_asked_to_be() -> None:
    assert ns_of(pa.chunked_array([pa.array([7, None], TIME)]), NO_TIME).tolist() == [7, NO_TIME]
    assert np.iinfo(np.int64).min == NO_TIME


@pytest.mark.parametrize(("workers", "most", "in_memory"), [(1, 3, 1 << 30), (2, 2, 1 << 30), (3, 1, 1 << 30), (1, 3, 0), (2, 2, 4_000)])
def test_many_flows_are_named_some_at_a_time(workers: int, most: int, in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "RECORDS_AT_ONCE", most)
    monkeypatch.setattr(together, "MAX_MEMORY_BYTES", in_memory)
    for seed in (3, 5, 8):
        whole = Whole(messy_capture(seed))
        engine = Engine([whole.source]).read(whole.frames(0, whole.n_frames))
        expected = whole.named()
        found = engine.named(engine.contents(), workers)
        assert differences(found.flows, expected.flows) == [] and found.lookups.equals(expected.lookups)
        assert found.missing == expected.missing and found.discoveries.equals(expected.discoveries)
        assert all(column.num_chunks == 1 for column in found.flows.columns)


def test_runs_are_copied_and_what_lies_between_is_picked() -> None:
    order = np.array([*range(2, 40), 0, 50, 1, 40, *range(41, 50), *range(51, 90)])
    parts = parts_of(order, 5)
    assert [part.ranks is None for part in parts] == [True, False, True, True]
    assert [part.ranges for part in parts] == [[(2, 38)], [(0, 2), (50, 1)], [(40, 10)], [(51, 39)]]
    assert [part.ranges for part in parts_of(order, 200)] == [[(0, 90)]]


@pytest.mark.parametrize("least", [1, 3, 20, 200])
@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.list_(pa.int64()), pa.struct([("a", pa.string())])])
def test_a_column_laid_out_is_the_column_taken(kind: pa.DataType, least: int) -> None:
    order = np.concatenate([np.arange(30, 60), np.array([3, 1, 99, 0, 2]), np.arange(4, 30), np.arange(98, 59, -1)])
    made: dict[str, Callable[[int], object]] = {
        "string": str,
        "int64": int,
        "list<item: int64>": lambda i: [i] * (i % 3),
        "struct<a: string>": lambda i: {"a": str(i)},
    }
    values = [None if i % 7 == 0 else made[str(kind)](i) for i in range(100)]
    column = pa.chunked_array([pa.array(values[:33], kind), pa.array(values[33:90], kind), pa.array(values[90:], kind)])
    laid = laid_out(column, parts_of(order, least))
    assert laid.equals(column.take(pa.array(order)).combine_chunks())
    assert laid_out(column[:0], parts_of(order[:0], least)).equals(pa.array([], kind))
