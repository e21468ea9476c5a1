"""Writes a slice of a reading to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analyzer.capture.source import Input
from analyzer.pipeline import judge
from analyzer.slices.choose import Selection, choose
from analyzer.slices.cut import cut_frames
from analyzer.slices.frame import Frame
from analyzer.slices.frames import read_frames
from analyzer.slices.regions import Sides, read_regions
from analyzer.slices.write import Interfaces, flow_comments, slice_blocks
from analyzer.text.files import write_whole

if TYPE_CHECKING:
    from analyzer.pipeline import Reading


def write_slice(
    path: str,
    inputs: Sequence[Input],
    reading: Reading,
    wanted: Selection,
    *,
    rewind: Callable[[], None] = lambda: None,
    cut: bool = False,
    key: bytes | None = None,
    topology_path: str | None = None,
) -> Written:
    """Write the packets of the chosen flows.

    inputs   of `reading`, readable again once `rewind` was called
    cut      leave out payload behind the last names
    key      anonymize with this key, and cut; None: as captured
    topology_path   where the topology of an anonymized slice is written
    Errors   Unusable: no flow fits, an input can't be read again, the system refuses the file
    """
    topology = reading.topology
    assert topology is not None
    reasons = choose(reading.flows, judge(reading), wanted, topology, reading.lookups)
    written, interfaces = Written(len(reasons)), Interfaces(silent=key is not None)

    def frames() -> Iterator[Frame]:
        rewind()
        window, ports = (reading.start_ns, reading.end_ns), topology.vxlan_ports
        interfaces.sources, found = read_frames(inputs, reading.flows, reasons, *window, joined=key is not None, vxlan_ports=ports)
        return found

    def sides() -> Sides:
        rewind()
        return read_regions(inputs, reading.flows, reasons, frames, reading.start_ns, reading.end_ns, topology.vxlan_ports)

    chosen: Iterable[Frame]
    if key is not None:
        from analyzer.slices.anonymize import Anonymous

        anonymous = Anonymous(key)
        chosen = anonymous.frames(frames, sides(), reading.flows)
    else:
        anonymous = None
        chosen = cut_frames(frames, sides(), reading.flows) if cut else frames()
    comments = flow_comments(reading.flows, reasons, anonymous=key is not None)
    about = about_text(wanted, cut=cut, anonymous=key is not None)
    write_whole(path, slice_blocks(written.counting(chosen), comments, about, interfaces))
    if anonymous is not None:
        written.left_out = anonymous.left_out
        if topology_path is not None:
            write_whole(topology_path, [anonymous.topology(topology).encode()])
    return written


@dataclass
class Written:
    """Counts of what was written: flows, packets, and packets left out because they couldn't be anonymized."""

    flows: int
    packets: int = 0
    left_out: int = 0

    def counting(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames, counted."""
        for frame in frames:
            self.packets += 1
            yield frame


PRIVATE: Final = ("flow", "source", "service", "proxy")
"""Options whose values an anonymized slice leaves out; a service may be of the user's own catalogue."""


def about_text(wanted: Selection, *, cut: bool, anonymous: bool = False) -> str:
    """The slice's description for its section header; anonymous: without the addresses and ids of the options."""
    kinds = {
        "flow": wanted.flows,
        "finding": wanted.findings,
        "source": wanted.sources,
        "service": wanted.services,
        "proxy": wanted.proxies,
    }
    asked = [f"{kind} {' or '.join(values)}" for kind, values in kinds.items() if values and not (anonymous and kind in PRIVATE)]
    asked += [kind for kind, values in kinds.items() if values and anonymous and kind in PRIVATE]
    parts = [f"chosen by {' and '.join(asked)}" if asked else "every flow"]
    if anonymous:
        parts.append("addresses, names and users under other names, payload behind the last names left out")
    elif cut:
        parts.append("payload behind the last names left out")
    return f"A slice made by whichproxy: {'; '.join(parts)}."
