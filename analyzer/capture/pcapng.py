"""The newer capture file: pcapng, with many sections, interfaces, byte orders and clocks.

Source: draft-ietf-opsawg-pcapng. Packet blocks are indexed by a kernel; blocks that change the reader's state (sections,
interfaces, statistics) are few and read here. Comments, name resolution, custom blocks and decryption secrets are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, Block, Damage
from analyzer.capture.stream import Window
from analyzer.kernels import kernel
from analyzer.packets.fields import u16, u16_little, u32, u32_little
from analyzer.packets.layout import FRAME, NO_TIME

SECTION_MAGIC: Final = b"\x0a\x0d\x0d\x0a"
SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
PACKET: Final = 2  # obsolete, still found in old captures
SIMPLE_PACKET: Final = 3
STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6

# A block longer than this is damage: the longest that is real holds one frame of MAX_FRAME bytes and its options.
MAX_BLOCK: Final = 2 * MAX_FRAME

FULL: Final = 0
NEED_MORE: Final = 1
BAD: Final = 2
CONTROL: Final = 3

# One interface: its clock as `ticks per second` in three numbers, so that a kernel converts exactly.
CLOCK = np.dtype([("offset_s", "i8"), ("snap_bytes", "i8"), ("base", "i4"), ("exponent", "i4"), ("link_type", "i4")], align=True)


def starts_like_pcapng(head: bytes) -> bool:
    """True when a file that begins with these bytes is a pcapng file."""
    return head[:4] == SECTION_MAGIC and head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")


def read_pcapng(window: Window, damage: list[Damage]) -> Iterator[Block]:
    """The blocks of a pcapng file; what is wrong with it, and packets its writer says it lost, are added to `damage`."""
    little = True
    clocks = np.zeros(0, CLOCK)
    frames = np.zeros(BLOCK_FRAMES, FRAME)
    while True:
        n, at, status = index_pcapng(window.data, window.start, window.end, little, clocks, frames)
        window.start = at
        if n:
            yield Block(window.data, frames[:n])
        if status == CONTROL:
            kind, body, size, little = control_block(window, little)
            if body is None:
                status = NEED_MORE
            elif kind == SECTION:
                clocks = np.zeros(0, CLOCK)
            elif kind == INTERFACE:
                clocks = np.append(clocks, read_interface(body, little))
            elif kind == STATISTICS:
                dropped = read_drops(body, little)
                if dropped:
                    damage.append(Damage("packets-dropped", f"the capturing machine dropped {dropped} packets", count=dropped))
            if body is not None:
                window.start += size
        if status == BAD:
            text = "a block's length or kind can't be true; the rest of the file was not read"
            damage.append(Damage("capture-damaged", text, window.offset + window.start, window.end - window.start))
            return
        if status == NEED_MORE and not window.more():
            rest = window.end - window.start
            if rest:
                damage.append(Damage("capture-damaged", "the file ends in the middle of a block", window.offset + window.start, rest))
            return


def control_block(window: Window, little: bool) -> tuple[int, bytes | None, int, bool]:
    """(kind, body without lengths, size, byte order) of the block at window.start; the body is None when it isn't all there.

    A section header sets the byte order for what follows, itself included.
    """
    at = window.start
    head = bytes(window.data[at : at + 12])
    if head[:4] == SECTION_MAGIC:
        little = head[8:12] == b"\x4d\x3c\x2b\x1a"
    kind, size = struct.unpack("<II" if little else ">II", head[:8])
    if at + size > window.end:
        return kind, None, size, little
    return kind, bytes(window.data[at + 8 : at + size - 4]), size, little


def read_options(body: bytes, at: int, little: bool) -> dict[int, bytes]:
    """The first value of each option, by code; reading stops at the end mark or at the first that doesn't fit."""
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
    """CLOCK[1] of an interface description block; one that is too short keeps its place with an unreadable link type."""
    clock = np.zeros(1, CLOCK)
    clock["base"], clock["exponent"] = 10, 6
    if len(body) < 8:
        clock["link_type"] = -1
        return clock
    link_type, _, snap_bytes = struct.unpack_from("<HHI" if little else ">HHI", body, 0)
    clock["link_type"], clock["snap_bytes"] = link_type, snap_bytes
    options = read_options(body, 8, little)
    if len(options.get(9, b"")) == 1:  # if_tsresol
        resolution = options[9][0]
        clock["base"], clock["exponent"] = (2 if resolution & 0x80 else 10), resolution & 0x7F
    if len(options.get(14, b"")) == 8:  # if_tsoffset
        clock["offset_s"] = int.from_bytes(options[14], "little" if little else "big", signed=True)
    return clock


def read_drops(body: bytes, little: bool) -> int:
    """Packets that an interface statistics block says were lost: by the interface and by the capturing system."""
    options = read_options(body, 12, little)
    order = "little" if little else "big"
    return sum(int.from_bytes(options[code], order) for code in (5, 7) if len(options.get(code, b"")) == 8)  # type: ignore[arg-type]


