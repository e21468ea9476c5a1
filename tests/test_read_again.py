"""Conversations that are read again by themselves are what one pass makes of them, or nothing is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from analyzer.capture.block import Block
from analyzer.capture.source import Source
from analyzer.decoded import Decoded, decode
from analyzer.engine import Engine
from analyzer.facts.together import named_together
from analyzer.flows.batches import Contents
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.flows.retire import hashes_of
from analyzer.read_again import Again, at_that_time, packets_of, read_again, time_of
from tests.build import ESTABLISHED, Conversation, connect, pcap
from tests.build.conversation import START_NS
from tests.pieces import Whole, differences


def tunnels(n: int) -> bytes:
    talks = []
    for i in range(n):
        talk = Conversation(("172.16.11.92", 50_000 + i), start_ns=START_NS + i * 1_000_000)
        talks.append(talk.handshake().send_client(connect(f"h{i}.example:443")).send_server(ESTABLISHED).close())
    return pcap(sorted((frame for talk in talks for frame in talk.frames), key=lambda frame: frame[0]), nanosecond=True)


def tables_of(whole: Whole) -> Tables:
    return Engine([whole.source]).read(whole.frames(0, whole.n_frames)).tables


def spans(whole: Whole, cuts: list[int]) -> list[Again]:
    def decoded(first: int, last: int) -> Iterator[Decoded]:
        for one in decode(whole.frames(first, last), [whole.source]):
            one.block.frames["number"] -= first
            yield one

    return [Again(decoded(first, last), first) for first, last in zip([0, *cuts], [*cuts, whole.n_frames], strict=True)]


@pytest.mark.parametrize("cuts", [[], [9], [5, 6, 30]])
def test_they_lie_in_tables_of_their_own_and_all_else_stays(cuts: list[int]) -> None:
    whole = Whole(tunnels(6))
    tables = tables_of(whole)
    wanted = np.sort(hashes_of(tables)[1:4])
    with ThreadPoolExecutor(len(cuts) + 1) as threads:
        parted = read_again(tables, wanted, spans(whole, cuts), threads)
    assert parted is not None
    kept, alone = parted
    assert [int(each.counts[N_RECORDS]) for each in parted] == [3, 3] and not set(hashes_of(kept)) & set(wanted.tolist())
    named = named_together(Contents((), kept, [alone]), ["whole.pcap"], [0])
    assert differences(Whole(tunnels(6)).table(), named.flows) == []


def test_where_other_packets_of_them_were_counted_nothing_is_made_of_it() -> None:
    whole = Whole(tunnels(3))
    tables = tables_of(whole)
    wanted = np.sort(hashes_of(tables)[:2])
    with ThreadPoolExecutor(1) as threads:
        assert read_again(tables, wanted, spans(whole, [whole.n_frames - 3])[:1], threads) is None
    assert packets_of(tables, wanted).sum() == tables.sides["packets"][:4].sum() > 0
    assert packets_of(tables, np.array([1], np.uint64)).tolist() == [0]


def test_an_error_while_reading_is_the_readers() -> None:
    whole = Whole(tunnels(3))
    tables = tables_of(whole)

    def broken() -> Iterator[Decoded]:
        yield from decode(whole.frames(0, 4), [Source("x")])
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as threads, pytest.raises(ZeroDivisionError):
        read_again(tables, hashes_of(tables)[:1], [Again(broken(), 0), *spans(whole, [])], threads)


def test_only_the_time_of_their_packets_is_decoded() -> None:
    whole = Whole(tunnels(40))
    tables = tables_of(whole)
    wanted = np.sort(hashes_of(tables)[20:22])
    time = time_of(tables, wanted)
    assert time is not None
    blocks = [
        Block(block.data, block.frames[k : k + 5]) for block in whole.frames(0, whole.n_frames) for k in range(0, len(block.frames), 5)
    ]
    chosen = list(at_that_time(blocks, time))
    assert 0 < len(chosen) < len(blocks) == len(list(at_that_time(blocks, None)))
    with ThreadPoolExecutor(1) as threads:
        parted = read_again(tables, wanted, [Again(decode(chosen, [whole.source]), 0)], threads)
    assert parted is not None and int(parted[1].counts[N_RECORDS]) == 2
    again = tables_of(Whole(tunnels(40)))
    again.records["unreachable"][20] = 1  # a message that no flow's time shows
    assert time_of(again, wanted) is None and time_of(again, wanted[:0]) is None
