"""Purpose: the innermost packet counts, whatever it is wrapped in; what only looks like a tunnel stays the datagram that it is."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, MALFORMED, MAX_OUTER, NOT_IP, OK
from tests.packets.shapes import HERE, ONLY_IPV4, ONLY_IPV6, TCP_4, TCP_6, TUNNELS, UDP_6, Around, framed, in_gre, in_udp, kind_of
from tests.packets.test_link import same_packet, status
from tests.packets.twin import decoded, disagreements, row_of


@pytest.mark.parametrize("outer", TUNNELS)
def test_every_tunnel_and_its_name(outer: str) -> None:
    for packet in (TCP_4, UDP_6):
        if outer in (ONLY_IPV6 if packet is TCP_4 else ONLY_IPV4):
            continue
        frame = framed(1, TUNNELS[outer](packet))
        assert same_packet(1, frame.data, packet, tuple(outer.split(", ")[:MAX_OUTER]))
        assert disagreements([frame]) == []


@pytest.mark.parametrize("outer", TUNNELS)
def test_tunnels_in_tunnels(outer: str) -> None:
    if outer in ONLY_IPV6:
        return
    for around in ("vxlan 5", "erspan 8", "mpls 18", "gre"):
        inner = TUNNELS[outer](TCP_4)
        ethernet = {"vxlan 5": lambda f: in_udp(4789)(build.vxlan(f, 5)), "erspan 8": lambda f: in_gre(build.erspan2(f, 8)),
                    "mpls 18": lambda f: build.ethernet(build.mpls(bytes(4) + f, 18), 0x8847),
                    "gre": lambda f: in_gre(build.gre(f, 0x6558))}[around](inner)  # fmt: skip
        assert disagreements([framed(1, ethernet)]) == []
        assert status(1, ethernet) == OK


def test_gre_options_and_versions() -> None:
    for flags, size in ((0x8000, 4), (0x2000, 4), (0x1000, 4), (0xB000, 12), (0x3081, 12), (0x2001, 4)):
        assert same_packet(1, in_gre(struct.pack(">2H", flags, 0x0800) + bytes(size) + TCP_4), outer=("gre",))
    for version in range(2, 8):
        assert status(1, in_gre(struct.pack(">2H", version, 0x0800) + TCP_4)) == NOT_IP
    assert status(1, in_gre(struct.pack(">2HI", 0x4000, 0x0800, 0) + TCP_4)) == NOT_IP  # source routes of any length
    assert same_packet(1, in_gre(struct.pack(">2H", 0, 0x880B) + b"\xff\x03\0\x21" + TCP_4), outer=("gre",))
    wlan = b"\x08\0" + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\0" + TCP_4
    assert same_packet(1, in_gre(struct.pack(">2H", 0, 0x8200) + wlan), outer=("gre",))  # Aruba access points
    assert status(1, in_gre(build.gre(b"", 0x0800, key=1, sequence=2)[:8])) == CUT_SHORT


def test_gre_in_udp() -> None:
    for packet in (TCP_4, TCP_6):
        for data in (
            build.gre(packet, kind_of(packet)),
            build.gre(packet, kind_of(packet), key=1),
            build.gre(build.ethernet(packet), 0x6558),
        ):
            assert same_packet(1, in_udp(4754)(data), packet, ("gre",))
            assert same_packet(1, from_udp(4754)(data), packet, ("gre",))
    for data in (
        build.gre(TCP_4, 0x0800)[:3],
        build.gre(TCP_4, 0x1234),
        struct.pack(">2H", 0x4000, 0x0800) + TCP_4,
        struct.pack(">2H", 1, 0x0800) + TCP_4,
        struct.pack(">2H", 0x0100, 0x0800) + TCP_4,  # a bit that means nothing
    ):
        assert port_of(in_udp(4754)(data)) == 4754


def test_geneve_that_comes_back() -> None:
    """A datagram from its port: a client that has this port by coincidence sends something else."""
    for data in (build.geneve(build.ethernet(TCP_4), 6), build.geneve(TCP_4, 6, bytes(8), 0x0800)):
        assert same_packet(1, from_udp(6081)(data), outer=("geneve 6",))
        for at, value in ((0, 0x40), (1, 1), (2, 7), (7, 1)):
            assert port_of(from_udp(6081)(data[:at] + bytes((value,)) + data[at + 1 :])) == 41000
        assert port_of(from_udp(6081)(data[:7])) == 41000


def from_udp(port: int) -> Around:
    """From this port to an unassigned one."""
    return lambda data: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 17, build.udp(("1.1.1.1", port), ("2.2.2.2", 41000), data), id=1))


def port_of(frame: bytes) -> int:
    """The destination port of the datagram itself, which is no tunnel's."""
    buf, packets = decoded([framed(1, frame)])
    row = row_of(buf, packets[0])
    assert row is not None and row["outer"] == []
    return int(row["dst"][1])


def test_erspan_versions_that_are_none() -> None:
    two, three = build.erspan2(build.ethernet(TCP_4), 8), build.erspan3(build.ethernet(TCP_4), 9)
    for version in range(16):
        assert status(1, in_gre(two[:8] + bytes((version << 4,)) + two[9:])) == (OK if version == 1 else NOT_IP)
        assert status(1, in_gre(three[:8] + bytes((version << 4,)) + three[9:])) == (OK if version == 2 else NOT_IP)


def test_erspan_3_of_ip_packets() -> None:
    header = struct.pack(">2HI2BH", 0x2000, 9, 0, 0, 0, 2 << 10)
    assert same_packet(1, in_gre(build.gre(header + TCP_4, 0x22EB, sequence=1)), outer=("erspan 9",))


