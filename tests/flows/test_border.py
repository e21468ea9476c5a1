"""Pieces laid side by side: only what a border may have cut is joined. See also tests/parts/test_partial.py."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from analyzer.engine import Engine
from analyzer.flows.batches import Contents
from analyzer.flows.border import across_borders, all_merged, are_among, at_border, each_once, left_inside, within
from analyzer.flows.concatenate import concatenated, used
from analyzer.flows.grow import without_rows
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.flows.retire import hashes_of
from analyzer.parts.partial import Partial, merge, merge_all
from tests.build import Conversation, connect, pcap
from tests.pieces import Whole, differences, finish

BASE_NS = 1_700_000_000_000_000_000
FIRSTS = 4_096 // 5
"""Conversations of five packets whose first packets a piece remembers: those before them stay in reach of copies."""


def talk(port: int, start_ms: int) -> Conversation:
    return Conversation(("172.16.11.92", port), start_ns=BASE_NS + start_ms * 1_000_000).handshake().send_client(connect("a.example:443"))


def pieces_of(n: int) -> tuple[Whole, list[Partial]]:
    """Three pieces of n conversations each that are over at once, and of one that goes on through all of them."""
    through = talk(10_000, 0)
    through.now_ns = BASE_NS + 5 * n * 10 * 1_000_000
    through.rst()
    frames = sorted((frame for i in range(3 * n) for frame in talk(20_000 + i, 1 + 10 * i).frames), key=lambda frame: frame[0])
    whole = Whole(pcap([*through.frames[:-1], *frames, through.frames[-1]], nanosecond=True))
    third = whole.n_frames // 3
    return whole, whole.pieces([third, 2 * third])


def contents_of(pieces: list[Partial]) -> list[Contents]:
    return [Contents(piece.batches, piece.tables) for piece in pieces]


def test_most_of_a_piece_is_no_borders_business() -> None:
    _, pieces = pieces_of(1_500)
    for each, known in zip(pieces, across_borders(contents_of(pieces)), strict=True):
        hashes = hashes_of(each.tables)
        assert np.isin(known, hashes).all() and hashes[0] in known and FIRSTS <= len(known) < len(hashes) - 300


def test_laid_side_by_side_they_are_one_pass() -> None:
    whole, pieces = pieces_of(1_500)
    joined = merge_all(pieces)
    assert differences(finish(joined), whole.table()) == []
    assert joined.tables.counts[N_RECORDS] == reduce(merge, pieces).tables.counts[N_RECORDS] == 4_501


def test_what_is_joined_is_only_what_was_cut() -> None:
    _, pieces = pieces_of(1_500)
    seen: list[int] = []

    def first(some: list[Tables]) -> Tables:
        seen.extend(int(tables.counts[N_RECORDS]) for tables in some)
        return some[0]

    all_merged(contents_of(pieces), first)  # type: ignore[arg-type]
    assert seen == [len(known) for known in across_borders(contents_of(pieces))]


def test_pieces_without_packets() -> None:
    whole, pieces = pieces_of(3)
    empty = Engine.piece([whole.source]).contents()
    assert [known.tolist() for known in across_borders([empty, empty])] == [[], []]
    assert differences(finish(merge_all([Partial.empty(), *pieces, Partial.empty()])), whole.table()) == []


@pytest.mark.parametrize("share", [0, 1, 2, 3])
def test_what_a_border_cut_leaves_its_place_to_the_others(share: int) -> None:
    _, pieces = pieces_of(50)
    tables = pieces[1].tables
    n = int(tables.counts[N_RECORDS])
    chosen = np.arange(n) % 3 < share
    others = concatenated(tables, without_rows())
    left = left_inside(others, chosen, at_border(others, chosen), 7)
    copied = within(tables, ~chosen, 7)
    assert left.counts[N_RECORDS] == n - np.count_nonzero(chosen)
    for name in ("records", "sides", "messages", "sightings"):
        rows = used(left, name)
        assert rows == used(copied, name) and (getattr(left, name)[:rows] == getattr(copied, name)[:rows]).all()


def test_hashes_once_and_among_others() -> None:
    hashes = np.array([7, 3, 1 << 63, 3, 7], np.uint64)
    assert each_once(hashes).tolist() == [3, 7, 1 << 63]
    assert are_among(hashes, np.array([3, 1 << 63], np.uint64)).tolist() == [False, True, True, True, False]
    assert not are_among(hashes, hashes[:0]).any() and not len(each_once(hashes[:0]))
