"""IPv4, IPv6 and the ICMP errors that quote them.

Sources: RFC 791, RFC 8200, RFC 4302 (authentication header), RFC 792, RFC 4443.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u32, u64
from analyzer.packets.layout import CUT_SHORT, FRAGMENT, MALFORMED, TCP, UDP

READ: Final = -1  # the header was read; every other status is one of layout's

PROTOCOL_AH: Final = 51
PROTOCOL_ICMP: Final = 1
PROTOCOL_ICMPV6: Final = 58


def read_ipv4(buf, at, end, wire_end, packet):
    """(status, payload position, protocol, declared end) of an IPv4 header; fills the packet's addresses, id and TTL.

    The declared end may be past `end`, where the capture was cut. A sender with segmentation offload shows a total length of 0: the
    frame's own length replaces it.
    """
    if end - at < 20:
        return CUT_SHORT, 0, 0, 0
    header = 4 * (buf[at] & 0x0F)
    total = u16(buf, at + 2)
    if total == 0:
        total = wire_end - at
    if header < 20 or total < header:
        return MALFORMED, 0, 0, 0
    packet.version = 4
    packet.src_hi = 0
    packet.dst_hi = 0
    packet.src_lo = u32(buf, at + 12)
    packet.dst_lo = u32(buf, at + 16)
    packet.ip_id = u16(buf, at + 4)
    packet.ttl = buf[at + 8]
    if u16(buf, at + 6) & 0x3FFF:  # an offset, or more fragments to come
        return FRAGMENT, at, buf[at + 9], at + total
    if at + header > end:
        return CUT_SHORT, 0, 0, 0
    if buf[at + 9] == PROTOCOL_AH:
        return after_ah(buf, at + header, end, at + total)
    return READ, at + header, buf[at + 9], at + total


def after_ah(buf, at, end, declared):
    """As read_ipv4, behind authentication headers: the payload they protect isn't encrypted (RFC 4302 2)."""
    protocol = PROTOCOL_AH
    p = at
    while protocol == PROTOCOL_AH:
        if end - p < 8:
            return CUT_SHORT, 0, 0, 0
        protocol = buf[p]
        p += 8 + 4 * buf[p + 1]
        if p > declared:
            return MALFORMED, 0, 0, 0
        if p > end:
            return CUT_SHORT, 0, 0, 0
    return READ, p, protocol, declared


def read_ipv6(buf, at, end, wire_end, packet):
    """(status, payload position, protocol, declared end) of an IPv6 header and its extension headers."""
    if end - at < 40:
        return CUT_SHORT, 0, 0, 0
    length = u16(buf, at + 4)
    declared = at + 40 + length if length else wire_end
    packet.version = 6
    packet.src_hi = u64(buf, at + 8)
    packet.src_lo = u64(buf, at + 16)
    packet.dst_hi = u64(buf, at + 24)
    packet.dst_lo = u64(buf, at + 32)
    packet.ip_id = 0
    packet.ttl = buf[at + 7]
    protocol = buf[at + 6]
    p = at + 40
    for _ in range(16):
        if protocol in (0, 43, 60, 135, 139, 140):
            if end - p < 8:
                return CUT_SHORT, 0, 0, 0
            protocol = buf[p]
            p += 8 + 8 * buf[p + 1]
        elif protocol == 51:
            if end - p < 8:
                return CUT_SHORT, 0, 0, 0
            protocol = buf[p]
            p += 8 + 4 * buf[p + 1]
        elif protocol == 44:
            if end - p < 8:
                return CUT_SHORT, 0, 0, 0
            if u16(buf, p + 2) & 0xFFF9:
                return FRAGMENT, at, buf[p], declared
            protocol = buf[p]
            p += 8
        else:
            break
    if p > declared:
        return MALFORMED, 0, 0, 0
    if p > end:
        return CUT_SHORT, 0, 0, 0
    return READ, p, protocol, declared


def quoted_flow(buf, at, end, icmp_protocol, packet):
    """True when an ICMP message reports that a TCP or UDP packet could not be delivered; `packet` then has that packet's flow.

    Destination unreachable, time exceeded and parameter problem count; "fragmentation needed" and "packet too big" don't, because
    the sender then retransmits in smaller packets. Eight bytes of the undelivered packet's payload are always quoted (RFC 792).
    """
    if end - at < 8 + 20 + 8:
        return False
    kind, code = buf[at], buf[at + 1]
    if icmp_protocol == PROTOCOL_ICMP:
        if not ((kind == 3 and code != 4) or kind in (11, 12)):
            return False
    elif kind not in (1, 3, 4):
        return False
    q = at + 8
    if buf[q] >> 4 == 4:
        header = 4 * (buf[q] & 0x0F)
        protocol = buf[q + 9]
        ports = q + header
        if u16(buf, q + 6) & 0x1FFF or header < 20 or protocol not in (TCP, UDP) or end - ports < 8:
            return False
        packet.version = 4
        packet.src_hi = 0
        packet.dst_hi = 0
        packet.src_lo = u32(buf, q + 12)
        packet.dst_lo = u32(buf, q + 16)
    elif buf[q] >> 4 == 6:
        protocol = buf[q + 6] if end - q >= 44 else buf[q]
        ports = q + 40
        if protocol not in (TCP, UDP) or end - ports < 8:
            return False
        packet.version = 6
        packet.src_hi = u64(buf, q + 8)
        packet.src_lo = u64(buf, q + 16)
        packet.dst_hi = u64(buf, q + 24)
        packet.dst_lo = u64(buf, q + 32)
    else:
        return False
    packet.protocol = protocol
    packet.src_port = u16(buf, ports)
    packet.dst_port = u16(buf, ports + 2)
    return True
