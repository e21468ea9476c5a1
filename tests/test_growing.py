"""A capture read while it grows: the same flows as its file, in bounded memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.capture.block import Damage
from analyzer.capture.source import Source
from analyzer.engine import Limits
from analyzer.growing import Growing
from analyzer.pipeline import judge
from analyzer.routes.topology import load_topology
from tests.build import Conversation, pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.engine import knowledge, reading, stream

CAPTURES = sorted((ROOT / "captures").glob("*.pcapng"))
SYNS = 30_000


def growing(file: Any, limits: Limits | None = None, **options: Any) -> Growing:
    topology, catalogue = knowledge()
    return Growing(Source("stream", file=file), topology, catalogue, limits, **options)


def flood(n: int, seed: int = 7) -> bytes:
    """A pcap of n SYNs from addresses and ports that look random, 10 µs apart, and a tunnel spread over all of it."""
    packets = bytearray()
    state, talk = seed, tunnel().frames
    start_ns = talk[0][0]
    every = n // len(talk)
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        frames = [struct.pack(">12xHBBHHHBBHIIHHIIBBHHH", 0x0800, 0x45, 0, 40, i & 0xFFFF, 0, 64, 6, 0, 0x0A000000 | state >> 40,
                              0x14010203, state >> 16 & 0xFFFF, 443, i, 0, 0x50, 2, 64240, 0, 0)]  # fmt: skip
        if i % every == 0 and i // every < len(talk):
            frames.append(talk[i // every][1])
        for frame in frames:
            at_ns = start_ns + i * 10_000
            packets += struct.pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(frame), len(frame)) + frame
    return struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + packets


class Held(io.RawIOBase):
    """A stream that gives its second half only when it is let."""

    def __init__(self, data: bytes) -> None:
        self._halves = [data[: len(data) // 2], data[len(data) // 2 :]]
        self.asked, self.let = threading.Event(), threading.Event()

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        while self._halves and not self._halves[0]:
            self._halves.pop(0)
            self.asked.set()
            assert self.let.wait(30)
        if not self._halves:
            return 0
        given, self._halves[0] = self._halves[0][: len(place)], self._halves[0][len(place) :]
        place[: len(given)] = given
        return len(given)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_it_gives_the_table_of_the_file(path: Path) -> None:
    live = growing(io.BytesIO(path.read_bytes()))
    live.run()
    whole = reading(stream(path.read_bytes()))
    assert live.reading().flows.equals(whole.flows)
    assert judge(live.reading()) == judge(whole)


def test_looking_disturbs_nothing() -> None:
    data = pcap([frame for i in range(3) for frame in tunnel(number=i).frames])
    file = Held(data)
    live = growing(file)
    thread = threading.Thread(target=live.run, daemon=True)
    thread.start()
    assert file.asked.wait(30)
    early = [live.reading().flows for _ in range(3)]
    assert early[0].equals(early[2]) and 0 < early[0].num_rows < 3
    file.let.set()
    thread.join(30)
    assert live.reading().flows.equals(reading(stream(data)).flows)


def test_open_flows_are_marked_open_and_what_is_lost_is_told() -> None:
    frames = tunnel().frames[:-3]
    live = growing(io.BytesIO(pcap(frames)))
    live.run()
    found = live.reading((Damage("packets-dropped", "3 dropped by the kernel, 0 by the interface", count=3),))
    assert found.flows["state"].to_pylist() == ["open"]
    texts = [finding["text"] for finding in judge(found)["findings"] if finding["code"] == "packets-dropped"]
    assert texts == ["stream: 3 dropped by the kernel, 0 by the interface (3 in all)"]


def test_what_is_no_capture_is_kept_as_the_reason() -> None:
    live = growing(io.BytesIO(b"not a capture at all, by any means"))
    live.run()
    assert live.failed is not None and "not a capture" in str(live.failed)


def test_a_flood_is_bounded_counted_and_written_out_and_the_tunnel_is_named() -> None:
    gone: list[pa.Table] = []
    limits = Limits(conversations=3_000, finished=2_000, other_rows=2_000)
    live = growing(io.BytesIO(flood(SYNS)), limits, keep=gone.append)
    live.run()
    found = live.reading()
    named = found.flows.filter(pa.compute.is_valid(found.flows["host"]))
    whole = reading(stream(flood(SYNS)))
    expected = whole.flows.filter(pa.compute.is_valid(whole.flows["host"]))
    assert named.equals(expected) and named.num_rows == 1
    # Every other row is in the report or was written out, once.
    ids = [*found.flows["id"].to_pylist(), *(i for table in gone for i in table["id"].to_pylist())]
    assert sorted(ids) == sorted(whole.flows["id"].to_pylist())
    assert found.flows.num_rows <= limits.conversations + limits.finished + limits.other_rows + 1
    assert live.retired.left_out == sum(table.num_rows for table in gone)
    (text,) = [finding["text"] for finding in judge(found)["findings"] if finding["code"] == "flows-evicted"]
    assert f"{live.retired.left_out:,} rows" in text and "0 of them could still go on" in text


def test_every_limit_is_kept() -> None:
    """Names, messages and waiting bytes run out before conversations do."""
    talks = [tunnel(number=i) for i in range(60)]
    data = pcap([frame for talk in talks for frame in talk.frames])
    expected = reading(stream(data)).flows
    for limits in (Limits(name_bytes=1_000, finished=0), Limits(messages=5, finished=0), Limits(messages=5, finished_bytes=500)):
        live = growing(io.BytesIO(data), limits)
        live.run()
        assert live.reading().flows.equals(expected)
        assert live.retired.conversations > 30
    waiting = [Conversation(client=("172.16.11.92", 50_000 + i)).handshake().send_client(bytes(3000), at=5_000) for i in range(50)]
    live = growing(io.BytesIO(pcap([frame for talk in waiting for frame in talk.frames])), Limits(waiting_bytes=20_000, finished=0))
    live.run()
    assert live.retired.going_on > 20
    assert any(damage["code"] == "flows-evicted" for damage in live.reading().captures[0]["damage"])


MEASURE = """
import io, resource, sys
from tests.test_growing import flood, growing
from analyzer.engine import Limits
flood_bytes = flood(int(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
live = growing(io.BytesIO(flood_bytes), Limits(conversations=1_000, finished=1_000, other_rows=1_000))
live.run()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_does_not_grow_with_the_flood() -> None:
    """A flood four times as long takes no more memory (MiB), but for what the interpreter varies by."""

    def grown_by(n: int) -> int:
        ended = subprocess.run([sys.executable, "-c", MEASURE, str(n)], cwd=ROOT, capture_output=True, text=True, check=True)
        return int(ended.stdout)

    assert grown_by(4 * 12_000) - grown_by(12_000) < 25


def test_a_topology_is_used() -> None:
    path = ROOT / "captures" / "T1-winhttp.pcapng"
    topology = load_topology(ROOT / "captures" / "topology.toml")
    live = Growing(Source("stream", file=io.BytesIO(path.read_bytes())), topology, knowledge()[1])
    live.run()
    assert "PROX01" in live.reading().flows["proxy_name"].to_pylist()
