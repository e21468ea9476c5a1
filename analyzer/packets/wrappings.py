"""What can stand around a packet: how a kind of it is declared, beside the kernel that peels it off (outer.py has them all)."""

from __future__ import annotations

from typing import NamedTuple


class Wrapping(NamedTuple):
    """One kind of wrapping.

    name       in the column `outer`; "": peeled off without a name
    kind       its number in PACKET.outer0 and outer1, no other's; 0 where it has no name
    by         what announces it: ethertype, protocol (IP), gre (its protocol type) or udp (destination port), and the numbers
    what       in a few words;  source: where its format is described
    scapy      scapy's layers of it that hold no address, by their modules: in a slice with other addresses they stay around the packet;
               of wrappings without one only the packet in them is there
    unopened   what datagrams of it are called that can't be opened;  advice: what opens them
    """

    name: str
    kind: int
    by: str
    numbers: tuple[int, ...]
    what: str
    source: str
    scapy: tuple[str, ...] = ()
    unopened: str = ""
    advice: str = ""
