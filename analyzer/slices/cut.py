"""Payload behind the last name left out, as a snap length would: what each packet was on the wire stays known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyarrow as pa

from analyzer.packets.layout import TCP
from analyzer.slices.frame import Frame
from analyzer.slices.heads import Side, Talk

DNS_PORTS: Final = (53, 5353, 5355)
DHCP_PORTS: Final = (67, 68)
QUIC_LONG: Final = 0x80

Frames = Callable[[], Iterable[Frame]]
"""Gives the slice's frames from the first on, each time it is called."""


def walk(frames: Iterable[Frame], flows: pa.Table) -> dict[int, Talk]:
    """Row → both directions of its connection, walked to their ends."""
    requests, ports = flows.column("request").to_pylist(), flows.column("server_port").to_pylist()
    talks: dict[int, Talk] = {}
    for frame in frames:
        if frame.protocol == TCP and frame.payload >= 0:
            talk = talks.get(frame.row)
            if talk is None:
                request = requests[frame.row] or ""
                resolver = ports[frame.row] == DNS_PORTS[0]
                talk = talks[frame.row] = Talk(int(request[5:]) if request.startswith("socks") else 0, resolver)
            data = frame.data[frame.payload : frame.payload + frame.payload_bytes]
            side_of(talk, frame).feed(frame.seq, data)
    for talk in talks.values():
        talk.client.finish()
        talk.server.finish()
    return talks


def side_of(talk: Talk, frame: Frame) -> Side:
    """The direction that the frame is of."""
    return talk.client if frame.from_client else talk.server


def cut_frames(frames: Frames, flows: pa.Table) -> Iterator[Frame]:
    """The frames without the payload behind each direction's last name."""
    talks = walk(frames(), flows)
    ports = flows.column("server_port").to_pylist()
    for frame in frames():
        yield frame._replace(data=frame.data[: kept_bytes(frame, talks.get(frame.row), ports[frame.row])])


def kept_bytes(frame: Frame, talk: Talk | None, server_port: int) -> int:
    """Bytes of the frame to its last named one; of UDP only QUIC's first packets, DNS and DHCP have names."""
    if frame.payload < 0 or frame.payload > len(frame.data):
        return len(frame.data)
    payload = frame.data[frame.payload : frame.payload + frame.payload_bytes]
    if frame.protocol != TCP:
        named = server_port in (*DNS_PORTS, *DHCP_PORTS) or (bool(payload) and payload[0] & QUIC_LONG != 0)
        return frame.payload + (len(payload) if named else 0)
    if talk is None:
        return frame.payload
    side = side_of(talk, frame)
    place = side.place(frame.seq)
    return frame.payload + max(0, min(len(payload), side.named - (place or 0)))
