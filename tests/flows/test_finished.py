"""Conversations put away at any time, open or over: whatever comes then, everything is as if they had stayed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.engine import Engine, Limits
from analyzer.facts.table import Named
from analyzer.flows import batches, finished
from analyzer.flows.layout import N_RECORDS
from analyzer.flows.retire import conversations
from tests.build import Conversation, messy_capture, pcap
from tests.conftest import ROOT
from tests.pieces import Whole, differences

NONE = Limits(conversations=1 << 30)


def fed(whole: Whole, cuts: Sequence[int], share: float, chance: np.random.Generator) -> Engine:
    """An engine that puts a share of all conversations away at every cut."""
    engine = Engine([whole.source], limits=NONE)
    for begin, end in pairwise([0, *cuts, whole.n_frames]):
        engine.read(whole.frames(begin, end))
        first = conversations(engine.tables)
        taken = chance.random(len(first)) < share
        engine.tables = engine.finished.pack(engine.tables, taken[first])
    return engine


def check_same(one: Named, other: Named) -> None:
    assert differences(one.flows, other.flows) == []
    assert one.lookups.equals(other.lookups) and one.discoveries.equals(other.discoveries)
    assert one.missing == other.missing


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.data())
def test_whatever_is_put_away_and_when_everything_is_the_same(seed: int, data: st.DataObject) -> None:
    whole = Whole(messy_capture(seed))
    cuts = sorted(data.draw(st.sets(st.integers(1, whole.n_frames - 1), max_size=12)))
    share, size = data.draw(st.sampled_from((0.3, 1.0))), data.draw(st.sampled_from((1, 3, batches.BATCH_RECORDS)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batches, "BATCH_RECORDS", size)
        patched.setattr(batches, "GROUP_RECORDS", data.draw(st.sampled_from((1, 4, batches.GROUP_RECORDS))))
        patched.setattr(finished, "MAX_OPENED", data.draw(st.sampled_from((1, finished.MAX_OPENED))))
        engine = fed(whole, cuts, share, np.random.default_rng(seed))
        check_same(engine.snapshot(), whole.named(NONE))
        check_same(engine.named(engine.contents()), whole.named(NONE))


@pytest.mark.parametrize("name", ["T5-all-three", "T2-winhttp-wininet"])
def test_of_a_laboratory_capture_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_RECORDS", 4)
    monkeypatch.setattr(batches, "GROUP_RECORDS", 8)
    whole = Whole(ROOT / "captures" / f"{name}.pcapng")
    engine = fed(whole, list(range(37, whole.n_frames, 37)), 0.5, np.random.default_rng(1))
    assert engine.finished.returned > 10
    check_same(engine.named(engine.contents()), whole.named(NONE))


def talk(isn: int, start_s: int, port: int = 50_001) -> Conversation:
    """A connection of the same two ends, closed."""
    base = 1_700_000_000_000_000_000
    return Conversation(("172.16.11.92", port), isns=(isn, 5_000 + isn), start_ns=base + start_s * 10**9).handshake().close()


def both(*talks: Conversation) -> tuple[Engine, pa.Table, int]:
    """An engine that put everything away before the last talk; the table of one pass; how many records came back."""
    frames = [frame for each in talks for frame in each.frames]
    whole = Whole(pcap(frames, nanosecond=True))
    cuts = np.cumsum([len(each.frames) for each in talks])[:-1].tolist()
    engine = fed(whole, cuts, 1.0, np.random.default_rng(0))
    return engine, whole.table(), engine.finished.returned


def test_ports_used_again_bring_nothing_back_a_syn_sent_again_does() -> None:
    again, table, returned = both(talk(1_000, 0), talk(77_000, 60))
    assert table.num_rows == 2 and returned == 0 and differences(again.snapshot().flows, table) == []
    same, table, returned = both(talk(1_000, 0), talk(1_000, 60))
    assert table.num_rows == 1 and returned == 1 and differences(same.snapshot().flows, table) == []


def test_of_ports_used_three_times_the_newest_goes_on() -> None:
    late = talk(77_000, 61)
    late.frames = late.frames[-1:]
    engine, table, returned = both(talk(1_000, 0), talk(77_000, 60), late)
    assert table.num_rows == 2 and returned == 2 and differences(engine.snapshot().flows, table) == []


def test_what_is_put_away_takes_little_and_leaves_the_tables() -> None:
    whole = Whole(pcap([frame for i in range(400) for frame in talk(i, i, 20_000 + i).frames], nanosecond=True))
    engine = Engine([whole.source], limits=Limits(conversations=100)).read(whole.frames(0, whole.n_frames))
    assert len(engine.finished) > 200 and int(engine.tables.counts[N_RECORDS]) + len(engine.finished) == 400
    assert sum(len(batch.data) for batch in engine.finished.batches) < 100 * len(engine.finished)
    assert differences(engine.snapshot().flows, whole.table()) == []
