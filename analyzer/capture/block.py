"""A block: the frames that a reader found in one stretch of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.packets.layout import NO_TIME

# Frames indexed at a time. Their packets (104 bytes each) fit in the second-level cache together with the hot flows; of
# 512, 1024, ... 16384 this was the fastest.
BLOCK_FRAMES: Final = 4096

# No longer frame can be true: libpcap's and Wireshark's limit for every link type that is read here (only D-Bus, USB and
# EBHSCR captures, which carry no IP, may exceed it).
MAX_FRAME: Final = 262_144

# What a frame's length on the wire may be said to be: "big TCP" super-packets reach 512 KiB, nothing comes near this.
MAX_WIRE: Final = 8 * MAX_FRAME


@dataclass
class Block:
    """At most BLOCK_FRAMES frames, at least one, in the order they were captured.

    data    uint8[n], what frames[i].start counts from; blocks may share it, and nothing is written to it again
    frames  packets.layout.FRAME[n_frames]
    labels  what some of the frames say beside their packets, once they are decoded (packets.labels); most say nothing
    times   the first and the last frame's time, where all have one and none is earlier than the one before it; None: that isn't known
    """

    data: npt.NDArray[np.uint8]
    frames: npt.NDArray[Any]
    labels: Sequence[Any] = ()
    times: tuple[int, int] | None = None


@dataclass
class Damage:
    """Something in a file that could not be read: a finding, never the end of the run.

    code      the finding's code: capture-damaged, capture-unreadable, capture-cut, frames-unopened, packets-dropped, capture-gap
    offset    where in the (uncompressed) file, None when it has no one place
    skipped   bytes that were not read because of it
    count     how many packets or occurrences
    """

    code: str
    text: str
    offset: int | None = None
    skipped: int = 0
    count: int = 1

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text, "offset": self.offset, "bytes": self.skipped, "count": self.count}


@kernel
def note_frames(frames, n_frames, latest_ns, step_ns, source, number):
    """(earliest time, latest, the last one's, frames that were cut, steps back in time of more than step_ns, the longest of them, whether
    all have a time and none is earlier than the one before it).

    latest_ns   the time of the frame before these; NO_TIME stands for a missing time, here and in what comes back
    source      number of the frames' input;  number: of the first of these frames in it; they are numbered on from there
    """
    first, last = NO_TIME, NO_TIME
    cut, steps, longest = 0, 0, 0
    ordered = True
    for i in range(n_frames):
        frame = frames + i
        frame.source = source
        frame.number = number + i
        if frame.captured_bytes < frame.wire_bytes:
            cut += 1
        now = frame.ts_ns
        if now == NO_TIME:
            ordered = False
            continue
        if first == NO_TIME or now < first:
            first = now
        if now < last:
            ordered = False
        else:
            last = now
        if latest_ns != NO_TIME and latest_ns - now > step_ns:
            steps += 1
            longest = max(longest, latest_ns - now)
        latest_ns = now
    return first, last, latest_ns, cut, steps, longest, ordered
