"""Purpose: a conversation's first label comes into its row, however the capture is cut and merged."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

import tests.build as build
from analyzer import read
from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.flows.grow import empty_tables
from analyzer.flows.labels import shortened, with_labels
from analyzer.flows.layout import LABEL_TEXTS, MAX_LABELS, N_LABELS
from analyzer.packets.labels import Label
from analyzer.packets.layout import PACKET, WHY_LINK
from analyzer.parts.file import read_part, write_part
from analyzer.parts.partial import Partial, merge
from tests.build import wrappings
from tests.engine import reading
from tests.packets.shapes import in_gre, in_ip
from tests.pieces import collect_piece, finish


def talk(port: int, packets: int = 6) -> list[tuple[int, bytes]]:
    made = build.Conversation(client=("10.0.0.1", port), server=("10.0.0.2", 3128))
    made.handshake().send_client(build.connect("a.example:443")).send_server(build.ESTABLISHED).close()
    return made.frames[:packets]


def pktap_file(*named: tuple[int, bytes, int]) -> bytes:
    """A capture of one conversation for each (port, process name, pid)."""
    frames = [(ts, wrappings.pktap(frame, name=name, pid=pid)) for port, name, pid in named for ts, frame in talk(port)]
    return build.pcap(frames, link_type=258)


def rows(data: bytes) -> dict[int, tuple[str | None, str | None]]:
    flows = reading(data).flows
    return {
        row["client_port"]: (row["process"], row["firewall_action"])
        for row in flows.select(["client_port", "process", "firewall_action"]).to_pylist()
    }


def test_each_conversation_has_its_process() -> None:
    data = pktap_file((1001, b"MsSense", 7), (1002, b"wdavdaemon", 8), (1003, b"MsSense", 7), (1004, b"", -1))
    assert rows(data) == {1001: ("MsSense (7)", None), 1002: ("wdavdaemon (8)", None), 1003: ("MsSense (7)", None), 1004: (None, None)}


def test_what_pf_did_with_the_first_packet() -> None:
    frames = [(ts, wrappings.pflog(frame[14:], action=action)) for action, (ts, frame) in zip((1, 0, 0, 0), talk(1001), strict=False)]
    assert rows(build.pcap(frames, link_type=117)) == {1001: (None, "block")}


def test_a_first_packet_without_a_process_leaves_it_to_a_later_one() -> None:
    frames = [(ts, wrappings.pktap(frame, name=b"x" if i else b"", pid=5 if i else -1)) for i, (ts, frame) in enumerate(talk(1001))]
    assert rows(build.pcap(frames, link_type=258)) == {1001: ("x (5)", None)}


@pytest.mark.parametrize("order", ["little", "big"])
def test_comments_of_a_capture_made_on_windows(order: str) -> None:
    packets = b"".join(commented(frame, ts, b"PID=4711", order) for ts, frame in talk(1001))
    assert rows(build.section_header(order) + build.interface(order=order) + packets) == {1001: ("4711", None)}


def commented(frame: bytes, ts_ns: int, comment: bytes, order: str = "little") -> bytes:
    """An enhanced packet block with flags and a comment behind the frame."""
    sign = "<" if order == "little" else ">"
    options = (
        struct.pack(sign + "2HI", 2, 4, 1) + struct.pack(sign + "2H", 1, len(comment)) + comment.ljust((len(comment) + 3) // 4 * 4, b"\0")
    )
    ticks = ts_ns // 1000
    head = struct.pack(sign + "5I", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return build.pcapng_block(6, head + frame.ljust((len(frame) + 3) // 4 * 4, b"\0") + options + bytes(4), order)


@pytest.mark.parametrize(
    ("frame", "unopened"),
    [
        (build.arp(), []),
        (in_ip(1)(b"\x08\0\0\0" + bytes(40)), []),
        (in_gre(struct.pack(">2H", 0, 0)), []),
        (build.ethernet(b"\x0c" + bytes(59), 0x88E5), ["MACsec"]),
        (in_ip(50)(bytes(60)), ["ESP"]),
        (build.ethernet(b"\x45")[:15], []),
    ],
)
def test_a_process_of_what_holds_no_packet(frame: bytes, unopened: list[str]) -> None:
    """Packets that aren't opened are counted all the same, and losses of no known interface stay without one."""
    for ts, more in [(0, []), *([(0, talk(1001))] if unopened else [])]:
        packets = commented(frame, ts, b"PID=4711") + b"".join(commented(data, when, b"PID=9") for when, data in more)
        found = reading(build.section_header() + build.interface() + packets)
        told = [entry["text"] for entry in found.captures[0]["damage"] if entry["code"] == "frames-unopened"]
        assert [any(name in text for text in told) for name in unopened] == [True] * len(told)
        assert found.flows.column("process").to_pylist() == ["9"] * bool(more)


def test_other_comments_say_nothing() -> None:
    packets = b"".join(commented(frame, ts, b"a packet without a time") for ts, frame in talk(1001))
    assert rows(build.section_header() + build.interface() + packets) == {1001: (None, None)}


def test_comments_stay_with_their_frames_where_captures_overlap(tmp_path: Path) -> None:
    for name, port in (("a", 1001), ("b", 1002)):
        packets = b"".join(commented(frame, ts, f"PID={port}".encode()) for ts, frame in talk(port))
        (tmp_path / f"{name}.pcapng").write_bytes(build.section_header() + build.interface() + packets)
    flows = read([str(tmp_path / "a.pcapng"), str(tmp_path / "b.pcapng")]).flows
    assert dict(zip(flows["client_port"], flows["process"], strict=True)) == {1001: "1001", 1002: "1002"}


def test_pieces_put_together_keep_their_labels(tmp_path: Path) -> None:
    pieces = []
    for i, data in enumerate((pktap_file((1001, b"a", 1), (1002, b"b", 2)), pktap_file((1003, b"c", 3), (1001, b"late", 9)))):
        source = Source(f"{i}.pcap", file=io.BytesIO(data))
        pieces.append(collect_piece(in_time_order([source]), [source]))
    write_part(pieces[1], tmp_path / "part")
    whole = finish(merge(merge(Partial.empty(), pieces[0]), read_part(tmp_path / "part")))
    told = {row["client_port"]: row["process"] for row in whole.select(["client_port", "process"]).to_pylist()}
    assert told == {1001: "a (1)", 1002: "b (2)", 1003: "c (3)"}


def test_labels_are_kept_once_and_have_an_end() -> None:
    packets = np.zeros(3, PACKET)
    packets["note"] = (2, 0, WHY_LINK | 5)
    tables = with_labels(empty_tables(), [Label(b"a"), Label(b"b")], packets)
    assert packets["note"].tolist() == [2, 0, WHY_LINK | 5]
    packets["note"] = (1, 1, 2)
    tables = with_labels(tables, [Label(b"b"), Label(b"", b"block")], packets)
    assert packets["note"].tolist() == [2, 2, 3] and tables.counts[N_LABELS] == 3
    assert tables.labels[:3].view(LABEL_TEXTS)["action"].tolist() == [b"", b"", b"block"]
    tables.counts[N_LABELS] = MAX_LABELS
    tables = tables._replace(labels=np.zeros(MAX_LABELS, tables.labels.dtype))
    packets["note"] = (1, 0, 0)
    with_labels(tables, [Label(b"one more")], packets)
    assert packets["note"].tolist() == [0, 0, 0]


def test_long_names_are_cut_between_letters() -> None:
    assert shortened("ä".encode() * 30, 47) == "ä".encode() * 23
    assert shortened(b"short", 47) == b"short"
