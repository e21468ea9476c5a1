"""VXLAN on non-standard UDP ports, which the topology names.

The decoder reads such a datagram like any other; here it is opened and replaced by the packet in it. Without such ports nothing is
computed. Source: RFC 7348.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import LABELLED, MAX_LAYERS, MAX_OUTER, NOT_IP, OK, PACKET, UDP
from analyzer.packets.link import LINK_ETHERNET
from analyzer.packets.tunnels import OUTER_VXLAN

HEADER: Final = 8
HALF: Final = np.uint64(32)
LOW: Final = np.uint64(0xFFFFFFFF)


def open_vxlan(data: npt.NDArray[np.uint8], frames: npt.NDArray[Any], packets: npt.NDArray[Any], ports: Sequence[int]) -> int:
    """The number of packets found in VXLAN on these ports that have a note or a status from NOT_IP on, as decode_frames counts them.

    Each replaces its datagram in `packets`.
    """
    noted = 0
    rows = np.arange(len(packets))
    for _ in range(MAX_LAYERS):
        rows = rows[is_vxlan(data, packets[rows], ports)]
        if not len(rows):
            break
        inner = inside(data, frames[rows], packets[rows])
        noted += int(((inner["status"] >= NOT_IP) | (inner["note"] != 0)).sum())
        packets[rows] = inner
    return noted


def is_vxlan(data: npt.NDArray[np.uint8], packets: npt.NDArray[Any], ports: Sequence[int]) -> npt.NDArray[np.bool_]:
    """bool[n]: which packets are datagrams to one of the ports with a VXLAN header, by the same flags as on the standard port."""
    found: npt.NDArray[np.bool_] = (packets["status"] == OK) & (packets["protocol"] == UDP) & np.isin(packets["dst_port"], ports)
    found &= packets["captured_bytes"] >= HEADER
    flags = data[packets["payload"][found]]
    found[found] = (flags & 0x08 != 0) & (flags & 0x30 == 0)
    return found


def inside(data: npt.NDArray[np.uint8], frames: npt.NDArray[Any], packets: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """PACKET[n]: the packets in these datagrams, with all their wrappings."""
    at = packets["payload"]
    network = sum(data[at + 4 + i].astype(np.uint64) << np.uint64(16 - 8 * i) for i in range(3))
    frames = frames.copy()
    frames["start"] = at + HEADER
    frames["captured_bytes"], frames["wire_bytes"] = packets["captured_bytes"] - HEADER, packets["payload_bytes"] - HEADER
    frames["link_type"], frames["note_bytes"] = LINK_ETHERNET, 0
    found = np.zeros(len(packets), PACKET)
    decode_frames(data, frames, len(found), found)
    found["frame"] = packets["frame"]
    found["note"] = np.where(packets["note"] == LABELLED, packets["note"], found["note"])
    around(found, packets, (np.uint64(OUTER_VXLAN) << np.uint64(24)) | network)
    return found


def around(found: npt.NDArray[Any], packets: npt.NDArray[Any], wrapping: npt.NDArray[np.uint64]) -> None:
    """Add the wrappings of the datagrams, and this one, to those of the packets found in them."""
    whole = [(packets, name) for name in ("outer0", "outer1")], [(found, name) for name in ("outer0", "outer1")]
    before, behind = ([part for rows, name in half for part in (rows[name] >> HALF, rows[name] & LOW)] for half in whole)
    entries = np.stack([*before, wrapping, *behind], axis=1)
    order = np.argsort(entries == 0, axis=1, kind="stable")[:, :MAX_OUTER]
    entries = np.take_along_axis(entries, order, axis=1)
    found["outer0"], found["outer1"] = ((entries[:, i] << HALF) | entries[:, i + 1] for i in (0, 2))
    found["wrapped"] = (entries != 0).sum(axis=1)
