"""Purpose: every link type in the list begins with the packet that is in it, and no other does."""

from __future__ import annotations

import pytest

from analyzer.packets.layout import CUT_SHORT, LINK_UNKNOWN, OK
from analyzer.packets.link import UNKNOWN
from analyzer.packets.link_types import LINK_TYPES, begin
from tests.build import wrappings
from tests.packets.shapes import LINKS, OTHER_LINKS, TCP_4, TCP_6, framed
from tests.packets.test_link import same_packet, status
from tests.packets.twin import decoded

LISTED = {number for numbers, _ in LINK_TYPES for number in numbers}


@pytest.mark.parametrize("number", range(len(OTHER_LINKS)))
def test_link_types_that_the_twin_does_not_read(number: int) -> None:
    link_type, wrap = OTHER_LINKS[number]
    for packet in (TCP_4, TCP_6):
        assert same_packet(link_type, wrap(packet), packet), (link_type, wrap(packet).hex())


def test_the_list_is_what_is_read() -> None:
    frame = wrappings.pktap(b"")[:12] + bytes(188)  # 149 is read where it is PKTAP
    assert {kind for kind in range(512) if begin(frame, 0, 200, kind)[0] != UNKNOWN} == LISTED


def test_a_number_that_is_everybodys_is_read_only_where_it_is_pktap() -> None:
    assert status(149, wrappings.pktap(TCP_4, 12)) == OK
    for data in (TCP_4, wrappings.pktap(TCP_4, 600), wrappings.pktap(TCP_4, 12, length=107), bytes(200)):
        assert status(149, data) == LINK_UNKNOWN


@pytest.mark.parametrize("link_type", sorted(LISTED - {0, 108, 12, 14, 101, 228, 229, 239}))
def test_a_header_that_is_cut(link_type: int) -> None:
    """A frame shorter than a packet gives none, whatever its length. That nothing outside it is read, the fuzz test checks."""
    frames = [wrap(TCP_4) for kind, wrap in (*LINKS.items(), *OTHER_LINKS) if kind == link_type]
    for frame in frames:
        until = frame.rindex(TCP_4) + 20 + 14
        statuses = {int(packet["status"]) for packet in decoded([framed(link_type, frame[:size]) for size in range(until)])[1]}
        assert OK not in statuses and CUT_SHORT in statuses
