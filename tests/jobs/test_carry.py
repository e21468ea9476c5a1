"""What goes on over the end of a ring file, and what memory has no room for."""

from __future__ import annotations

import io
from itertools import pairwise

import pyarrow as pa
import pytest

from analyzer.capture.source import Source
from analyzer.engine import Limits
from analyzer.growing import together
from analyzer.jobs.carry import Counted, named_so_far, nothing, sources_of
from analyzer.parts.partial import Partial
from analyzer.tables import FLOW_COLUMNS
from tests.build import messy_capture, pcap
from tests.cli.conftest import tunnel
from tests.engine import reading, stream
from tests.jobs.rings import frames_of
from tests.pieces import Whole, differences
from tests.test_growing import flood


def counted(carried: Partial, data: bytes, name: str, limits: Limits | None = None) -> tuple[Counted, list[pa.Table]]:
    gone: list[pa.Table] = []
    options = {} if limits is None else {"limits": limits}
    return Counted(carried, Source(name, file=io.BytesIO(data)), gone.append, **options), gone


@pytest.mark.parametrize("seed", range(8))
def test_cut_anywhere_it_is_the_table_of_one_pass(seed: int) -> None:
    whole, carried = Whole(messy_capture(seed)), nothing()
    edges = [0, whole.n_frames // 5, whole.n_frames // 3, whole.n_frames // 2, whole.n_frames]
    for first, last in pairwise(edges):
        carried = counted(carried, pcap(frames_of(whole, first, last), nanosecond=True), "stream")[0].carried
    data = pcap(frames_of(whole, 0, whole.n_frames), nanosecond=True)
    found = named_so_far(carried).flows
    seen_in = ["captures", "capture", "first_frame", "requests"]
    compared = [column.name for column in FLOW_COLUMNS if column.stage in ("flows", "facts") and column.name not in seen_in]
    expected = reading(stream(data)).flows
    assert differences(expected.select(compared), found.select(compared)) == []
    assert named_so_far(carried).flows.equals(found)


def test_files_that_nothing_carried_was_seen_in_are_forgotten() -> None:
    carried = nothing()
    frames = tunnel().frames
    for i in range(70):  # more than a record's bits for them
        more = frames[:3] if i == 0 else frames[3:4] if i == 69 else []
        carried = counted(carried, pcap(more), f"ring-{i}")[0].carried
    assert carried.names == ("ring-0", "ring-69")
    assert sources_of(carried.tables) == {0, 1}
    assert named_so_far(carried).flows["captures"].to_pylist() == [["ring-0", "ring-69"]]


def test_a_flood_leaves_memory_row_by_row_and_the_tunnel_in_it_is_whole() -> None:
    data = flood(12_000)
    limits = Limits(conversations=1_000, finished=1_000)
    done, gone = counted(nothing(), data, "stream", limits)
    rest = named_so_far(done.carried).flows
    assert rest.num_rows <= limits.conversations + limits.finished and done.going_on == 0
    every = together([*gone, rest])
    expected = reading(stream(data)).flows
    assert every["id"].equals(expected["id"])
    assert sum(every["host"].is_valid().to_pylist()) == 1
