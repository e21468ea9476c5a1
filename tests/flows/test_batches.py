"""Finished conversations are unpacked exactly as they were packed, to the last byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from analyzer.engine import Engine
from analyzer.flows import batches, lone
from analyzer.flows.batches import Contents, all_of, in_batches, in_groups, in_pieces, left_in, with_tables_apart, without_most_strangers
from analyzer.flows.concatenate import TABLES, used
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.flows.retire import conversations, hashes_of, remaining
from tests.build import messy_capture
from tests.pieces import Whole, differences


def tables_of(seed: int) -> tuple[Whole, Tables]:
    whole = Whole(messy_capture(seed))
    return whole, Engine([whole.source]).read(whole.frames(0, whole.n_frames)).tables


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_RECORDS", 3)
    monkeypatch.setattr(batches, "GROUP_RECORDS", 5)


@pytest.mark.parametrize("seed", range(3))
def test_packed_and_unpacked_is_the_same(small: None, seed: int) -> None:
    _, tables = tables_of(seed)
    taken = np.ones(int(tables.counts[N_RECORDS]), np.bool_)
    made = list(in_batches(tables, taken))
    assert sorted(np.concatenate([rows for _, rows in made]).tolist()) == list(range(len(taken)))
    first = conversations(tables)
    for batch, rows in made:
        assert all(np.isin(np.flatnonzero(np.isin(first, first[rows])), rows))  # whole conversations
        again = batch.tables()
        assert hashes_of(again).tolist() == hashes_of(tables)[rows].tolist()
        for name in ("packets", "bytes", "base", "high", "seen", "state"):
            pairs = np.stack([2 * rows, 2 * rows + 1], axis=1).ravel()
            assert again.sides[name].tolist() == tables.sides[name][pairs].tolist()
    assert sum(used(batch.tables(), "messages") for batch, _ in made) == used(tables, "messages")


@pytest.mark.parametrize("seed", range(3))
def test_all_of_it_is_what_one_pass_has(small: None, seed: int) -> None:
    whole, tables = tables_of(seed)
    n = int(tables.counts[N_RECORDS])
    taken = np.isin(conversations(tables), np.arange(0, n, 2))
    made = [batch for batch, _ in in_batches(tables, taken)]
    counts = tables.counts.copy()
    stay = remaining(tables, taken)
    away = list(made)
    together = all_of(away, stay)
    assert away == []
    assert together.counts[N_RECORDS] == n and [used(together, name) for name in TABLES[:2]] == [n, 2 * n]
    engine = Engine([whole.source])
    assert differences(engine.named(Contents((), together)).flows, whole.table()) == []
    assert differences(engine.named(Contents(made, stay)).flows, whole.table()) == []
    assert counts[N_RECORDS] == n


def test_what_returned_is_left_out(small: None) -> None:
    _, tables = tables_of(1)
    (batch, _), *_ = in_batches(tables, np.ones(int(tables.counts[N_RECORDS]), np.bool_))
    n = batch.left
    last = np.flatnonzero(conversations(batch.tables()) == conversations(batch.tables())[-1])
    batch.returned[last] = True
    assert batch.left == n - len(last) == int(left_in(batch).counts[N_RECORDS])
    batch.returned[:] = True
    assert list(in_groups([batch])) == []


def test_a_flood_is_found_wherever_its_syns_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "FIRST_LISTED", 20)
    from tests.flows.test_lone import capture, everybody, flood

    whole = Whole(capture(*everybody(), *flood()))
    engine = Engine([whole.source]).read(whole.frames(0, whole.n_frames))
    alone, left_out = without_most_strangers(engine.copied())
    n = int(engine.tables.counts[N_RECORDS])
    made = [batch for batch, _ in in_batches(engine.tables, np.ones(n, np.bool_))]
    found, also = without_most_strangers(Contents(made, remaining(engine.tables, np.ones(n, np.bool_))))
    assert left_out is not None and also == left_out
    assert differences(engine.named(found).flows, engine.named(alone).flows) == []


def test_of_a_scan_by_few_nothing_is_left_out_wherever_its_syns_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "FIRST_LISTED", 20)
    from tests.flows.test_lone import capture, everybody, syn

    scan = (syn(("198.51.100.12", 20_000 + k), 1_000_000_007 * (k + 1) % (1 << 32), k) for k in range(60))
    whole = Whole(capture(*everybody(), *scan))
    engine = Engine([whole.source]).read(whole.frames(0, whole.n_frames))
    listed = engine.named(engine.copied()).flows
    n = int(engine.tables.counts[N_RECORDS])
    taken = np.arange(n) < n // 3
    away = [batch for batch, _ in in_batches(engine.tables, taken)]
    first, rest = remaining(engine.tables, ~taken), remaining(engine.tables, taken)
    for contents in (Contents(away, rest), Contents([], first, [rest]), with_tables_apart(Contents(away, rest))):
        found, left_out = without_most_strangers(contents)
        assert left_out is None
        assert differences(engine.named(found).flows, listed) == []


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_pieces_are_whole_conversations_and_all_records(most: int) -> None:
    for seed in range(3):
        _, tables = tables_of(seed)
        first = conversations(tables)
        pieces = list(in_pieces(tables, most))
        assert sorted(np.concatenate([one.records for one in pieces]).tolist()) == list(range(len(first)))
        assert all(len(set(first[one.records].tolist()) & set(first[other.records].tolist())) == 0 for one, other in pairwise(pieces))
        assert most < 1000 or len(pieces) == 1
        for name in ("messages", "sightings"):
            own = getattr(tables, name)["record"][: used(tables, name)]
            assert sorted(np.concatenate([getattr(one, name) for one in pieces]).tolist()) == list(range(len(own)))
            assert all(np.isin(own[getattr(one, name)], one.records).all() for one in pieces)
