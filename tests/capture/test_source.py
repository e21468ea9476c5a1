"""Purpose: whatever a person names becomes the captures behind it, each once; what is no capture is reported, and raises nothing else."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import threading
from pathlib import Path
from random import Random

import pytest

import tests.build as build
from analyzer.capture.inputs import open_inputs
from analyzer.capture.source import BEGINNING, Source
from analyzer.errors import Unusable
from analyzer.packets.layout import (
    CUT_SHORT,
    LINK_UNKNOWN,
    MALFORMED,
    NOT_IP,
    OK,
    OTHER_PROTOCOL,
    WHY_ETHERTYPE,
    WHY_PROTOCOL,
    WHY_UDP,
)
from tests.capture.reading import Dripping, OnlyRead, frames_of, read

FRAMES = [(1_700_000_000_000_000_000 + i * 1000, bytes([i]) * 20) for i in range(50)]
EXPECTED = [(when, 1, body) for when, body in FRAMES]
PCAP, PCAPNG = build.pcap(FRAMES), build.pcapng(FRAMES)


@pytest.mark.parametrize("data", [PCAP, PCAPNG, gzip.compress(PCAP)], ids=["pcap", "pcapng", "gzip"])
def test_the_same_frames_from_anything(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with path.open("rb") as buffered, path.open("rb", buffering=0) as raw:
        for given in (path, data, Dripping(data), OnlyRead(data), buffered, raw):
            assert read(given) == (EXPECTED, [])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Dripping(data, 5))))
    (source,) = open_inputs(["-"]).sources
    assert (source.name, source.size, frames_of(source.blocks())) == ("-", None, EXPECTED)


def test_a_file_object_stays_its_owners() -> None:
    file = io.BytesIO(PCAP)
    (source,) = open_inputs([file]).sources
    assert source.name == "stream" and frames_of(source.blocks()) == EXPECTED
    del source
    assert not file.closed


def test_a_named_pipe_is_opened_once_and_only_to_be_read(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(PCAPNG), daemon=True)
    (source,) = open_inputs([str(fifo)]).sources
    assert source.first_time() is None and source.size is None
    writer.start()
    assert frames_of(source.blocks()) == EXPECTED
    writer.join(10)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(PCAP + bytes(BEGINNING))  # a smaller one isn't opened again
    (source,) = open_inputs([str(path)]).sources
    path.unlink()
    with pytest.raises(Unusable, match="No such file"):
        list(source.blocks())
    closed = io.BytesIO(PCAP)
    closed.close()
    with pytest.raises(Unusable, match="closed file"):
        read(closed)
    with pytest.raises(Unusable, match="/proc/self/mem"):
        Source("/proc/self/mem", path=Path("/proc/self/mem")).check()


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xd4\xc3\xb2", b"\x0a\x0d\x0d\x0a", PCAPNG[:11], Random(3).randbytes(5000), b"\0" * 100, b"BZh", b"\x1f\x8b"]
)
def test_garbage_is_unusable_and_nothing_else(data: bytes) -> None:
    for given in (data, Dripping(data), OnlyRead(data)):
        with pytest.raises(Unusable, match=r"^test: "):
            read(given)


def test_a_header_without_packets_is_a_capture() -> None:
    assert read(build.pcap([])) == ([], [])
    assert read(build.section_header()) == ([], [])
    assert read(PCAP[:10]) == ([], [("capture-damaged", 0, 10, 1)])


def test_what_is_known_of_a_source(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap.gz"
    path.write_bytes(gzip.compress(PCAP + b"tail"))
    (source,) = open_inputs([str(path)]).sources
    assert (source.taken(), source.first_time()) == (0, FRAMES[0][0])
    assert frames_of(source.blocks()) == EXPECTED
    assert source.taken() == source.size == path.stat().st_size
    source.read_sha256()
    told = source.as_dict()
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (told["packets"], told["first_seen"], told["last_seen"]) == (50, FRAMES[0][0], FRAMES[-1][0])
    assert [(d["code"], d["offset"], d["bytes"]) for d in told["damage"]] == [("capture-damaged", len(PCAP), 4)]


def test_first_time_is_missing_where_the_first_packet_has_none() -> None:
    assert Source("x", file=io.BytesIO(PCAP)).first_time() is None
    assert read(build.section_header() + build.interface() + build.simple(b"x"))[0] == [(None, 1, b"x")]


def test_frames_that_gave_no_packet_are_told_by_kind() -> None:
    source = Source("x", file=io.BytesIO(PCAP))
    assert source.unreadable() is None
    list(source.blocks())
    for status in (CUT_SHORT, MALFORMED, MALFORMED, LINK_UNKNOWN):
        source.note(status, 147)
    assert [(d.code, d.count) for d in source.all_damage()] == [("capture-cut", 1), ("capture-unreadable", 1), ("capture-damaged", 2)]
    assert source.unreadable() is None
    for _ in range(49):
        source.note(LINK_UNKNOWN, 147)
    assert "link type 147" in str(source.unreadable())


def test_frames_that_are_not_opened_are_told_by_what_they_are() -> None:
    source = Source("x", file=io.BytesIO(PCAP))
    list(source.blocks())
    source.note(OTHER_PROTOCOL, 1, WHY_PROTOCOL | 50, 30)
    source.note(OTHER_PROTOCOL, 113, WHY_PROTOCOL | 50)
    source.note(NOT_IP, 1, WHY_ETHERTYPE | 0x1234, 2)
    source.note(OK, 1, WHY_UDP | 51820)
    source.note(NOT_IP, 1, WHY_ETHERTYPE | 0x0806, 400)  # ARP: nothing is missing
    assert sum(source.unopened().values()) == 34
    encrypted = "it is encrypted: capture before or behind the tunnel"
    assert [(d.code, d.count, d.text) for d in source.all_damage()] == [
        (
            "frames-unopened",
            31,
            f"31 packets of 50 (62.0%) not opened: ESP (IP protocol 50); {encrypted}",
        ),
        (
            "frames-unopened",
            1,
            f"1 packet of 50 (2.0%) not opened: WireGuard (UDP port 51820); {encrypted}",
        ),
        ("frames-unopened", 2, "2 packets of 50 (4.0%) not opened: ethertype 0x1234; take its header off: editcap -C OFFSET:LENGTH IN OUT"),
    ]


def test_a_snap_length_that_cuts_is_no_damage() -> None:
    cut = build.pcap([(ts, data[:60], len(data)) for ts, data in ((1, bytes(90)), (2, bytes(60)))])
    source = Source("x", file=io.BytesIO(cut))
    list(source.blocks())
    assert [(d.code, d.count) for d in source.all_damage()] == [("capture-cut", 1)]


def test_frames_are_numbered_from_one_over_all_blocks_and_interfaces() -> None:
    talk = build.section_header() + build.interface(1) + build.interface(227)
    for i in range(9000):
        talk += build.enhanced(i, bytes(14), number=i % 2) if i % 3 else build.simple(bytes(14))
    (source,) = open_inputs([io.BytesIO(talk)]).sources
    numbers = [number for block in source.blocks() for number in block.frames["number"].tolist()]
    assert numbers == list(range(1, 9001))
