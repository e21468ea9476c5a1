"""The newer capture file: pcapng, with many sections, interfaces, byte orders and clocks.

Source: draft-ietf-opsawg-pcapng. Packet blocks are indexed by a kernel; blocks that change the reader's state (sections,
interfaces, statistics) are few and read here. Of comments only those that name a process are used; name resolution, custom blocks and
decryption secrets are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, MAX_WIRE, Block, Damage
from analyzer.capture.stream import Window
from analyzer.compiled import kernel
from analyzer.packets.fields import u16, u16_little, u24, u32, u32_little
from analyzer.packets.layout import FRAME, NO_TIME
from analyzer.room import shared_room

SECTION_MAGIC: Final = b"\x0a\x0d\x0d\x0a"
SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
PACKET: Final = 2  # obsolete, still found in old captures
SIMPLE_PACKET: Final = 3
STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6

COMMENT: Final = 1  # the option's code
MOST_COMMENT: Final = 256  # bytes of a comment that are searched for a process

# A block longer than this is damage, as in Wireshark.
MAX_BLOCK: Final = 16 << 20

# Interfaces of one section that are kept; a capturing machine has hundreds at most, a hostile file millions.
MAX_INTERFACES: Final = 65_536

LOWER: Final = 0xFFFFFFFF
FAR_S: Final = 1 << 62
LAST_S: Final = 9_223_372_036  # 2**63 ns

FULL: Final = 0
NEED_MORE: Final = 1
BAD: Final = 2
CONTROL: Final = 3


class Interface(NamedTuple):
    """An interface's if_name and if_description, "" where the file has none."""

    name: str
    description: str


# One interface: its clock's ticks per second, and the factors that convert the remaining ticks to nanoseconds exactly, for a kernel.
CLOCK = np.dtype(
    [
        ("offset_s", "i8"),
        ("per_second", "u8"),  # 0: 2**64 or more, so 64 bits of ticks hold no whole second
        ("multiply", "u8"),  # the remaining ticks times this,
        ("divide", "u8"),  # by this: nanoseconds; 0: always 0
        ("shift", "i4"),  # used instead of multiply and divide where per_second is 2**shift; else -1
        ("link_type", "i4"),
        ("snap_bytes", "i8"),
    ],
    align=True,
)


def starts_like_pcapng(head: bytes) -> bool:
    """True where a file with these first bytes is a pcapng file."""
    return head[:4] == SECTION_MAGIC and head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")


def read_pcapng(window: Window, damage: list[Damage], interfaces: list[Interface] | None = None) -> Iterator[Block]:
    """The blocks of a pcapng file; its damage, and the packets its writer reports lost, are added to `damage`.

    interfaces   the file's interfaces are added here, of all sections, indexed by frames[i].interface

    A packet block that contradicts itself is left out and counted: its length shows where the next one begins. Broken framing ends
    the reading.
    """
    state = State(damage, [] if interfaces is None else interfaces)
    room = shared_room(FRAME)
    left_out = np.zeros(3, np.int64)
    while True:
        frames = room.take(BLOCK_FRAMES)
        left_out[:] = (0, 0, -1)
        clocks = state.clocks[: state.n_clocks]
        n, at, status = index_pcapng(
            window.data, window.start, window.end, state.little, clocks, len(clocks), frames, len(frames), left_out
        )
        if left_out[0]:
            state.leave_out(int(left_out[0]), int(left_out[1]), window.offset + int(left_out[2]))
        window.start = at
        if n:
            frames["interface"][:n] += state.before
            yield Block(window.data, frames[:n])
        if status == CONTROL:
            state.read_block(window)
            window.several = state.sections > 1
        elif status == BAD:
            text = "a block's length can't be true; the rest of the file was not read"
            damage.append(Damage("capture-damaged", text, window.offset + window.start, window.rest()))
            return
        elif status == NEED_MORE and not window.more():
            rest = window.end - window.start
            if rest:
                damage.append(Damage("capture-damaged", "the file ends in the middle of a block", window.offset + window.start, rest))
            return


