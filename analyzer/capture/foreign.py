"""Capture formats that Wireshark reads and we don't: how to recognize and how to convert each.

Sources of the magics: Wireshark's wiretap/*.c, 2026-11-27; formats without one (ERF, CommView, PacketLogger) are recognized by plausible
record headers. For ETL Geoff Chappell's and Microsoft's descriptions of WMI_BUFFER_HEADER and the SYSTEM_TRACE_HEADER behind it.
"""

from __future__ import annotations

from typing import Final

BY_WIRESHARK: Final = "convert it: editcap -F pcapng {} {}.pcapng"
NO_IP: Final = "capture on an Ethernet or IP interface"
FROM_ETL: Final = "convert it: pktmon etl2pcap {} --out {}.pcapng, or, of netsh trace, etl2pcapng {} {}.pcapng"

# The beginning of an event trace's second header, and its offset: version, type, and a mark; for 32 and 64 bits.
ETL_MARKS: Final = (b"\x02\x00\x01\xc0", b"\x02\x00\x02\xc0")
ETL_MARK_AT: Final = 72

FOREIGN: Final = (
    (b"GMBU", "a capture of Microsoft's Network Monitor of a version that isn't read", BY_WIRESHARK),
    (b"RTSS", "a capture of Microsoft's Network Monitor 1", BY_WIRESHARK),
    (b"snoop\0\0\0", "a snoop file of a version that isn't read", BY_WIRESHARK),
    (b"XCP\0", "a capture of NetXRay or Sniffer", BY_WIRESHARK),
    (b"VL\0\0", "a capture of NetXRay", BY_WIRESHARK),
    (b"TRSNIFF data    \x1a", "a capture of Sniffer", BY_WIRESHARK),
    (b"\x7fver", "a capture of OmniPeek", BY_WIRESHARK),
    (b"ObserverPktBuffe", "a capture of Observer", BY_WIRESHARK),
    (b"\xaa\xaa\xaa\xaa", "a capture of 5View", BY_WIRESHARK),
    (b"\0\0\x02\0\x12\x05\0\x10", "a capture of Tektronix' K12", BY_WIRESHARK),
    (b"+---------+---------------+----------+", "a capture of Tektronix' K12 as text", BY_WIRESHARK),
    (b"TR\0d\0", "a trace of HP-UX' nettl", BY_WIRESHARK),
    (b"\x05VNF", "a capture of Visual Networks", BY_WIRESHARK),
    (b"\x01\x10L\0", "a capture of LANalyzer", BY_WIRESHARK),
    (b"\x01\x10N\0", "a capture of LANalyzer", BY_WIRESHARK),
    (b"iptrace 1.0", "a capture of AIX' iptrace", BY_WIRESHARK),
    (b"iptrace 2.0", "a capture of AIX' iptrace", BY_WIRESHARK),
    (b"B\xd2\x004\x12f\x22\x88", "a capture of RADCOM", BY_WIRESHARK),
    (b"T\0R\0A\0C\0E\0", "a trace of Toshiba's routers", BY_WIRESHARK),
    (b"LOGG", "a log of Vector's tools (BLF)", BY_WIRESHARK),
    (b"V0208", "a capture of Aethra's devices", BY_WIRESHARK),
    (b"EyeSDN", "a capture of EyeSDN", BY_WIRESHARK),
    (b"btsnoop\0", "a log of Bluetooth (btsnoop)", NO_IP),
)


def what_it_is(head: bytes, more: bytes) -> tuple[str, str] | None:
    """(the kind of a foreign file, the remedy, with {} for its name); None where no known format fits.

    head   its first bytes, at least 128 if the file has them;  more   all of its bytes read so far
    """
    for magic, what, how in FOREIGN:
        if head.startswith(magic):
            return what, how
    if head[ETL_MARK_AT : ETL_MARK_AT + 4] in ETL_MARKS:
        return "a trace of Windows' events (ETL)", FROM_ETL
    if is_erf(more):
        return "a file of Endace's records (ERF)", BY_WIRESHARK
    if is_commview(head):
        return "a capture of CommView", BY_WIRESHARK
    if is_packet_logger(more):
        return "a log of Apple's PacketLogger, which is of Bluetooth", NO_IP
    return None


def is_erf(data: bytes) -> bool:
    """Whether two ERF records follow each other here: times within a year, a type, lengths."""
    seconds, at = None, 0
    for _ in range(2):
        head = data[at : at + 16]
        if at and at == len(data):
            return True  # the file has one record
        if len(head) < 16:
            return False
        now, size = int.from_bytes(head[4:8], "little"), int.from_bytes(head[10:12], "big")
        if not (1 <= head[8] & 0x7F <= 48 and size > 16 and int.from_bytes(head[14:16], "big")):
            return False
        if now < 631_152_000 or (seconds is not None and abs(now - seconds) > 31_622_400):  # 1990, and a year
            return False
        seconds, at = now, at + size
    return True


def is_commview(head: bytes) -> bool:
    """Whether a CommView record begins here, of the old or the new format: lengths and a date."""
    return any(
        len(head) >= at + 7
        and 1990 <= int.from_bytes(head[at : at + 2], "little") <= 2100
        and 1 <= head[at + 2] <= 12
        and 1 <= head[at + 3] <= 31
        and head[at + 4] < 24
        and head[at + 5] < 60
        and head[at + 6] < 61
        for at in (5, 4)
    )


def is_packet_logger(data: bytes) -> bool:
    """Whether two PacketLogger records follow each other here, in either byte order: a length, a time, a type."""
    return any(_logged_twice(data, order) for order in ("big", "little"))


def _logged_twice(data: bytes, order: str) -> bool:
    at = 0
    for _ in range(2):
        if len(data) < at + 13:
            return False
        size, seconds, fraction = (int.from_bytes(data[at + k : at + k + 4], order) for k in (0, 4, 8))  # type: ignore[arg-type]
        if not (
            9 <= size < 65_536 and seconds >= 1_000_000_000 and fraction < 1_000_000 and (data[at + 12] < 0x12 or data[at + 12] >= 0xFB)
        ):
            return False
        at += 4 + size
    return True
