"""Fragments of a packet wait until its flow is known."""

from __future__ import annotations

from pathlib import Path

from analyzer.slices.choose import Selection
from tests.build import Conversation, connect, pcap
from tests.build.frames import ethernet
from tests.engine import reading
from tests.slices.slicing import rows_in, rows_of, sliced


def parts_of(frame: bytes, size: int) -> list[bytes]:
    """An Ethernet frame's IPv4 packet in fragments of so many bytes of data."""
    packet = frame[14:]
    header, body = packet[:20], packet[20:]
    made = []
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        more = 0x2000 if at + size < len(body) else 0
        head = header[:2] + (20 + len(piece)).to_bytes(2, "big") + header[4:6] + (more | at // 8).to_bytes(2, "big") + header[8:]
        made.append(ethernet(head + piece))
    return made


def test_all_parts_of_a_chosen_flow_and_none_of_another(tmp_path: Path) -> None:
    mine = Conversation(client=("172.16.11.92", 50_001)).handshake().send_client(connect("a.example:443"))
    other = Conversation(client=("172.16.11.93", 50_001)).handshake().send_client(connect("b.example:443"))
    frames = [
        (ts, part) for talk in (mine, other) for ts, frame in talk.frames for part in (parts_of(frame, 24) if len(frame) > 90 else [frame])
    ]
    path = tmp_path / "f.pcap"
    path.write_bytes(pcap(sorted(frames, key=lambda f: f[0])))
    read = reading(str(path))
    chosen = {
        row.as_py() for row, ip in zip(read.flows.column("id"), read.flows.column("client_ip"), strict=True) if ip.as_py().endswith("92")
    }
    out = sliced(tmp_path / "s.pcapng", [str(path)], Selection(flows=sorted(chosen)), read)
    rows = rows_of(out)
    assert rows == rows_in(read, chosen) and [row["requested_host"] for row in rows] == ["a.example"]


def test_a_packet_of_which_a_part_is_missing_is_there_as_far_as_it_goes(tmp_path: Path) -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443"))
    whole = [(ts, part) for ts, frame in talk.frames for part in (parts_of(frame, 40) if len(frame) > 90 else [frame])]
    path = tmp_path / "f.pcap"
    path.write_bytes(pcap(whole[:-1]))
    read = reading(str(path))
    out = sliced(tmp_path / "s.pcapng", [str(path)], None, read)
    assert rows_of(out) == rows_in(read, set(read.flows.column("id").to_pylist()))
