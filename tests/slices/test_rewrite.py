"""Headers under other addresses: as long as before, checksums right, nothing of the old ones left."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable

import numpy as np
import pytest

from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAME, PACKET
from analyzer.slices.addresses import Addresses
from analyzer.slices.frame import Frame, frame_of
from analyzer.slices.rewrite import Rewriter
from tests.build import erspan2, ethernet, geneve, gre, gtp_u, icmp_unreachable, ip, ipv4, mpls, pppoe, sll, sll2, tcp, udp, vlan, vxlan
from tests.build.frames import TCP, UDP, checksum, null
from tests.packets.shapes import ONLY_IPV6
from tests.packets.talks import WRAPPED as SHAPES

ADDRESSES = Addresses(bytes(range(32)), b"mac")
REWRITER = Rewriter(ADDRESSES)
V4, V6 = ("172.16.11.92", "20.1.2.3"), ("2001:db8::92", "2001:db8::3")
PAYLOAD = b"0123456789"


def segment(ends: tuple[str, str] = V4, payload: bytes = PAYLOAD, **options: bytes) -> bytes:
    return ip(*ends, TCP, tcp((ends[0], 50_000), (ends[1], 443), payload, **options))


def decoded(data: bytes, link_type: int = 1) -> tuple[Frame, np.void]:
    frame, packet = np.zeros(1, FRAME), np.zeros(1, PACKET)
    frame["link_type"], frame["captured_bytes"], frame["wire_bytes"] = link_type, len(data), len(data)
    decode_frames(np.frombuffer(data, np.uint8), frame, 1, packet)
    return frame_of(np.frombuffer(data, np.uint8), frame[0], packet[0], 0), packet[0]


def rewritten(data: bytes, payload: bytes, ends: tuple[str, str] = V4, link_type: int = 1) -> Frame | None:
    return REWRITER.frame(decoded(data, link_type)[0], payload, ends)


def is_summed(packet: bytes) -> bool:
    """Whether an IP packet's transport checksum, and IPv4's own, are right."""
    if packet[0] >> 4 == 4:
        size = 4 * (packet[0] & 15)
        body, protocol, pseudo = packet[size : int.from_bytes(packet[2:4], "big")], packet[9], packet[12:20]
        if checksum(packet[:size]) != 0:
            return False
        pseudo += struct.pack(">2H", protocol, len(body))
    else:
        body, protocol = packet[40:], packet[6]
        pseudo = packet[8:40] + struct.pack(">2I", len(body), protocol)
    return checksum(pseudo + body) == 0


WRAPPED: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "ethernet": (1, ethernet),
    "vlan": (1, lambda packet: ethernet(vlan(packet, 7), kind=0x8100)),
    "cooked": (113, sll),
    "cooked2": (276, sll2),
    "raw": (101, bytes),
    "loopback": (0, null),
    "mpls": (1, lambda packet: ethernet(mpls(packet, 16), kind=0x8847)),
    "pppoe": (1, lambda packet: ethernet(pppoe(packet, 1), kind=0x8864)),
    "gre": (1, lambda packet: ethernet(ipv4("10.9.9.1", "10.9.9.2", 47, gre(packet, 0x0800)))),
    "erspan": (1, lambda packet: ethernet(ipv4("10.9.9.1", "10.9.9.2", 47, erspan2(ethernet(packet), 5)))),
    "vxlan": (
        1,
        lambda packet: ethernet(ipv4("10.9.9.1", "10.9.9.2", UDP, udp(("10.9.9.1", 9), ("10.9.9.2", 4789), vxlan(ethernet(packet), 5)))),
    ),
    "geneve": (
        1,
        lambda packet: ethernet(ipv4("10.9.9.1", "10.9.9.2", UDP, udp(("10.9.9.1", 9), ("10.9.9.2", 6081), geneve(ethernet(packet), 5)))),
    ),
    "gtp": (1, lambda packet: ethernet(ipv4("10.9.9.1", "10.9.9.2", UDP, udp(("10.9.9.1", 9), ("10.9.9.2", 2152), gtp_u(packet, 5))))),
}


@pytest.mark.parametrize("wrap", WRAPPED)
def test_every_wrapping(wrap: str) -> None:
    link_type, around = WRAPPED[wrap]
    data = around(segment())
    made = rewritten(data, PAYLOAD[::-1], link_type=link_type)
    assert made is not None and made.data.endswith(PAYLOAD[::-1])
    for secret in ("172.16.11.92", "20.1.2.3", "10.9.9.1", "10.9.9.2"):
        assert ipaddress.ip_address(secret).packed not in made.data
    again, packet = decoded(made.data, made.interface[2])
    assert int(packet["src_lo"]) == int(ipaddress.ip_address(ADDRESSES.text(V4[0]))) and again.payload == len(made.data) - len(PAYLOAD)
    inner = made.data[made.data.index(bytes((0x45,)), made.payload - 42 if made.payload >= 42 else 0) :]
    assert is_summed(inner[: 40 + len(PAYLOAD)]) and (made.interface[2] == link_type or (wrap, made.interface[2]) == ("gtp", 101))
    if wrap != "gtp":
        assert len(made.data) == len(data)


@pytest.mark.parametrize("name", SHAPES)
def test_whatever_gateways_put_around_a_packet(name: str) -> None:
    """What scapy can't take apart is peeled off: nothing of it is left, no address, no process, no interface."""
    link_type, around = SHAPES[name]
    ends = V6 if name in ONLY_IPV6 else V4
    made = rewritten(around(segment(ends)), PAYLOAD[::-1], ends, link_type)
    assert made is not None and made.data.endswith(PAYLOAD[::-1])
    for secret in (*ends, "1.1.1.1", "2.2.2.2"):
        assert ipaddress.ip_address(secret).packed not in made.data
    assert b"wdavdaemon" not in made.data and b"em0" not in made.data and b"en0" not in made.data
    again, packet = decoded(made.data, made.interface[2])
    own = ipaddress.ip_address(ADDRESSES.text(ends[0]))
    assert int(packet["src_hi"]) << 64 | int(packet["src_lo"]) == int(own) and again.payload == len(made.data) - len(PAYLOAD)


