"""Purpose: every packet of an 802.11 frame that holds several is one like any other, in its place; a slice has those of its flow alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import tests.build as build
from analyzer.packets.layout import FRAGMENT
from analyzer.slices.frames import read_frames
from tests.build import Conversation, client_hello, pcap, wrappings
from tests.engine import engine_rows, reading
from tests.packets.shapes import framed, kind_of
from tests.packets.twin import decoded

QOS = b"\x88\x01" + bytes(22) + b"\x80\0"


def aggregate(packets: Sequence[bytes]) -> bytes:
    """An A-MSDU (IEEE 802.11 9.3.2.2): each packet behind two addresses, its length and LLC, all but the last filled up."""
    parts = [b""]
    for packet in packets:
        body = wrappings.SNAP + kind_of(packet).to_bytes(2, "big") + packet
        parts[-1] += bytes(-len(parts[-1]) % 4)
        parts.append(bytes(12) + len(body).to_bytes(2, "big") + body)
    return QOS + b"".join(parts)


def talk(client: str, host: str, port: int = 50_000) -> list[bytes]:
    """IP packets of a handshake and a hello in three segments."""
    hello = client_hello(host)
    made = Conversation((client, port), wrap=bytes).handshake().send_client(hello, cuts=(40, 90))
    return [packet for _, packet in made.frames]


def capture(frames: Sequence[bytes]) -> bytes:
    return pcap([(1_700_000_000_000_000_000 + i * 1_000_000, frame) for i, frame in enumerate(frames)], link_type=105)


ONE, OTHER = talk("10.0.0.1", "one.example"), talk("10.0.0.2", "other.example")


@pytest.mark.parametrize("at_once", [2, 3, 5, 12])
def test_every_packet_counts_in_its_place(at_once: int) -> None:
    packets = [packet for pair in zip(ONE, OTHER, strict=True) for packet in pair]
    rows = engine_rows(capture([aggregate(packets[i : i + at_once]) for i in range(0, len(packets), at_once)]))
    assert sorted((row["client_ip"], row["sni"], row["packets_out"], row["packets_in"], row["retransmitted"]) for row in rows) == [
        ("10.0.0.1", "one.example", 5, 1, 0),
        ("10.0.0.2", "other.example", 5, 1, 0),
    ]


def test_in_a_tunnel_with_its_name() -> None:
    """As Aruba's access points send them: Wireshark packet-gre.c."""
    frame = build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 47, build.gre(aggregate(ONE), 0x8200), id=1))
    (row,) = engine_rows(pcap([(1_700_000_000_000_000_000, frame)]))
    assert (row["outer"], row["sni"], row["packets_out"], row["first_frame"]) == ("gre", "one.example", 5, 1)


def test_packets_that_are_fragments() -> None:
    whole = build.ipv4("10.0.0.1", "10.0.0.9", 17, build.udp(("10.0.0.1", 50000), ("10.0.0.9", 53), build.dns_query("asked.example")), id=7)
    data = whole[20:]
    parts = [
        build.ipv4("10.0.0.1", "10.0.0.9", 17, data[:16], id=7, fragment=0x2000),
        build.ipv4("10.0.0.1", "10.0.0.9", 17, data[16:], id=7, fragment=2),
    ]
    rows = engine_rows(capture([aggregate([ONE[0], parts[0]]), aggregate([ONE[1], parts[1]]), aggregate(ONE[2:])]))
    assert sorted((row["protocol"], row["host"], row["packets_out"]) for row in rows) == [
        ("tcp", "one.example", 5),
        ("udp", "asked.example", 1),
    ]


def test_cut_anywhere_no_packet_is_made_up() -> None:
    """Each cut frame has a client's port of its own, so that all of them are read at once."""
    ends = range(len(aggregate(ONE)))
    frames = [aggregate(talk("10.0.0.1", "one.example", 10_000 + end))[:end] for end in ends]
    packets = decoded([framed(105, frame) for frame in frames])[1]
    found = engine_rows(capture(frames))
    rows = {row["client_port"] - 10_000: row["packets_out"] + row["packets_in"] for row in found}
    assert len(rows) == len(found) > 300 and rows.keys() <= set(ends)
    assert max(rows.values()) == len(ONE)
    assert [end for end, packet in zip(ends, packets, strict=True) if packet["status"] == FRAGMENT and end not in rows and end >= 100] == []


def test_a_slice_has_the_packets_of_its_flow_alone(tmp_path: Path) -> None:
    path = tmp_path / "air.pcap"
    path.write_bytes(capture([aggregate([one, other]) for one, other in zip(ONE, OTHER, strict=True)]))
    flows = reading(str(path)).flows
    number = flows.column("sni").to_pylist().index("other.example")
    frames = list(read_frames([str(path)], flows, [number])[1])
    assert [frame.data[22:] for frame in frames] == OTHER
    assert all(frame.interface[2] == 1 and frame.row == number for frame in frames)
