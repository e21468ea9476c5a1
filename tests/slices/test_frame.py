"""A frame knows where its payload lies in its own bytes."""

from __future__ import annotations

import numpy as np

from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAME, NO_TIME, PACKET
from analyzer.slices.frame import Frame, frame_of
from tests.build import SYN, ethernet, icmp_unreachable, ip, tcp
from tests.build.frames import TCP


def of(data: bytes, ts_ns: int = 5) -> Frame:
    """The frame of these bytes, which lie somewhere in a block."""
    block = np.frombuffer(b"before" + data + b"behind", np.uint8)
    frame, packet = np.zeros(1, FRAME), np.zeros(1, PACKET)
    frame["start"], frame["captured_bytes"], frame["wire_bytes"], frame["link_type"], frame["ts_ns"] = 6, len(data), 99, 1, ts_ns
    decode_frames(block, frame, 1, packet)
    return frame_of(block, frame[0], packet[0], 3)


def test_a_segment() -> None:
    segment = ethernet(ip("192.0.2.1", "192.0.2.2", TCP, tcp(("192.0.2.1", 1), ("192.0.2.2", 2), b"payload", seq=7)))
    frame = of(segment)
    assert frame.data == segment and frame.data[frame.payload :] == b"payload" and frame.payload_bytes == 7
    assert (frame.ts_ns, frame.wire_bytes, frame.interface, frame.seq, frame.protocol) == (5, 99, (3, 0, 1), 7, TCP)
    opened = of(ethernet(ip("192.0.2.1", "192.0.2.2", TCP, tcp(("192.0.2.1", 1), ("192.0.2.2", 2), seq=0xFFFFFFFF, flags=SYN))), NO_TIME)
    assert opened.seq == 0 and opened.ts_ns is None  # a SYN's payload begins behind it


def test_an_error_has_no_payload_of_its_own() -> None:
    quoted = ip("192.0.2.1", "192.0.2.2", TCP, tcp(("192.0.2.1", 1), ("192.0.2.2", 2), b"payload"))
    frame = of(ethernet(icmp_unreachable("192.0.2.2", "192.0.2.1", quoted)))
    assert (frame.payload, frame.payload_bytes, frame.protocol) == (-1, 0, 0)
