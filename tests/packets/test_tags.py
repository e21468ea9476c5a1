"""Purpose: every header between Ethernet and IP is removed, including time tags of both lengths."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, MALFORMED, NOT_IP
from tests.build import wrappings
from tests.packets.shapes import TCP_4, TCP_6, framed, kind_of
from tests.packets.test_link import same_packet, status
from tests.packets.twin import disagreements


def test_tags_that_only_the_decoder_reads() -> None:
    inner = struct.pack(">H", 0x0800) + TCP_4
    assert same_packet(1, build.ethernet(bytes(4) + inner, 0x8926))  # VNTag
    assert same_packet(1, build.ethernet(bytes(6) + inner, 0x8909))  # Cisco MetaData
    assert same_packet(1, build.ethernet(bytes(6) + inner, 0x893F))  # E-Tag
    assert same_packet(1, build.ethernet(bytes(4) + inner, 0x892F))  # HSR
    assert same_packet(1, build.ethernet(bytes(4) + inner, 0xF1C1))  # R-Tag
    assert same_packet(1, build.ethernet(wrappings.SNAP + inner, 0x8870))  # LLC in a jumbo frame
    assert same_packet(1, build.ethernet(wrappings.wlan(TCP_6), 0x2452), TCP_6)  # 802.11
    assert same_packet(1, build.ethernet(build.ethernet(TCP_4), 0x6558))
    for following, packet in ((1, TCP_4), (2, TCP_6), (3, build.ethernet(TCP_4))):
        nsh = bytes((0, 2, 1, following)) + bytes(4)
        assert same_packet(1, build.ethernet(nsh + packet, 0x894F), TCP_6 if following == 2 else TCP_4)
    assert status(1, build.ethernet(bytes((0, 1, 1, 3)) + bytes(60), 0x894F)) == MALFORMED
    assert status(1, build.ethernet(bytes((0, 2, 1, 9)) + bytes(60), 0x894F)) == NOT_IP


def test_between_the_switches_of_a_data_centre() -> None:
    inner = build.ethernet(build.vlan(TCP_4, 7), 0x8100)
    for options in range(0, 32, 5):
        header = struct.pack(">3H", options << 6 | 0x3F, 1, 2) + bytes(4 * options)
        assert same_packet(1, build.ethernet(header + inner, 0x22F3), TCP_4, ("vlan 7",))
        assert same_packet(1, build.ethernet(b"\0\5\x22\xf3" + header + inner, 0x8100), TCP_4, ("vlan 5", "vlan 7"))
        assert status(1, build.ethernet(header, 0x22F3, pad=False)) == CUT_SHORT
    assert status(1, build.ethernet(b"\x40\x3f" + header[2:] + inner, 0x22F3)) == NOT_IP  # of another version
    assert same_packet(1, build.ethernet(b"\0\x41" + inner, 0x8903), TCP_4, ("vlan 7",))
    assert status(1, build.ethernet(b"\0", 0x8903, pad=False)) == CUT_SHORT


def test_a_mesh_of_batman() -> None:
    inner = build.ethernet(TCP_4)
    for kind, size in ((0x40, 10), (0x42, 18), (0x01, 14)):
        assert same_packet(1, build.ethernet(bytes((kind, 15)) + bytes(size - 2) + inner, 0x4305))
    assert status(1, build.ethernet(bytes((0x40, 14)) + bytes(8) + inner, 0x4305)) == NOT_IP
    assert status(1, build.ethernet(b"\x40", 0x4305, pad=False)) == CUT_SHORT


def test_macsec_that_only_authenticates() -> None:
    inner = struct.pack(">H", 0x0800) + TCP_4 + bytes(16)
    short, long = b"\0\0\0\0\0\1", b"\x20\0\0\0\0\1" + bytes(8)
    for tag in (short, long):
        assert same_packet(1, build.ethernet(tag + inner, 0x88E5))
        assert status(1, build.ethernet(tag, 0x88E5, pad=False)) == CUT_SHORT
        for bit in (0x08, 0x04, 0x80):  # encrypted, changed, of another version
            assert status(1, build.ethernet(bytes((tag[0] | bit,)) + tag[1:] + inner, 0x88E5)) == NOT_IP
    assert same_packet(1, build.ethernet(short + struct.pack(">H", 8 + len(TCP_4)) + wrappings.SNAP + b"\x08\0" + TCP_4, 0x88E5))


@pytest.mark.parametrize("packet", [TCP_4, TCP_6])
def test_time_tags(packet: bytes) -> None:
    kind = kind_of(packet)
    tagged = [(0x8988, wrappings.ttag(kind, packet))]
    tagged += [(0xD28B, wrappings.arista(kind, packet, bits, utc)) for bits in (48, 64) for utc in (False, True)]
    for ethertype, data in tagged:
        assert same_packet(1, build.ethernet(data, ethertype), packet)
        assert disagreements([framed(1, build.ethernet(data, ethertype))]) == []
        assert same_packet(1, build.ethernet(struct.pack(">2H", 5, ethertype) + data, 0x8100), packet, ("vlan 5",))
        assert status(1, build.ethernet(data, ethertype, pad=False)[:19]) == CUT_SHORT
    j2 = struct.pack(">2H", 1, 0x111) + bytes(8) + struct.pack(">H", kind) + packet  # a newer switch's version
    assert same_packet(1, build.ethernet(j2, 0xD28B), packet)


def test_other_headers_of_arista() -> None:
    assert status(1, build.ethernet(struct.pack(">2H", 1, 0x30) + bytes(60), 0xD28B)) == NOT_IP
    assert status(1, build.ethernet(struct.pack(">2H", 0xCAFE, 1) + bytes(60), 0xD28B)) == NOT_IP
    tap = struct.pack(">2H", 3, 0x20) + bytes(6) + struct.pack(">H", 0x0800) + TCP_4  # GRE TAP
    assert same_packet(1, build.ethernet(tap, 0xD28B))


def test_provider_backbones() -> None:
    assert same_packet(1, build.ethernet(wrappings.pbb(build.ethernet(TCP_6), 0xFFFFFE), 0x88E7), TCP_6, (f"pbb {0xFFFFFE}",))
    inner = build.ethernet(build.vlan(TCP_4, 4), 0x8100)
    assert same_packet(1, build.ethernet(wrappings.pbb(inner, 1), 0x88E7), outer=("pbb 1", "vlan 4"))