@pytest.mark.parametrize("port", [4789, 8472])
def test_vxlan_by_its_flags(port: int) -> None:
    frame = build.vxlan(build.ethernet(TCP_4), 0x123456)
    assert same_packet(1, in_udp(port)(frame), outer=(f"vxlan {0x123456}",))
    for flags in (0x00, 0x18, 0x28, 0x07):
        buf, packets = decoded([framed(1, in_udp(port)(bytes((flags,)) + frame[1:]))])
        assert row_of(buf, packets[0])["dst"] == (b"\2\2\2\2", port)  # type: ignore[index]


def test_vxlan_gpe_tells_what_is_inside() -> None:
    for inner, packet, frame in ((1, TCP_4, TCP_4), (2, UDP_6, UDP_6), (3, TCP_4, build.ethernet(TCP_4))):
        data = framed(1, in_udp(4790)(struct.pack(">4BI", 0x0C, 0, 0, inner, 7 << 8) + frame))
        assert same_packet(1, data.data, packet, ("vxlan 7",))
        assert disagreements([data]) == []
    assert same_packet(1, in_udp(4790)(struct.pack(">4BI", 0x0C, 0, 0, 5, 7 << 8) + build.mpls(TCP_4, 5)), TCP_4, ("vxlan 7", "mpls 5"))
    assert status(1, in_udp(4790)(struct.pack(">4BI", 0x0C, 0, 0, 9, 7 << 8) + TCP_4)) == NOT_IP


def test_gtp_of_version_0() -> None:
    header = b"\x1e\xff" + bytes(18)
    assert same_packet(1, in_udp(3386)(header + TCP_4), outer=("gtp-u",))
    for other in (b"\x1e\1" + bytes(18) + TCP_4, b"\x3e\xff" + bytes(18) + TCP_4, header + bytes(60), header):
        assert status(1, in_udp(3386)(other)) == OK  # a datagram


def test_gtp_extension_headers() -> None:
    head = struct.pack(">2BHI", 0x34, 255, 0, 7) + bytes(3)
    assert same_packet(1, in_udp(2152)(head + b"\x85" + b"\1\0\0\x85" + b"\2" + bytes(6) + b"\0" + TCP_4), outer=("gtp-u",))
    assert status(1, in_udp(2152)(head + b"\x85" + b"\0\0\0\0" + TCP_4)) == MALFORMED
    assert status(1, in_udp(2152)(head + b"\x85" + b"\xff" + TCP_4)) == CUT_SHORT
    assert status(1, in_udp(2152)(struct.pack(">2BHI", 0x32, 1, 0, 0) + bytes(4))) == OK  # an echo request is a datagram


def test_teredo() -> None:
    """RFC 4380 5.1.1: with an authentication and an origin indication, with either, with neither."""
    authentication, origin = b"\0\1\2\3" + b"idkey" + bytes(9), b"\0\0\x12\x34\1\2\3\4"
    for before in (b"", authentication, origin, authentication + origin):
        assert same_packet(1, in_udp(3544)(before + UDP_6), UDP_6, ("teredo",))
    assert status(1, in_udp(3544)(authentication + UDP_6[:39])) == OK
    buf, packets = decoded([framed(1, in_udp(3544)(b"\x60 not IPv6, only its first nibble" + bytes(40)))])
    assert row_of(buf, packets[0])["dst"][1] == 3544  # type: ignore[index]


def test_teredo_between_a_client_and_a_relay() -> None:
    """On ports of their own: known by an address of 2001::/32 at either end of an IPv6 packet that fills the datagram."""
    client, host = ("2001:0:4136:e378:8000:63bf:3fff:fdd2", 50000), ("2001:db8::1", 443)
    for src, dst in ((client, host), (host, client)):
        packet = build.ipv6(src[0], dst[0], 6, build.tcp(src, dst, b"hello"))
        assert same_packet(1, in_udp(32900)(packet), packet, ("teredo",))
    for other in (packet[:-1] + b"xyz", b"\x40" + packet[1:], packet[:6] + b"\x3b" + packet[7:], packet[:39], UDP_6):
        buf, packets = decoded([framed(1, in_udp(32900)(other))])
        assert row_of(buf, packets[0])["dst"][1] == 32900  # type: ignore[index]


def test_the_inner_packet_ends_with_the_tunnel() -> None:
    """Bytes behind the outer datagram (padding, a trailer) are no payload, even where the inner length claims them."""
    claimed = build.ipv4("10.0.0.1", "10.0.0.2", 6, build.tcp(HERE, ("10.0.0.2", 80), b"abc"), total=20 + 20 + 3 + 6)
    for outer in ("ipip", "gre", "gtp-u", "vxlan 5"):
        wrap = TUNNELS[outer] if outer != "vxlan 5" else lambda p: in_udp(4789)(build.vxlan(build.ethernet(p, pad=False), 5))
        frame = framed(1, wrap(claimed) + b"SECRET")
        buf, packets = decoded([frame])
        row = row_of(buf, packets[0])
        assert row is not None and (row["payload"], row["payload_bytes"]) == (b"abc", 9)
        assert disagreements([frame]) == []


def test_a_tunnel_cut_by_the_snap_length_is_no_datagram() -> None:
    frame = in_udp(4789)(build.vxlan(build.ethernet(TCP_4), 5))
    statuses = [status(1, frame[:size]) for size in range(len(frame) + 1)]
    vxlan_known = 14 + 20 + 8 + 8
    assert set(statuses[vxlan_known : vxlan_known + 14 + 20 + 14]) == {CUT_SHORT}
    assert set(statuses[vxlan_known + 14 + 20 + 14 :]) == {OK}
