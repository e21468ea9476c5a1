"""A window of time keeps what lies in it, and one without a packet is an error that names the times there are."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.capture.block import Block
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from analyzer.packets.layout import FRAME, NO_TIME
from analyzer.window import check_span, counted, within

SECOND = 10**9


def block(*times: int) -> Block:
    frames = np.zeros(len(times), FRAME)
    frames["ts_ns"] = times
    return Block(np.zeros(0, np.uint8), frames)


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [(None, None, [NO_TIME, 1, 2, 3]), (2, None, [2, 3]), (None, 3, [1, 2]), (2, 3, [2]), (4, None, []), (2, 2, [])],
)
def test_the_end_is_not_in_it_and_frames_without_a_time_are_in_none(start: int | None, end: int | None, kept: list[int]) -> None:
    number = [0]
    blocks = list(counted(within([block(NO_TIME, 1), block(2, 3)], start, end), number))
    assert [time for one in blocks for time in one.frames["ts_ns"].tolist()] == kept
    assert number == [len(kept)]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (9 * SECOND, None, "from 1970-01-01T00:00:09.000000000Z"),
        (None, SECOND, "before 1970-01-01T00:00:01.000000000Z"),
        (SECOND, 2 * SECOND, "1970-01-01T00:00:01.000000000Z to 1970-01-01T00:00:02.000000000Z"),
    ],
)
def test_an_empty_window_names_both_times(start: int | None, end: int | None, words: str) -> None:
    source = Source("one.pcap")
    source.first_ns, source.last_ns = 3 * SECOND, 5 * SECOND
    with pytest.raises(Unusable) as error:
        check_span([source], start, end)
    assert f"the window {words} holds no packet of the inputs" in str(error.value)
    assert "they go from 1970-01-01T00:00:03.000000000Z to 1970-01-01T00:00:05.000000000Z" in str(error.value.remedy)


def test_no_window_and_no_packets_are_no_errors() -> None:
    empty, full = Source("empty.pcap"), Source("full.pcap")
    full.first_ns = full.last_ns = SECOND
    check_span([full], None, None)
    check_span([empty], SECOND, None)
