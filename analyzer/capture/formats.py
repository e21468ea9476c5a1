"""Which capture format a file has, by its first bytes, and the reader of each; other formats, and how to convert them.

Sources of the magics: Wireshark's wiretap/*.c; for ETL Geoff Chappell's and Microsoft's descriptions of WMI_BUFFER_HEADER and the
SYSTEM_TRACE_HEADER behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.capture.block import Block, Damage
from analyzer.capture.netmon import read_netmon, starts_like_netmon
from analyzer.capture.pcap import read_pcap, starts_like_pcap
from analyzer.capture.pcapng import Interface, read_pcapng, starts_like_pcapng
from analyzer.capture.snoop import read_snoop, starts_like_snoop
from analyzer.capture.stream import Window
from analyzer.errors import Unusable

SNIFF: Final = 24
SNIFF_FOREIGN: Final = 128

# What an event trace's second header begins with, and where: its version, its type, and a mark; of 32 and 64 bits.
ETL_MARKS: Final = (b"\x02\x00\x01\xc0", b"\x02\x00\x02\xc0")
ETL_MARK_AT: Final = 72

BY_WIRESHARK: Final = "convert it: editcap -F pcapng {} {}.pcapng"
FOREIGN: Final = (
    (b"GMBU", "a capture of Microsoft's Network Monitor of a version that isn't read", BY_WIRESHARK),
    (b"RTSS", "a capture of Microsoft's Network Monitor 1", BY_WIRESHARK),
    (b"snoop\0\0\0", "a snoop file of a version that isn't read", BY_WIRESHARK),
    (b"XCP\0", "a capture of NetXRay or Sniffer", BY_WIRESHARK),
    (b"TRSNIFF data    \x1a", "a capture of Sniffer", BY_WIRESHARK),
    (b"\x7fver", "a capture of OmniPeek", BY_WIRESHARK),
    (b"ObserverPktBuffe", "a capture of Observer", BY_WIRESHARK),
    (b"\x80\x05\x05\x00", "a capture of 5View", BY_WIRESHARK),
)
FROM_ETL: Final = "convert it: pktmon etl2pcap {} --out {}.pcapng, or, of netsh trace, etl2pcapng {} {}.pcapng"


def kind_of(window: Window, name: str) -> str:
    """pcap, pcapng, snoop or netmon, by the first bytes. Errors: Unusable, with how to convert a format that is only known by name."""
    while window.end - window.start < SNIFF_FOREIGN and window.more():
        pass
    head = bytes(window.data[window.start : min(window.end, window.start + SNIFF_FOREIGN)])
    kind = kind_of_head(head)
    if kind is not None:
        return kind
    if window.damage is not None:
        raise Unusable(window.damage, name)
    if not head:
        raise Unusable("nothing is in it", name)
    for magic, what, how in FOREIGN:
        if head.startswith(magic):
            raise Unusable(f"{what}, which isn't read", name, how.format(name, name))
    if head[ETL_MARK_AT : ETL_MARK_AT + 4] in ETL_MARKS:
        raise Unusable("a trace of Windows' events (ETL), which isn't read", name, FROM_ETL.format(*[name] * 4))
    raise Unusable("not a capture: it begins like neither pcap nor pcapng, snoop nor NetMon", name, "give a .pcap or .pcapng file")


def kind_of_head(head: bytes) -> str | None:
    """The same of bytes alone; None for no format that is read."""
    if starts_like_pcap(head):
        return "pcap"
    if starts_like_pcapng(head):
        return "pcapng"
    if starts_like_netmon(head):
        return "netmon"
    return "snoop" if starts_like_snoop(head) else None


def blocks_of(window: Window, kind: str, damage: list[Damage], interfaces: list[Interface] | None = None) -> Iterator[Block]:
    """The blocks of a capture of this kind; what is wrong with it is added to `damage`, and the interfaces it describes to `interfaces`."""
    if kind == "pcap":
        return read_pcap(window, damage)
    if kind == "snoop":
        return read_snoop(window, damage)
    if kind == "netmon":
        return read_netmon(window, damage)
    return read_pcapng(window, damage, interfaces)
