"""Purpose: L2TP's data messages give their packet, with any fields and cookies before it; its control messages stay datagrams."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, NO_ID, NOT_IP, OK, WHY_PROTOCOL, WHY_UDP
from tests.build import wrappings
from tests.packets.shapes import TCP_4, TCP_6, framed, in_ip, in_udp
from tests.packets.test_link import same_packet, status
from tests.packets.test_mirrors import told
from tests.packets.twin import decoded


@pytest.mark.parametrize("flags", [0, 0x4000, 0x0800, 0x0200, 0x0100, 0x4B00])
def test_version_2_with_every_field(flags: int) -> None:
    for packet in (TCP_4, TCP_6):
        for inner in (wrappings.ppp(packet), wrappings.ppp(packet)[2:]):
            assert same_packet(1, in_udp(1701)(wrappings.l2tp(inner, 4660, flags=flags)), packet, ("l2tp 4660",))


@pytest.mark.parametrize("between", [b"", b"cook", b"a cookie", b"a cookie" + bytes(4)])
def test_version_3_whatever_its_cookie(between: bytes) -> None:
    for packet in (TCP_4, TCP_6):
        for inner in (build.ethernet(packet), packet, wrappings.ppp(packet), build.ethernet(build.vlan(packet, 5), 0x8100)):
            outer = ("l2tp 7", "vlan 5") if inner[12:14] == b"\x81\0" else ("l2tp 7",)
            assert same_packet(1, in_udp(1701)(wrappings.l2tp3(inner, 7, between)), packet, outer)
            assert same_packet(1, in_ip(115)(wrappings.l2tp3(inner, 7, between, udp=False)), packet, outer)


def test_a_session_of_more_digits_than_there_is_room_for() -> None:
    assert same_packet(1, in_udp(1701)(wrappings.l2tp3(TCP_4, NO_ID + 1)), outer=("l2tp",))


def test_what_holds_no_packet() -> None:
    assert told(1701, struct.pack(">6H", 0xC802, 12, 7, 0, 1, 1)) == (OK, 1701, 0)  # control
    assert told(1701, struct.pack(">2HI", 0xC803, 12, 7) + bytes(4)) == (OK, 1701, 0)
    assert told(1701, b"\0\1") == (OK, 1701, 0)
    assert told(1701, struct.pack(">3H", 1, 7, 8) + bytes(20)) == (OK, 1701, 0)  # another version
    assert told(1701, struct.pack(">2H2I", 3, 0, 0, 0) + bytes(40)) == (OK, 1701, 0)  # version 3, session 0
    assert told(1701, wrappings.l2tp3(bytes(60), 7)) == (OK, 1701, WHY_UDP | 1701)
    assert status(1, in_ip(115)(wrappings.l2tp3(bytes(60), 7, udp=False))) == NOT_IP
    assert decoded([framed(1, in_ip(115)(wrappings.l2tp3(bytes(60), 7, udp=False)))])[1][0]["note"] == WHY_PROTOCOL | 115
    assert status(1, in_ip(115)(bytes(4) + TCP_4)) == NOT_IP  # control over IP
    assert told(1701, struct.pack(">4H", 0x0202, 7, 8, 999) + bytes(8))[0] != OK  # an offset past the end
    assert told(1701, struct.pack(">3H", 0x4002, 7, 8))[0] == CUT_SHORT
