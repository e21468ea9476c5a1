"""The captures of all tests, each read once however many tests use it.

Tests that share a capture are read together: every block is decoded once for all of them, and each test keeps the packets of its own
captures and window.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.capture.inputs import no_results, open_inputs
from analyzer.capture.interleave import in_time_order
from analyzer.capture.progress import Progress, reported
from analyzer.capture.source import Identity, Source
from analyzer.decoded import Decoded, decode
from analyzer.engine import FILE_LIMITS, Engine
from analyzer.errors import Unusable, nothing_readable
from analyzer.packets.layout import NO_TIME
from analyzer.pipeline import Reading
from analyzer.routes.route import route_flows
from analyzer.services.catalogue import Catalogue
from analyzer.services.tag import tag_flows
from analyzer.studies.plan import Plan, PlannedTest


@dataclass
class _Opened:
    """A test with its captures, as indices into the sources of the whole study."""

    test: PlannedTest
    sources: list[int] = field(default_factory=list)


def read_tests(plan: Plan, catalogue: Catalogue, *, progress: Progress | None = None) -> tuple[list[Reading], list[Unusable], int]:
    """(a Reading per test, in the plan's order; the unreadable inputs, each once; number of skipped files).

    Errors  NothingReadable: a test has no readable capture
    """
    sources: list[Source] = []
    tests, unusable, skipped = _open(plan, sources)
    with ThreadPoolExecutor(1) as aside:
        hashed = aside.map(Source.read_sha256, sources)
        flows: dict[int, pa.Table] = {}
        for together in _sharing(tests):
            flows |= _read_together(tests, together, sources, progress)
        list(hashed)
    readings = []
    for number, opened in enumerate(tests):
        own = [sources[i] for i in opened.sources]
        unknown = [error for source in own if (error := source.unreadable()) is not None]
        if len(unknown) == len(own):
            raise nothing_readable([*unusable, *unknown])
        table = tag_flows(route_flows(flows[number], plan.topology), catalogue)
        captures = [source.as_dict() for source in own]
        window = (opened.test.start_ns, opened.test.end_ns)
        readings.append(Reading(table, captures, [], 0, plan.topology, catalogue, *window))
    broke_off = [source.broke_off for source in sources if source.broke_off is not None]
    return readings, unusable + broke_off, skipped


def _open(plan: Plan, sources: list[Source]) -> tuple[list[_Opened], list[Unusable], int]:
    """(the tests with their captures, unreadable inputs, number of skipped files); a file that several tests name is one source."""
    known: dict[Identity, int] = {}
    tests, skipped = [], 0
    unusable: dict[str, Unusable] = {}
    for test in plan.tests:
        found = no_results(open_inputs(test.paths, plan.topology.vxlan_ports))
        unusable |= {str(error): error for error in found.unusable}
        skipped += found.skipped
        if not found.sources:
            raise nothing_readable(list(unusable.values()))
        opened = _Opened(test)
        for source in found.sources:
            number = known.setdefault(source.identity(), len(sources))
            if number == len(sources):
                sources.append(source)
            opened.sources.append(number)
        tests.append(opened)
    return tests, list(unusable.values()), skipped


def _sharing(tests: Sequence[_Opened]) -> list[list[int]]:
    """Groups of test numbers: the tests of a group share captures, directly or through other tests of the group."""
    groups: list[tuple[set[int], list[int]]] = []
    for number, opened in enumerate(tests):
        own, members = set(opened.sources), [number]
        apart = []
        for held, others in groups:
            if held & own:
                own |= held
                members += others
            else:
                apart.append((held, others))
        groups = [*apart, (own, sorted(members))]
    return sorted(members for _, members in groups)


def _read_together(
    tests: Sequence[_Opened], together: Sequence[int], sources: Sequence[Source], progress: Progress | None
) -> dict[int, pa.Table]:
    """Test number → the flow table of its captures and window, before its routes and services."""
    used = sorted({i for number in together for i in tests[number].sources})
    own = [sources[i] for i in used]
    blocks = reported(in_time_order(own), own, progress)
    wanted = [_PacketFilter(tests[number], used) for number in together]
    engines = [Engine(own, limits=FILE_LIMITS) for _ in wanted]
    for decoded in decode(blocks, own):
        for test, engine in zip(wanted, engines, strict=True):
            engine.feed(test.of(decoded))
    return {number: engine.named(engine.contents()).flows for number, engine in zip(together, engines, strict=True)}


class _PacketFilter:
    """Selects the packets of one test: those of its captures within its window."""

    def __init__(self, opened: _Opened, used: Sequence[int]) -> None:
        self._start_ns, self._end_ns = opened.test.start_ns, opened.test.end_ns
        self._is_own = np.isin(used, opened.sources)

    def of(self, decoded: Decoded) -> Decoded:
        """The block with only the test's packets; a frame without a time is in no window."""
        if self._start_ns is None and self._end_ns is None and bool(self._is_own.all()):
            return decoded
        kept = self._kept(decoded.block.frames)[decoded.packets["frame"]]
        return Decoded(decoded.block, decoded.packets[kept], decoded.keys[kept])

    def _kept(self, frames: Any) -> Any:
        kept = self._is_own[frames["source"]]
        times = frames["ts_ns"]
        if self._start_ns is not None or self._end_ns is not None:
            kept &= times != NO_TIME
        if self._start_ns is not None:
            kept &= times >= self._start_ns
        if self._end_ns is not None:
            kept &= times < self._end_ns
        return kept
