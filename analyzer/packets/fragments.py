"""IP fragments reassembled: the frame that completes a packet yields that packet, the frames before it yield none.

Fragments are rare, so the decoder sets them aside by their status, and they are handled here, beside its fast path, in the order of
arrival. Source: RFC 791 3.2, RFC 8200 4.5. The first copy of a byte wins, as in Wireshark, so that a later fragment can't
rewrite bytes that were read. Of a packet with a missing fragment only the first fragment is read.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.packets.aggregated import is_aggregated, subframes
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAGMENT, FRAME, MAX_LAYERS, MAX_OUTER, NO_TIME, PACKET
from analyzer.packets.link import LINK_RAW
from analyzer.packets.named_ports import open_vxlan

# How long a packet waits for its fragments (RFC 8200 4.5): after that its id may be reused.
WAIT_NS: Final[int] = 60_000_000_000
# A reassembled packet is remembered this long, so that fragments of its copy (a mirror's, an `any` capture's) don't begin a new one.
KNOWN_NS: Final[int] = 1_000_000_000
# Limits for waiting packets; beyond them the oldest is given up. Linux keeps 4 MiB.
MAX_WAITING: Final[int] = 4096
MAX_WAITING_BYTES: Final[int] = 16 << 20
MAX_PARTS: Final[int] = 8192  # of one packet: 65,535 bytes in steps of 8
MAX_PACKET: Final[int] = 65_535

Bytes = npt.NDArray[np.uint8]
Key = tuple[bytes, int, int]
"""Both addresses, the id, the protocol; IPv6's addresses are longer, so versions stay apart."""

Decoded = tuple[Bytes, "npt.NDArray[Any]", "npt.NDArray[Any]"]
"""A block's bytes, layout.FRAME[n] and layout.PACKET[n]."""

NOTHING: Final[Decoded] = (np.zeros(0, np.uint8), np.zeros(0, FRAME), np.zeros(0, PACKET))


class Fragment(NamedTuple):
    """One fragment as captured.

    header   the IP header up to the fragment's data, with the fragment fields cleared: the header of a packet with this data alone
    offset   of its data in the packet;  more: fragments follow
    outer    outer0, outer1 and wrapped of its frame, as in layout.PACKET
    cut_bytes   number of its data bytes that weren't captured
    number   of its frame in the input
    """

    key: Key
    ts_ns: int
    source: int
    header: bytes
    data: bytes
    offset: int
    more: bool
    outer: tuple[int, int, int]
    cut_bytes: int = 0
    number: int = 0


class Made(NamedTuple):
    """A reassembled packet: the row of the frame that completed it (-1: none), its bytes, and FRAME[1] and PACKET[1] of these.

    behind   of several packets in one frame: that frame's row, behind which the packet is placed; -1: behind all others
    """

    row: int
    raw: bytes
    frame: npt.NDArray[Any]
    packet: npt.NDArray[Any]
    behind: int = -1


@dataclass
class Waiting:
    """The fragments of one packet so far, by offset. first: the one with offset 0, as captured."""

    first: Fragment | None = None
    parts: dict[int, Fragment] = field(default_factory=dict)
    size: int | None = None  # of the whole packet, once the last fragment is there
    bytes: int = 0
    is_copy: bool = False  # a packet with this key was reassembled a moment before


