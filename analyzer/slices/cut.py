"""Payload behind the last name left out, as a snap length would: what each packet was on the wire stays known."""

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
"""Gives the slice's frames from the first on, each time it is called."""


def cut_frames(frames: Frames, sides: Sides, flows: pa.Table) -> Iterator[Frame]:
    """The frames without the payload behind each direction's last name."""
    ports = flows.column("server_port").to_pylist()
    for frame in frames():
        yield frame._replace(data=frame.data[: kept_bytes(frame, sides.get((frame.row, frame.from_client)), ports[frame.row])])


def kept_bytes(frame: Frame, side: Side | None, server_port: int) -> int:
    """Bytes of the frame to its last named one; of UDP only QUIC's first packets, DNS and DHCP have names."""
    if frame.payload < 0 or frame.payload > len(frame.data):
        return len(frame.data)
    payload = frame.data[frame.payload : frame.payload + frame.payload_bytes]
    if frame.protocol != TCP:
        named = server_port in (*DNS_PORTS, *DHCP_PORTS) or (bool(payload) and payload[0] & QUIC_LONG != 0)
        return frame.payload + (len(payload) if named else 0)
    if side is None:
        return frame.payload
    return frame.payload + max(0, min(len(payload), side.named - side.place(frame.seq)))
