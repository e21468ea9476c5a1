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

# A longer frame is damage: libpcap's and Wireshark's limit for every link type that is read here (only D-Bus, USB and
# EBHSCR captures, which carry no IP, may exceed it).
MAX_FRAME: Final = 262_144

# The largest plausible length on the wire: "big TCP" super-packets reach 512 KiB, no frame comes near this limit.
MAX_WIRE: Final = 8 * MAX_FRAME


@dataclass
class Block:
    """At most BLOCK_FRAMES frames, at least one, in the order they were captured.

    data    uint8[n], the buffer of frames[i].start; blocks may share it, and it is never written to again
    frames  packets.layout.FRAME[n_frames]
    labels  the labels of some frames, once they are decoded (packets.labels); most frames have none
    times   the first and the last frame's time, where all frames have one and they ascend; None: unknown
    """

    data: npt.NDArray[np.uint8]
    frames: npt.NDArray[Any]
    labels: Sequence[Any] = ()
    times: tuple[int, int] | None = None


@dataclass
class Damage:
    """A part of a file that could not be read: a finding, never the end of the run.

    code      the finding's code: capture-damaged, capture-unreadable, capture-cut, frames-unopened, packets-dropped, capture-gap
    offset    in the (uncompressed) file, None where it has no single place
    skipped   bytes that were not read because of it
    count     number of packets or occurrences
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
    """(earliest time, latest time, the last frame's time, truncated frames, backward steps over step_ns, the longest of them, whether
    all frames have a time and the times ascend).

    latest_ns   the time of the frame before these; NO_TIME is a missing time, in arguments and results
    source      index of the frames' input;  number: the first frame's number in it; the others are numbered on from it
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
