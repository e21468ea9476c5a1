"""Purpose: a window gives every byte once and in order, however they arrive, and its memory stays bounded."""

from __future__ import annotations

import io
import os
import threading
from random import Random

import numpy as np
import pytest

import tests.build as build
from analyzer.capture.pcap import read_pcap
from analyzer.capture.stream import READ, Feed, Window
from analyzer.room import PAGE
from tests.capture.reading import Dripping, OnlyRead


@pytest.mark.parametrize(
    "file", [io.BytesIO, Dripping, OnlyRead, lambda data: Dripping(data, 3), lambda data: io.BufferedReader(Dripping(data))]
)
def test_looking_at_the_head_takes_nothing_away(file) -> None:  # type: ignore[no-untyped-def]
    feed = Feed(file(b"0123456789"))
    assert (feed.head(4), feed.head(3)) == (b"0123", b"012")
    assert (feed.given, io.BufferedReader(feed).read(), feed.given) == (0, b"0123456789", 10)
    assert Feed(file(b"ab")).head(9) == b"ab"


def test_the_owner_closes_the_file() -> None:
    file = io.BytesIO(b"abc")
    reader = io.BufferedReader(Feed(file))
    assert reader.read() == b"abc"
    reader.close()
    assert not file.closed


def test_every_byte_once_while_some_are_kept() -> None:
    data = Random(1).randbytes(5 * READ)
    for file in (io.BytesIO(data), Dripping(data, 77_777), OnlyRead(data)):
        window, seen, chance = Window(Feed(file)), bytearray(), Random(2)
        while window.more():
            assert window.data[window.start : window.end].tobytes() == data[window.offset + window.start : window.offset + window.end]
            used = chance.randint(0, window.end - window.start)
            seen += window.data[window.start : window.start + used].tobytes()
            window.start += used
            assert window.taken() == len(seen)
        assert seen + window.data[window.start : window.end].tobytes() == data
        assert window.damage is None


def test_a_window_grows_only_with_what_is_kept() -> None:
    window = Window(Feed(io.BytesIO(bytes(20 * READ))))
    while window.more():
        window.start = window.end - 1
    assert len(window.data) == READ + 1
    window = Window(Feed(io.BytesIO(bytes(8 * READ))))
    while window.more():
        pass
    assert window.end == 8 * READ and len(window.data) <= 32 * READ


@pytest.mark.parametrize("read", [1, 100, 5_000, READ])
def test_what_is_read_goes_to_the_beginning_of_a_page(read: int) -> None:
    """A few bytes behind it copying takes five times as long on some processors."""
    places: list[int] = []

    class Endless(io.RawIOBase):
        def readinto(self, place: memoryview) -> int:  # type: ignore[override]
            places.append(np.frombuffer(place, np.uint8).ctypes.data)
            return min(len(place), read if len(places) < 40 else 0)

    feed = Feed(Endless())  # type: ignore[arg-type]
    window, chance = Window(feed), Random(3)
    while len(places) < 30 and window.more():
        window.start = max(window.start, window.end - chance.randint(0, 1500))
    feed.drain()
    assert len(places) == 40 and {place % PAGE for place in places} == {0}


def test_rest_counts_what_lies_ahead_where_the_size_is_known() -> None:
    known, unknown = Window(Feed(io.BytesIO(b"x" * 100), size=100)), Window(Feed(Dripping(b"x" * 100, 10)))
    for window in (known, unknown):
        window.more()
        window.start = 4
    assert (known.rest(), unknown.rest()) == (96, 6)


def test_a_file_that_breaks_keeps_what_came_before() -> None:
    class Broken(io.RawIOBase):
        reads = 0

        def readable(self) -> bool:
            return True

        def readinto(self, place: memoryview) -> int:  # type: ignore[override]
            self.reads += 1
            if self.reads == 2:
                raise OSError(5, "Input/output error")
            place[:3] = b"abc" if self.reads == 1 else b"far"  # what comes behind a gap may not be taken for what follows
            return 3

    window = Window(Feed(Broken()))
    assert window.more() and not window.more() and not window.more()
    assert window.data[:3].tobytes() == b"abc"
    assert window.damage is not None and "Input/output error" in window.damage


def test_a_stream_that_has_nothing_yet_is_no_end() -> None:
    """A non-blocking pipe answers None; taking that for the end would lose the rest without a word."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb", buffering=0) as file:
        window = Window(Feed(file))
        assert not window.more()
        assert window.damage is not None and "wait" in window.damage
    os.close(writer)


def test_a_hostile_length_on_a_pipe_ends_the_reading_at_once() -> None:
    """A record that claims 16 MiB: not a byte more is waited for, though the pipe stays open."""
    frames = [(1000, b"good")]
    record = build.pcap([(2000, b"")])[24:40]
    data = build.pcap(frames) + record[:8] + (16 << 20).to_bytes(4, "little") * 2
    reader, writer = os.pipe()
    os.write(writer, data)
    found: list[int] = []

    def run() -> None:
        with os.fdopen(reader, "rb") as file:
            window = Window(Feed(file))
            damage: list[object] = []
            found.extend(len(block.frames) for block in read_pcap(window, damage))  # type: ignore[arg-type]
            found.extend((len(damage), len(window.data)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "it waits for bytes that never come"
    os.close(writer)
    assert found == [1, 1, READ]
