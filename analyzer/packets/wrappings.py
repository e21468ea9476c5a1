"""Declares a wrapping of packets, beside the kernel that removes it (outer.py lists them all)."""

from __future__ import annotations

from typing import NamedTuple


class Wrapping(NamedTuple):
    """One kind of wrapping.

    name       in the column `outer`; "": removed without a name
    kind       its unique number in PACKET.outer0 and outer1; 0 where it has no name
    by         the field that announces it: ethertype, protocol (IP), gre (protocol type) or udp (destination port), with the numbers
    what       a short description;  source: the specification
    scapy      its scapy layers without addresses, by module: in an anonymized slice these stay around the packet; a wrapping without
               such a layer is removed there
    unopened   name of its datagrams that can't be opened;  advice: a way to open them
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
