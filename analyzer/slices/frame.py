"""One packet of a slice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.packets.layout import NO_TIME, OK, TCP


class Frame(NamedTuple):
    """One packet of a chosen flow, with the bytes of its capture.

    ts_ns       None where the capture has no times
    wire_bytes  its length on the wire, at least len(data)
    interface   (number of the input, number of its interface, link type)
    row         in the flow table
    payload     offset of the TCP or UDP payload in data; -1 for an ICMP error or a later fragment
    seq         TCP: the sequence number of the payload's first byte
    from_client, protocol   of the flow's packet
    payload_bytes  by the IP length
    """

    ts_ns: int | None
    data: bytes
    wire_bytes: int
    interface: tuple[int, int, int]
    row: int
    payload: int
    payload_bytes: int
    seq: int
    from_client: bool
    protocol: int


def frame_of(data: npt.NDArray[np.uint8], frame: Any, packet: Any, number: int) -> Frame:
    """The frame with its own copy of the bytes; its row isn't known yet."""
    start, ts_ns = int(frame["start"]), int(frame["ts_ns"])
    whole = packet["status"] == OK
    return Frame(
        ts_ns=None if ts_ns == NO_TIME else ts_ns,
        data=data[start : start + int(frame["captured_bytes"])].tobytes(),
        wire_bytes=int(frame["wire_bytes"]),
        interface=(number, int(frame["interface"]), int(frame["link_type"])),
        row=-1,
        payload=int(packet["payload"]) - start if whole else -1,
        payload_bytes=int(packet["payload_bytes"]) if whole else 0,
        seq=(int(packet["seq"]) + (int(packet["flags"]) >> 1 & 1)) & 0xFFFFFFFF if packet["protocol"] == TCP else 0,
        from_client=False,
        protocol=int(packet["protocol"]) if whole else 0,
    )
