"""From a frame's first byte to the header it carries: link types, VLAN tags, MPLS labels, PPP.

Every function here answers "where is the next header and what is it": (position, layer, ethertype). Layers are the
constants below. A negative position says why there is none: CUT (captured bytes end), BAD (contradiction), NONE (nothing to read).
Sources: tcpdump.org/linktypes.html, IEEE 802.1Q, RFC 3032 (MPLS), RFC 2516 (PPPoE), RFC 1661 and 1662 (PPP).
"""

from __future__ import annotations

from typing import Final

from analyzer.kernels import kernel
from analyzer.packets.fields import u16, u16_little, u32

CUT: Final = -1
BAD: Final = -2
NONE: Final = -3
UNKNOWN: Final = -4  # a link type that isn't read

LAYER_ETHERNET: Final = 1
LAYER_TYPE: Final = 2  # whatever the ethertype says
LAYER_IP: Final = 3  # IPv4 or IPv6, by its first nibble
LAYER_PPP: Final = 4
LAYER_WLAN: Final = 5
LAYER_LLC: Final = 6

IPV4: Final = 0x0800
IPV6: Final = 0x86DD

LINK_NULL: Final = 0
LINK_ETHERNET: Final = 1
LINK_PPP: Final = 9
LINK_PPP_HDLC: Final = 50
LINK_PPPOE: Final = 51
LINK_RAW: Final = 101
LINK_CISCO_HDLC: Final = 104
LINK_WLAN: Final = 105
LINK_LOOP: Final = 108
LINK_SLL: Final = 113
LINK_RADIOTAP: Final = 127
LINK_IPV4: Final = 228
LINK_IPV6: Final = 229
LINK_NFLOG: Final = 239
LINK_SLL2: Final = 276


@kernel
def begin(buf, at, end, link_type):  # type: ignore[no-untyped-def]
    """(position, layer, ethertype) of the first header behind the link header of `link_type`."""
    if link_type == LINK_ETHERNET:
        return at, LAYER_ETHERNET, 0
    if link_type in (LINK_RAW, 12, 14, LINK_IPV4, LINK_IPV6):
        return at, LAYER_IP, 0
    if link_type == LINK_SLL:
        if end - at < 16:
            return CUT, 0, 0
        return at + 16, LAYER_TYPE, u16(buf, at + 14)
    if link_type == LINK_SLL2:
        if end - at < 20:
            return CUT, 0, 0
        return at + 20, LAYER_TYPE, u16(buf, at)
    if link_type in (LINK_NULL, LINK_LOOP):
        # An address family in the byte order of the machine that captured; only its size is sure, so IP tells itself.
        if end - at < 4:
            return CUT, 0, 0
        return at + 4, LAYER_IP, 0
    if link_type in (LINK_PPP, LINK_PPP_HDLC):
        return at, LAYER_PPP, 0
    if link_type == LINK_PPPOE:
        return at, LAYER_TYPE, 0x8864
    if link_type == LINK_CISCO_HDLC:
        if end - at < 4:
            return CUT, 0, 0
        return at + 4, LAYER_TYPE, u16(buf, at + 2)
    if link_type == LINK_WLAN:
        return at, LAYER_WLAN, 0
    if link_type == LINK_RADIOTAP:
        if end - at < 4:
            return CUT, 0, 0
        if u16_little(buf, at + 2) < 8:
            return BAD, 0, 0
        return at + u16_little(buf, at + 2), LAYER_WLAN, 0
    if link_type == LINK_NFLOG:
        return nflog_payload(buf, at, end)
    return UNKNOWN, 0, 0


@kernel
def nflog_payload(buf, at, end):  # type: ignore[no-untyped-def]
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


@kernel
def after_wlan(buf, at, end):  # type: ignore[no-untyped-def]
    """The LLC header behind an 802.11 data frame's header (IEEE 802.11 9.3.2); encrypted and other frames carry none."""
    if end - at < 24:
        return CUT, 0, 0
    control, flags = buf[at], buf[at + 1]
    if control & 0x0C != 0x08 or control & 0x40 or flags & 0x40:
        return NONE, 0, 0
    p = at + 24
    if flags & 0x03 == 0x03:
        p += 6
    if control & 0x80:
        p += 2
        if flags & 0x80:
            p += 4
    return p, LAYER_LLC, 0


@kernel
def after_llc(buf, at, end):  # type: ignore[no-untyped-def]
    """The ethertype of an LLC/SNAP header (RFC 1042); NONE for other LLC, and for numbers that an organisation gave itself."""
    if end - at < 8:
        return CUT, 0, 0
    if u32(buf, at) != 0xAAAA0300 or u16(buf, at + 4) != 0:
        return NONE, 0, 0
    return at + 8, LAYER_TYPE, u16(buf, at + 6)


@kernel
def after_ethernet(buf, at, end):  # type: ignore[no-untyped-def]
    """Behind an Ethernet header; a type below 1536 is a length, and LLC follows."""
    if end - at < 14:
        return CUT, 0, 0
    ethertype = u16(buf, at + 12)
    if ethertype < 1536:
        return at + 14, LAYER_LLC, 0
    return at + 14, LAYER_TYPE, ethertype


@kernel
def after_ppp(buf, at, end):  # type: ignore[no-untyped-def]
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
        protocol = buf[p] + 0
        step = 1
    if protocol in (0x0021, 0x0057):
        return p + step, LAYER_IP, 0
    if protocol == 0x0281:
        return p + step, LAYER_TYPE, 0x8847
    return NONE, 0, 0


@kernel
def after_mpls(buf, at, end):  # type: ignore[no-untyped-def]
    """Behind the last MPLS label: IP by its first nibble, else an Ethernet pseudowire with or without a control word."""
    p = at
    if end - p < 1:
        return CUT, 0, 0
    nibble = buf[p] >> 4
    if nibble in (4, 6):
        return p, LAYER_IP, 0
    if nibble == 0:
        return p + 4, LAYER_ETHERNET, 0
    return p, LAYER_ETHERNET, 0
