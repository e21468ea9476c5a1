"""Purpose: from every link header to the IP packet behind it, also where the twin reads no such link."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, FRAGMENT, LINK_UNKNOWN, MALFORMED, NOT_IP, OK
from tests.packets.shapes import LINKS, TCP_4, TCP_6, framed
from tests.packets.twin import decoded, disagreements, outer_of, row_of

SNAP = b"\xaa\xaa\x03\0\0\0"


def status(link_type: int, data: bytes) -> int:
    return int(decoded([framed(link_type, data)])[1][0]["status"])


def same_packet(link_type: int, data: bytes, packet: bytes = TCP_4, outer: tuple[str, ...] = ()) -> bool:
    """Whether the frame holds that packet in those wrappings, and nothing of the frame around it."""
    buf, packets = decoded([framed(link_type, data), framed(101, packet)])
    mine, plain = row_of(buf, packets[0]), row_of(buf, packets[1])
    assert plain is not None
    return mine == {**plain, "outer": list(outer)}


@pytest.mark.parametrize("link_type", LINKS)
def test_link_types_that_the_twin_reads(link_type: int) -> None:
    for packet in (TCP_4, TCP_6):
        assert same_packet(link_type, LINKS[link_type](packet), packet)
        assert disagreements([framed(link_type, LINKS[link_type](packet))]) == []


def nflog(packet: bytes) -> bytes:
    """An NFLOG frame: family, version, resource id, then attributes, the payload (9) behind a padded prefix (10)."""
    return b"\2\0\0\0" + struct.pack("<2H", 4 + 3, 10) + b"ab\0\0" + struct.pack("<2H", 4 + len(packet), 9) + packet


def wlan(packet: bytes, *, control: int = 0x08, flags: int = 0, extra: bytes = b"", kind: int = 0x0800) -> bytes:
    """An 802.11 data frame."""
    return bytes((control, flags)) + bytes(22) + extra + SNAP + struct.pack(">H", kind) + packet


def radiotap(frame: bytes, size: int = 12) -> bytes:
    return struct.pack("<2BH", 0, 0, size) + bytes(max(0, size - 4)) + frame


def test_link_types_that_only_the_decoder_reads() -> None:
    for link_type, data in (
        (239, nflog(TCP_4)), (105, wlan(TCP_4)), (127, radiotap(wlan(TCP_4))), (127, radiotap(wlan(TCP_4), 8)),
        (105, wlan(TCP_4, control=0x88, extra=bytes(2))), (105, wlan(TCP_4, control=0x88, flags=0x80, extra=bytes(6))),
        (105, wlan(TCP_4, flags=0x03, extra=bytes(6))),
        (104, b"\x0f\0\x08\0" + TCP_4), (50, b"\x0f\0\x08\0" + TCP_4), (50, b"\xff\x03\0\x21" + TCP_4), (9, b"\x21" + TCP_4),
    ):  # fmt: skip
        assert same_packet(link_type, data), (link_type, data.hex())
    for device, frame in ((801, wlan(TCP_4)), (803, radiotap(wlan(TCP_4)))):  # of an `any` capture that listens to 802.11 too
        assert same_packet(113, struct.pack(">2H", 0, device) + bytes(10) + b"\0\4" + frame)
        assert same_packet(276, b"\0\4" + bytes(6) + struct.pack(">H", device) + bytes(10) + frame)
    assert same_packet(105, wlan(TCP_6, kind=0x86DD), TCP_6)
    assert same_packet(51, build.pppoe(TCP_4, 3), outer=("pppoe 3",))
    assert same_packet(219, build.mpls(TCP_4, 16, 17), outer=("mpls 16", "mpls 17"))


def test_a_trunk_of_cisco_and_a_bridged_frame() -> None:
    inner = build.ethernet(TCP_4)
    for first in (1, 3):
        isl = bytes((first, 0, 0x0C, 0, 0, 0)) + bytes(6) + struct.pack(">H", len(inner) + 12) + SNAP[:3] + bytes(9) + inner
        assert same_packet(1, isl) and status(1, isl[:5] + b"\x10" + isl[6:]) == NOT_IP  # of token ring
    bridged = b"\xaa\xaa\x03\0\x80\xc2\0\7\0\0" + inner
    assert same_packet(1, bytes(12) + struct.pack(">H", len(bridged)) + bridged) and same_packet(11, bridged)


def test_a_wireless_header_that_is_filled_up() -> None:
    """Radiotap's flags say so, wherever they stand: behind more words of what is there, and a time."""
    flagged = struct.pack("<2BHI", 0, 0, 9, 2) + b"\x20"
    behind_time = struct.pack("<2BH3IQB", 0, 0, 25, 0x80000003, 0x80000000, 0, 7, 0x20)
    padded_time = struct.pack("<2BH2I4xQB", 0, 0, 25, 0x80000003, 0, 7, 0x20)
    for header in (flagged, behind_time[:12] + behind_time[16:17] + behind_time[13:], padded_time):
        assert same_packet(127, header + wlan(TCP_4, control=0x88, extra=bytes(4))), header.hex()
        assert same_packet(127, header + wlan(TCP_4)), header.hex()
        assert same_packet(127, header[:-1] + b"\0" + wlan(TCP_4, control=0x88, extra=bytes(2))), header.hex()