class State:
    """The state from earlier blocks that later ones need: byte order, interfaces; and the damage so far."""

    def __init__(self, damage: list[Damage], interfaces: list[Interface]) -> None:
        self.little = True
        self.before = 0  # interfaces of earlier sections
        self._interfaces = interfaces
        self.n_clocks = 0
        self.clocks = np.zeros(8, CLOCK)
        self.sections = 0
        self._damage = damage
        self._left_out: Damage | None = None
        self._dropped: Damage | None = None
        self._drops: dict[tuple[int, int], int] = {}

    def leave_out(self, count: int, skipped: int, offset: int) -> None:
        """Count skipped blocks: one entry for all, at the first one's offset."""
        if self._left_out is None:
            text = "packets of an undescribed interface, or longer than their block, were left out"
            self._left_out = Damage("capture-damaged", text, offset, count=0)
            self._damage.append(self._left_out)
        self._left_out.count += count
        self._left_out.skipped += skipped

    def read_block(self, window: Window) -> None:
        """Read the whole block at window.start, which changes the state, and advance behind it."""
        at = window.start
        head = bytes(window.data[at : at + 12])
        if head[:4] == SECTION_MAGIC:
            # A section header sets the byte order for the section, itself included.
            self.little = head[8:12] == b"\x4d\x3c\x2b\x1a"
            self.sections += 1
            self.before += self.n_clocks
            self.n_clocks = 0
        kind, size = struct.unpack("<II" if self.little else ">II", head[:8])
        body = bytes(window.data[at + 8 : at + size - 4])
        if kind == INTERFACE:
            self._add_interface(body, size, window.offset + at)
        elif kind == STATISTICS and len(body) >= 4:
            self._note_drops(body)
        window.start += size

    def _add_interface(self, body: bytes, size: int, offset: int) -> None:
        if self.n_clocks == MAX_INTERFACES:
            self.leave_out(1, size, offset)
            return
        if self.n_clocks == len(self.clocks):
            self.clocks = np.append(self.clocks, np.zeros(len(self.clocks), CLOCK))
        self.clocks[self.n_clocks] = read_interface(body, self.little)[0]
        self.n_clocks += 1
        if len(self._interfaces) < MAX_INTERFACES:
            self._interfaces.append(describe_interface(body, self.little))

    def _note_drops(self, body: bytes) -> None:
        """Note an interface's drops: statistics count from the start of the capture, so the latest block includes all before."""
        interface = int.from_bytes(body[:4], "little" if self.little else "big")
        dropped = read_drops(body, self.little)
        if not dropped or interface >= self.n_clocks:
            return
        self._drops[self.sections, interface] = dropped
        if self._dropped is None:
            self._dropped = Damage("packets-dropped", "")
            self._damage.append(self._dropped)
        self._dropped.count = sum(self._drops.values())
        self._dropped.text = f"the capturing machine dropped {self._dropped.count} packets"


def read_options(body: bytes, at: int, little: bool) -> dict[int, bytes]:
    """The first value of each option, by code; ends at the end mark or at the first option that doesn't fit."""
    options: dict[int, bytes] = {}
    order = "<HH" if little else ">HH"
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order, body, at)
        if code == 0 or at + 4 + length > len(body):
            break
        options.setdefault(code, body[at + 4 : at + 4 + length])
        at += 4 + (length + 3) // 4 * 4
    return options


def read_interface(body: bytes, little: bool) -> npt.NDArray[np.void]:
    """CLOCK[1] of an interface description block; one that is too short keeps its index with an unreadable link type."""
    clock = np.zeros(1, CLOCK)
    resolution = 6
    if len(body) < 8:
        clock["link_type"] = -1
    else:
        clock["link_type"], _, clock["snap_bytes"] = struct.unpack_from("<HHI" if little else ">HHI", body, 0)
        options = read_options(body, 8, little)
        if len(options.get(9, b"")) == 1:  # if_tsresol
            resolution = options[9][0]
        if len(options.get(14, b"")) == 8:  # if_tsoffset
            clock["offset_s"] = int.from_bytes(options[14], "little" if little else "big", signed=True)
    exponent = resolution & 0x7F
    clock["shift"] = exponent if resolution & 0x80 else -1
    per_second = 2**exponent if resolution & 0x80 else 10**exponent
    clock["per_second"] = per_second if per_second < 2**64 else 0
    clock["multiply"] = 10 ** max(0, 9 - exponent)
    clock["divide"] = 10 ** max(0, exponent - 9) if exponent <= 28 else 0
    return clock


def describe_interface(body: bytes, little: bool) -> Interface:
    """The interface's name and description in its block."""
    options = read_options(body, 8, little)
    return Interface(options.get(2, b"").decode(errors="replace"), options.get(3, b"").decode(errors="replace"))


def read_drops(body: bytes, little: bool) -> int:
    """Lost packets in an interface statistics block: by the interface and by the capturing system."""
    options = read_options(body, 12, little)
    counts = [options[code] for code in (5, 7) if len(options.get(code, b"")) == 8]
    return sum(int.from_bytes(count, "little" if little else "big") for count in counts)


def ticks_to_ns(high, low, clock):
    """Nanoseconds since 1970 of a 64-bit count of the clock's ticks, rounded down; NO_TIME when they don't fit in 64 bits."""
    ticks = (high << 32) | low
    if clock.per_second:
        whole = ticks // clock.per_second
        part = ticks - whole * clock.per_second
    else:
        whole = 0
        part = ticks
    billion = 1_000_000_000
    if clock.shift < 0:
        ns = part * clock.multiply // clock.divide if clock.divide else 0
    elif clock.shift <= 32:
        ns = (part * billion) >> clock.shift
    elif clock.shift < 96:
        # A product of 96 bits in two steps: its lower 32 bits can't affect the result.
        upper = (part >> 32) * billion + (((part & LOWER) * billion) >> 32)
        ns = upper >> (clock.shift - 32)
    else:
        ns = 0
    # From here on the seconds are small enough to be added.
    if whole > FAR_S or clock.offset_s > FAR_S or clock.offset_s < -FAR_S:
        return NO_TIME
    seconds = whole + clock.offset_s
    if seconds >= LAST_S or seconds <= -LAST_S:
        return NO_TIME
    return seconds * 1_000_000_000 + ns


