"""Leaves out the payload behind the last name, as a snap length would; each packet keeps its length on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyarrow as pa

from analyzer.packets.layout import TCP
from analyzer.slices.frame import Frame
from analyzer.slices.regions import Side, Sides

DNS_PORTS: Final = (53, 5353, 5355)
DHCP_PORTS: Final = (67, 68)
QUIC_LONG: Final = 0x80

Frames = Callable[[], Iterable[Frame]]
"""Gives the slice's frames from the first on, at each call."""


def cut_frames(frames: Frames, sides: Sides, flows: pa.Table) -> Iterator[Frame]:
    """The frames without the payload behind each direction's last name."""
    ports = flows.column("server_port").to_pylist()
    for frame in frames():
        yield frame._replace(data=frame.data[: kept_bytes(frame, sides.get((frame.row, frame.from_client)), ports[frame.row])])


def kept_bytes(frame: Frame, side: Side | None, server_port: int) -> int:
    """The number of the frame's bytes up to the last name. Over UDP only QUIC's long-header packets, DNS and DHCP hold names."""
    if frame.payload < 0 or frame.payload > len(frame.data):
        return len(frame.data)
    payload = frame.data[frame.payload : frame.payload + frame.payload_bytes]
    if frame.protocol != TCP:
        named = server_port in (*DNS_PORTS, *DHCP_PORTS) or (bool(payload) and payload[0] & QUIC_LONG != 0)
        return frame.payload + (len(payload) if named else 0)
    if side is None:
        return frame.payload
    return frame.payload + max(0, min(len(payload), side.named - side.place(frame.seq)))
