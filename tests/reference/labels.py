"""A frame's process and firewall action: PKTAP's process, pflog's action."""

from __future__ import annotations

import struct

from tests.reference.capture import Frame
from tests.reference.flows import Flow

ACTIONS = [
    *("pass", "block", "scrub", "noscrub", "nat", "nonat", "binat", "nobinat", "rdr", "nordr"),
    *("synproxy-block", "defer", "match", "divert", "rt", "afrt"),
]

Label = tuple[str | None, str | None]
"""The process, and the action."""


def label_of(frame: Frame) -> Label:
    if frame.link_type == 117 and len(frame.data) > 2:
        number = frame.data[2]
        return None, ACTIONS[number] if number < len(ACTIONS) else str(number)
    if frame.link_type in (149, 258) and len(frame.data) >= 108:
        (pid,) = struct.unpack_from("<i", frame.data, 52)
        name = frame.data[56:76].split(b"\0")[0].decode("utf-8", "backslashreplace")
        number_text = f" ({pid})" if name else str(pid)
        return (name + (number_text if pid > 0 else "")) or None, None
    return None, None


def first_label(flow: Flow, labels: list[Label]) -> Label:
    """Of the earliest packet that has one."""
    packets = sorted((packet for _, packet in flow.packets), key=lambda packet: (packet.ts_ns is None, packet.ts_ns or 0))
    return next((labels[packet.number] for packet in packets if labels[packet.number] != (None, None)), (None, None))
