"""Purpose: damage reaches the report under the names it expects, and no limit contradicts another."""

from __future__ import annotations

from analyzer.capture.block import MAX_FRAME, MAX_WIRE, Damage
from analyzer.capture.pcapng import MAX_BLOCK
from analyzer.capture.stream import READ
from analyzer.findings import CODES
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
