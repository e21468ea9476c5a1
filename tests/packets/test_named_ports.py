"""Purpose: VXLAN on a port that the topology names is opened as on its own port, in every way that packets are read."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import tests.build as build
from analyzer.cli.run import run
from analyzer.packets.layout import OK
from analyzer.packets.named_ports import open_vxlan
from analyzer.routes.topology import Topology
from analyzer.second_opinion.verify import Capture, verify
from tests.engine import engine_rows, reading
from tests.packets.shapes import TCP_4, TUNNELS, UDP_6, framed, in_udp
from tests.packets.talks import conversation, packet_of
from tests.packets.twin import decoded, frame_row, outer_of, row_of

PORT = 8473
HERE = Topology(vxlan_ports=(PORT,))


def vxlan(frame: bytes, network: int = 5, port: int = PORT) -> bytes:
    return in_udp(port)(build.vxlan(frame, network))


def opened(*frames: bytes, ports: tuple[int, ...] = (PORT,)) -> tuple[list[list[str]], list[object]]:
    """(wrappings, what the twin compares) of each frame once it was opened."""
    given = [framed(1, frame) for frame in frames]
    data, packets = decoded(given)
    table, at = [], 64
    for frame in given:
        table.append(frame_row(frame, at))
        at += len(frame.data) + 64
    open_vxlan(data, np.concatenate(table), packets, ports)
    return [outer_of(packet) for packet in packets], [row_of(data, packet) for packet in packets]


@pytest.mark.parametrize("packet", [TCP_4, UDP_6])
def test_the_packet_is_the_one_inside(packet: bytes) -> None:
    plain, same = opened(vxlan(build.ethernet(packet)), vxlan(build.ethernet(packet), port=4789))[1]
    assert plain == same and plain is not None


def test_wrappings_stand_in_their_order() -> None:
    inner = TUNNELS["vlan 1, vlan 2"](TCP_4)
    outside = lambda frame: build.ethernet(build.vlan(frame[14:], 4), 0x8100)  # noqa: E731
    frames = [vxlan(inner), outside(vxlan(build.ethernet(TCP_4))), outside(vxlan(vxlan(inner, 7), 6)), in_udp(53)(b"no tunnel at all")]
    assert opened(*frames)[0] == [
        ["vxlan 5", "vlan 1", "vlan 2"],
        ["vlan 4", "vxlan 5"],
        ["vlan 4", "vxlan 6", "vxlan 7", "vlan 1"],
        [],
    ]


@pytest.mark.parametrize("flags", [0x00, 0x18, 0x28, 0x07])
def test_other_datagrams_on_the_port_stay_what_they_are(flags: int) -> None:
    frame = in_udp(PORT)(bytes((flags,)) + build.vxlan(build.ethernet(TCP_4), 5)[1:])
    (row,) = opened(frame)[1]
    assert row["dst"] == (b"\2\2\2\2", PORT)  # type: ignore[index]
    assert opened(in_udp(PORT)(b"\x08"))[1][0] is not None


def test_what_is_in_it_and_is_not_opened_is_counted() -> None:
    data = build.pcap([(0, vxlan(build.ethernet(b"\x2c" + bytes(60), 0x88E5)))])
    (capture,) = reading(data, topology=HERE).captures
    assert [(entry["code"], entry["count"]) for entry in capture["damage"]] == [("frames-unopened", 1)]


def frames_in_vxlan(six: bool = False) -> list[tuple[int, bytes]]:
    return [(ts, vxlan(frame)) for ts, frame, *_ in conversation(six)]


def test_rows_are_those_of_the_conversation_inside() -> None:
    """Whole, and parted on its way: outside, inside, and both."""
    without = ("outer", "first_frame", "capture", "captures")
    plain = [{k: v for k, v in row.items() if k not in without} for row in engine_rows(build.pcap(conversation(False)))]
    for frames in (
        frames_in_vxlan(),
        [(ts, part) for ts, frame in frames_in_vxlan() for part in parts(frame)],
        [(ts, vxlan(part)) for ts, frame, *_ in conversation(False) for part in parts(frame)],
        [(ts, outer) for ts, frame, *_ in conversation(False) for part in parts(frame) for outer in parts(vxlan(part))],
    ):
        rows = engine_rows(build.pcap(frames), topology=HERE)
        assert {row["outer"] for row in rows} == {"vxlan 5"}
        assert [{k: v for k, v in row.items() if k not in without} for row in rows] == plain
    assert {row["protocol"] for row in engine_rows(build.pcap(frames_in_vxlan()))} == {"udp"}


IDS = iter(range(1, 60_000))


def parts(frame: bytes) -> list[bytes]:
    """The frame's IPv4 packet in two pieces, where it can be parted."""
    packet = packet_of(frame)
    body, head = packet[20:], packet[:20]
    if len(body) <= 24:
        return [frame]
    number = struct.pack(">H", next(IDS))
    first, rest = body[:24], body[24:]
    pieces = ((first, 0x2000), (rest, 3))
    return [
        frame[:14] + head[:2] + struct.pack(">H", 20 + len(piece)) + number + struct.pack(">H", field) + head[8:20] + piece
        for piece, field in pieces
    ]


def test_every_command_that_takes_a_topology(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture, topology = tmp_path / "mirror.pcap", tmp_path / "topology.toml"
    capture.write_bytes(build.pcap(frames_in_vxlan(), nanosecond=True))
    topology.write_text(f"[gateway]\nvxlan_ports = [{PORT}]\n", encoding="utf-8")
    given = [str(capture), "--topology", str(topology), "--quiet"]
    assert run(["flows", *given, "--format", "jsonl"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["requested_host"], row["outer"]) == ("a.example", "vxlan 5")
    piece = tmp_path / "piece.pcapng"
    assert run(["slice", *given, "--flow", row["id"], "-o", str(piece)]) == 0
    assert len(reading(str(piece), topology=HERE).flows) == 1
    hidden = tmp_path / "hidden.pcapng"
    (tmp_path / "key").write_bytes(bytes(range(32)))
    assert run(["slice", *given, "--flow", row["id"], "--anonymize", "--key", str(tmp_path / "key"), "-o", str(hidden)]) == 0
    text = hidden.read_bytes()
    assert b"a.example" not in text and bytes((10, 0, 0, 1)) not in text
    (told,) = reading(str(hidden)).flows.select(["request", "protocol"]).to_pylist()
    assert told == {"request": "connect", "protocol": "tcp"}


def test_wireshark_is_told_of_the_port(tmp_path: Path) -> None:
    path = tmp_path / "mirror.pcap"
    path.write_bytes(build.pcap(frames_in_vxlan(), nanosecond=True))
    opinion = verify(reading(str(path), topology=HERE).flows, [Capture(str(path), str(path))], vxlan_ports=HERE.vxlan_ports)
    assert opinion.differences == 0 and [flow.id is not None for flow in opinion.flows] == [True]


def test_nothing_is_looked_for_without_a_port() -> None:
    data, packets = decoded([framed(1, vxlan(build.ethernet(TCP_4)))])
    assert open_vxlan(data, packets, packets, ()) == 0 and packets["status"][0] == OK