@kernel
def ticks_to_ns(high, low, base, exponent, offset_s):  # type: ignore[no-untyped-def]
    """Nanoseconds since 1970 of a 64-bit count of base**-exponent seconds; NO_TIME when they don't fit in 64 bits."""
    ticks = (np.uint64(high) << np.uint64(32)) | np.uint64(low)
    if base == 10:
        if exponent <= 9:
            unit = np.uint64(1)
            for _ in range(9 - exponent):
                unit *= np.uint64(10)
            if ticks > np.uint64(9_000_000_000_000_000_000) // unit:
                return NO_TIME
            ns = np.int64(ticks * unit)
        else:
            for _ in range(min(exponent - 9, 20)):
                ticks //= np.uint64(10)
            ns = np.int64(ticks)
    else:
        whole = ticks >> np.uint64(exponent) if exponent < 64 else np.uint64(0)
        part = ticks & ((np.uint64(1) << np.uint64(exponent)) - np.uint64(1)) if exponent < 64 else ticks
        shift = exponent
        while shift > 32:  # so that part * 1e9 fits
            part >>= np.uint64(1)
            shift -= 1
        if whole > np.uint64(9_000_000_000):
            return NO_TIME
        ns = np.int64(whole) * 1_000_000_000 + np.int64((part * np.uint64(1_000_000_000)) >> np.uint64(shift))
    if offset_s > 9_000_000_000 or offset_s < -9_000_000_000:
        return NO_TIME
    moved = ns + offset_s * 1_000_000_000
    if ns < 0 or (offset_s > 0 and moved < ns):
        return NO_TIME
    return moved


@kernel
def index_pcapng(buf, start, end, little, clocks, frames):  # type: ignore[no-untyped-def]
    """(frames found, where reading stopped, why: FULL, NEED_MORE, BAD or CONTROL); fills frames[0:n].

    CONTROL: the block there changes the reader's state, and the caller reads it.
    """
    at = start
    n = 0
    while n < len(frames):
        if end - at < 12:
            return n, at, NEED_MORE
        if u32(buf, at) == SECTION:
            return n, at, CONTROL if section_size(buf, at) > 0 else BAD
        if little:
            kind, size = u32_little(buf, at), np.int64(u32_little(buf, at + 4))
        else:
            kind, size = u32(buf, at), np.int64(u32(buf, at + 4))
        padded = (size + 3) & ~np.int64(3)
        if size < 12 or size > MAX_BLOCK:
            return n, at, BAD
        if end - at < padded:
            return n, at, NEED_MORE
        again = u32_little(buf, at + size - 4) if little else u32(buf, at + size - 4)
        if again != size:
            return n, at, BAD
        if kind in (INTERFACE, STATISTICS):
            return n, at, CONTROL
        if kind in (ENHANCED_PACKET, PACKET):
            if size < 32:
                return n, at, BAD
            if little:
                high, low = u32_little(buf, at + 12), u32_little(buf, at + 16)
                captured, wire = np.int64(u32_little(buf, at + 20)), np.int64(u32_little(buf, at + 24))
                which = np.int64(u32_little(buf, at + 8)) if kind == ENHANCED_PACKET else np.int64(u16_little(buf, at + 8))
            else:
                high, low = u32(buf, at + 12), u32(buf, at + 16)
                captured, wire = np.int64(u32(buf, at + 20)), np.int64(u32(buf, at + 24))
                which = np.int64(u32(buf, at + 8)) if kind == ENHANCED_PACKET else np.int64(u16(buf, at + 8))
            if captured > size - 32 or which >= len(clocks):
                return n, at, BAD
            clock = clocks[which]
            frame = frames[n]
            frame.ts_ns = ticks_to_ns(high, low, clock.base, clock.exponent, clock.offset_s)
            frame.start = at + 28
            frame.captured_bytes = captured
            frame.wire_bytes = min(max(wire, captured), MAX_FRAME * 8)
            frame.link_type = clock.link_type
            n += 1
        elif kind == SIMPLE_PACKET:
            if size < 16 or len(clocks) == 0:
                return n, at, BAD
            wire = np.int64(u32_little(buf, at + 8) if little else u32(buf, at + 8))
            captured = min(wire, size - 16)
            if clocks[0].snap_bytes > 0:
                captured = min(captured, clocks[0].snap_bytes)
            frame = frames[n]
            frame.ts_ns = NO_TIME
            frame.start = at + 12
            frame.captured_bytes = captured
            frame.wire_bytes = min(wire, MAX_FRAME * 8)
            frame.link_type = clocks[0].link_type
            n += 1
        at += padded
    return n, at, FULL


@kernel
def section_size(buf, at):  # type: ignore[no-untyped-def]
    """The size of a section header block in its own byte order, 0 when its byte-order mark or length can't be true."""
    if u32(buf, at + 8) == 0x1A2B3C4D:
        size = np.int64(u32(buf, at + 4))
    elif u32(buf, at + 8) == 0x4D3C2B1A:
        size = np.int64(u32_little(buf, at + 4))
    else:
        return 0
    return size if 28 <= size <= MAX_BLOCK else 0
