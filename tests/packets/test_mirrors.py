"""Purpose: mirrored packets are taken out of their datagrams; the mirrors' and access points' own messages stay datagrams."""

from __future__ import annotations

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, OK, WHY_UDP
from tests.build import wrappings
from tests.packets.shapes import TCP_4, TCP_6, UDP_6, framed, in_udp
from tests.packets.test_link import same_packet
from tests.packets.twin import decoded, row_of


def told(port: int, payload: bytes) -> tuple[int, int, int]:
    """(status, destination port, note) of a datagram."""
    buf, packets = decoded([framed(1, in_udp(port)(payload))])
    row = row_of(buf, packets[0])
    return int(packets[0]["status"]), row["dst"][1] if row else 0, int(packets[0]["note"])


TAGS = [
    b"",
    b"\0",
    b"\0\0\0",
    b"\x0a\x01\xc4",
    b"\x0b\x01\xa0\x0c\x01\x02",
    b"\x29\x02\x05\xdc",
    b"\x3c\x06" + bytes(6),
    b"\x99\0",
    b"\xff\xff" + bytes(255),
]


@pytest.mark.parametrize("tags", TAGS)
def test_tzsp_with_every_kind_of_tag(tags: bytes) -> None:
    for packet in (TCP_4, TCP_6):
        assert same_packet(1, in_udp(37008)(wrappings.tzsp(build.ethernet(packet), tags=tags)), packet, ("tzsp",))
        assert same_packet(1, in_udp(37008)(wrappings.tzsp(wrappings.wlan(packet), 18, tags, 1)), packet, ("tzsp",))


def test_tzsp_of_radios() -> None:
    prism = b"\x44\0\0\0\x90\0\0\0" + bytes(136)
    avs = b"\x80\x21\x10\x01\0\0\0\x40" + bytes(56)
    for kind, header in ((119, prism), (127, avs), (119, avs)):
        assert same_packet(1, in_udp(37008)(wrappings.tzsp(header + wrappings.wlan(TCP_4), kind)), outer=("tzsp",))


def test_lwapp() -> None:
    frame = wrappings.wlan(TCP_4)
    for port in (12222, 12223):
        assert same_packet(1, in_udp(port)(wrappings.lwapp(frame)), outer=("lwapp",))
        assert same_packet(1, in_udp(port)(wrappings.lwapp(frame, 0x38)), outer=("lwapp",))  # of another radio
    for other in (
        wrappings.lwapp(frame, 0x04),  # control
        wrappings.lwapp(frame, 0x02),  # parts
        wrappings.lwapp(frame, 0x40),  # another version
        wrappings.lwapp(frame)[:-1],
        wrappings.lwapp(frame) + b"x",
        wrappings.lwapp(b"\x80" + frame[1:]),  # a beacon
        b"\0\0",
    ):
        assert told(12222, other) == (OK, 12222, 0)


def test_tzsp_without_a_packet() -> None:
    for message in (2, 3, 4, 5, 9):
        assert told(37008, wrappings.tzsp(b"", 0, message=message)) == (OK, 37008, 0)
    assert told(37008, wrappings.tzsp(build.ethernet(TCP_4), 6)) == (OK, 37008, WHY_UDP | 37008)
    assert told(37008, b"\2" + wrappings.tzsp(build.ethernet(TCP_4))[1:]) == (OK, 37008, 0)
    assert told(37008, b"\1\0\0\1\x0a")[0] == CUT_SHORT
    assert told(37008, b"\1\0\0\1" + bytes(200))[0] == CUT_SHORT  # tags that never end


def test_jmirror_by_what_is_inside() -> None:
    for inner, packet in (
        (TCP_4, TCP_4),
        (UDP_6, UDP_6),
        (wrappings.ppp(TCP_4), TCP_4),
        (wrappings.ppp(UDP_6), UDP_6),
        (build.ethernet(TCP_4), TCP_4),
    ):
        assert same_packet(1, in_udp(30030)(wrappings.jmirror(inner)), packet, ("jmirror",))
    assert told(30030, wrappings.jmirror(bytes(60))) == (OK, 30030, WHY_UDP | 30030)


def test_hps_mirror_only_where_a_frame_is_inside() -> None:
    assert same_packet(1, in_udp(7932)(wrappings.hp_erm(build.ethernet(build.vlan(TCP_4, 8), 0x8100))), outer=("hp-erm", "vlan 8"))
    assert told(7932, wrappings.hp_erm(bytes(60))) == (OK, 7932, WHY_UDP | 7932)


def test_capwap_frames_of_both_kinds() -> None:
    assert same_packet(1, in_udp(5247)(wrappings.capwap(build.ethernet(TCP_4))), outer=("capwap",))
    for swapped in (False, True):
        data = wrappings.capwap(wrappings.wlan(TCP_4, swapped=swapped), flags=0x110, words=5)
        assert same_packet(1, in_udp(5247)(data), outer=("capwap",))
    assert same_packet(1, in_udp(5247)(wrappings.capwap(build.ethernet(TCP_4), flags=0x80)), outer=("capwap",))  # a first part


def test_capwap_that_cannot_be_opened() -> None:
    assert told(5247, b"\1\0\0\0" + bytes(60)) == (OK, 5247, WHY_UDP | 5247)  # DTLS
    assert told(5247, wrappings.capwap(bytes(60), flags=0x80, fragment=64)) == (OK, 5247, WHY_UDP | 5247)
    assert told(5247, wrappings.capwap(bytes(16), flags=0x08)) == (OK, 5247, 0)  # a keepalive
    assert told(5247, wrappings.capwap(b"", words=2)[:4]) == (OK, 5247, 0)
    assert told(5247, b"\x10" + bytes(30)) == (OK, 5247, 0)  # another version