class Fragments:
    """The fragments that wait for others.

    vxlan_ports   ports on which VXLAN is looked for in reassembled packets (named_ports.py)
    """

    def __init__(self) -> None:
        self.vxlan_ports: tuple[int, ...] = ()
        self.waiting: dict[Key, Waiting] = {}
        self.bytes = 0
        self.lost: Counter[int] = Counter()  # packets given up with a fragment missing, by input
        self._known: dict[Key, int] = {}

    def join(self, data: Bytes, frames: npt.NDArray[Any], packets: npt.NDArray[Any]) -> Decoded:
        """(data, frames, packets) with each packet in the row of the frame that completed it, and those given up behind all others.

        The first of several packets in a frame is in the frame's row, and the others follow it.

        packets   from decode_frames, including those of FRAGMENT status
        """
        made: list[Made] = []
        given_up: list[Fragment] = []
        for i in np.flatnonzero(packets["status"] == FRAGMENT).tolist():
            if is_aggregated(packets[i]):
                self._make_each(i, data, frames[i], packets[i], made, given_up)
                continue
            part = read_part(data, frames[i], packets[i])
            if part is not None:
                self._make(i, self.add(part, given_up), made, given_up)
        self._make_lone(made, given_up)
        return placed(data, frames, packets, made) if made else (data, frames, packets)

    def add(self, part: Fragment, given_up: list[Fragment]) -> Fragment | None:
        """The whole packet, once its last fragment is there; the first fragments of packets given up for lack of room go to `given_up`."""
        if part.offset == 0 and not part.more:
            return part
        waiting = self.waiting.get(part.key)
        if waiting is not None and is_over(waiting, part):
            self._give_up(part.key, given_up)
            waiting = None
        if waiting is None:
            waiting = self.waiting[part.key] = Waiting(is_copy=self._was_known(part))
        if part.offset == 0 and waiting.first is None:
            waiting.first = part
        end = part.offset + len(part.data)
        before = waiting.parts.get(part.offset)
        held = len(before.data) if before is not None else 0
        if (before is None or held < len(part.data)) and len(waiting.parts) < MAX_PARTS and end <= MAX_PACKET:
            waiting.parts[part.offset] = part if before is None else before._replace(data=before.data + part.data[held:])
            waiting.bytes += len(part.data) - held
            self.bytes += len(part.data) - held
        if not part.more and waiting.size is None and end <= MAX_PACKET:
            waiting.size = end
        joined = whole_of(waiting) if waiting.size is not None and waiting.bytes >= waiting.size else None
        if joined is not None:
            self.bytes -= waiting.bytes
            del self.waiting[part.key]
            self._known[part.key] = part.ts_ns
            if len(self._known) > MAX_WAITING:
                del self._known[next(iter(self._known))]
            return joined._replace(ts_ns=part.ts_ns, source=part.source, number=part.number)
        while len(self.waiting) > MAX_WAITING or self.bytes > MAX_WAITING_BYTES:
            self._give_up(next(iter(self.waiting)), given_up)
        return None

    def flush(self) -> Decoded:
        """(data, frames, packets) of the first fragments that still wait, at the end of the input."""
        made: list[Made] = []
        given_up: list[Fragment] = []
        for key in list(self.waiting):
            self._give_up(key, given_up)
        self._make_lone(made, given_up)
        return placed(*NOTHING, made)

    def parts(self) -> list[Fragment]:
        """All waiting fragments, packet by packet in the order of their arrival."""
        return [part for waiting in self.waiting.values() for part in waiting.parts.values()]

    def _was_known(self, part: Fragment) -> bool:
        known = self._known.get(part.key)
        return known is not None and known != NO_TIME != part.ts_ns and abs(part.ts_ns - known) <= KNOWN_NS

    def _give_up(self, key: Key, given_up: list[Fragment]) -> None:
        waiting = self.waiting.pop(key)
        self.bytes -= waiting.bytes
        if not waiting.is_copy and waiting.parts:
            self.lost[next(iter(waiting.parts.values())).source] += 1
            if waiting.first is not None:
                given_up.append(waiting.first)

    def _make_lone(self, made: list[Made], given_up: list[Fragment]) -> None:
        for part in given_up:  # grows, when the packet in a lone fragment makes another one be given up
            self._make(-1, part, made, given_up)

    def _make_each(self, row: int, data: Bytes, frame: Any, packet: Any, made: list[Made], given_up: list[Fragment]) -> None:
        """Decode the packets of a frame that holds several; a fragment among them is added."""
        outer = int(packet["outer0"]), int(packet["outer1"]), int(packet["wrapped"])
        free = row
        for one in subframes(data, frame, packet, self.vxlan_ports):
            wrap_in(one.packet[0], outer)
            if one.packet["status"][0] != FRAGMENT:
                made.append(Made(free, one.raw, one.frame, one.packet, row))
                free = -1
            elif not is_aggregated(one.packet[0]):
                part = read_part(np.frombuffer(one.raw, np.uint8), one.frame[0], one.packet[0])
                self._make(-1, self.add(part, given_up) if part is not None else None, made, given_up)

    def _make(self, row: int, part: Fragment | None, made: list[Made], given_up: list[Fragment]) -> None:
        """Decode a packet; a packet in it that is a fragment itself, as in a tunnel, is added again."""
        for _ in range(MAX_LAYERS):
            if part is None:
                return
            raw, frame, packet = as_packet(part), np.zeros(1, FRAME), np.zeros(1, PACKET)
            data = np.frombuffer(raw, np.uint8)
            frame["ts_ns"], frame["source"], frame["number"], frame["link_type"] = part.ts_ns, part.source, part.number, LINK_RAW
            frame["captured_bytes"], frame["wire_bytes"] = len(raw), len(raw) + part.cut_bytes
            decode_frames(data, frame, 1, packet)
            open_vxlan(data, frame, packet, self.vxlan_ports)
            wrap_in(packet[0], part.outer)
            if packet["status"][0] != FRAGMENT:
                made.append(Made(row, raw, frame, packet))
                return
            inner = read_part(data, frame[0], packet[0])
            part = self.add(inner, given_up) if inner is not None else None


