"""Purpose: whatever isn't opened has a name that a person can read, and only what carries no conversation is passed over in silence."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets import layout
from analyzer.packets.layout import NOT_IP, OK, OTHER_PROTOCOL
from analyzer.packets.unopened import KNOWN, SILENT, WORDS, unopened
from tests.build import wrappings
from tests.packets.shapes import TCP_4, framed, in_gre, in_ip, in_udp
from tests.packets.twin import decoded


def told(data: bytes, link_type: int = 1) -> tuple[int, str | None]:
    """(the frame's status, what it is)."""
    packet = decoded([framed(link_type, data)])[1][0]
    kind = unopened(int(packet["note"]))
    return int(packet["status"]), kind.name if kind else None


@pytest.mark.parametrize(
    ("frame", "status", "name"),
    [
        (build.ethernet(bytes(60), 0x1234), NOT_IP, "ethertype 0x1234"),
        (build.ethernet(b"\x2c" + bytes(60), 0x88E5), NOT_IP, "encrypted MACsec (ethertype 0x88e5)"),
        (in_ip(50)(bytes(60)), OTHER_PROTOCOL, "ESP (IP protocol 50)"),
        (in_ip(132)(bytes(60)), OTHER_PROTOCOL, "SCTP (IP protocol 132)"),
        (in_ip(200)(bytes(60)), OTHER_PROTOCOL, "IP protocol 200"),
        (in_ip(97)(b"\x50" + bytes(60)), OTHER_PROTOCOL, "IP protocol 97"),
        (in_gre(struct.pack(">2HI", 0x4000, 0x0800, 0) + TCP_4), NOT_IP, "GRE of type 0x0800"),
        (in_gre(struct.pack(">2H", 0, 0x1234) + bytes(40)), NOT_IP, "ethertype 0x1234"),
        (build.ethernet(build.pppoe(TCP_4, 3)[:6] + b"\0\xfd" + bytes(40), 0x8864), NOT_IP, "compressed or encrypted PPP (0x00fd)"),
        (build.ethernet(b"\x12\x12\x03" + bytes(40), 43), NOT_IP, "LLC 0x1212"),
        (build.ethernet(b"\xaa\xaa\x03\x01\x02\x03" + bytes(40), 46), NOT_IP, "SNAP of organisation 0x010203"),
        (build.ethernet(b"\x75" + bytes(40), 0x0800), NOT_IP, "something of IP version 7"),
        (in_udp(4790)(struct.pack(">4BI", 0x0C, 0, 0, 9, 7 << 8) + TCP_4), NOT_IP, "a wrapping that doesn't say what is in it"),
        (in_udp(4500)(struct.pack(">2I", 7, 1) + bytes(60)), OK, "ESP in UDP (port 4500)"),
        (in_udp(51820)(b"\4\0\0\0" + bytes(60)), OK, "WireGuard (UDP port 51820)"),
        (in_udp(5247)(b"\1\0\0\0" + bytes(60)), OK, "CAPWAP data (UDP port 5247) that is encrypted or parted"),
    ],
)  # fmt: skip
def test_what_is_not_opened_is_named(frame: bytes, status: int, name: str) -> None:
    assert told(frame) == (status, name)


def test_wireless_frames() -> None:
    wlan = wrappings.wlan(TCP_4)
    sealed = b"\x08\x41" + wlan[2:24] + bytes(range(60))
    assert told(sealed, 105) == (NOT_IP, "encrypted 802.11")
    assert told(b"\x88\x41" + wlan[2:24] + b"\x80\0" + bytes(range(60)), 105) == (NOT_IP, "encrypted 802.11")
    assert told(wlan[:1] + b"\x41" + wlan[2:], 105) == (OK, None)  # the card decrypted it
    part = bytes(12) + len(wlan[24:]).to_bytes(2, "big") + b"\x42" + wlan[25:]
    joined = b"\x88" + wlan[1:24] + b"\x80\0" + part + bytes(-len(part) % 4) + part
    assert told(joined, 105) == (NOT_IP, "802.11 frames with several packets in each (A-MSDU) that aren't of IP")
    assert told(b"\x80" + wlan[1:], 105) == (NOT_IP, None)  # a beacon


@pytest.mark.parametrize(
    "frame",
    [
        build.arp(),
        build.ethernet(bytes(60), 0x88CC),
        build.ethernet(b"\x42\x42\x03" + bytes(43), 46),
        build.ethernet(b"\xaa\xaa\x03\0\0\x0c\x20\0" + bytes(38), 46),
        in_ip(1)(b"\x08\0\0\0" + bytes(20)),
        in_ip(2)(bytes(8)),
        in_ip(89)(bytes(40)),
        build.ethernet(build.pppoe(TCP_4, 3)[:6] + b"\xc0\x21" + bytes(40), 0x8864),
        in_gre(struct.pack(">2H", 0, 0)),
        in_udp(4500)(b"\xff"),
        in_udp(4500)(bytes(4) + bytes(40)),  # IKE
        in_udp(51820)(b"\1\0\0\0" + bytes(144)),  # WireGuard's handshake
    ],
)
def test_what_carries_no_conversation_is_nobodys_loss(frame: bytes) -> None:
    assert told(frame)[1] is None


def test_every_kind_of_note_has_words() -> None:
    kinds = {value for name, value in vars(layout).items() if name.startswith("WHY_")}
    assert kinds == set(WORDS)
    for kind in kinds:
        for number in (0x7777, 0xFFFFFF):
            if kind != layout.WHY_PPP:
                assert (found := unopened(kind | number)) is not None and found.name
    assert unopened(0) is None
    for kind, numbers in KNOWN.items():
        assert not set(numbers) & SILENT.get(kind, frozenset())
