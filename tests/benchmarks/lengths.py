"""The benchmark capture in other lengths: its beginning, or itself several times, each two hours later than the one before."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analyzer.capture.source import Source
from tests.benchmarks import write_frames
from tests.benchmarks.build_capture import Built

APART_S = 7_200
"""Hours between repetitions: the capture takes little more than one, so no packet is later than the next repetition's first."""

IP_ADDRESSES = (26, 30)
"""Offsets of a frame's source and destination addresses."""

CLIENTS = (172, 16, 11)
"""The network of build_capture's clients."""


def beginning_of(built: Built, size: int) -> Path:
    """About so many bytes of the capture, cut between two packets."""
    part = built.capture.with_name(f"{built.capture.stem}.{size}.pcap")
    if not part.exists():
        end = write_frames.packet_boundary(built.capture, size)
        unfinished = part.with_suffix(".part")
        with built.capture.open("rb") as whole, unfinished.open("wb") as file:
            while at := end - file.tell():
                file.write(whole.read(min(at, 1 << 24)))
        unfinished.rename(part)
    return part


def repeated(built: Built, times: int) -> Path:
    """The capture so many times: what it holds again two hours later, each time by other clients. IP checksums stay wrong."""
    long = built.capture.with_name(f"{built.capture.stem}.{times}x{APART_S}s.pcap")
    if long.exists():
        return long
    unfinished = long.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(write_frames.FILE_HEADER)
        for turn in range(times):
            for block in Source(str(built.capture), built.capture).blocks():
                start, size = (block.frames[name].astype(np.int64) for name in ("start", "captured_bytes"))
                headers = start - write_frames.RECORD
                data = block.data[headers[0] : start[-1] + size[-1]].copy()
                seconds = data[(headers - headers[0])[:, None] + np.arange(4)].view("<u4") + np.uint32(turn * APART_S)
                data[(headers - headers[0])[:, None] + np.arange(4)] = seconds.astype("<u4").view(np.uint8)
                for at in (start - headers[0] + field for field in IP_ADDRESSES):
                    clients = (data[at] == CLIENTS[0]) & (data[at + 1] == CLIENTS[1]) & (data[at + 2] == CLIENTS[2])
                    data[at[clients] + 1] += turn
                file.write(data.data)
    unfinished.rename(long)
    return long
