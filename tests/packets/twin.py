"""What the decoder made of frames, and the twin, written alike, so that they can be compared column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.packets.decode import decode_frames
from analyzer.packets.fragments import Fragments
from analyzer.packets.layout import FRAGMENT, FRAME, MARK, MAX_OUTER, NO_ID, NO_TIME, OK, PACKET, TCP
from analyzer.packets.outer import OUTER_NAMES
from tests.reference.capture import Frame
from tests.reference.packets import Packet
from tests.reference.wrappings import peel

Row = dict[str, Any]


def decoded(frames: Sequence[Frame], filler: int = 0) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """The buffer and layout.PACKET[n] of the frames, which lie between bytes that belong to none of them."""
    gap = bytes([filler]) * 64
    table = np.zeros(len(frames), FRAME)
    whole = bytearray(gap)
    for i, frame in enumerate(frames):
        table[i] = frame_row(frame, len(whole))[0]
        whole += frame.data + gap
    buf = np.frombuffer(whole, np.uint8)
    packets = np.zeros(len(frames), PACKET)
    decode_frames(buf, table, len(frames), packets)
    return buf, packets


def frame_row(frame: Frame, start: int) -> npt.NDArray[Any]:
    """FRAME[1] of a frame that lies at `start` in a buffer."""
    row = np.zeros(1, FRAME)
    row["ts_ns"] = NO_TIME if frame.ts_ns is None else frame.ts_ns
    row["start"], row["captured_bytes"] = start, len(frame.data)
    row["wire_bytes"], row["link_type"] = max(frame.wire_bytes, len(frame.data)), frame.link_type
    return row


def outer_of(packet: np.void) -> list[str]:
    """The wrappings that a packet has noted, outermost first."""
    pair = (int(packet["outer0"]), int(packet["outer1"]))
    entries = [part for number in pair for part in (number >> 32, number & 0xFFFFFFFF)][: int(packet["wrapped"])]
    return [OUTER_NAMES[e >> 24] + (f" {e & NO_ID}" if e & NO_ID != NO_ID else "") for e in entries]


def address_of(packet: np.void, end: str) -> bytes:
    number = int(packet[f"{end}_hi"]) << 64 | int(packet[f"{end}_lo"])
    return number.to_bytes(4 if packet["version"] == 4 else 16, "big")


def row_of(buf: npt.NDArray[np.uint8], packet: np.void) -> Row | None:
    """The columns of a decoded packet that the twin has too; None when the frame holds none."""
    if packet["status"] not in (OK, MARK):
        return None
    row: Row = {
        "protocol": "tcp" if packet["protocol"] == TCP else "udp",
        "src": (address_of(packet, "src"), int(packet["src_port"])),
        "dst": (address_of(packet, "dst"), int(packet["dst_port"])),
        "quoted": bool(packet["status"] == MARK),
        "ts_ns": None if packet["ts_ns"] == NO_TIME else int(packet["ts_ns"]),
        "outer": outer_of(packet),
    }
    if not row["quoted"]:
        start, size = int(packet["payload"]), int(packet["captured_bytes"])
        row["payload"] = buf[start : start + size].tobytes()
        for name in ("ip_id", "ttl", "payload_bytes", "seq", "ack", "flags", "window", "checksum"):
            row[name] = int(packet[name])
    return row


def lone_fragment(buf: npt.NDArray[np.uint8], frame: npt.NDArray[Any], packet: npt.NDArray[Any]) -> Row | None:
    """As row_of, of a fragment that no other follows. frame and packet are arrays of one."""
    fragments = Fragments()
    data, _, packets = fragments.join(buf, frame, packet)
    if fragments.waiting:
        data, _, packets = fragments.flush()
    return row_of(data, packets[-1]) if len(packets) else None


def row_of_twin(packet: Packet | None) -> Row | None:
    """The same columns of the twin's packet, less what the table has no room for: GTP's 32-bit ids, TCP's upper flags."""
    if packet is None:
        return None
    outer = ["gtp-u" if name.startswith("gtp-u") else name for name in packet.outer][:MAX_OUTER]
    row: Row = {
        "protocol": packet.protocol,
        "src": packet.src,
        "dst": packet.dst,
        "quoted": packet.quoted,
        "ts_ns": packet.ts_ns,
        "outer": outer,
    }
    if not packet.quoted:
        row["payload"] = packet.payload
        for name in ("ip_id", "ttl", "payload_bytes", "seq", "ack", "window", "checksum"):
            row[name] = getattr(packet, name)
        row["flags"] = packet.flags & 0xFF
    return row


def disagreements(frames: Sequence[Frame], *, but: Sequence[str] = ()) -> list[str]:
    """One line per frame in which decoder and twin differ, in any column but those."""
    frames = [frame._replace(wire_bytes=len(frame.data)) for frame in frames]  # the twin knows only what was captured
    buf, packets = decoded(frames)
    lines, at = [], 64
    for i, (frame, packet) in enumerate(zip(frames, packets, strict=True)):
        mine, theirs = row_of(buf, packet), row_of_twin(peel(frame))
        place, at = at, at + len(frame.data) + 64
        if packet["status"] == FRAGMENT:
            mine = lone_fragment(buf, frame_row(frame, place), packets[i : i + 1])
        for row in (mine, theirs):
            for name in but if row else ():
                row.pop(name, None)
        if mine != theirs:
            different = [key for key in mine if mine[key] != theirs[key]] if mine and theirs and mine.keys() == theirs.keys() else "all"
            lines.append(f"link type {frame.link_type}, {frame.data.hex()}: {different}: {mine} (status {packet['status']}), twin {theirs}")
    return lines
