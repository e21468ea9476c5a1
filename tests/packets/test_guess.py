"""Purpose: where no field announces the payload's type, only a complete IP header is taken for a packet."""

from __future__ import annotations

import pytest

import tests.build as build
from analyzer.packets.guess import guessed, is_ethernet, is_ip, is_ppp
from analyzer.packets.link import LAYER_ETHERNET, LAYER_IP, LAYER_LLC, LAYER_PPP, NONE
from tests.build import wrappings
from tests.packets.shapes import TCP_4, UDP_6


def buffer(data: bytes) -> bytes:
    return data + bytes(64)


def lengths(*those: int) -> int:
    """As the kernel takes them, a bit for each."""
    return sum(1 << n for n in those)


def test_an_ip_header_has_a_version_lengths_a_time_to_live_and_a_protocol() -> None:
    for packet in (TCP_4, UDP_6):
        assert is_ip(buffer(packet), 0, len(packet), False)
        for at, value in ((0, 0x35), (0, packet[0] & 0x0F), (8 if packet is TCP_4 else 7, 0), (9 if packet is TCP_4 else 6, 200)):
            changed = packet[:at] + bytes((value,)) + packet[at + 1 :]
            assert not is_ip(buffer(changed), 0, len(packet), False), (at, value)
    assert not is_ip(buffer(b"\x44" + TCP_4[1:]), 0, len(TCP_4), False)  # a header of 16 bytes
    assert not is_ip(buffer(TCP_4[:2] + b"\0\x13" + TCP_4[4:]), 0, len(TCP_4), False)  # longer than the packet
    assert not is_ip(buffer(TCP_4), 0, 19, False) and not is_ip(buffer(UDP_6), 0, 39, False)


def test_frames_around_an_ip_header() -> None:
    frame = build.ethernet(build.vlan(TCP_4, 5), 0x8100)
    assert is_ethernet(buffer(frame), 0, len(frame), False) and not is_ethernet(buffer(frame), 0, 37, False)
    wrong = build.ethernet(TCP_4, 0x86DD)
    assert not is_ethernet(buffer(wrong), 0, len(wrong), False)
    assert not is_ethernet(buffer(build.arp()), 0, 60, False)
    for ppp in (wrappings.ppp(UDP_6), wrappings.ppp(UDP_6)[2:]):
        assert is_ppp(buffer(ppp), 0, len(ppp), False)
    assert not is_ppp(buffer(b"\xc0\x21" + TCP_4), 0, 60, False)


@pytest.mark.parametrize(
    ("frame", "layer", "skipped"),
    [
        (TCP_4, LAYER_IP, 0),
        (build.ethernet(UDP_6), LAYER_ETHERNET, 0),
        (wrappings.ppp(TCP_4), LAYER_PPP, 0),
        (wrappings.SNAP + b"\x08\0" + TCP_4, LAYER_LLC, 0),
        (b"\xfe\xfe\x03\xcc" + TCP_4, LAYER_IP, 4),
        (b"\x03\x8e" + UDP_6, LAYER_IP, 2),
    ],
)
def test_behind_the_first_length_that_fits(frame: bytes, layer: int, skipped: int) -> None:
    for before in (0, 4, 8):
        data = b"\xee" * before + frame
        assert guessed(buffer(data), 0, len(data), lengths(0, 4, 8))[:2] == (before + skipped, layer)
    data = b"\xee" * 5 + frame
    assert guessed(buffer(data), 0, len(data), lengths(0, 4, 8))[0] == NONE


def test_a_whole_packet_is_found_before_what_only_begins_like_one() -> None:
    data = b"cook" + TCP_4  # like an IPv6 header, of 17,664 bytes
    assert is_ip(buffer(data), 0, len(data), False) and not is_ip(buffer(data), 0, len(data), True)
    assert guessed(buffer(data), 0, len(data), lengths(0, 4))[:2] == (4, LAYER_IP)
    assert guessed(buffer(UDP_6), 0, len(UDP_6) - 4, lengths(0, 4))[:2] == (0, LAYER_IP)  # cut