def joined_again(parts: Iterable[Fragment]) -> tuple[Fragments, Decoded]:
    """The fragments left over from two parts of the traffic, the earlier first: (those that still wait, the packets made)."""
    fragments = Fragments()
    made: list[Made] = []
    given_up: list[Fragment] = []
    for part in parts:
        fragments._make(-1, fragments.add(part, given_up), made, given_up)
    fragments._make_lone(made, given_up)
    return fragments, placed(*NOTHING, made)


def all_apart(pieces: Sequence[Fragments]) -> bool:
    """Whether the fragments of each piece are independent of those of earlier pieces, and all fit the limits: then the pieces together give
    the same packets as each alone."""
    waiting, known = set[Key](), set[Key]()
    for piece in pieces:
        if waiting and (len(piece._known) >= MAX_WAITING or waiting & (piece.waiting.keys() | piece._known.keys())):
            return False
        if known & piece.waiting.keys():
            return False
        waiting |= piece.waiting.keys()
        known |= piece._known.keys()
    return len(waiting) <= MAX_WAITING and sum(piece.bytes for piece in pieces) <= MAX_WAITING_BYTES


def read_part(data: Bytes, frame: Any, packet: Any) -> Fragment | None:
    """The fragment in a frame; None where its headers aren't complete. A fragment cut by the snap length can't be joined; if it is
    the first, it is read as a packet of its own."""
    at, end = int(packet["payload"]), int(packet["payload"]) + int(packet["captured_bytes"])
    raw = data[at:end].tobytes()
    outer = int(packet["outer0"]), int(packet["outer1"]), int(packet["wrapped"])
    whole_until = int(frame["start"]) + int(frame["captured_bytes"])
    if packet["version"] == 4:
        size = 4 * (raw[0] & 15)
        if len(raw) < size:
            return None
        total, ident, flags = struct.unpack_from(">3H", raw, 2)
        header = raw[:6] + b"\0\0" + raw[8:size]
        key = (raw[12:20], ident, raw[9])
        offset, more, body = (flags & 0x1FFF) * 8, bool(flags & 0x2000), raw[size:]
        cut = at + total - whole_until if total else 0
    else:
        found = fragment_header(raw)
        if found < 0:
            return None
        field_, ident = struct.unpack_from(">HI", raw, found + 2)
        header = raw[: found + 2] + b"\0\0" + raw[found + 4 : found + 8]
        key = (raw[8:40], ident, raw[found])
        offset, more, body = field_ & 0xFFF8, bool(field_ & 1), raw[found + 8 :]
        length = int.from_bytes(raw[4:6], "big")
        cut = at + 40 + length - whole_until if length else 0
    part = Fragment(key, int(frame["ts_ns"]), int(frame["source"]), header, body, offset, more, outer, number=int(frame["number"]))
    if cut > 0:
        return part._replace(more=False, cut_bytes=cut) if offset == 0 else None
    return part


