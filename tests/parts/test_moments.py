"""The packets by which a copy is known, of a piece's first and last moments."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_FIRSTS, RECENT
from analyzer.parts.moments import REACH_NS, firsts_in_time, recent_in_time, recent_rows
from tests.build import messy_capture
from tests.pieces import Whole


def test_recent_packets_come_back_where_they_were() -> None:
    (part,) = Whole(messy_capture(5)).pieces([])
    rows = recent_in_time(part.tables)
    again = recent_rows(rows)
    there = again["digest"] != 0
    assert len(rows) == there.sum() > 0 and (again[there] == part.tables.recent[there]).all()


def test_only_what_a_copy_may_reach_stays() -> None:
    tables = empty_tables()
    tables.firsts["digest"][:3], tables.firsts["ts_ns"][:3] = (1, 2, 3), (0, REACH_NS, REACH_NS + 1)
    tables.counts[N_FIRSTS] = 3
    assert firsts_in_time(tables)["digest"].tolist() == [1, 2] and tables.counts[N_FIRSTS] == 2


def test_three_in_one_place_are_none() -> None:
    rows = np.zeros(3, RECENT)
    rows["digest"] = 7
    with pytest.raises(ValueError, match="one place"):
        recent_rows(rows)
