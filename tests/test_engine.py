"""One engine gives the same rows, however it is fed, read and kept small."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analyzer.engine import Engine, Limits, by_time
from analyzer.errors import Unusable
from analyzer.flows import batches
from analyzer.flows.concatenate import used
from analyzer.flows.layout import N_FIRSTS, N_RECORDS
from analyzer.flows.retire import before_it, conversations
from analyzer.growing import together
from analyzer.packets.fragments import Fragments
from analyzer.parts import blanked
from tests.build import Conversation, connect, messy_capture, pcap
from tests.conftest import ROOT
from tests.packets.test_fragments import capture, cut, segment
from tests.pieces import Whole, differences

PATIENT = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
    engine = Engine([whole.source], limits=Limits(conversations=max(1, n // 4), finished=n // 4), keep=evicted.append)
    for frame in range(whole.n_frames):
        engine.read(whole.frames(frame, frame + 1))
        assert engine.tables.counts[N_RECORDS] <= max(1, n // 4) and len(engine.finished) <= n // 4
    assert len(evicted) > 1
    every = together([*evicted, engine.snapshot().flows])
    assert sum(every["packets_out"].to_pylist()) == sum(whole.table()["packets_out"].to_pylist())


def test_what_was_silent_for_long_comes_back_whole_while_there_is_room() -> None:
    """A limit is reached again and again, and each connection goes on after it left the tables: no row is two, none is lost."""
    talks = [Conversation(("172.16.11.92", 20_000 + i), start_ns=10**18 + i * 10**6).handshake() for i in range(60)]
    first = [frame for talk in talks for frame in talk.frames]
    for talk in talks:
        talk.frames, talk.now_ns = [], 10**18 + 10**10
        talk.send_client(connect("a.example:443")).send_server(bytes(300))
    whole = Whole(pcap([*first, *(frame for talk in talks for frame in talk.frames)], nanosecond=True))

    def fed(limits: Limits) -> tuple[Engine, list[pa.Table]]:
        gone: list[pa.Table] = []
        engine = Engine([whole.source], limits=limits, keep=gone.append)
        for frame in range(0, whole.n_frames, 10):
            engine.read(whole.frames(frame, frame + 10))
        return engine, gone

    engine, gone = fed(Limits(conversations=8))
    assert engine.finished.returned >= 50 and not gone and engine.going_on == 0
    assert differences(engine.snapshot().flows, whole.table()) == []
    torn, gone = fed(Limits(conversations=8, finished=20))
    assert torn.going_on > 20 and together([*gone, torn.snapshot().flows]).num_rows > 80
    small, gone = fed(Limits(conversations=8, finished_bytes=1_000))
    assert small.going_on > 20 and small.finished.size() <= 1_000


def test_fragments_that_wait_show_in_a_look_and_go_on_waiting() -> None:
    whole = Whole(capture(cut(segment(), [24, 24])))
    waiting = Fragments()
    engine = Engine([whole.source], fragments=waiting).read(whole.frames(0, whole.n_frames - 1))
    assert len(waiting.parts()) == 2 and engine.snapshot().flows.num_rows == 1
    last = engine.read(whole.frames(whole.n_frames - 1, whole.n_frames)).snapshot().flows
    assert not waiting.parts() and differences(last, whole.table()) == []


def engines(whole: Whole, cuts: list[int], share: float, chance: np.random.Generator) -> list[Engine]:
    """One for each piece, which puts a share of what it may away three times. Of a piece's first packets few are remembered."""
    made = []
    for begin, end in pairwise([0, *cuts, whole.n_frames]):
        engine = Engine.piece([whole.source])
        for first, last in pairwise(np.linspace(begin, end, 4).astype(int).tolist()):
            engine.read(whole.frames(first, last))
            tables = engine.tables
            tables.counts[N_FIRSTS] = min(3, int(tables.counts[N_FIRSTS]))
            of = conversations(tables)
            taken = chance.random(len(of)) < share
            taken[of[before_it(tables)]] = False
            engine.tables = engine.finished.pack(tables, taken[of])
        made.append(engine)
    return made


