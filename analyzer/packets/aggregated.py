"""Several packets in one 802.11 frame (A-MSDU).

The decoder gives such a frame the status FRAGMENT and IP version 0. Each packet has a header like Ethernet's, with a length in place of
the type, and is padded to a multiple of four bytes. Source: IEEE 802.11 9.3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAGMENT, PACKET
from analyzer.packets.link import LINK_ETHERNET
from analyzer.packets.named_ports import open_vxlan

HEADER: Final = 14
SHORTEST: Final = HEADER + 8  # with LLC and SNAP


class Subframe(NamedTuple):
    """One of the packets: its bytes with their header, and FRAME[1] and PACKET[1] of these."""

    raw: bytes
    frame: npt.NDArray[Any]
    packet: npt.NDArray[Any]


def is_aggregated(packet: Any) -> bool:
    """Whether the frame of this row holds several packets."""
    return bool(packet["status"] == FRAGMENT and packet["version"] == 0)


def subframes(data: npt.NDArray[np.uint8], frame: Any, packet: Any, vxlan_ports: Sequence[int] = ()) -> Iterator[Subframe]:
    """Each packet in an A-MSDU, in order, as an Ethernet frame; the last one may be cut."""
    at, end = int(packet["payload"]), int(packet["payload"]) + int(packet["captured_bytes"])
    while end - at >= SHORTEST:
        size = HEADER + int.from_bytes(data[at + HEADER - 2 : at + HEADER].tobytes(), "big")
        if size < SHORTEST:
            return
        raw = data[at : min(end, at + size)].tobytes()
        rows, found = np.array([frame]), np.zeros(1, PACKET)
        rows["start"], rows["captured_bytes"], rows["wire_bytes"] = 0, len(raw), size
        rows["link_type"], rows["note_bytes"] = LINK_ETHERNET, 0
        own = np.frombuffer(raw, np.uint8)
        decode_frames(own, rows, 1, found)
        open_vxlan(own, rows, found, vxlan_ports)
        yield Subframe(raw, rows, found)
        at += size + 3 & ~3
