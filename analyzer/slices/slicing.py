"""From a reading to a slice on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.capture.source import Input
from analyzer.pipeline import judge
from analyzer.report.labels import counted
from analyzer.report.outputs import write_whole
from analyzer.slices.choose import Selection, choose
from analyzer.slices.cut import cut_frames
from analyzer.slices.frame import Frame
from analyzer.slices.frames import read_frames
from analyzer.slices.write import Interfaces, flow_comments, slice_blocks

if TYPE_CHECKING:
    from analyzer.pipeline import Reading


def write_slice(
    path: str, inputs: Sequence[Input], reading: Reading, wanted: Selection, *, rewind: Callable[[], None] = lambda: None, cut: bool = False
) -> str:
    """Write the packets of the chosen flows, and say in a sentence what was written.

    inputs   what `reading` was read from, readable again once `rewind` was called
    cut      without payload behind the last names
    Errors   Unusable: nothing fits, an input can't be read again, the system refuses the file
    """
    assert reading.topology is not None
    reasons = choose(reading.flows, judge(reading), wanted, reading.topology, reading.lookups)
    count, interfaces = Counted(), Interfaces()

    def frames() -> Iterator[Frame]:
        rewind()
        interfaces.sources, found = read_frames(inputs, reading.flows, reasons, reading.start_ns, reading.end_ns)
        return found

    chosen: Iterable[Frame] = cut_frames(frames, reading.flows) if cut else frames()
    comments = flow_comments(reading.flows, reasons)
    write_whole(path, slice_blocks(count.of(chosen), comments, about_text(wanted, cut=cut), interfaces))
    return f"{counted(len(reasons), 'flow')}, {counted(count.packets, 'packet')} written to {path}"


@dataclass
class Counted:
    """Counts what passes through."""

    packets: int = 0

    def of(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self.packets += 1
            yield frame


def about_text(wanted: Selection, *, cut: bool) -> str:
    """What the slice is, in words for its section header."""
    kinds = {
        "flow": wanted.flows,
        "finding": wanted.findings,
        "source": wanted.sources,
        "service": wanted.services,
        "proxy": wanted.proxies,
    }
    asked = [f"{kind} {' or '.join(values)}" for kind, values in kinds.items() if values]
    parts = [f"chosen by {' and '.join(asked)}" if asked else "every flow"]
    if cut:
        parts.append("payload behind the last names left out")
    return f"A slice made by whichproxy: {'; '.join(parts)}."
