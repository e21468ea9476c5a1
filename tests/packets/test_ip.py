"""Purpose: IPv4, IPv6 and their lengths are read by the standards; ICMP errors give the flow that they quote."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.packets.layout import CUT_SHORT, FRAGMENT, MALFORMED, MARK, NOT_IP, OK, OTHER_PROTOCOL
from tests.packets.shapes import HERE, HERE_6, PACKETS, TCP_4, TCP_6, THERE, THERE_6, UDP_4, UDP_6, framed
from tests.packets.test_link import status
from tests.packets.twin import Row, decoded, disagreements, row_of
from tests.reference.capture import Frame

SEGMENT = build.tcp(HERE, THERE, b"data")


def row(packet: bytes, wire_bytes: int = 0) -> Row | None:
    buf, packets = decoded([Frame(None, 101, packet, max(wire_bytes, len(packet)))])
    return row_of(buf, packets[0])


def ipv4(payload: bytes = SEGMENT, protocol: int = 6, **header: int) -> bytes:
    return build.ipv4("10.0.0.1", "10.0.0.2", protocol, payload, **header)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PACKETS)
def test_as_the_twin_reads_it(name: str) -> None:
    assert disagreements([framed(101, PACKETS[name], 123)]) == []


def test_the_status_of_each_kind() -> None:
    expected = {"first fragment": FRAGMENT, "second fragment": FRAGMENT,
                "second fragment, ipv6": FRAGMENT, "unreachable": MARK, "unreachable, ipv6": MARK,
                "fragmentation needed": OTHER_PROTOCOL, "echo": OTHER_PROTOCOL}  # fmt: skip
    assert {name: status(101, packet) for name, packet in PACKETS.items()} == {name: expected.get(name, OK) for name in PACKETS}
    assert [status(101, packet) for packet in (b"", b"\x50" + bytes(40), b"\x00" * 40)] == [CUT_SHORT, NOT_IP, NOT_IP]


def test_the_ip_length_counts_and_not_what_was_captured() -> None:
    def sizes(packet: bytes, wire_bytes: int = 0) -> tuple[int, int]:
        found = row(packet, wire_bytes)
        assert found is not None
        return found["payload_bytes"], len(found["payload"])

    assert sizes(ipv4() + b"padding") == (4, 4)
    assert sizes(ipv4(total=1500)) == (1460, 4)  # cut by a snap length
    assert sizes(ipv4(total=0)) == (4, 4)  # segmentation offload: as long as the frame
    assert sizes(ipv4(total=0), 60_000) == (60_000 - 40, 4)  # and that was cut by a snap length
    six = TCP_6[:4] + b"\0\0" + TCP_6[6:]
    assert sizes(six) == (9, 9)
    assert sizes(six, 70_000) == (70_000 - 60, 9)


@pytest.mark.parametrize("total", [1, 19, 20, 39, 40, 41, 43, 44, 45, 65535])
def test_total_lengths(total: int) -> None:
    assert disagreements([framed(101, ipv4(total=total))]) == []
    assert (status(101, ipv4(total=total)) == MALFORMED) == (total < 40)


def test_header_lengths() -> None:
    for words in range(16):
        packet = bytes((0x40 | words,)) + ipv4(SEGMENT + bytes(40))[1:]
        assert disagreements([framed(101, packet)]) == []
        if words < 5:
            assert status(101, packet) == MALFORMED
    for words in range(16):
        segment = SEGMENT[:12] + bytes((words << 4,)) + SEGMENT[13:]
        assert status(101, ipv4(segment)) == (OK if words in (5, 6) else MALFORMED)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 65535])
def test_udp_lengths(length: int) -> None:
    for packet in (UDP_4, UDP_6):
        at = 20 if packet is UDP_4 else 40
        assert disagreements([framed(101, packet[: at + 4] + struct.pack(">H", length) + packet[at + 6 :])]) == []


def test_ports_are_not_taken_from_behind_the_packet() -> None:
    for size in range(8):
        assert status(101, ipv4(b"\1\2\3\4\5\6\7\x08"[:size], protocol=17)) == MALFORMED
    for size in range(20):
        assert status(101, ipv4(SEGMENT[:size])) == MALFORMED


def test_extension_header_lengths() -> None:
    segment = build.tcp(HERE_6, THERE_6, b"x")
    for kind in (0, 43, 44, 51, 60, 135, 139, 140):
        for length in (0, 1, 2, 3, 4, 255):
            body = bytes((length,)) + bytes(22)
            frame = framed(101, build.ipv6("::1", "::2", 6, segment, extensions=((kind, body),)))
            assert disagreements([frame]) == []
    past_the_end = build.ipv6("::1", "::2", 59, b"", extensions=((60, b"\1" + bytes(6)),))
    assert status(101, past_the_end + bytes(20)) == MALFORMED
    endless = build.ipv6("::1", "::2", 6, segment, extensions=((60, b"\0" + bytes(6)),) * 40)
    assert status(101, endless) == OTHER_PROTOCOL


def test_fragments() -> None:
    """Each says where its IP header lies, so that they can be joined."""
    assert row(ipv4(fragment=0x4000)) is not None  # don't fragment
    for field in (1, 0x1FFF, 0x2000, 0x2001, 0x3FFF):
        _, packets = decoded([framed(101, ipv4(fragment=field, id=3))])
        packet = packets[0]
        assert (packet["status"], packet["protocol"], packet["ip_id"], packet["captured_bytes"]) == (FRAGMENT, 6, 3, 44)
    assert disagreements([framed(101, ipv4(fragment=0x2000, id=3))]) == []


def undeliverable(kind: int, code: int, quoted: bytes, *, six: bool = False) -> bytes:
    body = struct.pack(">2BHI", kind, code, 0, 0) + quoted
    return build.ipv6("::9", "::1", 58, body) if six else build.ipv4("9.9.9.9", "10.0.0.1", 1, body)


def test_errors_that_say_a_packet_was_not_delivered() -> None:
    quoted, quoted_6 = TCP_4[:28], UDP_6[:48]
    for kind, code in ((3, 0), (3, 1), (3, 3), (3, 13), (11, 0), (12, 0)):
        found = row(undeliverable(kind, code, quoted))
        assert found is not None and found["quoted"]
        assert (found["protocol"], found["src"], found["dst"]) == ("tcp", (b"\x0a\0\0\1", 40000), (b"\x0a\0\0\2", 3128))
    for kind, code in ((1, 0), (1, 4), (3, 0), (4, 1)):
        found = row(undeliverable(kind, code, quoted_6, six=True))
        assert found is not None and found["quoted"] and (found["protocol"], found["dst"][1]) == ("udp", 443)
    for packet in (
        undeliverable(3, 4, quoted),
        undeliverable(5, 1, quoted),
        undeliverable(8, 0, quoted),
        undeliverable(2, 0, quoted_6, six=True),
    ):
        assert status(101, packet) == OTHER_PROTOCOL


def test_quotations_that_name_no_flow() -> None:
    for size in range(28):
        assert status(101, undeliverable(3, 1, TCP_4[:size])) == OTHER_PROTOCOL
    for size in range(48):
        assert status(101, undeliverable(1, 0, UDP_6[:size], six=True)) == OTHER_PROTOCOL
    options = build.ipv4("10.0.0.1", "10.0.0.2", 6, SEGMENT, options=bytes(8))
    assert [status(101, undeliverable(3, 1, options[:size])) for size in (28, 35, 36)] == [OTHER_PROTOCOL, OTHER_PROTOCOL, MARK]
    for changed in (b"\x15" + TCP_4[1:28], b"\x44" + TCP_4[1:28], TCP_4[:9] + b"\x01" + TCP_4[10:28], TCP_4[:6] + b"\0\1" + TCP_4[8:28]):
        assert status(101, undeliverable(3, 1, changed)) == OTHER_PROTOCOL