def fragment_header(raw: bytes) -> int:
    """Offset of an IPv6 packet's fragment header, -1 where it can't be found (decode_frames found one)."""
    kind, at = raw[6], 40
    for _ in range(16):
        if at + 8 > len(raw):
            return -1
        if kind == 44:
            return at
        kind, at = raw[at], at + 8 + (4 if kind == 51 else 8) * raw[at + 1]
    return -1


def is_over(waiting: Waiting, part: Fragment) -> bool:
    """True where the fragment is too far in time from the waiting ones to belong to the same packet."""
    first = next(iter(waiting.parts.values()), part).ts_ns
    return first != NO_TIME != part.ts_ns and abs(part.ts_ns - first) > WAIT_NS


def whole_of(waiting: Waiting) -> Fragment | None:
    """The packet from all fragments, None while a byte is missing."""
    assert waiting.size is not None
    data = bytearray()
    for offset in sorted(waiting.parts):
        if offset > len(data):
            return None
        data += waiting.parts[offset].data[len(data) - offset :]
    if len(data) < waiting.size or 0 not in waiting.parts:
        return None
    return waiting.parts[0]._replace(data=bytes(data[: waiting.size]), more=False)


def placed(data: Bytes, frames: npt.NDArray[Any], packets: npt.NDArray[Any], made: list[Made]) -> Decoded:
    """The block with these packets added, their bytes behind its own."""
    first = int(frames["start"].min(initial=0 if not len(frames) else frames["start"][0]))
    last = int((frames["start"] + frames["captured_bytes"]).max(initial=first))
    data = np.concatenate([data[first:last], np.frombuffer(b"".join(one.raw for one in made), np.uint8)])
    at, n = last - first, len(frames)
    more = [one for one in made if one.row < 0]
    frames = np.concatenate([frames, *(one.frame for one in more)])
    packets = np.concatenate([packets, *(one.packet for one in more)])
    frames["start"][:n] -= first
    packets["payload"][:n] -= first
    for one in made:
        row = one.row
        if row < 0:
            row, n = n, n + 1
            frames["start"][row] = at
        note = packets["note"][row]
        packets[row] = one.packet[0]
        packets["note"][row] = note or one.packet["note"][0]
        packets["payload"][row] += at
        packets["frame"][row] = row
        at += len(one.raw)
    if any(one.behind >= 0 for one in more):
        place = [*range(len(packets) - len(more)), *(one.behind if one.behind >= 0 else len(packets) for one in more)]
        order = np.argsort(place, kind="stable")
        frames, packets = frames[order], packets[order]
        packets["frame"] = np.arange(len(packets))
    return data, frames, packets


def as_packet(part: Fragment) -> bytes:
    """The bytes of an IP packet with this fragment's data alone."""
    size = len(part.header) + len(part.data) + part.cut_bytes
    if part.header[0] >> 4 == 4:
        return part.header[:2] + struct.pack(">H", min(size, MAX_PACKET)) + part.header[4:] + part.data
    return part.header[:4] + struct.pack(">H", min(size - 40, MAX_PACKET)) + part.header[6:] + part.data


def wrap_in(packet: Any, outer: tuple[int, int, int]) -> None:
    """Add the wrappings of the fragments to the packet's, outermost."""
    if not outer[2]:
        return
    entries = [
        number >> shift & 0xFFFFFFFF for number in (outer[0], outer[1], int(packet["outer0"]), int(packet["outer1"])) for shift in (32, 0)
    ]
    entries = [entry for entry in entries if entry][:MAX_OUTER]
    entries += [0] * (MAX_OUTER - len(entries))
    packet["outer0"], packet["outer1"] = entries[0] << 32 | entries[1], entries[2] << 32 | entries[3]
    packet["wrapped"] = sum(map(bool, entries))
