"""Microsoft's Network Monitor 2 and 3 (.cap): frames in the order of a table at the file's end, and the processes they belong to.

Source: "Capture File Format" in the help of Network Monitor 3.4, and Wireshark's wiretap/netmon.c (2026-11-26). Up to version
2.2 times are relative to a start in the capturing machine's local time, whose zone isn't in the file: it is read as UTC, where
Wireshark reads it in the viewer's zone. Since 2.3 each frame has its own time in UTC.
"""

from __future__ import annotations

import calendar
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, MAX_WIRE, Block, Damage
from analyzer.capture.netmon_processes import processes_of, with_processes
from analyzer.capture.records import BAD, FULL, NEED_MORE, file_header, is_over
from analyzer.capture.stream import Window
from analyzer.compiled import kernel
from analyzer.compiled.widths import as_i64
from analyzer.packets.fields import u16_little, u32_little
from analyzer.packets.layout import FRAME, NO_TIME
from analyzer.packets.link import LINK_RAW
from analyzer.packets.link_types import LINK_WLAN, NETMON
from analyzer.room import shared_room

MAGIC: Final = b"GMBU"
MAJOR: Final = 2
FILE_HEADER: Final = 128
RECORD_HEADER: Final = 16

# The trailer behind a frame, since version 2.1: its media type; since 2.2 its process; since 2.3 its time and zone.
TRAILERS: Final = (0, 2, 6, 15)
NO_PROCESS: Final = 0xFFFFFFFF

# A larger file isn't held in memory for its table: its frames are read in file order. The program itself begins another file every
# 20 MB.
MAX_HELD: Final = 1 << 30

# Media types: from 0xe000 on a pcap link type, except for a few that Message Analyzer used for its own.
WLAN: Final = 6
FROM_PCAP: Final = 0xE000
ANALYZER_FIRST: Final = 0xE080
ANALYZER_LAST: Final = 0xE08A

# Before an 802.11 frame there is a header with a version, the header's length, and more.
WLAN_LEAST: Final = 3

EPOCH_1601: Final = 116_444_736_000_000_000  # 1970, in units of 100 ns since 1601
MOST_TICKS: Final = 92_000_000_000_000_000  # units of 100 ns that fit in nanoseconds since 1970
ROUND: Final = 1_844_674_407_370_955_161  # a tenth of 2**64: times before the start are stored as if their product wrapped around it


class Header(NamedTuple):
    """The fields of the file's header: the minor version, the media type, the start time, and the tables' places."""

    minor: int
    media: int
    start_ns: int
    table_at: int
    table_size: int
    processes_at: int
    processes: int


def starts_like_netmon(head: bytes) -> bool:
    """True where a file with these first bytes is one of Network Monitor 2 or 3."""
    return head[:4] == MAGIC and head[5:6] == bytes((MAJOR,))


def read_header(head: bytes) -> Header:
    """The header's fields; tables that a version doesn't have are empty, whatever the bytes are."""
    minor, _, media, year, month, _, day, hour, minute, second, ms, table_at, table_size = struct.unpack_from("<2B9H2I", head, 4)
    at, n = struct.unpack_from("<2I", head, 48) if minor >= 2 else (0, 0)
    start_ns: int = NO_TIME
    if 1970 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= 31:
        start_ns = calendar.timegm((year, month, day, hour, minute, second)) * 10**9 + ms * 10**6
    return Header(min(minor, 3), media, start_ns, table_at, table_size, at, n)


def read_netmon(window: Window, damage: list[Damage]) -> Iterator[Block]:
    """The blocks of the file; its damage is added to `damage`.

    The table of frames is at the file's end, so the file is read to its end first. Without a table the frames are read in file order.
    """
    head = file_header(window, FILE_HEADER, damage)
    if head is None:
        return
    header = read_header(head)
    while window.offset + window.end <= MAX_HELD and window.more():
        pass
    behind = window.data[window.start : window.end]
    if not header.table_size or header.table_at < FILE_HEADER or header.table_at + header.table_size > FILE_HEADER + len(behind):
        yield from _one_behind_the_other(window, header, damage)
    else:
        yield from _by_table(behind, header, damage)
        window.start = window.end


