"""Purpose: a compressed capture gives what the plain one gives, however it was made; a broken one keeps what came before the break."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from random import Random

import lz4.frame
import pytest
import zstandard

import tests.build as build
from analyzer.capture.compressed import compression_of, decompressed
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from tests.capture.reading import Dripping, OnlyRead, read

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
NOISE = Random(1).randbytes(400_000)  # so that the compressed file is long enough to be cut inside
FRAMES = [(i * 1000, NOISE[i * 1000 : (i + 1) * 1000]) for i in range(400)]
PLAIN = build.pcap(FRAMES)
EXPECTED = [(when, 1, body) for when, body in FRAMES]


@pytest.mark.parametrize("name", COMPRESS)
def test_recognised_by_content_and_read_from_anything(name: str, tmp_path: Path) -> None:
    packed = COMPRESS[name](PLAIN)
    path = tmp_path / "named.txt"
    path.write_bytes(packed)
    assert compression_of(packed[:6]) == name
    assert compression_of(PLAIN[:24]) is None and compression_of(b"") is None
    for given in (path, packed, Dripping(packed, 777), OnlyRead(packed)):
        assert read(given) == (EXPECTED, [])


@pytest.mark.parametrize("name", COMPRESS)
def test_one_byte_at_a_time(name: str) -> None:
    small = build.pcapng(FRAMES[:3])
    assert read(Dripping(COMPRESS[name](small), 1)) == (EXPECTED[:3], [])


@pytest.mark.parametrize("name", COMPRESS)
def test_members_behind_each_other_are_one_stream(name: str) -> None:
    pieces = [PLAIN[:10], PLAIN[10:77_777], b"", PLAIN[77_777:]]
    assert read(b"".join(map(COMPRESS[name], pieces))) == (EXPECTED, [])


@pytest.mark.parametrize("name", COMPRESS)
def test_cut_anywhere_it_keeps_what_could_be_unpacked(name: str) -> None:
    packed = COMPRESS[name](PLAIN)
    most = 0
    for size in [*range(1, 40), *range(40, len(packed) - 1, len(packed) // 23), len(packed) - 1]:
        try:
            frames, damage = read(packed[:size])
        except Unusable:
            assert most == 0, "shorter cuts could be read"
            continue
        assert frames == EXPECTED[: len(frames)]
        assert len(frames) >= most
        assert len(frames) == len(EXPECTED) or any(code == "capture-damaged" for code, *_ in damage)
        most = len(frames)
    assert most >= len(EXPECTED) // 4 or name == "bzip2"  # whose blocks hold up to 900 kB


@pytest.mark.parametrize("name", COMPRESS)
def test_a_changed_byte_or_a_tail_of_garbage_raises_nothing(name: str) -> None:
    packed = COMPRESS[name](build.pcap(FRAMES[:20]))
    for at in [*range(6, 30), *range(30, len(packed), 997), *range(len(packed) - 12, len(packed))]:
        changed = packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]
        try:
            frames, _ = read(changed)
        except Unusable as error:
            assert str(error).startswith("test: ")
        else:
            assert len(frames) <= 20
    frames, _ = read(packed + b"garbage, not a member" * 10)
    assert frames == EXPECTED[:20]


def test_a_break_is_told_with_its_place() -> None:
    packed = bytearray(gzip.compress(PLAIN, compresslevel=0))
    packed[200_000] ^= 0xFF  # stored, so that only the checksum shows it
    frames, damage = read(bytes(packed))
    assert len(frames) == len(EXPECTED)
    assert damage == [("capture-damaged", len(PLAIN), 0, 1)]
    source = Source("x", file=io.BytesIO(gzip.compress(PLAIN)[:-100]))
    assert sum(len(block.frames) for block in source.blocks()) < len(FRAMES)
    assert any("EOFError" in entry.text for entry in source.damage)


def test_a_bomb_is_read_in_pieces() -> None:
    """400 MB of one repeated frame in half a megabyte: the window stays what it is."""
    record = build.pcap([(0, bytes(1000))])[24:] * 1000
    packer = zstandard.ZstdCompressor().compressobj()
    packed = packer.compress(build.pcap([])) + b"".join(packer.compress(record) for _ in range(100)) + packer.flush()
    source = Source("bomb", file=io.BytesIO(packed))
    frames = 0
    for block in source.blocks():
        frames += len(block.frames)
        assert source._window is not None and len(source._window.data) <= 4 << 20
    assert frames == 100_000 and source._window is None


def test_a_zstd_window_beyond_what_the_tool_takes_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(PLAIN) + packer.flush()
    with pytest.raises(Unusable, match="compressed data are broken"):
        read(packed)


def test_nothing_is_raised_before_reading() -> None:
    for name in COMPRESS:
        stream, errors = decompressed(io.BufferedReader(io.BytesIO(b"nothing of the kind")), name)  # type: ignore[arg-type]
        with pytest.raises((OSError, EOFError, *errors)):
            stream.read(1)
