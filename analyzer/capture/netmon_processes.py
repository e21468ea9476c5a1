"""Network Monitor 3's processes of frames: read, and put behind the frames as comments, as other formats have them.

Source: as netmon.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block

MAX_PATH: Final = 65_536  # bytes; Windows' own limit
MAX_PROCESSES: Final = 1 << 16
BEHIND_PID: Final = 8 + 4 + 32  # ports, address family, addresses


def processes_of(held: npt.NDArray[np.uint8], at: int, count: int) -> list[bytes]:
    """A comment for each process of the table at `at` that can be read: its program's name and its PID."""
    found: list[bytes] = []
    at = at + 2 if at >= 0 else -1  # the table's version
    while at >= 0 and len(found) < min(count, MAX_PROCESSES):
        path, at = _counted(held, at, MAX_PATH)
        _, at = _counted(held, at, len(held))  # its icon
        if at < 0 or len(held) - at < 4 + BEHIND_PID:
            break
        pid = _number(held, at)
        name = path.decode("utf-16-le", "replace").partition("\0")[0].rpartition("\\")[2]
        found.append(f"PID={pid} Process={name}".encode())
        at += 4 + BEHIND_PID
    return found


def _counted(held: npt.NDArray[np.uint8], at: int, most: int) -> tuple[bytes, int]:
    """(the bytes behind a length field, their end); -1 as the end where they aren't complete."""
    if not 0 <= at <= len(held) - 4:
        return b"", -1
    size = _number(held, at)
    at += 4
    return (held[at : at + size].tobytes(), at + size) if size <= min(most, len(held) - at) else (b"", -1)


def _number(held: npt.NDArray[np.uint8], at: int) -> int:
    return int.from_bytes(held[at : at + 4].tobytes(), "little")


def with_processes(block: Block, numbers: npt.NDArray[np.uint32], known: list[bytes]) -> Block:
    """The block with a process's comment behind each of its frames, in a copy of the bytes."""
    if not (numbers < len(known)).any():
        return block
    pieces: list[bytes] = []
    at, frames = 0, block.frames
    for frame, number in zip(frames, numbers.tolist(), strict=True):
        at += _added(pieces, block.data, frame, at, known[number] if number < len(known) else b"")
    return Block(np.frombuffer(b"".join(pieces), np.uint8), frames)


def _added(pieces: list[bytes], data: npt.NDArray[np.uint8], frame: Any, at: int, comment: bytes) -> int:
    start, size = int(frame["start"]), int(frame["captured_bytes"])
    pieces += [data[start : start + size].tobytes(), comment]
    frame["start"], frame["note_bytes"] = at, len(comment)
    return size + len(comment)
