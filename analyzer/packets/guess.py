"""Recognizes headers that no field announces: IP headers by their constant fields, and a packet behind a header of unknown length.

Some tunnels announce neither their payload's type nor their own header's length (L2TP version 3, Juniper's interfaces). A guess counts
only where an IP header follows with a plausible version, lengths, time to live and protocol.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u32
from analyzer.packets.link import LAYER_ETHERNET, LAYER_IP, LAYER_LLC, LAYER_PPP, NONE

SNAP: Final = 0xAAAA0300  # LLC of SNAP, and the first byte of its organisation
ISO_IPV4: Final = 0xFEFE03CC  # LLC, and ISO's numbers for IP behind it
ISO_IPV6: Final = 0xFEFE038E


def is_ip(buf, at, end, whole):
    """True when a plausible IPv4 or IPv6 header begins here; whole: with all of its packet behind it."""
    if end - at < 20:
        return False
    if buf[at] >> 4 == 4:
        header, total = 4 * (buf[at] & 0x0F), u16(buf, at + 2)
        known = buf[at + 9] in (1, 2, 4, 6, 17, 41, 47, 50, 51, 58, 89, 97, 103, 112, 115, 132, 137)
        return header >= 20 and (header <= total <= end - at if whole else total >= header or total == 0) and buf[at + 8] > 0 and known
    if buf[at] >> 4 == 6 and end - at >= 40:
        if whole and not 0 < 40 + u16(buf, at + 4) <= end - at:
            return False
        return buf[at + 7] > 0 and buf[at + 6] in (0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 97, 115, 132)
    return False


def is_ethernet(buf, at, end, whole):
    """True when an Ethernet frame with an IP packet begins here, with up to two tags."""
    p = at + 12
    for _ in range(3):
        if end - p < 2:
            return False
        kind = u16(buf, p)
        p += 2
        if kind in (0x0800, 0x86DD):
            return is_ip(buf, p, end, whole) and (buf[p] >> 4 == 4) == (kind == 0x0800)
        if kind not in (0x8100, 0x88A8, 0x9100):
            return False
        p += 2
    return False


def is_ppp(buf, at, end, whole):
    """True when a PPP frame with an IP packet begins here."""
    p = at
    if end - p >= 4 and u16(buf, p) == 0xFF03:
        p += 2
    return end - p >= 22 and u16(buf, p) in (0x0021, 0x0057) and is_ip(buf, p + 2, end, whole)


def guessed(buf, at, end, lengths):
    """(position, layer, ethertype) of the packet behind a header of one of these lengths, the shortest that fits; NONE when none does.

    lengths   bit n: a header of n bytes is possible
    """
    for whole in (True, False):  # of a truncated packet only the beginning can be checked
        for length in range(63):
            if not lengths >> length & 1:
                continue
            p = at + length
            if is_ip(buf, p, end, whole):
                return p, LAYER_IP, 0
            if is_ethernet(buf, p, end, whole):
                return p, LAYER_ETHERNET, 0
            if is_ppp(buf, p, end, whole):
                return p, LAYER_PPP, 0
            if end - p >= 28 and u32(buf, p) == SNAP and u16(buf, p + 6) in (0x0800, 0x86DD) and is_ip(buf, p + 8, end, whole):
                return p, LAYER_LLC, 0
            if end - p >= 24 and u32(buf, p) in (ISO_IPV4, ISO_IPV6) and is_ip(buf, p + 4, end, whole):
                return p + 4, LAYER_IP, 0
            if end - p >= 22 and u16(buf, p) in (0x03CC, 0x038E) and is_ip(buf, p + 2, end, whole):
                return p + 2, LAYER_IP, 0
    return NONE, 0, 0
