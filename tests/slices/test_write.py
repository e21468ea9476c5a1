"""The file describes itself and gives each flow's reason, with unprintable characters escaped."""

from __future__ import annotations

import io

from analyzer.capture.pcapng import Interface
from analyzer.capture.source import Source
from analyzer.slices.frame import Frame
from analyzer.slices.write import NO_TIME, Interfaces, flow_comments, slice_blocks
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.engine import reading


def frame(row: int, ts_ns: int | None = 5, interface: tuple[int, int, int] = (0, 0, 1)) -> Frame:
    return Frame(ts_ns, b"data", 4, interface, row, -1, 0, 0, False, 0)


def test_the_first_packet_of_each_flow_says_why() -> None:
    frames = [frame(0), frame(1), frame(0), frame(1, None)]
    data = b"".join(slice_blocks(frames, {0: "first why", 1: "second why"}, "about it", Interfaces(silent=True)))
    assert [data.count(text) for text in (b"about it", b"first why", b"second why", NO_TIME.encode())] == [1, 1, 1, 1]
    (block,) = Source("x", file=io.BytesIO(data)).blocks()
    assert len(block.frames) == 4


def test_interfaces_keep_their_names_and_say_which_capture_they_are_of() -> None:
    named = Source("a\x1b.pcapng", file=io.BytesIO())
    named.interfaces = [Interface("eth0\x1b", "uplink")]
    interfaces = Interfaces()
    interfaces.sources = [named, Source("b.pcap", file=io.BytesIO())]
    assert interfaces.texts((0, 0, 1)) == ("eth0\\x1b", "uplink, from a\\x1b.pcapng")
    assert interfaces.texts((1, 0, 1)) == ("", "from b.pcap")
    assert Interfaces(silent=True).texts((0, 0, 1)) == ("", "")


def test_comments_name_the_flow_unless_they_may_not() -> None:
    read = reading(pcap(tunnel().frames))
    (flow,) = read.flows.column("id").to_pylist()
    (plain,) = flow_comments(read.flows, {0: ["of this source"]}).values()
    assert plain.startswith(f"flow {flow}; 172.16.11.92 port 50000 to 172.16.12.10 port 3128; winatp-gw-neu.microsoft.com; service edr-")
    assert plain.endswith("in this slice: of this source")
    (bare,) = flow_comments(read.flows, {0: ["of this source"]}, anonymous=True).values()
    assert bare == "in this slice: of this source"
    (bare,) = flow_comments(read.flows, {0: ["service of-mine"]}, anonymous=True).values()
    assert bare == "in this slice: of this service"
