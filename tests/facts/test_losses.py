"""What was captured twice or not at all is damage of the input in which the flows were first seen."""

from __future__ import annotations

import tests.build as build
from tests.build import Conversation
from tests.engine import reading, stream


def test_captured_twice_is_counted() -> None:
    talk = Conversation().handshake().send_client(b"a" * 100).close()
    talk.frames = sorted([*talk.frames, *((ts + 1000, data) for ts, data in talk.frames)])
    ((code, text, count),) = [
        (one["code"], one["text"], one["count"]) for one in reading(build.pcap(talk.frames, nanosecond=True)).captures[0]["damage"]
    ]
    assert (code, text, count) == ("duplicated-packets", "packets captured twice, counted once", len(talk.frames) // 2)


def test_each_gap_is_its_inputs() -> None:
    whole = Conversation().handshake().send_client(b"a" * 100).close()
    gap = Conversation(client=("10.0.0.9", 1025)).handshake().send_client(b"a" * 100).send_client(b"b" * 50, at=300)
    captures = reading(*(stream(build.pcap(talk.frames, nanosecond=True)) for talk in (whole, gap))).captures
    assert [[one["text"] for one in capture["damage"]] for capture in captures] == [
        [],
        ["200 bytes in the middle of 1 TCP conversation were not captured"],
    ]
