"""A capturing tool by scapy, for where neither tcpdump nor dumpcap is installed: live.py starts it with INTERFACE SNAP_BYTES FILTER.

It runs in a process of its own: scapy reads the whole route table when it is imported, and a gateway's may have a million entries. It
writes pcap to stdout, and its counts to stderr on SIGUSR1 and at the end, in tcpdump's words.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from types import FrameType
from typing import Any

# linux/if_packet.h: packets and drops since the last time they were asked for.
SOL_PACKET = 263
PACKET_STATISTICS = 6


class Counts:
    """The numbers of captured and lost packets so far."""

    def __init__(self, listening: Any) -> None:
        self._listening = listening
        self.captured = self.received = self.dropped = 0

    def tell(self, number: int | None = None, frame: FrameType | None = None) -> None:
        """Write the counts to stderr."""
        received, dropped = struct.unpack("II", self._listening.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.received += received - dropped
        self.dropped += dropped
        text = f"{self.captured} packets captured, {self.received} packets received by filter, {self.dropped} packets dropped by kernel\n"
        os.write(2, text.encode())


def write_whole(data: bytes) -> None:
    """Write all of it to stdout."""
    while data:
        data = data[os.write(1, data) :]


def file_header(link_type: int, snap_bytes: int) -> bytes:
    """A pcap header with nanosecond times (draft-ietf-opsawg-pcap)."""
    return struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap_bytes, link_type)


def packet_record(data: bytes, at_ns: int, snap_bytes: int) -> bytes:
    """The packet with its header, cut to snap_bytes."""
    kept = data[:snap_bytes]
    return struct.pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(kept), len(data)) + kept


def sniff(interface: str, snap_bytes: int, wanted: str) -> None:
    """Write the interface's packets until SIGINT or SIGTERM, or until stdout is closed. Errors: OSError, no such interface."""
    import scapy.all  # noqa: F401 - sets up conf for this system
    from scapy.config import conf
    from scapy.error import Scapy_Exception

    try:
        listening: Any = conf.L2listen(iface=interface, filter=wanted or None)
    except Scapy_Exception as error:
        os.write(2, f"the filter can't be used ({error}); everything is captured\n".encode())
        listening = conf.L2listen(iface=interface)
    listening.ins.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
    counts = Counts(listening)
    signal.signal(signal.SIGUSR1, counts.tell)
    write_whole(file_header(int(conf.l2types.layer2num.get(listening.LL, 1)), snap_bytes))
    try:
        while True:
            _, data, seconds = listening.recv_raw(262_144)
            if data:
                counts.captured += 1
                write_whole(packet_record(data, int(seconds * 10**9), snap_bytes))
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        counts.tell()


def main() -> int:
    """Capture by the command line's arguments; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: the parent may have it ignored
        signal.signal(number, signal.default_int_handler)
    interface, snap_bytes, wanted = sys.argv[1:4]
    try:
        sniff(interface, int(snap_bytes), wanted)
    except (OSError, ValueError) as error:
        os.write(2, f"{interface}: {error}\n".encode())
        return 1
    return 0
