"""The captures to damage, and the ways of damaging them."""

from __future__ import annotations

from math import inf
from pathlib import Path
from random import Random

import tests.build as build
from tests.build.mess import messy_capture
from tests.build.netmon import Record, netmon, process
from tests.conftest import ORACLES, ROOT
from tests.packets.shapes import frames_of_every_shape, frames_that_are_guessed
from tests.packets.talks import conversation
from tests.reference.capture import Frame, NotACapture, read_capture

MOST_BYTES = 150_000
NOTED = process("C:\\Windows\\System32\\svchost.exe", 900)
FOUND = Path(__file__).parent / "found"
NOT_CAPTURES = (".json", ".jsonl", ".toml", ".md", ".py", ".txt")

# Values for lengths, counts and offsets.
EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 31, 32, 63, 64, 127, 128, 255, 256, 1024, 16_384, 32_767, 32_768, 65_535, 2**24, 2**31, 2**32 - 1)


def corpus(until: float = inf) -> list[bytes]:
    """The laboratory's captures, other people's, messy ones, one with every shape of packet, Network Monitor's,
    and all that failed once.

    until   what failed after this moment (seconds since 1970) isn't taken: it would only fail again
    """
    folders = [ROOT / "captures", FOUND, *([ORACLES / "public", ORACLES / "probes"] if ORACLES.is_dir() else [])]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix not in NOT_CAPTURES)
    stats = [(path, path.stat()) for path in files]
    small = [path.read_bytes() for path, stat in stats if stat.st_size <= MOST_BYTES and (path.parent != FOUND or stat.st_mtime < until)]
    return (
        small
        + [messy_capture(seed) for seed in range(12)]
        + [written([*frames_of_every_shape().values(), *frames_that_are_guessed().values()])]
        + [netmon([Record(ts, frame, process=0) for ts, frame, *_ in conversation(False)], minor, processes=[NOTED]) for minor in range(4)]
    )


def damaged(data: bytes, other: bytes, random: Random) -> bytes:
    """The capture with a few changes: to its bytes, or to its frames in a file that stays whole. `other` lends it some of its own."""
    if random.random() < 0.5:
        return damaged_bytes(data, other, random)
    try:
        frames, others = read_capture(data), read_capture(other)
    except (NotACapture, EOFError):
        return damaged_bytes(data, other, random)
    return written(damaged_frames(frames, others, random)) if frames else damaged_bytes(data, other, random)


def damaged_bytes(data: bytes, other: bytes, random: Random) -> bytes:
    """One to eight changes somewhere."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        # Headers are at the beginning, so half of all changes are made there.
        at = random.randrange(min(len(changed), 200) if random.random() < 0.5 and changed else len(changed) + 1)
        size = random.choice((1, 2, 4, 8, random.randint(1, 400)))
        match random.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                width = random.choice((1, 2, 4))
                edge = random.choice(EDGES) % 256**width
                changed[at : at + width] = edge.to_bytes(width, random.choice(("little", "big")))
            case 2:
                del changed[at : at + size]
            case 3:
                changed[at:at] = changed[at : at + size]
            case 4:
                begin = random.randrange(len(other) + 1)
                changed[at : at + random.choice((0, size))] = other[begin : begin + size]
            case 5:
                del changed[at:]
    return bytes(changed)


def damaged_frames(frames: list[Frame], others: list[Frame], random: Random) -> list[Frame]:
    """One to twelve changes: frames gone, twice, moved, mixed with others, cut, their bytes changed, their time."""
    frames = list(frames[:1500])
    for _ in range(random.randint(1, 12)):
        i = random.randrange(len(frames))
        frame = frames[i]
        match random.randrange(7):
            case 0 if len(frames) > 1:
                del frames[i : i + random.choice((1, 1, 5))]
                if not frames:
                    return [frame]
            case 1:
                frames.insert(random.randint(i, len(frames)), frame)
            case 2:
                j = random.randrange(len(frames))
                frames[i], frames[j] = frames[j], frame
            case 3 if others:
                begin = random.randrange(len(others))
                frames[i:i] = others[begin : begin + 20]
            case 4:
                frames[i] = frame._replace(data=frame.data[: random.randint(0, len(frame.data))])
            case 5:
                frames[i] = frame._replace(ts_ns=max(0, (frame.ts_ns or 0) + random.choice((-(10**9), -1, 1, 3 * 10**9, 10**14))))
            case _:
                frames[i] = frame._replace(data=damaged_bytes(frame.data, random.choice(others or frames).data, random))
    return frames


def written(frames: list[Frame]) -> bytes:
    """A pcapng file of these frames, each on an interface of its link type."""
    link_types = sorted({frame.link_type for frame in frames})
    data = build.section_header() + b"".join(build.interface(link_type, resolution=9) for link_type in link_types)
    for frame in frames:
        number = link_types.index(frame.link_type)
        data += build.enhanced(frame.ts_ns or 0, frame.data, wire=max(frame.wire_bytes, len(frame.data)), number=number)
    return data
