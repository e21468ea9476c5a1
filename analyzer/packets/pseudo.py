"""Link types with a header of the capturing system before the packet: pflog, enc, PKTAP, PPI, ipnet, NFLOG, ERF,
Juniper's, SunATM's, exported PDUs.

Results as in link.py. Sources: tcpdump.org/linktypes.html; OpenBSD's and FreeBSD's if_pflog.h and if_enc.h; Apple's
pktap.h; Wireshark's packet-pflog.c, packet-enc.c, packet-pktap.c, packet-ppi.c, packet-ipnet.c, packet-juniper.c, packet-ipoib.c,
packet-erf.c.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u16_little, u24, u32, u32_little
from analyzer.packets.guess import guessed, is_ppp
from analyzer.packets.layout import WHY_INNER, WHY_LINK
from analyzer.packets.link import (
    BAD,
    CUT,
    LAYER_ETHERNET,
    LAYER_IP,
    LAYER_LINK,
    LAYER_LLC,
    LAYER_PPP,
    LAYER_RELAY,
    LAYER_TYPE,
    LAYER_WLAN,
    LAYER_WLAN_PADDED,
    NONE,
)

# pflog's shortest header ends behind the direction's byte, or, before OpenBSD 4, with the rule numbers.
PFLOG_LEAST: Final = 45
PKTAP_LEAST: Final = 108
PKTAP_PACKET: Final = 1  # a packet follows the header

LINK_ERF: Final = 197
LINK_EXPORTED: Final = 252

# An exported PDU's tags, each with a type, a length and a value: the last one, and the name of the dissector, of which the first four
# letters are looked at.
TAG_END: Final = 0
TAG_NAME: Final = 12
MAX_TAGS: Final = 64
NAME_IP: Final = 0x69700000
NAME_IPV6: Final = 0x69707636
NAME_ETH: Final = 0x6574685F  # eth_withoutfcs and its like

SUN_LANE: Final = 1
LANE_CONTROL: Final = 0xFF00

JUNIPER_ETHER: Final = 178
JUNIPER_PPPOE: Final = 167
JUNIPER_PPP: Final = 179
JUNIPER_RELAY: Final = 180
JUNIPER_HDLC: Final = 181
JUNIPER_GGSN: Final = 133
JUNIPER_MAGIC: Final = 0x4D4743
# The possible lengths of the other interfaces' headers in bytes, a bit for each: 0, 2, 4, 8, 10, 12, 16, 18, 20, 58.
JUNIPER_HEADERS: Final = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 16 | 1 << 18 | 1 << 20 | 1 << 58


def after_pflog(buf, at, end):
    """The packet behind pf's log header, whose length is padded to a multiple of four."""
    if end - at < 4:
        return CUT, 0, 0
    if buf[at] < PFLOG_LEAST:
        return BAD, 0, 0
    return at + ((buf[at] + 3) & ~3), LAYER_IP, 0


def after_erf(buf, at, end):
    """The packet behind the header of an Endace card's record and its extension headers; Ethernet frames have two bytes before them."""
    if end - at < 16:
        return CUT, 0, 0
    kind, p = buf[at + 8], at + 16
    more = kind & 0x80
    while more:
        if end - p < 8:
            return CUT, 0, 0
        more = buf[p] & 0x80
        p += 8
    kind &= 0x7F
    if kind in (2, 11, 16, 20):  # Ethernet, for some cards with a color or a hash
        return p + 2, LAYER_ETHERNET, 0
    if kind in (22, 23):
        return p, LAYER_IP, 0
    return NONE, 0, WHY_LINK | LINK_ERF


def after_pktap(buf, at, end):
    """The frame behind Apple's header, which contains its link type."""
    if end - at < 12:
        return CUT, 0, 0
    length = u32_little(buf, at)
    if length < PKTAP_LEAST:
        return BAD, 0, 0
    if u32_little(buf, at + 4) != PKTAP_PACKET:
        return NONE, 0, 0
    return at + length, LAYER_LINK, u32_little(buf, at + 8)