@kernel
def index_pcapng(buf, start, end, little, clocks, n_clocks, frames, n_frames, left_out):
    """(frames found, where reading stopped, the reason: FULL, NEED_MORE, BAD or CONTROL); fills frames[0:n].

    clocks    CLOCK[n]  the section's interfaces
    left_out  int64[3]  packet blocks that contradict themselves: their number, their bytes, the first one's offset
    CONTROL: a complete block that changes the reader's state is next, and the caller reads it.
    """
    at = start
    n = 0
    while n < n_frames:
        if end - at < 12:
            return n, at, NEED_MORE
        ordered = little
        if u32(buf, at) == SECTION:
            mark = u32(buf, at + 8)
            if mark not in (0x1A2B3C4D, 0x4D3C2B1A):
                return n, at, BAD
            ordered = mark == 0x4D3C2B1A
        if ordered:
            kind, size = u32_little(buf, at), u32_little(buf, at + 4)
        else:
            kind, size = u32(buf, at), u32(buf, at + 4)
        if size < 12 or size > MAX_BLOCK or size & 3:
            return n, at, BAD
        if end - at < size:
            return n, at, NEED_MORE
        again = u32_little(buf, at + size - 4) if ordered else u32(buf, at + size - 4)
        if again != size:
            return n, at, BAD
        if kind in (SECTION, INTERFACE, STATISTICS):
            return n, at, CONTROL
        if kind in (ENHANCED_PACKET, PACKET, SIMPLE_PACKET):
            if read_packet(buf, at, size, kind, ordered, clocks, n_clocks, frames + n):
                n += 1
            else:
                if left_out[0] == 0:
                    left_out[2] = at
                left_out[0] += 1
                left_out[1] += size
        at += size
    return n, at, FULL


def read_packet(buf, at, size, kind, little, clocks, n_clocks, frame):
    """Fill the frame from a packet block; False where it names no described interface or is longer than the block."""
    if kind == SIMPLE_PACKET:
        if size < 16 or n_clocks == 0:
            return False
        frame.interface = 0
        clock = clocks + 0
        wire = u32_little(buf, at + 8) if little else u32(buf, at + 8)
        captured = min(wire, clock.snap_bytes) if clock.snap_bytes > 0 else wire
        frame.start = at + 12
        room = size - 16
        frame.ts_ns = NO_TIME
    else:
        if size < 32:
            return False
        if little:
            which = u32_little(buf, at + 8) if kind == ENHANCED_PACKET else u16_little(buf, at + 8)
            captured, wire = u32_little(buf, at + 20), u32_little(buf, at + 24)
        else:
            which = u32(buf, at + 8) if kind == ENHANCED_PACKET else u16(buf, at + 8)
            captured, wire = u32(buf, at + 20), u32(buf, at + 24)
        if which >= n_clocks:
            return False
        frame.interface = which
        clock = clocks + which
        frame.start = at + 28
        room = size - 32
        if little:
            frame.ts_ns = ticks_to_ns(u32_little(buf, at + 12), u32_little(buf, at + 16), clock)
        else:
            frame.ts_ns = ticks_to_ns(u32(buf, at + 12), u32(buf, at + 16), clock)
    if captured > room or captured > MAX_FRAME:
        return False
    frame.captured_bytes = captured
    frame.wire_bytes = min(max(wire, captured), MAX_WIRE)
    frame.link_type = clock.link_type
    frame.note_bytes = 0
    if kind != SIMPLE_PACKET and room - captured > 8 and names_process(buf, frame.start + ((captured + 3) & ~3), at + size - 4, little):
        frame.note_bytes = room - captured
    return True


def names_process(buf, at, end, little):
    """True where a comment among a packet's options names its process ("PID=1234", as etl2pcapng writes)."""
    for _ in range(16):
        if end - at < 4:
            return False
        code, length = (u16_little(buf, at), u16_little(buf, at + 2)) if little else (u16(buf, at), u16(buf, at + 2))
        at += 4
        if code == 0 or end - at < length:
            return False
        if code == COMMENT:
            for p in range(at, min(at + length, at + MOST_COMMENT) - 4):
                if u24(buf, p) & 0xDFDFDF == 0x504944 and buf[p + 3] == 0x3D:  # PID=, in either case
                    return True
        at += (length + 3) & ~3
    return False
