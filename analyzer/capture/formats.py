"""A file's capture format, by its first bytes, and the format's reader; foreign.py has the formats that aren't read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.capture.block import Block, Damage
from analyzer.capture.foreign import what_it_is
from analyzer.capture.netmon import read_netmon, starts_like_netmon
from analyzer.capture.pcap import read_pcap, starts_like_pcap
from analyzer.capture.pcapng import Interface, read_pcapng, starts_like_pcapng
from analyzer.capture.snoop import read_snoop, starts_like_snoop
from analyzer.capture.stream import Window
from analyzer.errors import Unusable

SNIFF: Final = 24
SNIFF_FOREIGN: Final = 128
SNIFF_RECORDS: Final = 1 << 17  # two records of a format without a magic


def kind_of(window: Window, name: str) -> str:
    """pcap, pcapng, snoop or netmon, by the first bytes. Errors: Unusable, for a known foreign format with how to convert it."""
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
    other = what_it_is(head, bytes(window.data[window.start : min(window.end, window.start + SNIFF_RECORDS)]))
    if other is not None:
        raise Unusable(f"{other[0]}, which isn't read", name, other[1].format(*[name] * 4))
    raise Unusable("not a capture: it begins like neither pcap nor pcapng, snoop nor NetMon", name, "give a .pcap or .pcapng file")


def kind_of_head(head: bytes) -> str | None:
    """The format of a file with these first bytes; None for a format that isn't read."""
    if starts_like_pcap(head):
        return "pcap"
    if starts_like_pcapng(head):
        return "pcapng"
    if starts_like_netmon(head):
        return "netmon"
    return "snoop" if starts_like_snoop(head) else None


def blocks_of(window: Window, kind: str, damage: list[Damage], interfaces: list[Interface] | None = None) -> Iterator[Block]:
    """The blocks of a capture of this kind; its damage is added to `damage`, the interfaces it describes to `interfaces`."""
    if kind == "pcap":
        return read_pcap(window, damage)
    if kind == "snoop":
        return read_snoop(window, damage)
    if kind == "netmon":
        return read_netmon(window, damage)
    return read_pcapng(window, damage, interfaces)