def is_pktap(buf, at, end):
    """True when Apple's header begins here, which macOS wrote under a link type that others use too (149)."""
    return (
        end - at >= PKTAP_LEAST
        and PKTAP_LEAST <= u32_little(buf, at) <= 4 * PKTAP_LEAST
        and u32_little(buf, at + 4) <= PKTAP_PACKET
        and u32_little(buf, at + 8) < 512
    )


def after_ax25(buf, at, end):
    """The IP packet behind AX.25's addresses, of which the last has its last bit set, in an unnumbered frame."""
    p = at + 7
    while p < at + 70 and p <= end and buf[p - 1] & 1 == 0:
        p += 7
    if end - p < 2:
        return CUT, 0, 0
    if buf[p] == 0x03 and buf[p + 1] == 0xCC:
        return p + 2, LAYER_IP, 0
    return NONE, 0, 0


def after_arcnet(buf, at, end, is_bsd):
    """The packet behind ARCNET's system code at `at`: unfragmented IP by RFC 1201, or RFC 1051.

    A packet of a length that no frame can have is an exception (RFC 1201 2): a header of four bytes comes before the usual one. Linux takes
    it off, BSD doesn't (Wireshark packet-arcnet.c).
    """
    if end - at < 2:
        return CUT, 0, 0
    if buf[at] == 0xF0:
        return at + 1, LAYER_IP, 0
    if is_bsd and buf[at] == 0xD4 and buf[at + 1] == 0xFF:
        at += 4
        if end - at < 2:
            return CUT, 0, 0
    if buf[at] == 0xD4 and buf[at + 1] == 0:
        return at + 4, LAYER_IP, 0
    return NONE, 0, 0


def after_sun_atm(buf, at, end):
    """The packet behind SunATM's header of four bytes, whose first says whether LAN emulation or LLC follows (Wireshark packet-atm.c)."""
    if end - at < 6:
        return CUT, 0, 0
    if buf[at] & 0x0F != SUN_LANE:
        return at + 4, LAYER_LLC, 0
    if u16(buf, at + 4) == LANE_CONTROL:
        return NONE, 0, 0
    return at + 6, LAYER_ETHERNET, 0


def after_exported(buf, at, end):
    """The packet behind an exported PDU's tags, where the dissector they name is IP's or Ethernet's (Wireshark epan/exported_pdu.h)."""
    name = 0
    for _ in range(MAX_TAGS):
        if end - at < 4:
            return CUT, 0, 0
        kind, size = u16(buf, at), u16(buf, at + 2)
        at += 4
        if kind == TAG_END:
            if name in (NAME_IP, NAME_IPV6):
                return at, LAYER_IP, 0
            if name == NAME_ETH:
                return at, LAYER_ETHERNET, 0
            return NONE, 0, WHY_LINK | LINK_EXPORTED
        if end - at < size:
            return CUT, 0, 0
        if kind == TAG_NAME and size >= 4:
            name = u32(buf, at)
        at += size
    return NONE, 0, WHY_LINK | LINK_EXPORTED


def after_symantec(buf, at, end):
    """The packet behind the header of Symantec's firewall before version 3, which has no type there (Wireshark packet-symantec.c)."""
    if end - at < 8:
        return CUT, 0, 0
    if u16(buf, at + 6) == 0:
        return NONE, 0, 0
    return at + 44, LAYER_TYPE, u16(buf, at + 6)


def after_radiotap(buf, at, end):
    """The frame behind a radiotap header, whose flags show whether the frame's own header is padded (radiotap.org: 0x20)."""
    if end - at < 8:
        return CUT, 0, 0
    size = u16_little(buf, at + 2)
    if size < 8:
        return BAD, 0, 0
    present = u32_little(buf, at + 4)
    p, more, stop = at + 8, present, min(end, at + size)
    while more >> 31 and p + 4 <= stop:  # another word of presence bits
        more = u32_little(buf, p)
        p += 4
    if present & 1:  # a time, aligned to eight bytes
        p += ((at - p) & 7) + 8
    if present & 2 and p < stop and buf[p] & 0x20:
        return at + size, LAYER_WLAN_PADDED, 0
    return at + size, LAYER_WLAN, 0


