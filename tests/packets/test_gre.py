"""Purpose: GRE in all its uses: the packet behind the header is found with any optional fields."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, NOT_IP, OK
from tests.build import wrappings
from tests.packets.shapes import TCP_4, TCP_6, framed, in_gre
from tests.packets.test_link import same_packet, status
from tests.packets.twin import disagreements


@pytest.mark.parametrize("packet", [TCP_4, TCP_6])
@pytest.mark.parametrize("flags", [0, 0x8000, 0x2000, 0x1000, 0xB000])
@pytest.mark.parametrize("version", [1, 2])
def test_wccp_of_both_versions_with_every_field(packet: bytes, flags: int, version: int) -> None:
    redirects = [b"\0\x01\x02\x03", b"\x80\x5b\0\0", b"\x40\0\1\2", b"\xc0\1\2\3", b"\xe0\1\2\3", b"\0\0\0\0", b"\x20\1\2\3"]
    for redirect in redirects if version == 2 else redirects[:1]:
        frame = in_gre(wrappings.wccp(packet, version, flags=flags, redirect=redirect))
        assert same_packet(1, frame, packet, ("wccp",))
        assert disagreements([framed(1, frame)]) == []


def test_a_redirect_header_that_looks_like_ipv6() -> None:
    assert same_packet(1, in_gre(wrappings.wccp(TCP_4, redirect=b"\x60\1\2\3")), outer=("wccp",))


def test_eoip() -> None:
    assert same_packet(1, in_gre(wrappings.eoip(build.ethernet(TCP_4), 65535)), outer=("eoip 65535",))
    assert status(1, in_gre(wrappings.eoip(b"", 1)[:7])[:41]) == CUT_SHORT
    assert status(1, in_gre(struct.pack(">2H", 0, 0x6400) + TCP_4)) == NOT_IP  # in plain GRE the same type belongs to another protocol


def test_frame_relay_and_arista_in_gre() -> None:
    assert same_packet(1, in_gre(build.gre(wrappings.relay(TCP_4), 0x6559)), outer=("gre",))
    for subtype, size in ((7, 8), (8, 4), (9, 16)):  # DzGRE
        header = struct.pack(">2H", subtype, 1) + bytes(size)
        assert same_packet(1, in_gre(build.gre(header + build.ethernet(TCP_4), 0xD28B)), outer=("gre",))


def test_what_carries_nothing() -> None:
    assert status(1, in_gre(struct.pack(">2H", 0, 0))) == NOT_IP  # a keepalive
    assert status(1, in_gre(struct.pack(">2H2I", 0x2081, 0x880B, 7, 1))) == NOT_IP  # PPTP's acknowledgement
    assert status(1, in_gre(struct.pack(">2H3I", 0x3081, 0x880B, 7, 1, 1) + wrappings.ppp(TCP_4))) == OK