def test_one_packet_in_a_frame_for_several() -> None:
    part = bytes(12) + struct.pack(">H", 8 + len(TCP_4)) + SNAP + b"\x08\0" + TCP_4
    for rest in (part, part + bytes(-len(part) % 4) + b"FCS!"):
        assert same_packet(105, wlan(b"", control=0x88, extra=b"\x80\0")[:26] + rest)
    assert same_packet(105, wlan(b"", control=0x88, flags=0x40, extra=b"\x80\0")[:26] + part)  # decrypted by the card
    assert status(105, wlan(b"", control=0x88, extra=b"\x80\0")[:26] + part + bytes(-len(part) % 4) + part) == FRAGMENT
    assert status(105, wlan(b"", control=0x88, extra=b"\x80\0")[:26] + part[:20]) == CUT_SHORT


def test_a_wireless_mesh() -> None:
    """Its control field follows the header's, with none to two addresses; in other frames the bit has another meaning."""
    qos = bytes(6) + b"\0\1"
    for n, addresses in ((0, b""), (1, bytes(6)), (2, bytes(12))):
        control = bytes((n, 31)) + bytes(4) + addresses
        assert same_packet(105, wlan(TCP_4, control=0x88, flags=3, extra=qos + control))
        assert status(105, wlan(b"", control=0x88, flags=3, extra=qos + control)[: 32 + len(control)]) in (CUT_SHORT, NOT_IP)
    assert same_packet(105, wlan(TCP_4, control=0x88, flags=1, extra=b"\0\1"))
    assert status(105, wlan(TCP_4, control=0x88, flags=3, extra=bytes(8) + control)) == NOT_IP  # without the bit


def test_wireless_frames_without_a_readable_packet() -> None:
    assert status(105, wlan(TCP_4, flags=0x40, extra=bytes(range(8)))) == NOT_IP  # encrypted
    assert same_packet(105, wlan(TCP_4, flags=0x40))  # decrypted by the card, which left the flag
    assert same_packet(105, wlan(TCP_4, control=0x88, flags=0x40, extra=bytes(2)))
    assert status(105, wlan(TCP_4, control=0x80)) == NOT_IP  # a beacon
    assert status(105, wlan(TCP_4, control=0x48)) == NOT_IP  # no data
    assert status(105, wlan(b"")[:23]) == CUT_SHORT
    assert status(127, radiotap(wlan(TCP_4), 400)[:50]) == CUT_SHORT
    for size in (0, 4, 7):
        assert status(127, radiotap(wlan(TCP_4), size)) == MALFORMED


def test_nflog_attributes_that_cannot_be() -> None:
    for size in range(4):
        assert status(239, b"\2\0\0\0" + struct.pack("<2H", size, 10) + bytes(40)) == MALFORMED
    assert status(239, b"\2\0\0\0" + struct.pack("<2H", 8, 1) + bytes(4)) == NOT_IP
    assert status(239, b"\2\0") == CUT_SHORT


def test_other_link_types_are_told() -> None:
    for link_type in (-1, 2, 147, 149, 65535):
        assert status(link_type, TCP_4) == LINK_UNKNOWN


def test_llc_is_only_read_where_it_carries_an_ethertype() -> None:
    def ethernet(llc: bytes) -> bytes:
        return build.ethernet(llc + TCP_4, len(llc + TCP_4))

    assert same_packet(1, ethernet(SNAP + b"\x08\0"))
    assert status(1, ethernet(b"\xaa\xaa\x03\0\0\x0c\x08\0")) == NOT_IP  # Cisco's own numbers
    assert status(1, ethernet(b"\x42\x42\x03" + bytes(5))) == NOT_IP  # spanning tree
    assert same_packet(1, build.ethernet(build.vlan(SNAP + b"\x08\0" + TCP_4, 7, len(TCP_4) + 8), 0x8100), outer=("vlan 7",))


def test_labels_and_what_is_behind_the_last() -> None:
    assert same_packet(1, build.ethernet(build.mpls(TCP_4, *range(16, 20)), 0x8847), outer=("mpls 16", "mpls 17", "mpls 18", "mpls 19"))
    assert same_packet(1, build.ethernet(build.mpls(build.ethernet(TCP_4, dst=b"\x80" + bytes(5)), 16), 0x8848), outer=("mpls 16",))
    assert status(1, build.ethernet(build.mpls(b"", 16), 0x8847, pad=False)) == CUT_SHORT
    assert status(1, build.ethernet(struct.pack(">I", 16 << 12) * 40, 0x8847)) == MALFORMED  # no bottom: hostile nesting must end


def test_more_tags_than_are_remembered_are_peeled_all_the_same() -> None:
    packet = TCP_4
    for tag in range(20):
        packet = build.vlan(packet, tag, 0x0800 if not tag else 0x8100)
    buf, packets = decoded([framed(1, build.ethernet(packet, 0x8100))])
    assert packets[0]["status"] == OK
    assert outer_of(packets[0]) == ["vlan 19", "vlan 18", "vlan 17", "vlan 16"]
    assert row_of(buf, packets[0])["src"] == (b"\x0a\0\0\1", 40000)  # type: ignore[index]
    for tag in range(20, 40):
        packet = build.vlan(packet, tag, 0x8100)
    assert status(1, build.ethernet(packet, 0x8100)) == MALFORMED


def test_other_pppoe_messages_hold_no_packet() -> None:
    session = build.pppoe(TCP_4, 3)
    assert status(1, build.ethernet(b"\x11\x09" + session[2:], 0x8864)) == NOT_IP
    assert status(1, build.ethernet(b"\x21\0" + session[2:], 0x8864)) == NOT_IP
    assert status(1, build.ethernet(session, 0x8863)) == NOT_IP
    assert status(9, b"\xc0\x21" + TCP_4) == NOT_IP  # LCP
    for length in (b"\0\0", b"\0\1", b"\xff\xff"):
        assert same_packet(1, build.ethernet(session[:4] + length + session[6:], 0x8864), outer=("pppoe 3",))  # IP's own length counts
