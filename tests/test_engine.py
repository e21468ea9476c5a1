"""One engine, however it is fed, looked at and kept small."""

from __future__ import annotations

import pyarrow as pa
import pytest

from analyzer.engine import Engine, Limits, by_time, continued_tables, tables_between
from analyzer.flows.layout import CONTINUED, N_RECORDS
from analyzer.growing import together
from analyzer.packets.fragments import Fragments
from tests.build import messy_capture
from tests.packets.test_fragments import capture, cut, segment
from tests.pieces import Whole, differences


@pytest.mark.parametrize("seed", range(4))
def test_a_look_in_between_changes_nothing(seed: int) -> None:
    whole = Whole(messy_capture(seed))
    engine, middle = Engine([whole.source]), whole.n_frames // 2
    engine.read(whole.frames(0, middle))
    first, again = engine.snapshot().flows, engine.snapshot().flows
    assert first.equals(again) and first.equals(Engine([whole.source]).read(whole.frames(0, middle)).snapshot().flows)
    assert differences(engine.read(whole.frames(middle, whole.n_frames)).snapshot().flows, whole.table()) == []


def test_beyond_its_limits_it_keeps_nothing_back() -> None:
    whole = Whole(messy_capture(3))
    n = whole.table().num_rows
    evicted: list[pa.Table] = []
    engine = Engine([whole.source], limits=Limits(conversations=max(1, n // 4)), keep=evicted.append)
    for frame in range(whole.n_frames):
        engine.read(whole.frames(frame, frame + 1))
        assert engine.tables.counts[N_RECORDS] <= max(1, n // 4)
    assert len(evicted) > 1
    every = together([*evicted, engine.snapshot().flows])
    assert sum(every["packets_out"].to_pylist()) == sum(whole.table()["packets_out"].to_pylist())


def test_fragments_that_wait_show_in_a_look_and_go_on_waiting() -> None:
    whole = Whole(capture(cut(segment(), [24, 24])))
    waiting = Fragments()
    engine = Engine([whole.source], fragments=waiting).read(whole.frames(0, whole.n_frames - 1))
    assert len(waiting.parts()) == 2 and engine.snapshot().flows.num_rows == 1
    last = engine.read(whole.frames(whole.n_frames - 1, whole.n_frames)).snapshot().flows
    assert not waiting.parts() and differences(last, whole.table()) == []


def test_what_is_continued_holds_back() -> None:
    assert continued_tables().counts[CONTINUED] == 1
    data, frames, packets = Fragments().flush()
    assert tables_between(data, frames, packets).counts[[CONTINUED, N_RECORDS]].tolist() == [1, 0]


def test_inputs_by_their_first_times() -> None:
    assert by_time([30, None, 10, 30]) == [2, 0, 3, 1]
