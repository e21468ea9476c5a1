"""Purpose: Network Monitor's files are read in the order of their table, in every version, cut and damaged, as Wireshark reads them."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import tests.build as build
from analyzer.capture.netmon import starts_like_netmon
from analyzer.packets.layout import NO_TIME
from analyzer.packets.link_types import NETMON, NETMON_EVENT
from tests.build import wrappings
from tests.build.netmon import Record, netmon, record
from tests.capture.reading import Dripping, read
from tests.capture.test_formats import refused
from tests.conftest import ROOT
from tests.engine import engine_rows, reading

START = 1_700_000_000 * 10**9
RECORDS = [Record(START + 1_000, b"first"), Record(START + 2_000_000, b"the second one"), Record(START + 3_000_000_000, b"")]
SEEN = [(one.ts_ns, 1, one.data) for one in RECORDS]


@pytest.mark.parametrize("minor", range(4))
def test_a_whole_file_of_each_version(minor: int) -> None:
    data = netmon(RECORDS, minor)
    assert starts_like_netmon(data) and not starts_like_netmon(b"GMBU\1\1") and not starts_like_netmon(b"RTSS\0\2")
    assert read(data) == (SEEN, [])
    assert read(Dripping(data, 7)) == (SEEN, [])


def test_the_table_says_which_frame_comes_next() -> None:
    assert read(netmon(RECORDS, order=(2, 0, 1), gap=b"a hole")) == (SEEN, [])


def test_a_time_before_the_beginning() -> None:
    before = [Record(START - 5_000_000, b"x")]
    for minor in (0, 3):
        assert read(netmon(before, minor))[0] == [(START - 5_000_000, 1, b"x")]
    # As its writer stores it: the number that, times ten, comes round to a negative one.
    odd = bytearray(netmon(before, 0))
    odd[128:136] = struct.pack("<Q", 2**64 // 10 - 5_000 + 1)
    (ts_ns, *_), *_ = read(bytes(odd))[0]
    assert ts_ns is not None and abs(ts_ns - (START - 5_000_000)) <= 1_000


@pytest.mark.parametrize(
    ("media", "link_type"),
    [(0, 1), (1, 1), (7, 101), (8, 101), (9, 101), (0xE000 + 113, 113), (0xE080, 105), (0xFFE0, NETMON_EVENT), (2, NETMON + 2)],
)
def test_media_types(media: int, link_type: int) -> None:
    frames, damage = read(netmon([Record(START, b"packet", media)], 1))
    assert (frames, damage) == ([(START, link_type, b"packet")], [])
    assert read(netmon([Record(START, b"packet")], 0, media=media))[0] == [(START, link_type, b"packet")]


def test_what_the_program_notes_for_itself_is_no_frame() -> None:
    notes = [Record(START, b"note", media) for media in (0xFFFC, 0xFFFD, 0xFFFE)]
    assert read(netmon([notes[0], RECORDS[0], *notes[1:]])) == (SEEN[:1], [])


def test_wireless_frames_stand_behind_a_header_of_their_own() -> None:
    """The card decrypts what it hands over, and leaves the flag that says it is encrypted."""
    talk = build.Conversation(client=("10.0.0.1", 40_000), server=("10.0.0.2", 3128))
    talk.handshake().send_client(build.connect("a.example:443")).send_server(build.ESTABLISHED)
    wireless = [(ts, wrappings.wlan(frame[14:])) for ts, frame, *_ in talk.frames]
    header = b"\2" + struct.pack("<H", 32) + bytes(29)
    data = netmon([Record(ts, header + frame[:1] + bytes((frame[1] | 0x40,)) + frame[2:], 6) for ts, frame in wireless])
    (row,) = engine_rows(data)
    assert (row["requested_host"], row["proxy_status"]) == ("a.example", 200)


def test_cut_at_every_length() -> None:
    """Without the table the frames are read one behind the other, as far as they are there."""
    whole = netmon(RECORDS)
    for size in range(6, len(whole)):
        frames, damage = read(whole[:size])
        assert frames == SEEN[: len(frames)] and damage, size
        if size >= len(whole) - 4 * len(RECORDS):
            assert frames == SEEN


@pytest.mark.parametrize("place", [0, 127, 2**31, 2**32 - 1])
def test_a_table_that_names_what_is_not_there(place: int) -> None:
    data = bytearray(netmon(RECORDS))
    data[-8:-4] = struct.pack("<I", place)
    assert read(bytes(data)) == ([SEEN[0], SEEN[2]], [("capture-damaged", len(data) - 12, 0, 1)])


def test_lengths_that_cannot_be_true() -> None:
    data = bytearray(netmon(RECORDS))
    data[128 + 12 : 128 + 16] = struct.pack("<I", 262_145)
    assert read(bytes(data)) == (SEEN[1:], [("capture-damaged", len(data) - 12, 0, 1)])
    data[24:32] = bytes(8)  # no table
    frames, damage = read(bytes(data))
    assert frames == [] and [code for code, *_ in damage] == ["capture-damaged"] * 2


def test_times_that_cannot_be_told() -> None:
    data = bytearray(netmon(RECORDS[:1]))
    at = 128 + len(record(RECORDS[0], 3, START)) - 9
    data[at : at + 8] = b"\xff" * 8
    assert read(bytes(data))[0] == [(None, 1, b"first")]
    data = bytearray(netmon(RECORDS[:1], 0))
    data[10:12] = bytes(2)  # the month
    assert read(bytes(data))[0] == [(None, 1, b"first")]
    assert NO_TIME < 0


def test_a_version_that_is_not_read_is_told() -> None:
    assert "Network Monitor of a version" in str(refused(b"GMBU\0\1" + bytes(200)))


@pytest.mark.skipif(shutil.which("editcap") is None, reason="no editcap here: apt-get install wireshark-common")
def test_what_wireshark_writes(tmp_path: Path) -> None:
    """The same rows as of the capture that it was made of, but for the nanoseconds that version 2.0 has no room for."""
    made, original = tmp_path / "made.cap", ROOT / "captures" / "T4-static.pcapng"
    subprocess.run(["editcap", "-F", "netmon2", original, made], check=True, capture_output=True, env={**os.environ, "TZ": "UTC"})
    columns = ("client_port", "server_port", "requested_host", "proxy_status", "sni", "state", "bytes_out", "bytes_in", "first_frame")
    rows, others = (reading(str(path)).flows.select(columns).to_pylist() for path in (made, original))
    assert rows == others and len(rows) > 10
