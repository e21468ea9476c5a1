"""Purpose: pcap files of patched libpcaps, of AIX and of Ixia are read as what they are, and no other file as one of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

import tests.build as build
from analyzer.capture.pcap_headers import IXIA
from tests.capture.reading import read

START_NS = 1_700_000_000_000_000_000
FRAMES = [(START_NS + i * 1_000_001_000, build.ethernet(bytes((0x45, i)) + bytes(20 + 7 * i))) for i in range(5)]
FIELDS = {  # the fields that follow the lengths, as editcap writes it but for Nokia's, which are values that were seen
    20: lambda sign: struct.pack(sign + "I", 0x9FBFB601),
    24: lambda sign: struct.pack(sign + "IH2B", 2, 0x0800, 0, 0x7F),
    28: lambda sign: struct.pack(sign + "IH2B", 2, 0x0800, 4, 0) + b"\xff+!x",
}
PATCHED = [(0xA1B2C3D4, 24), (0xA1B2C3D4, 20), (0xA1B2CD34, 28), (0xA1B2CD34, 24)]


def patched(magic: int, header: int, order: str, frames: Sequence[tuple[int, bytes]] = FRAMES, **head: int) -> bytes:
    sign = {"little": "<", "big": ">"}[order]
    unit = head.get("unit_ns", 1000)
    whole = [struct.pack(sign + "I2HiIII", magic, 2, head.get("minor", 4), 0, 0, 65535, head.get("link_type", 1))]
    for ts_ns, data in frames:
        whole.append(struct.pack(sign + "4I", ts_ns // 10**9, ts_ns % 10**9 // unit, len(data), len(data)))
        whole.append((FIELDS[header](sign) if header in FIELDS else b"") + data)
    return b"".join(whole)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("magic", "header"), PATCHED, ids=["Red Hat 6.1", "Nokia", "SuSE 6.3", "modified"])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_patched_headers(magic: int, header: int, order: str, n: int) -> None:
    assert read(patched(magic, header, order, FRAMES[:n])) == ([(when, 1, body) for when, body in FRAMES[:n]], [])


@pytest.mark.parametrize("order", ["little", "big"])
def test_aix(order: str) -> None:
    for said, meant in ((6, 1), (9, 6), (24, 0)):
        frames = [(START_NS + 123_456_789, b"x" * 30), (START_NS + 2 * 10**9, b"y")]
        data = patched(0xA1B2C3D4, 16, order, frames, minor=2, link_type=said, unit_ns=1)
        assert read(data) == ([(when, meant, body) for when, body in frames], [])
    standard = patched(0xA1B2C3D4, 16, order, link_type=6)
    assert read(standard)[0][0][:2] == (FRAMES[0][0], 6)  # of another version it is token ring, and microseconds


@pytest.mark.parametrize("magic", IXIA, ids=bytes.hex)
def test_ixia(magic: bytes) -> None:
    order = "big" if magic[0] == 0x1C else "little"
    data = build.pcap(FRAMES, order=order, nanosecond=b"\xac" in magic)
    assert read(magic + data[4:24] + (len(data) - 24).to_bytes(4, "little") + data[24:]) == ([(when, 1, body) for when, body in FRAMES], [])
    assert read(magic + data[4:24])[1][0][0] == "capture-damaged"


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_standard_file_stays_one_wherever_it_is_cut(order: str, n: int) -> None:
    """Also where its packets' first bytes could be the fields of a longer header, as those of the loopback are."""
    for mac in (bytes(12), b"\2\0\0\0\0\1\2\0\0\0\0\2", b"\0\0\0\1\x08\0\0\0\0\0\0\0"):
        frames = [(when, mac + body[12:]) for when, body in FRAMES[:n]]
        data = build.pcap(frames, order=order)
        ends = [24]
        for _, body in frames:
            ends.append(ends[-1] + 16 + len(body))
        for cut in range(24, len(data) + 1):
            assert read(data[:cut])[0] == [(when, 1, body) for (when, body), end in zip(frames, ends[1:], strict=True) if end <= cut]


def test_lengths_and_times_that_cannot_be_true_are_damage() -> None:
    data = bytearray(build.pcap(FRAMES))
    data[24 + 16 + len(FRAMES[0][1]) + 8] = 0xFF
    data[24 + 16 + len(FRAMES[0][1]) + 11] = 0xFF
    frames, damage = read(bytes(data))
    assert frames == [(FRAMES[0][0], 1, FRAMES[0][1])] and [code for code, *_ in damage] == ["capture-damaged"]
