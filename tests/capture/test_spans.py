"""A pcap file cut into spans: together they are its packets, whatever lies in them, in either byte order."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

import pytest

from analyzer.capture import spans
from analyzer.capture.source import Source
from analyzer.capture.spans import Span, SpanFile, spans_of
from analyzer.room import PAGE
from tests.build import Conversation, connect, pcap


def frames_of(n: int, payload: bytes = b"") -> list[tuple[int, bytes]]:
    talk = Conversation().handshake().send_client(connect("a.example:443") + payload)
    while len(talk.frames) < n:
        talk.send_client(bytes(range(250)) * (len(talk.frames) % 5)).send_server(b"ok")
    return talk.frames[:n]


def packets_in(file: IO[bytes]) -> tuple[list[tuple[int, bytes]], list[str]]:
    """(the time and the bytes of each packet, what was damaged)."""
    source = Source("x", file=file)
    found = []
    for block in source.blocks():
        for frame in block.frames:
            at, size = int(frame["start"]), int(frame["captured_bytes"])
            found.append((int(frame["ts_ns"]), block.data[at : at + size].tobytes()))
    return found, [one.code for one in source.damage]


@pytest.mark.parametrize("nanosecond", [True, False])
@pytest.mark.parametrize("n", [2, 3, 7])
def test_together_they_are_all_packets_in_order(tmp_path: Path, n: int, nanosecond: bool) -> None:
    data = pcap(frames_of(200), nanosecond=nanosecond)
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    cut = spans_of(path, n)
    assert len(cut) == n and cut[0].begin == 0 and cut[-1].end == len(data)
    pieces = [packets_in(cast(IO[bytes], SpanFile(path, span))) for span in cut]
    assert all(packets and not damage for packets, damage in pieces)
    assert [packet for packets, _ in pieces for packet in packets] == packets_in(io.BytesIO(data))[0]


def test_a_span_is_read_by_pages_of_its_file(tmp_path: Path) -> None:
    path, data = tmp_path / "a", bytes(range(256)) * 200
    path.write_bytes(data)
    for begin in (0, 24, PAGE - 20, PAGE, 2 * PAGE + 1):
        file, at, found = SpanFile(path, Span(begin, 50_000, b"head")), begin, b""
        assert file.read(4) == b"head"
        while piece := file.read(3 * PAGE):
            assert not found or at % PAGE == 0
            at, found = at + len(piece), found + piece
        assert found == data[begin:50_000]


def test_what_is_no_pcap_or_too_small_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"", b"\n\r\r\n" + bytes(400), pcap([])):
        path.write_bytes(data)
        assert spans_of(path, 4) == [Span(0, len(data))]


def test_a_capture_inside_a_packet_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = pcap(frames_of(240), nanosecond=True)[24:]
    outer = pcap([(frames_of(1)[0][0], b"\0" * 54 + inner), *frames_of(30)], nanosecond=True)
    path = tmp_path / "a.pcap"
    path.write_bytes(outer)
    monkeypatch.setattr(spans, "LOOK", 12_000)
    cut = spans_of(path, 3)
    damage = [packets_in(cast(IO[bytes], SpanFile(path, span)))[1] for span in cut]
    assert len(cut) > 1 and damage[0] == ["capture-damaged"]


def test_it_is_cut_where_frames_are_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    frames = frames_of(200)
    swapped = [(frames[place ^ 1][0], frames[place][1]) for place in range(200)]
    path.write_bytes(pcap(swapped, nanosecond=True))
    for n in (2, 3, 5):
        pieces = [packets_in(cast(IO[bytes], SpanFile(path, span)))[0] for span in spans_of(path, n)]
        assert len(pieces) == n and [packet for each in pieces for packet in each] == swapped
        for before, behind in pairwise(pieces):
            assert max(time for time, _ in before) <= min(time for time, _ in behind)