@PATIENT
@given(st.integers(0, 2**32), st.data())
def test_whatever_was_put_away_saved_loaded_and_merged_it_is_the_same(seed: int, data: st.DataObject) -> None:
    """That pieces are one pass: tests/parts/test_partial.py."""
    whole = Whole(messy_capture(seed))
    assume(whole.n_frames > 1)
    cuts = sorted(data.draw(st.sets(st.integers(1, whole.n_frames - 1), max_size=3)))
    chance, share = np.random.default_rng(seed), data.draw(st.sampled_from((0.4, 1.0)))
    table = Engine.merge(engines(whole, cuts, 0, chance)).snapshot().flows
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(blanked, "unsure", bytes)  # a line that may end a credential: tests/parts/test_tails.py
        patched.setattr(batches, "BATCH_RECORDS", data.draw(st.sampled_from((1, 3, batches.BATCH_RECORDS))))
        pieces = engines(whole, cuts, share, chance)
        merged = Engine.merge(pieces)
        assert differences(merged.snapshot().flows, table) == []
        loaded = []
        for number, piece in enumerate(pieces):
            piece.save(Path(folder, f"{number}.part"))
            loaded.append(Engine.load(Path(folder, f"{number}.part")))
            assert loaded[-1].n_records == piece.n_records
            assert not any(batch.unread for batch in loaded[-1].finished.batches)
        merged.save(Path(folder, "all.part"))
        assert differences(Engine.load(Path(folder, "all.part")).snapshot().flows, table) == []
        if len(pieces) == 1:
            assert differences(loaded[0].snapshot().flows, table) == []


def test_what_waits_behind_a_gap_is_known_after_a_merge() -> None:
    """The third piece begins with an acknowledgement of all before it; what is sent then begins behind a gap."""
    whole = Whole(messy_capture(153))
    merged = Engine.merge([Engine.piece([whole.source]).read(whole.frames(*ends)) for ends in pairwise([0, 1, 12, whole.n_frames])])
    table = merged.snapshot().flows
    assert differences(table, whole.table()) == [] and table["pending_since"].null_count == 0


def test_an_engine_that_was_saved_goes_on(tmp_path: Path) -> None:
    whole, returned = Whole(ROOT / "captures" / "T5-all-three.pcapng"), 0
    for half in range(200, whole.n_frames, 200):
        engine = Engine([whole.source]).read(whole.frames(0, half))
        first = conversations(engine.tables)
        engine.tables = engine.finished.pack(engine.tables, first % 2 == 0)
        engine.save(tmp_path / "half.part")
        again = Engine.load(tmp_path / "half.part").read(whole.frames(half, whole.n_frames))
        returned += again.finished.returned
        assert differences(again.snapshot().flows, whole.table()) == []
    assert returned > 3


def test_of_what_is_over_a_saved_part_holds_no_payload(tmp_path: Path) -> None:
    """What waits for bytes that never came stays with what is open, where it is blanked; what is over is facts."""
    secret = b"Basic c2VjcmV0OnNlY3JldA=="
    talks = []
    for i in range(40):
        talk = Conversation(("172.16.11.92", 20_000 + i), start_ns=10**15 + i * 10**9).handshake()
        talk.send_client(connect("a.example:443", f"Proxy-Authorization: {secret.decode()}"), cuts=[19, 60], order=[0, 2])
        talks += talk.close().frames
    whole = Whole(pcap(talks, nanosecond=True))
    engine = Engine([whole.source], limits=Limits(conversations=4)).read(whole.frames(0, whole.n_frames))
    assert len(engine.finished) and any(batch.unread for batch in engine.finished.batches)
    engine.save(tmp_path / "a.part")
    loaded = Engine.load(tmp_path / "a.part")
    assert all(used(batch.tables(), "arena") == 0 for batch in loaded.finished.batches)
    for tables in (loaded.tables, *(batch.tables() for batch in loaded.finished.batches)):
        assert b"c2VjcmV0" not in b"".join(getattr(tables, name).tobytes() for name in ("arena", "store", "pool"))
    assert loaded.snapshot().flows.num_rows == 40


def test_what_is_no_part_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"whichproxy part 2\n" + bytes(99))
    with pytest.raises(Unusable, match="another version"):
        Engine.load(tmp_path / "a.part")


def test_inputs_by_their_first_times() -> None:
    assert by_time([30, None, 10, 30]) == [2, 0, 3, 1]
