"""Packets into tables, and pieces' tables into one. See also tests/test_engine.py and tests/parts/test_partial.py."""

from __future__ import annotations

import numpy as np

from analyzer.decoded import decode
from analyzer.feeding import continued_tables, fed, put_together, tables_between
from analyzer.flows.batches import Contents
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import CONTINUED, N_RECORDS
from analyzer.packets.fragments import Fragments
from tests.build import messy_capture
from tests.pieces import Whole


def test_what_is_continued_holds_back() -> None:
    assert continued_tables().counts[CONTINUED] == 1
    data, frames, packets = Fragments().flush()
    assert tables_between(data, frames, packets).counts[[CONTINUED, N_RECORDS]].tolist() == [1, 0]


def test_packets_are_counted_and_of_one_piece_nothing_changes() -> None:
    whole, tables = Whole(messy_capture(3)), empty_tables()
    for decoded in decode(whole.frames(0, whole.n_frames), [whole.source]):
        tables = fed(tables, decoded, np.zeros((len(decoded.packets), 3), np.int64))
    n = int(tables.counts[N_RECORDS])
    assert n > 3
    alone = put_together([Contents((), tables)])
    assert alone.batches == [] and alone.tables.counts[N_RECORDS] == n
