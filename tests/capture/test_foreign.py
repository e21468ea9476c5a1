"""Purpose: a capture in a format that isn't read says which it is and which command converts it; other files aren't taken for one."""

from __future__ import annotations

import struct

import pytest

import tests.build as build
from analyzer.capture.foreign import FOREIGN, NO_IP, is_commview, is_erf, is_packet_logger, what_it_is
from tests.capture.test_formats import refused

RECORD = struct.pack("<2I2B3H", 0, 1_700_000_000, 2, 4, *(int.from_bytes(n.to_bytes(2, "big"), "little") for n in (78, 0, 60))) + bytes(62)
NCF = struct.pack("<2HBH5B", 60, 60, 0, 2023, 11, 14, 22, 13, 20) + bytes(80)
NCFX = struct.pack("<IH5B", 60, 2023, 11, 14, 22, 13, 20) + bytes(80)
LOGGED = struct.pack(">3IB", 20, 1_700_000_000, 5, 1) + bytes(11)


@pytest.mark.parametrize("magic", [magic for magic, _, how in FOREIGN if how != NO_IP])
def test_formats_that_wireshark_converts(magic: bytes) -> None:
    error = str(refused(magic + bytes(200)))
    assert "isn't read" in error and "editcap -F pcapng x.cap x.cap.pcapng" in error


@pytest.mark.parametrize("mark", [b"\x02\x00\x01\xc0", b"\x02\x00\x02\xc0"])
def test_a_trace_of_windows(mark: bytes) -> None:
    error = str(refused(b"\0\0\x01\0" + bytes(68) + mark + bytes(400), "net.etl"))
    assert "pktmon etl2pcap net.etl --out net.etl.pcapng" in error and "etl2pcapng net.etl net.etl.pcapng" in error


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (RECORD * 3, "ERF"),
        (RECORD, "ERF"),
        (NCF, "CommView"),
        (NCFX, "CommView"),
        (LOGGED * 3, "PacketLogger"),
        (b"btsnoop\0" + bytes(90), "btsnoop"),
    ],
    ids=["ERF", "one record", "NCF", "NCFX", "PacketLogger", "btsnoop"],
)
def test_formats_without_a_magic_and_of_bluetooth(data: bytes, what: str) -> None:
    error = str(refused(data))
    assert what in error and "isn't read" in error


def test_two_records_have_to_make_sense() -> None:
    late = RECORD[:4] + struct.pack("<I", 1_900_000_000) + RECORD[8:]
    assert not is_erf(RECORD + late) and not is_erf(RECORD + bytes(40)) and not is_erf(RECORD[:40]) and not is_erf(b"")
    assert not is_packet_logger(LOGGED) and not is_packet_logger(LOGGED + bytes(40))
    assert not is_commview(NCF[:7] + b"\x0d" + NCF[8:]) and not is_commview(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"plain text, of no use here" * 9,
        bytes(300),
        b"\xff" * 300,
        b"PK\3\4" + bytes(200),
        b"\x89PNG\r\n\x1a\n" + bytes(range(200)),
        b"%PDF-1.7\n" * 30,
    ],
)
def test_other_files_are_nobodys(data: bytes) -> None:
    assert what_it_is(data[:128], data) is None


def test_captures_that_are_read_are_none() -> None:
    frames = [(1_700_000_000_000_000_000, build.ethernet(b"E" + bytes(60)))]
    for data in (build.pcap(frames), build.pcap(frames, order="big"), build.pcapng(frames)):
        assert what_it_is(data[:128], data) is None