def test_what_networks_write_into_their_wrapping_is_blank() -> None:
    inner = geneve(ethernet(segment()), 5, options=b"\x01\x02\x80\x02" + b"tenant-7")
    made = rewritten(ethernet(ipv4("10.9.9.1", "10.9.9.2", UDP, udp(("10.9.9.1", 9), ("10.9.9.2", 6081), inner))), PAYLOAD)
    assert made is not None and made.interface[2] == 1 and b"\x01\x02\x80\x02" + bytes(8) in made.data and b"tenant" not in made.data


def test_ipv6_and_udp() -> None:
    made = rewritten(ethernet(segment(V6)), PAYLOAD, V6)
    assert made is not None and is_summed(made.data[14:]) and ipaddress.ip_address(V6[0]).packed not in made.data
    datagram = ethernet(ip(*V4, UDP, udp((V4[0], 5), (V4[1], 53), PAYLOAD)))
    made = rewritten(datagram, PAYLOAD)
    assert made is not None and is_summed(made.data[14:])


def test_hardware_addresses_go() -> None:
    data = bytes.fromhex("001122334455 66778899aabb 0800") + segment()
    made = rewritten(bytes.fromhex("021122334455") + data[6:], PAYLOAD)
    assert made is not None and made.data[6:12] == ADDRESSES.mac(data[6:12]) and data[7:12] not in made.data


def test_a_payload_that_is_cut_is_cut_there_and_copies_stay_alike() -> None:
    one, two = (rewritten(ethernet(segment(payload=payload)), b"01") for payload in (b"0123456789", b"0123456780"))
    assert one is not None and two is not None and len(one.data) == 14 + 40 + 2 and one.wire_bytes == 14 + 40 + 10
    assert one.data != two.data and one == rewritten(ethernet(segment()), b"01")


def test_options_that_are_not_known_are_blank() -> None:
    made = rewritten(ethernet(segment(options=b"\x02\x04\x05\xb4\xfe\x04ab")), PAYLOAD)
    assert made is not None and b"ab" not in made.data[14:62] and b"\x02\x04\x05\xb4" in made.data and is_summed(made.data[14:])
    behind_the_end = rewritten(ethernet(segment(options=b"\0abc\0def")), PAYLOAD)
    assert behind_the_end is not None and b"abc" not in behind_the_end.data and is_summed(behind_the_end.data[14:])
    routed = ipv4(*V4, TCP, tcp((V4[0], 1), (V4[1], 2), PAYLOAD), options=b"\x07\x07\x04" + bytes((10, 7, 7, 7)) + b"\0")
    made = rewritten(ethernet(routed), PAYLOAD)
    assert made is not None and bytes((10, 7, 7, 7)) not in made.data and len(made.data) == len(ethernet(routed))


def test_errors_quote_other_addresses_and_no_payload() -> None:
    for ends in (V4, V6):
        quoted = segment(ends)
        frame, _ = decoded(ethernet(icmp_unreachable(ends[1], ends[0], quoted)))
        made = REWRITER.error(frame)
        assert made is not None and len(made.data) == len(frame.data) and PAYLOAD[4:] not in made.data
        assert not any(ipaddress.ip_address(end).packed in made.data for end in ends)
        assert ipaddress.ip_address(ADDRESSES.text(ends[0])).packed in made.data[50:]


def test_what_cannot_be_taken_apart_is_left_out() -> None:
    frame, _ = decoded(ethernet(segment()))
    assert REWRITER.frame(frame._replace(data=frame.data[:40]), b"", V4) is None
    assert REWRITER.frame(frame._replace(interface=(0, 0, 9999), data=b"?" * len(frame.data)), b"", V4) is None
    assert REWRITER.error(frame) is None
