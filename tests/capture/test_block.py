"""Purpose: damage reaches the report under the names it expects, and no limit contradicts another."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.capture.block import MAX_FRAME, MAX_WIRE, Damage, note_frames
from analyzer.capture.pcapng import MAX_BLOCK
from analyzer.capture.stream import READ
from analyzer.findings import CODES
from analyzer.packets.layout import FRAME, NO_TIME
from tests.reference.capture import MAX_FRAME_BYTES


def test_damage_as_the_report_reads_it() -> None:
    assert Damage("capture-damaged", "cut", 24, 5).as_dict() == {
        "code": "capture-damaged", "text": "cut", "offset": 24, "bytes": 5, "count": 1,
    }  # fmt: skip
    assert Damage("packets-dropped", "lost").as_dict()["offset"] is None


def test_limits_fit_each_other() -> None:
    assert MAX_FRAME == MAX_FRAME_BYTES == 262_144
    assert MAX_FRAME < READ, "a frame that fits no window would make it grow"
    assert MAX_FRAME < MAX_BLOCK
    assert MAX_WIRE < 2**31


def test_codes_of_damage_have_a_meaning() -> None:
    assert {"capture-damaged", "capture-unreadable", "packets-dropped"} <= set(CODES)


@pytest.mark.parametrize(
    ("times", "first", "last", "ordered"),
    [([3, 3, 5], 3, 5, True), ([3, 5, 4], 3, 5, False), ([5, 3], 3, 5, False), ([NO_TIME, 3], 3, 3, False), ([3, NO_TIME, 4], 3, 4, False)],
)
def test_whether_all_have_a_time_and_none_is_earlier(times: list[int], first: int, last: int, ordered: bool) -> None:
    frames = np.zeros(len(times), FRAME)
    frames["ts_ns"] = times
    found = note_frames(frames, len(times), NO_TIME, 1, 7, 11)
    assert (found[0], found[1], found[2], bool(found[6])) == (first, last, times[-1], ordered)
    assert frames["number"].tolist() == list(range(11, 11 + len(times))) and set(frames["source"]) == {7}