def after_ppi(buf, at, end):
    """The frame behind a per-packet information header, which contains its link type."""
    if end - at < 8:
        return CUT, 0, 0
    if u16_little(buf, at + 2) < 8:
        return BAD, 0, 0
    return at + u16_little(buf, at + 2), LAYER_LINK, u32_little(buf, at + 4)


def after_nflog(buf, at, end):
    """The packet inside an NFLOG frame: the value of its attribute 9 (NFULA_PAYLOAD), IP by its first nibble."""
    if end - at < 4:
        return CUT, 0, 0
    p = at + 4
    while end - p >= 4:
        length = u16_little(buf, p)
        if length < 4:
            return BAD, 0, 0
        if u16_little(buf, p + 2) & 0x7FFF == 9:
            return p + 4, LAYER_IP, 0
        p += (length + 3) & ~3
    return NONE, 0, 0


def after_ipoib(buf, at, end):
    """The packet behind IP over InfiniBand's header (RFC 4391 6), which follows 40 bytes of routing, an address of 20, or nothing."""
    for k in range(3):
        p = at + 40 - 20 * k
        if end - p >= 4 and u16(buf, p) in (0x0800, 0x86DD, 0x0806) and u16(buf, p + 2) == 0:
            return p + 4, LAYER_TYPE, u16(buf, p)
    if end - at < 44:
        return CUT, 0, 0
    return at + 44, LAYER_TYPE, u16(buf, at + 40)


def after_prism(buf, at, end):
    """The frame behind a Prism header, whose length is in the capturing machine's byte order, or behind an AVS header in its place."""
    if end - at < 8:
        return CUT, 0, 0
    if u32(buf, at) >> 12 == 0x80211:
        return at + u32(buf, at + 4), LAYER_WLAN, 0
    length = min(u32(buf, at + 4), u32_little(buf, at + 4))
    if length < 8:
        return BAD, 0, 0
    return at + length, LAYER_WLAN, 0


def after_juniper(buf, at, end, link_type):
    """The packet behind a Juniper router's header: by its flags, else by the interface's kind, else by a header that fits.

    Old versions of the system write no header of their own.
    """
    p = at
    if end - p < 4:
        return CUT, 0, 0
    if u24(buf, p) == JUNIPER_MAGIC:
        flags = buf[p + 3]
        p += 4
        if flags & 0x80:  # extensions
            if end - p < 2:
                return CUT, 0, 0
            p += 2 + u16(buf, p)
        if flags & 0x02:  # the link's own header was taken off
            if end - p < 4:
                return CUT, 0, 0
            return juniper_payload(u32_little(buf, p), p + 4)
    if p >= end:
        return CUT, 0, 0
    if link_type in (JUNIPER_ETHER, JUNIPER_PPPOE):
        return p, LAYER_ETHERNET, 0
    if link_type == JUNIPER_PPP:
        if end - p >= 4 and u16(buf, p) != 0xFF03 and not is_ppp(buf, p, end, False):
            p += 2  # an address and control field without meaning
        return p, LAYER_PPP, 0
    if link_type == JUNIPER_RELAY:
        return p, LAYER_RELAY, 0
    if link_type == JUNIPER_HDLC:
        if end - p < 4:
            return CUT, 0, 0
        return p + 4, LAYER_TYPE, u16(buf, p + 2)
    if link_type == JUNIPER_GGSN:
        if end - p < 4:
            return CUT, 0, 0
        return juniper_payload(u16_little(buf, p), p + 4)
    found, layer, ethertype = guessed(buf, p, end, JUNIPER_HEADERS)
    if found == NONE:
        return NONE, 0, WHY_LINK | link_type
    return found, layer, ethertype


def juniper_payload(kind, at):
    """The header that Juniper's protocol number announces."""
    if kind in (2, 3, 6, 7):
        return at, LAYER_IP, 0
    if kind == 0xA248:
        return at + 4, LAYER_IP, 0
    if kind in (4, 5, 8, 32):
        return at, LAYER_TYPE, 0x8847
    if kind == 200:
        return at, LAYER_PPP, 0
    if kind == 204:
        return at, LAYER_ETHERNET, 0
    if kind == 207:
        return at, LAYER_RELAY, 0
    if kind in (202, 203):
        return at, LAYER_LLC, 0
    return NONE, 0, WHY_INNER