def _by_table(behind: npt.NDArray[np.uint8], header: Header, damage: list[Damage]) -> Iterator[Block]:
    """The frames in the table's order. behind: the file's bytes behind its header."""
    table = header.table_at - FILE_HEADER
    places = behind[table : table + header.table_size // 4 * 4].copy().view("<u4").astype(np.int64) - FILE_HEADER
    known = processes_of(behind, header.processes_at - FILE_HEADER, header.processes)
    room, processes = shared_room(FRAME), np.zeros(BLOCK_FRAMES, np.uint32)
    bad = at = 0
    while at < len(places):
        frames = room.take(BLOCK_FRAMES)
        n, at, more_bad = index_places(
            *(behind, len(behind), places, len(places), at, header.minor, TRAILERS[header.minor]),
            *(header.media, header.start_ns, frames, len(frames), processes),
        )
        bad += int(more_bad)
        if n:
            yield with_processes(Block(behind, frames[:n]), processes[:n], known)
    if bad:
        text = "frames that the file's table names aren't there, or their lengths can't be true"
        damage.append(Damage("capture-damaged", text, header.table_at, count=bad))


def _one_behind_the_other(window: Window, header: Header, damage: list[Damage]) -> Iterator[Block]:
    """The frames in file order, up to the place of the table."""
    text = "the table of frames isn't in the file: they are read one behind the other"
    damage.append(Damage("capture-damaged", text, header.table_at))
    stop = header.table_at if header.table_at > FILE_HEADER else 1 << 62
    room, processes = shared_room(FRAME), np.zeros(BLOCK_FRAMES, np.uint32)
    while window.offset + window.start < stop:
        frames = room.take(BLOCK_FRAMES)
        end = min(window.end, stop - window.offset)
        n, at, status = index_netmon(
            *(window.data, window.start, end, header.minor, TRAILERS[header.minor]),
            *(header.media, header.start_ns, frames, len(frames), processes),
        )
        window.start = at
        if n:
            yield Block(window.data, frames[:n])
        if is_over(window, status, damage):
            return


@kernel
def index_places(buf, n_bytes, places, n_places, at, minor, trailer, media, start_ns, frames, n_frames, processes):
    """(frames found, the index to continue with, entries without a frame); fills frames[0:n] and processes[0:n].

    trailer    TRAILERS[minor]
    places     int64[n_places], offsets of frames in buf; read from index `at` on
    processes  uint32[>= n_frames], indices in the table of processes
    """
    n, bad = 0, 0
    while at < n_places and n < n_frames:
        frame = frames + n
        size = read_frame(buf, places[at], n_bytes, minor, trailer, media, start_ns, frame)
        if size < 0:
            bad += 1
        elif frame.link_type >= 0:
            processes[n] = process_of(buf, places[at] + size, minor, trailer)
            n += 1
        at += 1
    return n, at, bad


@kernel
def index_netmon(buf, start, end, minor, trailer, media, start_ns, frames, n_frames, processes):
    """(frames found, where reading stopped, the reason: FULL, NEED_MORE or BAD); as index_places, for frames in file order."""
    at, n = start, 0
    while n < n_frames:
        frame = frames + n
        size = read_frame(buf, at, end, minor, trailer, media, start_ns, frame)
        if size < 0:
            return n, at, NEED_MORE if size == -NEED_MORE else BAD
        at += size
        if frame.link_type >= 0:
            processes[n] = process_of(buf, at, minor, trailer)
            n += 1
    return n, at, FULL


def read_frame(buf, at, end, minor, trailer, media, start_ns, frame):
    """The size of the record at `at` with its trailer, or -NEED_MORE or -BAD; fills `frame`, whose link type is -1 for a note."""
    if at < 0:
        return -BAD
    if end - at < RECORD_HEADER:
        return -NEED_MORE
    wire, captured = u32_little(buf, at + 8), u32_little(buf, at + 12)
    if captured > MAX_FRAME:
        return -BAD
    size = RECORD_HEADER + captured + trailer
    if end - at < size:
        return -NEED_MORE
    behind = at + RECORD_HEADER + captured
    if minor:
        media = u16_little(buf, behind)
    frame.start = at + RECORD_HEADER
    frame.captured_bytes = captured
    frame.wire_bytes = min(max(wire, captured), MAX_WIRE)
    frame.link_type = link_type_of(media)
    frame.interface = 0
    frame.note_bytes = 0
    frame.ts_ns = time_since_1601(buf, behind + 6) if minor == 3 else time_since_start(buf, at, start_ns)
    if media == WLAN and captured >= WLAN_LEAST and WLAN_LEAST <= u16_little(buf, at + RECORD_HEADER + 1) <= captured:
        skipped = u16_little(buf, at + RECORD_HEADER + 1)
        frame.start += skipped
        frame.captured_bytes -= skipped
        frame.wire_bytes -= skipped
    return size


def link_type_of(media):
    """The link type of a media type; one without a pcap number keeps its own, above all others; -1: a note, no frame."""
    if media in (0, 1):  # Ethernet; 0 in captures of VPNs
        return 1
    if media in (WLAN, ANALYZER_FIRST):
        return LINK_WLAN
    if media in (7, 8, 9):  # tunnels, mobile networks and IP
        return LINK_RAW
    if media in (0xFFFC, 0xFFFD, 0xFFFE):  # the program's own notes are no frames, as in Wireshark
        return -1
    if FROM_PCAP <= media < FROM_PCAP + 0x1000 and not ANALYZER_FIRST <= media <= ANALYZER_LAST:
        return media - FROM_PCAP
    return NETMON + media


def u64_little(buf, at):
    return u32_little(buf, at + 4) << 32 | u32_little(buf, at)


def time_since_1601(buf, at):
    """Nanoseconds since 1970 of a time in units of 100 ns since 1601."""
    ticks = as_i64(u64_little(buf, at)) - EPOCH_1601
    if ticks < -MOST_TICKS or ticks > MOST_TICKS:
        return NO_TIME
    return ticks * 100


def time_since_start(buf, at, start_ns):
    """Nanoseconds since 1970 of microseconds after (or before) the file's start."""
    microseconds = as_i64(u64_little(buf, at))
    if microseconds > ROUND // 2 and microseconds <= ROUND:
        microseconds -= ROUND
    if start_ns == NO_TIME or microseconds < -(MOST_TICKS // 100) or microseconds > MOST_TICKS // 100:
        return NO_TIME
    return start_ns + microseconds * 1000


def process_of(buf, end, minor, trailer):
    """The process's index in the trailer that ends here."""
    if minor < 2:
        return NO_PROCESS
    return u32_little(buf, end - trailer + 2)
