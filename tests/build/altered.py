"""A capture as another gateway would have made it: one direction only, everything twice, both sides of a translation, among others."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from tests.build.files import Frame, pcap
from tests.reference.capture import read_capture

ETHERNET = 14
IPV4 = b"\x08\x00"
TCP, UDP = 6, 17


def frames_in(path: Path) -> list[Frame]:
    """The frames of an Ethernet capture, in its order."""
    return [(frame.ts_ns, frame.data, frame.wire_bytes) for frame in read_capture(path.read_bytes()) if frame.ts_ns is not None]


def written(frames: Iterable[Frame]) -> bytes:
    """The frames as a pcap file."""
    return pcap(frames, nanosecond=True)


def source_of(frame: Frame) -> str | None:
    """The IPv4 sender of an Ethernet frame."""
    data = frame[1]
    return ".".join(map(str, data[26:30])) if data[12:14] == IPV4 else None


def only(frames: Iterable[Frame], sender: Callable[[str | None], bool]) -> list[Frame]:
    """The frames whose sender is wanted."""
    return [frame for frame in frames if sender(source_of(frame))]


def doubled(frames: Iterable[Frame], after_ns: int = 40_000) -> list[Frame]:
    """Each frame twice, as a mirror of both ports gives it."""
    return in_time([*frames, *((frame[0] + after_ns, *frame[1:]) for frame in frames)])


def translated(frames: Sequence[Frame], address: str, other: str, shift: int, after_ns: int = 30_000) -> list[Frame]:
    """The frames, and those of one address again as they look behind a translation of it, its ports moved by `shift`."""
    return in_time([*frames, *_renamed(frames, address, other, shift, after_ns)])


def renamed(frames: Sequence[Frame], address: str, other: str) -> list[Frame]:
    """The frames of one address under another."""
    return list(_renamed(frames, address, other, 0, 0))


def snapped(frames: Iterable[Frame], snap: int) -> list[Frame]:
    """The frames as a capture with this snap length has them."""
    return [(ts_ns, data[:snap], wire[0] if wire else len(data)) for ts_ns, data, *wire in frames]


def overtaken(frames: Sequence[Frame], within_ns: int = 1_000_000, seed: int = 1) -> list[Frame]:
    """The frames with their times, each up to so much later in the file than it was seen, as the queues of a network card hand over."""
    chance = Random(seed)
    return sorted(frames, key=lambda frame: frame[0] + chance.randrange(within_ns))


def in_time(frames: Iterable[Frame]) -> list[Frame]:
    return sorted(frames, key=lambda frame: frame[0])


def _renamed(frames: Sequence[Frame], address: str, other: str, shift: int, after_ns: int) -> Iterator[Frame]:
    old, new = (bytes(map(int, text.split("."))) for text in (address, other))
    for ts_ns, data, *wire in frames:
        if data[12:14] != IPV4 or (data[26:30] != old and data[30:34] != old):
            continue
        sends = data[26:30] == old
        packet = bytearray(data)
        packet[26 if sends else 30 : 30 if sends else 34] = new
        transport = ETHERNET + 4 * (packet[14] & 15)
        packet[ETHERNET + 8] = max(1, packet[ETHERNET + 8] - 1)  # a router lowers the time to live
        if packet[23] in (TCP, UDP) and shift and packet[20:22] in (b"\x00\x00", b"\x40\x00"):
            at = transport + (0 if sends else 2)
            (port,) = struct.unpack_from(">H", packet, at)
            struct.pack_into(">H", packet, at, 1024 + (port - 1024 + shift) % 64_000)
        packet[24:26] = b"\x00\x00"
        struct.pack_into(">H", packet, 24, _checksum(packet[ETHERNET:transport]))
        yield (ts_ns + after_ns, bytes(packet), *wire)


def _checksum(header: bytes) -> int:
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
