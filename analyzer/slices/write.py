"""A slice as a pcapng file: the section header describes it, a comment on each flow's first packet gives the flow's reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.capture.source import Source
from analyzer.slices.choose import Reasons
from analyzer.slices.frame import Frame
from analyzer.slices.pcapng import interface_block, packet_block, section_block
from analyzer.text.inert import inert
from analyzer.text.times import rows as rows_of
from analyzer.version import VERSION

NO_TIME: Final = "this packet has no time in its capture"


def slice_blocks(frames: Iterable[Frame], comments: dict[int, str], about: str, interfaces: Interfaces) -> Iterator[bytes]:
    """The file's blocks in order.

    comments   row → the comment on its first packet;  about   the section header's comment
    """
    yield section_block(about, f"whichproxy {VERSION}")
    numbers: dict[tuple[int, int, int], int] = {}
    commented: set[int] = set()
    for frame in frames:
        if frame.interface not in numbers:
            numbers[frame.interface] = len(numbers)
            yield interface_block(frame.interface[2], *interfaces.texts(frame.interface))
        comment = None if frame.row in commented else comments[frame.row]
        commented.add(frame.row)
        if frame.ts_ns is None or frame.ts_ns < 0:
            comment = f"{comment}; {NO_TIME}" if comment else NO_TIME
        yield packet_block(numbers[frame.interface], frame.ts_ns or 0, frame.data, frame.wire_bytes, comment)


class Interfaces:
    """The interfaces' names in the slice: those of the captures, else the capture's name; empty when `silent`."""

    def __init__(self, *, silent: bool = False) -> None:
        self.sources: Sequence[Source] = ()
        self._silent = silent

    def texts(self, interface: tuple[int, int, int]) -> tuple[str, str]:
        """(name, description) of (number of the input, number of its interface, link type)."""
        if self._silent:
            return "", ""
        source = self.sources[interface[0]]
        if interface[1] >= len(source.interfaces):
            return "", f"from {inert(source.name)}"
        known = source.interfaces[interface[1]]
        return inert(known.name), f"{inert(known.description)}{', ' if known.description else ''}from {inert(source.name)}"


def flow_comments(flows: pa.Table, reasons: Reasons, *, anonymous: bool = False) -> dict[int, str]:
    """Row → its reasons and its flow. anonymous: without id, addresses and names of any kind."""
    comments = {}
    chosen = flows.select(["id", "client_ip", "client_port", "server_ip", "server_port", "host", "service"])
    cells = dict(zip(reasons, rows_of(chosen.take(array(np.array(list(reasons), np.int64)))), strict=True))
    for row, why in reasons.items():
        cell = cells[row]
        about: list[str] = []
        if anonymous:  # a service may be of the user's own catalogue
            why = ["of this service" if reason.startswith("service ") else reason for reason in why]
        else:
            ends = f"{cell['client_ip']} port {cell['client_port']} to {cell['server_ip']} port {cell['server_port']}"
            service = [f"service {cell['service']}"] if cell["service"] else []
            about = [f"flow {cell['id']}", ends, *([inert(cell["host"])] if cell["host"] else []), *service]
        comments[row] = "; ".join([*about, f"in this slice: {', '.join(why)}"])
    return comments
