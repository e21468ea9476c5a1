"""Purpose: every block of a pcapng file is read, stepped over or counted; clocks convert exactly; damage costs no more than it must."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

import tests.build as build
from analyzer.capture import pcapng
from analyzer.capture.block import MAX_FRAME
from analyzer.capture.pcapng import MAX_BLOCK, MAX_INTERFACES, starts_like_pcapng
from analyzer.capture.source import Source
from tests.build.files import options
from tests.capture.reading import Dripping, read
from tests.reference.capture import read_capture

ORDERS = ("little", "big")
BEGIN = build.section_header() + build.interface()


def statistics(number: int, *, by_interface: int | None = None, by_system: int | None = None, order: str = "little") -> bytes:
    sign = "<" if order == "little" else ">"
    pairs = [(code, struct.pack(sign + "Q", n)) for code, n in ((5, by_interface), (7, by_system)) if n is not None]
    return build.pcapng_block(5, struct.pack(sign + "3I", number, 0, 0) + options(order, *pairs), order)


def mixed(order: str) -> bytes:
    """Every block that is read, and some that aren't."""
    return b"".join((
        build.section_header(order), build.interface(101, order=order), build.enhanced(5, b"a", order=order),
        build.interface(113, resolution=9, offset_s=100, order=order), build.pcapng_block(0xBAD, b"vendor's own", order),
        build.pcapng_block(4, bytes(8), order), build.pcapng_block(10, b"secrets", order), build.obsolete(7, b"ccc", number=1, order=order),
        build.simple(b"dddd", order=order), build.enhanced(2**40, b"", number=1, order=order), statistics(0, order=order),
    ))  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_every_block(order: str) -> None:
    data = mixed(order)
    assert starts_like_pcapng(data)
    expected = [(5000, 101, b"a"), (100_000_000_007, 113, b"ccc"), (None, 101, b"dddd"), (2**40 + 100 * 10**9, 113, b"")]
    assert read(data) == (expected, [])
    assert read(Dripping(data)) == (expected, [])


def test_sections_begin_anew_each_in_its_byte_order() -> None:
    for first in ORDERS:
        for second in ORDERS:
            frames, damage = read(mixed(first) + mixed(second))
            assert frames == read(mixed(first))[0] * 2
            assert damage == []
    frames, damage = read(BEGIN + build.section_header() + build.enhanced(1, b"of the section before"))
    assert (frames, damage) == ([], [("capture-damaged", len(BEGIN) + 28, 56, 1)])


@pytest.mark.parametrize(
    "resolution", [0, 3, 6, 9, 10, 12, 18, 19, 20, 27, 28, 29, 127, *(0x80 | n for n in (0, 1, 10, 30, 32, 33, 40, 63, 64, 90, 96, 127))]
)
def test_clocks_are_exact(resolution: int) -> None:
    """Against fractions, rounded down, also where the count fills its 64 bits."""
    unit = Fraction(1, 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution)
    for ticks in (0, 1, 999, 10**6 + 1, 1_700_000_000_123_456_789, 2**33 - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1):
        for offset_s in (None, 0, 1, -1, 1_700_000_000, -(2**62), 2**62):
            data = build.section_header() + build.interface(resolution=resolution, offset_s=offset_s) + build.enhanced(ticks, b"x")
            expected = ticks * unit * 10**9 // 1 + (offset_s or 0) * 10**9
            fits = abs(expected) < 9_223_372_036 * 10**9
            assert read(data)[0] == [(expected if fits else None, 1, b"x")]


def test_options_are_read_as_far_as_they_fit() -> None:
    head = struct.pack("<2HI", 1, 0, 0)
    for tail, unit in (
        (struct.pack("<2HI", 9, 1, 9), 1),  # no end mark
        (struct.pack("<2HI2HI", 9, 1, 9, 9, 1, 6), 1),  # the first one counts
        (struct.pack("<2HI", 9, 2, 9), 1000),  # of a wrong length
        (struct.pack("<2H", 9, 1), 1000),  # its value is missing
        (struct.pack("<2H2HI", 0, 0, 9, 1, 9), 1000),  # behind the end mark
        (struct.pack("<2H8s2HI", 2, 5, b"eth0!", 9, 1, 9), 1),  # padded neighbour
    ):
        data = build.section_header() + build.pcapng_block(1, head + tail) + build.enhanced(77, b"x")
        assert read(data)[0] == [(77 * unit, 1, b"x")]


def test_an_interface_too_short_to_read_keeps_its_number() -> None:
    data = build.section_header() + build.pcapng_block(1, bytes(4)) + build.interface(113) + build.enhanced(1, b"x", number=1)
    assert read(data) == ([(1000, 113, b"x")], [])


def test_a_simple_packet_is_cut_by_the_snap_length() -> None:
    begin = build.section_header() + build.interface(snap_bytes=3)
    assert read(begin + build.simple(b"abc", wire=1500))[0] == [(None, 1, b"abc")]
    assert read(begin + build.simple(b"ab", wire=2))[0] == [(None, 1, b"ab")]


