"""Relative numbers, and the same again."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.concatenate import concatenated, used
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import POOL_USED, TEXTS
from analyzer.flows.relative import absolute, relative
from tests.build import messy_capture
from tests.pieces import Whole


@pytest.mark.parametrize("seed", range(3))
def test_there_and_back(seed: int) -> None:
    whole = Whole(messy_capture(seed))
    tables = concatenated(whole.pieces([whole.n_frames // 2])[1].tables, empty_tables())
    small = relative(tables)
    assert abs(small.records["last_ns"]).max() < 10**13
    small.counts[POOL_USED] = len(small.pool)
    absolute(small)
    for name in ("records", "sides", "held"):
        assert (getattr(small, name) == getattr(tables, name)[: used(tables, name)]).all()
    for text in TEXTS:
        for one, other in zip(small.messages, tables.messages, strict=False):
            size = max(0, int(one[f"{text}_size"]))
            a, b = int(one[f"{text}_at"]), int(other[f"{text}_at"])
            assert np.array_equal(small.pool[a : a + size], tables.pool[b : b + size])


def test_a_row_of_no_record_is_an_error() -> None:
    tables = relative(Whole(messy_capture(1)).pieces([])[0].tables)
    tables.messages["record"][0] = -1
    with pytest.raises(IndexError):
        absolute(tables)
