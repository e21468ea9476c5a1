"""Invariant: whatever a frame holds, decoding ends, reads nothing outside the frame, and sets the payload inside it."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.packets.layout import FRAGMENT, MALFORMED, MARK, MAX_OUTER, OK, TCP, UDP
from analyzer.packets.link_types import LINK_TYPES as READ
from tests.packets.shapes import UDP_6, framed, frames_of_every_shape, frames_that_are_guessed, in_udp
from tests.packets.twin import decoded, disagreements, outer_of
from tests.reference.capture import Frame

SHAPES = [*frames_of_every_shape().values(), *frames_that_are_guessed().values()]
LINK_TYPES = (*(number for numbers, _ in READ for number in numbers), 147)

any_frame = st.builds(framed, st.sampled_from(LINK_TYPES), st.binary(max_size=200))
Edit = tuple[int, int, bytes]


def edited(frame: Frame, edits: list[Edit]) -> Frame:
    data = frame.data
    for where, gone, new in edits:
        at = where % (len(data) + 1)
        data = data[:at] + new + data[at + gone :]
    return frame._replace(data=data)


edits = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=5)
damaged_frame = st.builds(edited, st.sampled_from(SHAPES), edits)
other_link = st.builds(lambda frame, link: frame._replace(link_type=link), damaged_frame, st.sampled_from(LINK_TYPES))
wire = st.sampled_from([0, 60, 1514, 65_535, 2_097_152])


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(any_frame, damaged_frame, other_link), min_size=1, max_size=20), wire)
@example([framed(1, in_udp(3544)(b"\0\1\xff\xff" + UDP_6))], 0)
def test_nothing_outside_the_frame(frames: list[Frame], wire_bytes: int) -> None:
    frames = [frame._replace(wire_bytes=max(wire_bytes, len(frame.data))) for frame in frames]
    (_, zeros), (_, ones) = decoded(frames, 0), decoded(frames, 0xFF)
    assert (zeros["status"] == ones["status"]).all()
    at = 0
    for frame, packet, again in zip(frames, zeros, ones, strict=True):
        at += 64
        end = at + len(frame.data)
        assert 0 <= packet["status"] <= MALFORMED
        assert packet["wrapped"] <= MAX_OUTER and len(outer_of(packet)) == packet["wrapped"]
        if packet["status"] in (OK, MARK):
            assert packet == again
            assert packet["protocol"] in (TCP, UDP) and packet["version"] in (4, 6)
        if packet["status"] in (OK, FRAGMENT):
            assert 0 <= packet["captured_bytes"] <= len(frame.data)
            assert at <= packet["payload"] and (packet["captured_bytes"] == 0 or packet["payload"] + packet["captured_bytes"] <= end)
        if packet["status"] == OK:
            assert packet["captured_bytes"] <= packet["payload_bytes"] <= max(65_535, frame.wire_bytes)
        at = end


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds(framed, st.sampled_from([1, 9, 12, 14, 101, 113, 276]), st.binary(max_size=120)), min_size=1, max_size=20))
def test_as_the_twin_on_random_bytes(frames: list[Frame]) -> None:
    """Derandomized: the decoder reads more kinds of tags and tunnels than the twin, which chance finds sooner or later."""
    assert disagreements(frames) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, len(SHAPES) - 1), max_size=40))
def test_a_packet_is_the_same_wherever_it_lies(which: list[int]) -> None:
    """A packet's row depends on its frame alone: not on its neighbours, nor on the row's old content."""
    alone = decoded(SHAPES)[1]
    _, packets = decoded([SHAPES[i] for i in which])
    for i, packet in zip(which, packets, strict=True):
        if alone[i]["status"] in (OK, MARK):
            same = [name for name in alone.dtype.names or () if name not in ("payload", "frame")]
            assert np.array_equal(packet[same], alone[i][same])
