"""Payload that is kept unread ends where encrypted data begins, whatever segments it comes in."""

from __future__ import annotations

import random

import pytest

from analyzer.flows.layout import ENCRYPTED, N_RECORDS
from analyzer.parts.partial import Partial
from tests.build import Conversation, pcap, records
from tests.pieces import Whole

NOISE = random.Random(2)


def held(said: bytes, cuts: list[int], order: list[int] | None = None) -> tuple[Partial, int]:
    """The part of a stream that is seen from its middle, and how many bytes it keeps."""
    talk = Conversation().send_client(said, cuts=cuts, order=order) if order else Conversation().send_client(said, cuts=cuts)
    (part,) = Whole(pcap(talk.frames, nanosecond=True)).pieces([])
    return part, int(part.tables.counts[20])


def marked(part: Partial) -> bool:
    sides = part.tables.sides[: 2 * int(part.tables.counts[N_RECORDS])]
    return bool((sides["marks"] & ENCRYPTED).any())


def test_a_segment_that_begins_with_a_record() -> None:
    part, size = held(records(NOISE.randbytes(4000), kind=23), [1400, 2800])
    assert marked(part) and size == 7


def test_a_record_in_the_middle_of_a_segment_with_another_behind_it() -> None:
    said = NOISE.randbytes(100) + records(NOISE.randbytes(200), kind=23) * 20
    part, size = held(said, [1400, 2800])
    assert marked(part) and size == 107


def test_records_longer_than_a_segment() -> None:
    said = NOISE.randbytes(100) + records(NOISE.randbytes(5000), kind=23) * 3
    part, size = held(said, list(range(1400, len(said), 1400)))
    assert marked(part) and size < 7000


@pytest.mark.parametrize("said", [NOISE.randbytes(3000).replace(b"\x17\x03", b"\x17\x04"), b"words and words " * 200])
def test_other_payload_is_kept(said: bytes) -> None:
    part, size = held(said, [1400])
    assert not marked(part) and size == len(said)


def test_what_comes_late_from_before_is_kept() -> None:
    said = b"GET / HTTP/1.1\r\n" + b"\r\n" * 30 + records(NOISE.randbytes(900), kind=23)
    part, size = held(said, [76], [1, 0])
    assert marked(part) and size == 76 + 7
