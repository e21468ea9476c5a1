"""In the middle of a file packets are found where they are, in either format and byte order, and nowhere in what only looks like one."""

from __future__ import annotations

import io

import pytest

from analyzer.capture.packet_starts import PcapngFraming, framing_of
from tests.build import Conversation, connect, enhanced, interface, obsolete, pcap, pcapng, pcapng_block, section_header, simple

FRAMES = Conversation().handshake().send_client(connect("a.example:443") + bytes(range(200)), cuts=list(range(10, 200, 7))).frames


def starts_in(data: bytes, begin: int, most: int | None = None) -> tuple[list[int], list[int]]:
    """(where packets begin in the data from `begin` on, as it is found; where the first thirty were seen, each found from there)."""
    framing = framing_of(io.BytesIO(data), len(data) if most is None else most)
    assert framing is not None
    found = [begin + at for at in framing.starts(data[begin:], to_end=True)]
    frames = framing.frames_from(data, found[0], len(FRAMES))
    return found, [framing.begin_of(frame) for frame in frames]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_every_packet_is_found_and_nothing_else(write: object, order: str) -> None:
    data = write(FRAMES, order=order)  # type: ignore[operator]
    for begin in (48, 400, 1_000):
        found, seen = starts_in(data, begin)
        assert found == seen
        assert found[-1] == len(data) - (16 if write is pcap else 32) - -(-len(FRAMES[-1][1]) // 4) * 4 or write is pcap


@pytest.mark.parametrize("order", ["little", "big"])
def test_blocks_that_are_no_packets_lie_between_packets(order: str) -> None:
    others = [pcapng_block(kind, bytes(4 * n), order) for n, kind in enumerate((4, 10, 0xBAD, 0x80000001, 99))]
    packets = [enhanced(ts_ns // 1_000, data, number=place % 2, order=order) for place, (ts_ns, data) in enumerate(FRAMES)]
    between = [
        packet + others[place % 5] + (obsolete(1, b"xyz", order=order) if place == 9 else b"") for place, packet in enumerate(packets)
    ]
    described = [section_header(order), others[2], interface(order=order), others[1], interface(113, resolution=9, order=order)]
    data = b"".join([*described, *between])
    begin = len(b"".join(described))
    found, seen = starts_in(data, begin + 4)
    assert found == seen and len(found) == len(FRAMES)  # the older form of a packet among them, but for the first
    framing = framing_of(io.BytesIO(data), len(data))
    assert framing is not None
    assert framing.n_interfaces == 2 and framing.head == described[0] + described[2] + described[4]


def test_packets_of_interfaces_that_are_not_known_or_longer_than_their_blocks_are_none() -> None:
    head = section_header() + interface(resolution=9)
    framing = framing_of(io.BytesIO(head), 1 << 20)
    assert isinstance(framing, PcapngFraming)
    twenty = [enhanced(ts_ns, data) for ts_ns, data in FRAMES[:20]]
    assert next(framing.starts(b"".join(twenty), to_end=False)) == 0
    unknown = [*twenty[:4], enhanced(1, b"abcd", number=1), *twenty[4:]]
    assert next(framing.starts(b"".join(unknown), to_end=False)) == len(b"".join(unknown[:5]))
    for other in (twenty[4][:-4] + b"\1\0\0\0", twenty[4][:20] + b"\xff\0\0\0" + twenty[4][24:], head, b"abcd", twenty[4][:28]):
        assert next(framing.starts(b"".join([*twenty[:4], other, *twenty[4:]]), to_end=False)) == len(b"".join([*twenty[:4], other]))
    assert list(framing.starts(b"".join(twenty[:9]), to_end=False)) == []


def test_frames_without_a_time_are_no_place_to_cut() -> None:
    data = section_header() + interface() + enhanced(5, b"abcd") + enhanced(6, b"abcd") + simple(b"abcd") + enhanced(7, b"abcd")
    framing = framing_of(io.BytesIO(data), len(data))
    assert framing is not None
    assert framing.frames_from(data, len(framing.head), 9)["ts_ns"].tolist() == [5_000, 6_000]


def test_what_can_not_be_cut() -> None:
    two = pcapng(FRAMES[:2])
    for data in (b"", b"\n\r\r\n", pcap([]), section_header() + enhanced(1, b"abcd"), two + two, pcap(FRAMES, modified=True), bytes(99)):
        assert framing_of(io.BytesIO(data), len(data)) is None
    framing = framing_of(io.BytesIO(two + two), len(two))
    assert framing is not None and framing.n_interfaces == 1
