"""Purpose: behind the headers that capturing systems write the packet is found, whatever length and byte order they have."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, LINK_UNKNOWN, MALFORMED, NOT_IP
from tests.build import wrappings
from tests.packets.shapes import TCP_4, TCP_6, framed
from tests.packets.test_link import same_packet, status
from tests.packets.twin import decoded, disagreements


@pytest.mark.parametrize("length", [45, 48, 61, 64, 100])
def test_pflog_headers_of_every_length(length: int) -> None:
    for packet in (TCP_4, TCP_6):
        assert same_packet(117, wrappings.pflog(packet, length), packet)
        assert disagreements([framed(117, wrappings.pflog(packet, length))]) == []


def test_pflog_headers_that_cannot_be() -> None:
    for length in (0, 4, 44):
        assert status(117, bytes((length, 2, 1, 0)) + bytes(60) + TCP_4) == MALFORMED


def test_records_of_endace_that_hold_something_else() -> None:
    assert status(197, bytes(8) + b"\x01\4" + bytes(6) + wrappings.ppp(TCP_4)) == NOT_IP  # HDLC
    assert status(197, bytes(8) + b"\x90\4" + bytes(6) + b"\x83" + bytes(7) + b"\x83") == CUT_SHORT


def test_exported_pdus_of_something_else() -> None:
    for tags in (b"\0\x0c\0\4http", b"\0\x0c\0\4ipx\0", b"\0\x14\0\0", b""):
        assert status(252, tags + bytes(4) + TCP_4) == NOT_IP
    assert status(252, b"\0\x0c\0\x44ip\0\0" + bytes(4) + TCP_4) == CUT_SHORT
    assert status(252, b"\0\x14\0\0" * 65 + bytes(4) + TCP_4) == NOT_IP


def test_control_frames_of_lan_emulation_and_of_kiss() -> None:
    assert status(123, b"\1\0\0\5\xff\0" + build.ethernet(TCP_4)) == NOT_IP
    assert status(202, b"\1" + bytes(80)) == NOT_IP  # the delay before a transmission, not data


def test_an_exception_of_arcnet_is_read_by_its_second_header() -> None:
    assert status(7, b"\1\2\xd4\xff\xff\xff\xd4\3\0\1" + TCP_4) == NOT_IP  # a part of a packet
    assert status(7, b"\1\2\xd4\xff\xff\xff\xd4") == CUT_SHORT
    assert status(129, b"\1\2\0\0\xd4\xff\xff\xff\xd4\0\0\1" + TCP_4) == NOT_IP  # Linux takes it off


def test_pktap_names_the_link_type_inside() -> None:
    for link_type, inner in (
        (1, build.ethernet(TCP_4)),
        (12, TCP_4),
        (0, build.null(TCP_4)),
        (113, build.sll(TCP_4)),
        (258, wrappings.pktap(TCP_4, 101)),
    ):
        assert same_packet(258, wrappings.pktap(inner, link_type, length=160))
    assert status(258, wrappings.pktap(TCP_4, 147)) == LINK_UNKNOWN
    assert status(258, wrappings.pktap(TCP_4, 12)[:4] + bytes(4) + wrappings.pktap(TCP_4, 12)[8:]) == NOT_IP  # no packet follows
    assert status(258, struct.pack("<I", 100) + wrappings.pktap(TCP_4, 12)[4:]) == MALFORMED
    nested = TCP_4
    for _ in range(40):
        nested = wrappings.pktap(nested, 258 if nested is not TCP_4 else 101)
    assert status(258, nested) == MALFORMED


def test_ppi() -> None:
    assert same_packet(192, wrappings.ppi(TCP_4, 101, bytes(20)))
    assert status(192, wrappings.ppi(TCP_4, 101)[:2] + b"\7\0" + wrappings.ppi(TCP_4, 101)[4:]) == MALFORMED


@pytest.mark.parametrize("extensions", [None, b"", b"\1\2\3\1\x0e\0", bytes(200)])
@pytest.mark.parametrize("flags", [0, 1])
def test_juniper_with_and_without_extensions_and_the_links_header(extensions: bytes | None, flags: int) -> None:
    assert same_packet(178, wrappings.juniper(build.ethernet(TCP_6), flags=flags, extensions=extensions), TCP_6)
    for protocol, rest in ((2, TCP_4), (3, TCP_4), (0xA248, bytes(4) + TCP_4), (200, wrappings.ppp(TCP_4)), (204, build.ethernet(TCP_4)),
                           (207, wrappings.relay(TCP_4)), (202, wrappings.SNAP + b"\x08\0" + TCP_4)):  # fmt: skip
        assert same_packet(178, wrappings.juniper(rest, flags=flags, extensions=extensions, protocol=protocol)), protocol
    assert same_packet(178, wrappings.juniper(TCP_6, extensions=extensions, protocol=6), TCP_6)
    assert same_packet(178, wrappings.juniper(build.mpls(TCP_4, 9), protocol=8), outer=("mpls 9",))
    assert status(178, wrappings.juniper(TCP_4, extensions=extensions, protocol=800)) == NOT_IP


def test_juniper_interfaces_by_what_fits() -> None:
    for link_type in (131, 132, 134, 164, 168, 194, 200):
        for before in (0, 4, 8):
            assert same_packet(link_type, wrappings.juniper(bytes(before) + TCP_4))
            assert same_packet(link_type, wrappings.juniper(bytes(before) + wrappings.ppp(TCP_4)))
        assert status(link_type, wrappings.juniper(bytes(60))) == NOT_IP


def test_ip_over_infiniband() -> None:
    for before in (0, 20, 40):
        assert same_packet(242, wrappings.ipoib(TCP_6, before), TCP_6)


def test_prism_in_both_byte_orders() -> None:
    for order in "<>":
        assert same_packet(119, struct.pack(order + "2I", 0x44, 144) + bytes(136) + wrappings.wlan(TCP_4))
    assert status(119, struct.pack("<2I", 0x44, 4) + bytes(136)) == MALFORMED


def test_notes_tell_which_frames_say_more() -> None:
    packets = decoded([framed(117, wrappings.pflog(TCP_4)), framed(258, wrappings.pktap(TCP_4, 101)), framed(101, TCP_4)])[1]
    assert (packets["note"] != 0).tolist() == [True, True, False]