def test_packets_that_contradict_themselves_cost_only_themselves() -> None:
    """One entry counts them all, at the first one's place; what follows is read."""
    good = build.enhanced(1, b"good")
    long = struct.pack("<5I", 0, 0, 0, 5, 5) + b"abcd"
    bad = [
        build.enhanced(1, b"x", number=1), build.enhanced(1, b"x", number=2**32 - 1), build.obsolete(1, b"x", number=65535),
        build.pcapng_block(6, long), build.pcapng_block(2, long), build.pcapng_block(6, bytes(16)), build.pcapng_block(6, b""),
        build.pcapng_block(3, b""), build.simple(b"abcd", wire=9), build.enhanced(1, bytes(MAX_FRAME + 4)),
        build.pcapng_block(6, struct.pack("<5I", 0, 0, 0, 2**32 - 1, 0)),
    ]  # fmt: skip
    for block in bad:
        assert read(BEGIN + good + block + good) == ([(1000, 1, b"good")] * 2, [("capture-damaged", len(BEGIN + good), len(block), 1)])
    frames, damage = read(BEGIN + good.join(bad))
    assert len(frames) == len(bad) - 1
    assert damage == [("capture-damaged", len(BEGIN), sum(map(len, bad)), len(bad))]
    assert read(build.section_header() + build.simple(b"x") + BEGIN + good)[0] == [(1000, 1, b"good")]


def test_the_largest_frame_is_read() -> None:
    assert read(BEGIN + build.enhanced(1, bytes(MAX_FRAME)))[0] == [(1000, 1, bytes(MAX_FRAME))]


def framing(size: int, again: int, room: int) -> bytes:
    return struct.pack("<2I", 6, size) + bytes(room - 12) + struct.pack("<I", again)


@pytest.mark.parametrize(
    ("size", "again", "room"),
    [
        (0, 0, 32),
        (8, 8, 32),
        (11, 11, 32),
        (33, 33, 40),
        (34, 36, 36),
        (32, 36, 32),
        (32, 0, 32),
        (2**32 - 4, 0, 32),
        (MAX_BLOCK + 4, 0, 32),
    ],
)
def test_where_the_framing_is_broken_the_reading_stops(size: int, again: int, room: int) -> None:
    good = BEGIN + build.enhanced(1, b"good")
    frames, damage = read(good + framing(size, again, room) + build.enhanced(2, b"lost"))
    assert frames == [(1000, 1, b"good")]
    assert damage == [("capture-damaged", len(good), room + 36, 1)]


def test_a_section_header_that_cannot_be() -> None:
    good = BEGIN + build.enhanced(1, b"good")
    header = build.section_header()
    for broken in (header[:8] + b"\1\2\3\4" + header[12:], header[:4] + b"\0\0\0\0" + header[8:], header[:-4] + b"\0\0\0\0"):
        assert read(good + broken) == ([(1000, 1, b"good")], [("capture-damaged", len(good), 28, 1)])


def test_the_largest_block_is_stepped_over_and_no_larger_one_waited_for() -> None:
    data = BEGIN + build.enhanced(1, b"a") + build.pcapng_block(0xBAD, bytes(MAX_BLOCK - 12)) + build.enhanced(2, b"b")
    source = Source("x", file=Dripping(data, 1 << 20))  # type: ignore[arg-type]
    frames_in = []
    for block in source.blocks():
        frames_in.append(len(block.frames))
        assert source._window is not None and len(source._window.data) <= 2 * MAX_BLOCK
    assert frames_in == [1, 1]
    frames, damage = read(Dripping(BEGIN + build.enhanced(1, b"a") + framing(2**32 - 4, 0, 400), 100))
    assert (len(frames), damage[0][:2]) == (1, ("capture-damaged", len(BEGIN) + 36))


@pytest.mark.parametrize("order", ORDERS)
def test_cut_at_every_offset(order: str) -> None:
    data = mixed(order)
    ends = [0]
    while ends[-1] < len(data):
        ends.append(ends[-1] + struct.unpack_from("<I" if order == "little" else ">I", data, ends[-1] + 4)[0])
    for size in range(12, len(data)):
        frames, damage = read(data[:size])
        whole = max(end for end in ends if end <= size)
        assert frames == [frame[:3] for frame in read_capture(data[:size])]
        assert damage == ([] if whole == size else [("capture-damaged", whole, size - whole, 1)])
        assert read(Dripping(data[:size])) == (frames, damage)


def test_as_the_twin_reads_it_with_any_byte_changed() -> None:
    for order in ORDERS:
        data = mixed(order)
        for at in range(12, len(data)):
            for value in {0, 0xFF, data[at] ^ 1, data[at] ^ 0x80}:
                changed = data[:at] + bytes([value]) + data[at + 1 :]
                assert read(changed)[0] == [frame[:3] for frame in read_capture(changed)], (order, at, value)


def test_drops_are_the_latest_count_of_each_interface() -> None:
    """The counters run from the start of the capture: a file with one block an hour must not add them up."""
    two = BEGIN + build.interface()
    blocks = [statistics(0, by_interface=3), statistics(0, by_interface=5, by_system=2), statistics(1, by_system=4), statistics(1)]
    source = Source("x", file=Dripping(two + b"".join(blocks) + two + statistics(0, by_interface=1), 1000))  # type: ignore[arg-type]
    assert list(source.blocks()) == []
    (lost,) = source.damage
    assert (lost.code, lost.count, lost.offset, "12 packets" in lost.text) == ("packets-dropped", 12, None, True)
    assert read(BEGIN + statistics(0, by_interface=0) + statistics(7, by_interface=9) + build.pcapng_block(5, b""))[1] == []


def test_no_file_makes_the_reader_remember_interfaces_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_INTERFACES <= 1 << 16
    monkeypatch.setattr(pcapng, "MAX_INTERFACES", 20)
    data = build.section_header() + build.interface(113) * 25 + build.enhanced(1, b"x", number=19) + build.enhanced(1, b"x", number=20)
    frames, damage = read(data)
    assert frames == [(1000, 113, b"x")]
    assert damage == [("capture-damaged", 28 + 20 * 20, 5 * 20 + 36, 6)]
