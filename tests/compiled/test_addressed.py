"""Where arrays lie is kept with the tuple that has them, and with no other."""

from __future__ import annotations

import copy
import pickle

import numpy as np

from analyzer.compiled import why_plain
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_RECORDS, RECORD
from analyzer.flows.table import place_records


def placed(tables: object) -> bool:
    """Whether a kernel was given the tuple before."""
    return "addresses" in vars(tables) and bool(np.any(vars(tables)["addresses"]))


def test_a_kernel_is_given_the_arrays_of_the_tuple_whatever_it_is_a_copy_of() -> None:
    tables = empty_tables()
    tables.counts[N_RECORDS] = 1
    place_records(tables, 0)
    assert np.count_nonzero(tables.slots) == 1 and placed(tables) == (why_plain("flows") is None)
    before = tables.slots.copy()
    for other in (
        tables._replace(slots=np.zeros(len(tables.slots), np.int32)),
        copy.copy(tables),
        copy.deepcopy(tables),
        pickle.loads(pickle.dumps(tables)),
    ):
        assert type(other) is type(tables) and not placed(other)
        other.slots[:] = 0
        kept = tables.slots.copy()
        place_records(other, 0)
        assert np.array_equal(other.slots, before)
        assert other.slots is tables.slots or np.array_equal(tables.slots, kept)


def test_an_array_of_another_type_is_refused_each_time() -> None:
    tables = empty_tables()._replace(records=np.zeros(4, RECORD)["first_ns"].copy())
    if why_plain("flows") is not None:
        return
    for _ in range(2):
        try:
            place_records(tables, 0)
        except TypeError as error:
            assert "another type" in str(error)
        else:
            raise AssertionError("it was taken")
