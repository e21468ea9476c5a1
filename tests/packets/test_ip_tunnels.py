"""What is behind an IP header that carries packets, in IPv4 and in IPv6; what only has such a protocol's number is none."""

from __future__ import annotations

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, OK, OTHER_PROTOCOL, WHY_PROTOCOL
from tests.packets.shapes import TCP_4, TCP_6, framed, in_ip
from tests.packets.test_link import same_packet, status
from tests.packets.twin import decoded


def test_ip_in_ip_is_named_after_both() -> None:
    for outside, protocol, packet, name in (
        ("1.1.1.1", 4, TCP_4, "ipip"), ("1.1.1.1", 41, TCP_6, "6in4"), ("::1", 4, TCP_4, "4in6"), ("::1", 41, TCP_6, "6in6"),
    ):  # fmt: skip
        assert same_packet(1, build.ethernet(build.ip(outside, outside, protocol, packet)), packet, (name,))


def test_ethernet_in_ip_with_its_version_in_either_half() -> None:
    for header in (b"\x30\0", b"\x03\0"):
        assert same_packet(1, in_ip(97)(header + build.ethernet(TCP_4)), outer=("etherip",))
    assert same_packet(1, in_ip(143)(build.ethernet(TCP_4)), outer=("etherip",))  # SRv6's
    assert status(1, in_ip(97)(b"\x30")) == CUT_SHORT
    assert status(1, in_ip(97)(b"\x40\0" + build.ethernet(TCP_4))) == OTHER_PROTOCOL


def test_labels_name_themselves_and_ip_does_not() -> None:
    assert same_packet(1, in_ip(137)(build.mpls(TCP_6, 3, 4)), TCP_6, ("mpls 3", "mpls 4"))


def test_every_other_protocol_is_noted() -> None:
    read = {1, 4, 6, 17, 41, 47, 51, 58, 97, 115, 137, 143}
    packets = decoded([framed(1, in_ip(number)(bytes(60))) for number in range(256)])[1]
    for number, packet in enumerate(packets):
        if number not in read:
            assert (packet["status"], packet["note"]) == (OTHER_PROTOCOL, WHY_PROTOCOL | number)
        assert packet["status"] != OK or number == 17
