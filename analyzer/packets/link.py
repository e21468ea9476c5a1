"""Link headers: Ethernet, LLC, 802.11, PPP, frame relay, MPLS labels.

Every function here returns the position and the kind of the next header: (position, layer, ethertype). Layers are the
constants below. A negative position is the reason for none: CUT (captured bytes end), BAD (contradiction), NONE (nothing to read);
then the ethertype's place has what isn't read (WHY_* of layout.py; 0: nothing with conversations).
Sources: Wireshark's packet-isl.c, IEEE 802.1Q, IEEE 802.11, RFC 1042 (SNAP), RFC 1661, 1662, 1990, 3518 (PPP), RFC 2427 (frame relay), RFC
3032 (MPLS).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u24
from analyzer.packets.layout import WHY_LLC, WHY_PPP, WHY_SNAP, WHY_WLAN

CUT: Final = -1
BAD: Final = -2
NONE: Final = -3
UNKNOWN: Final = -4  # a link type that isn't read

LAYER_ETHERNET: Final = 1
LAYER_TYPE: Final = 2  # by the ethertype
LAYER_IP: Final = 3  # IPv4 or IPv6, by its first nibble
LAYER_PPP: Final = 4
LAYER_WLAN: Final = 5
LAYER_LLC: Final = 6
LAYER_LINK: Final = 7  # a link type's own header; the ethertype's place has the link type
LAYER_WLAN_SWAPPED: Final = 8  # 802.11 with the two bytes of its frame control swapped, as in some CAPWAP
LAYER_RELAY: Final = 9  # frame relay
LAYER_WLAN_PADDED: Final = 10  # 802.11 whose header is padded to a multiple of four bytes
LAYER_AGGREGATED: Final = 11  # several packets in one 802.11 frame (aggregated.py)

IPV4: Final = 0x0800
IPV6: Final = 0x86DD

ISL: Final = 26  # bytes of Cisco's header before a frame of a trunk
LINK_ETHERNET: Final = 1
LINK_RAW: Final = 101


def after_wlan(buf, at, end, swapped, padded):
    """The LLC header behind an 802.11 data frame's header (IEEE 802.11 9.3.2); encrypted, aggregated and other frames have none to read.

    swapped   whether the two bytes of the frame control are swapped
    padded    whether the header is padded to a multiple of four bytes, as some cards do
    """
    if end - at < 24:
        return CUT, 0, 0
    control, flags = buf[at], buf[at + 1]
    if swapped:
        control, flags = flags, control
    if control & 0x0C != 0x08 or control & 0x40:
        return NONE, 0, 0
    p = at + 24
    joined, in_mesh = False, False
    if flags & 0x03 == 0x03:
        p += 6
    if control & 0x80:
        if p >= end:
            return CUT, 0, 0
        joined = buf[p] & 0x80 != 0
        in_mesh = end - p > 1 and buf[p + 1] & 0x01 != 0
        p += 2
        if flags & 0x80:
            p += 4
    if padded:
        p += (at - p) & 3
    if joined:
        return after_subframe(buf, p, end, flags)
    # Behind a mesh control field there are none to two addresses (9.2.4.8.3); outside of a mesh the bit has another meaning.
    if in_mesh and end - p >= 6 and u24(buf, p) != 0xAAAA03:
        q = p + 6 + 6 * (buf[p] & 0x03)
        if end - q >= 3 and u24(buf, q) == 0xAAAA03:
            p = q
    # A card that decrypts frames may leave the flag set: then the packet's header is in the cipher header's place.
    if flags & 0x40 and (end - p < 6 or u24(buf, p) != 0xAAAA03 or u24(buf, p + 3) != 0):
        return NONE, 0, WHY_WLAN | 0x40
    return p, LAYER_LLC, 0


def after_subframe(buf, at, end, flags):
    """The LLC header in an A-MSDU with one packet (IEEE 802.11 9.3.2.2); with several, the first one's header."""
    if end - at < 22:
        return CUT, 0, 0
    size = u16(buf, at + 12)
    if u24(buf, at + 14) != 0xAAAA03 or size < 8:
        return NONE, 0, WHY_WLAN | (0x40 if flags & 0x40 else 0x80)
    if end - at - (size + 14 + 3 & ~3) >= 22:
        return at, LAYER_AGGREGATED, 0
    return at + 14, LAYER_LLC, 0


