"""The slowest reading that a sender can cause: a head or a hello as long as may wait, sent a byte at a time.

It may cost a few times what it costs in packets of the usual size, because there are a thousand times as many packets; if all waiting
bytes were read again with every byte, it would cost thousands of times as much. The results must be the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from analyzer.flows.grow import grown
from analyzer.packets.layout import FRAME, PACKET
from tests.build import client_hello, connect, records
from tests.flows.packet_rows import count_block
from tests.streams.harness import Segment, Stage, client, untimed

SEGMENT = 1400
WAITS = 60_000  # bytes: as long as may wait, without the segments' own cost


def short_lines() -> bytes:
    """A CONNECT with as many header lines as fit, each of which could be the last."""
    return connect("name.example:443", *["a:"] * (WAITS // 4), "Host: name.example:443")


def long_line() -> bytes:
    return connect("name.example:443", "A: " + "a" * WAITS)


def many_records() -> bytes:
    """A hello in records of one byte each."""
    hello = client_hello("name.example", groups=(0x11EC, 0x001D), alpn=("h2", "x" * 200))[5:]
    return records(hello, range(1, len(hello)))


DRIPS: dict[str, Callable[[], bytes]] = {"short lines": short_lines, "long line": long_line, "many records": many_records}


def prepared(data: bytes, size: int) -> Callable[[], tuple[float, object]]:
    """A run over the bytes in packets of that size: (seconds of counting and reading, the messages)."""
    segments = [client(data[at : at + size]) for at in range(0, len(data), size)]

    def run() -> tuple[float, object]:
        stage = Stage()
        blocks = [block_of(stage, segments[i : i + 4096]) for i in range(0, len(segments), 4096)]
        began = time.perf_counter()
        for block in blocks:
            feed(stage, *block)
        seconds = time.perf_counter() - began
        return seconds, [str(message) for message in untimed(stage.messages())]

    return run


def seconds_of(run: Callable[[], tuple[float, object]]) -> float:
    return run()[0]


def block_of(stage: Stage, segments: list[Segment]) -> tuple[Any, Any, Any, Any]:
    buf = np.frombuffer(b"".join(segment.data for segment in segments) + b"\0", np.uint8)
    packets, frames = np.zeros(len(segments), PACKET), np.zeros(len(segments), FRAME)
    at = 0
    for i, segment in enumerate(segments):
        stage.fill(packets[i], segment, at)
        packets[i]["frame"] = i
        at += len(segment.data)
    return buf, packets, frames, np.zeros((len(segments), 3), np.int64)


def feed(stage: Stage, buf: Any, packets: Any, frames: Any, offers: Any) -> None:
    done = 0
    while done < len(packets):
        done, n_offers = count_block(frames, packets, done, stage.tables, offers)
        stage.offer(buf, packets, offers, n_offers)
        if done < len(packets):
            stage.tables = grown(stage.tables)