def after_llc(buf, at, end):
    """The header behind LLC (IEEE 802.2): the ethertype of SNAP (RFC 1042), or IP; NONE for other LLC and for an organisation's own
    numbers."""
    if end - at < 3:
        return CUT, 0, 0
    if u24(buf, at) == 0x060603:
        return at + 3, LAYER_IP, 0
    if u24(buf, at) != 0xAAAA03:
        return NONE, 0, WHY_LLC | u16(buf, at)
    if end - at < 8:
        return CUT, 0, 0
    if u24(buf, at + 3) == 0x0080C2 and u16(buf, at + 6) in (1, 7):  # a bridged Ethernet frame (RFC 2684 5.2), behind two bytes
        return at + 10, LAYER_ETHERNET, 0
    if u24(buf, at + 3) not in (0, 0x0000F8):  # ethertypes: RFC 1042's, and 802.1H's for frames tunnelled through a bridge
        return NONE, 0, WHY_SNAP | u24(buf, at + 3)
    return at + 8, LAYER_TYPE, u16(buf, at + 6)


def after_ethernet(buf, at, end):
    """The header behind Ethernet's; a type below 1536 is a length, and LLC follows, or the rest of ISL's header with Cisco's address."""
    if end - at < 14:
        return CUT, 0, 0
    ethertype = u16(buf, at + 12)
    if ethertype < 1536:
        if u16(buf, at) in (0x0100, 0x0300) and u24(buf, at + 2) == 0x0C0000 and buf[at + 5] < 0x10:
            return at + ISL, LAYER_ETHERNET, 0
        return at + 14, LAYER_LLC, 0
    return at + 14, LAYER_TYPE, ethertype


def after_ppp(buf, at, end):
    """Behind a PPP header: the address and control bytes, and a protocol's first zero byte, may be left out."""
    p = at
    if end - p >= 2 and buf[p] == 0xFF and buf[p + 1] == 0x03:
        p += 2
    elif end - p >= 2 and buf[p] in (0x0F, 0x8F) and buf[p + 1] == 0x00:
        if end - p < 4:
            return CUT, 0, 0
        return p + 4, LAYER_TYPE, u16(buf, p + 2)  # Cisco HDLC under a PPP link type
    if end - p < 2:
        return CUT, 0, 0
    protocol = u16(buf, p)
    step = 2
    if buf[p] & 1:
        protocol = buf[p]
        step = 1
    p += step
    if protocol in (0x0021, 0x0057):
        return p, LAYER_IP, 0
    if protocol == 0x0281:
        return p, LAYER_TYPE, 0x8847
    if protocol == 0x0031:  # a bridged frame (RFC 3518 4.1): flags, and its LAN type
        if end - p < 2:
            return CUT, 0, 0
        if buf[p + 1] == 1:
            return p + 2, LAYER_ETHERNET, 0
    if protocol == 0x003D:  # a multilink fragment (RFC 1990 3): read where it carries the whole packet
        if end - p < 4:
            return CUT, 0, 0
        if buf[p] & 0xC0 == 0xC0:
            return p + 4, LAYER_PPP, 0
    return NONE, 0, WHY_PPP | protocol


def after_relay(buf, at, end):
    """The header behind frame relay's (RFC 2427), or behind Cisco's with an ethertype."""
    p = at
    for _ in range(4):  # the address ends with the byte whose last bit is set
        if p >= end:
            return CUT, 0, 0
        p += 1
        if buf[p - 1] & 1:
            break
    if end - p < 4:
        return CUT, 0, 0
    if buf[p] != 0x03:
        return p + 2, LAYER_TYPE, u16(buf, p)
    p += 1
    if buf[p] == 0:
        p += 1
    if buf[p] in (0xCC, 0x8E):
        return p + 1, LAYER_IP, 0
    if buf[p] == 0xCF:
        return p + 1, LAYER_PPP, 0
    if buf[p] != 0x80:
        return NONE, 0, WHY_LLC | buf[p]
    if end - p < 6:
        return CUT, 0, 0
    if u24(buf, p + 1) == 0:
        return p + 6, LAYER_TYPE, u16(buf, p + 4)
    if u24(buf, p + 1) == 0x0080C2 and u16(buf, p + 4) == 7:  # a bridged Ethernet frame without its check sequence
        return p + 6, LAYER_ETHERNET, 0
    return NONE, 0, WHY_SNAP | u24(buf, p + 1)


def after_mpls(buf, at, end):
    """The header behind the last MPLS label: IP by its first nibble, else an Ethernet pseudowire with or without a control word."""
    p = at
    if end - p < 1:
        return CUT, 0, 0
    nibble = buf[p] >> 4
    if nibble in (4, 6):
        return p, LAYER_IP, 0
    if nibble == 0:
        return p + 4, LAYER_ETHERNET, 0
    return p, LAYER_ETHERNET, 0
