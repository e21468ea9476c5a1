"""GRE, and its uses by mirrors, caches and tunnels: ERSPAN, WCCP, EoIP, PPTP, Aruba's access points.

Sources: RFC 2784 and 2890 (GRE), RFC 2637 (PPTP's GRE), draft-foschiano-erspan, draft-mclaggan-wccp-v2rev1 4.12; Linux'
net/ipv4/gre_demux.c and Wireshark's packet-gre.c for WCCP, EoIP and Aruba.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u16_little
from analyzer.packets.guess import is_ip
from analyzer.packets.layout import NO_ID, WHY_GRE
from analyzer.packets.link import CUT, LAYER_ETHERNET, LAYER_IP, LAYER_PPP, LAYER_RELAY, LAYER_TYPE, LAYER_WLAN, NONE
from analyzer.packets.wrappings import Wrapping

PROTOCOL_GRE: Final = 47
GRE_PPP: Final = 0x880B
GRE_WCCP: Final = 0x883E
GRE_EOIP: Final = 0x6400
GRE_RELAY: Final = 0x6559
GRE_ETHERNET: Final = 0x6558
ERSPAN_2: Final = 0x88BE
ERSPAN_3: Final = 0x22EB

OUTER_GRE: Final = 4
OUTER_ERSPAN: Final = 5
OUTER_WCCP: Final = 14
OUTER_EOIP: Final = 17

WRAPPINGS: Final = (
    Wrapping(
        "gre",
        OUTER_GRE,
        "protocol",
        (PROTOCOL_GRE,),
        "GRE, PPTP's too; IP, Ethernet, PPP, MPLS, and 802.11 of Aruba's access points inside",
        "RFC 2784, 2890, 2637",
        scapy=("scapy.layers.l2.GRE_PPTP",),
    ),
    Wrapping(
        "wccp",
        OUTER_WCCP,
        "gre",
        (GRE_WCCP,),
        "what a router redirects to a web cache, version 1 and 2",
        "draft-mclaggan-wccp-v2rev1 4.12",
    ),
    Wrapping(
        "erspan",
        OUTER_ERSPAN,
        "gre",
        (ERSPAN_2, ERSPAN_3),
        "Cisco's mirror, types I to III; the id is the session",
        "draft-foschiano-erspan",
        scapy=tuple(f"scapy.contrib.erspan.ERSPAN{kind}" for kind in ("", "_I", "_II", "_III")),
    ),
    Wrapping(
        "eoip",
        OUTER_EOIP,
        "gre",
        (GRE_EOIP,),
        "MikroTik's Ethernet over IP; the id is the tunnel",
        "MikroTik's documentation, Wireshark packet-gre.c",
    ),
)


def after_gre(buf, at, end):
    """(position, layer, ethertype, kind, id) behind a GRE header; without a position, the ethertype has a WHY_*, as in link.py."""
    if end - at < 4:
        return CUT, 0, 0, 0, 0
    flags = u16(buf, at)
    carried = u16(buf, at + 2)
    if flags & 0x7 > 1 or flags & 0x4000:  # another version, or RFC 1701's source routes, which no one uses
        return NONE, 0, WHY_GRE | carried, 0, 0
    if flags & 0x7 == 1 and carried == GRE_EOIP:  # the key holds a length and, in little-endian order, the tunnel
        if end - at < 8:
            return CUT, 0, 0, 0, 0
        return at + 8, LAYER_ETHERNET, 0, OUTER_EOIP, u16_little(buf, at + 6)
    p = at + 4
    if flags & 0x8000:
        p += 4
    if flags & 0x2000:
        p += 4
    sequenced = flags & 0x1000
    if sequenced:
        p += 4
    if flags & 0x7 == 1 and flags & 0x80:
        p += 4
    if p > end:
        return CUT, 0, 0, 0, 0
    if carried in (ERSPAN_2, ERSPAN_3):
        return after_erspan(buf, p, end, carried, sequenced)
    if carried == GRE_WCCP:
        return after_wccp(buf, p, end)
    if carried == GRE_ETHERNET:
        return p, LAYER_ETHERNET, 0, OUTER_GRE, NO_ID
    if carried == GRE_RELAY:
        return p, LAYER_RELAY, 0, OUTER_GRE, NO_ID
    if carried == GRE_PPP:
        if flags & 0x7 == 1 and not sequenced:
            return NONE, 0, 0, 0, 0  # an acknowledgement of PPTP without payload
        return p, LAYER_PPP, 0, OUTER_GRE, NO_ID
    if 0x8200 <= carried <= 0x82FF or carried in (0x8300, 0x8310, 0x8320, 0x8330, 0x8340, 0x8350, 0x8360, 0x8370, 0x9000):
        return p, LAYER_WLAN, 0, OUTER_GRE, NO_ID  # Aruba access points
    if carried == 0:
        return NONE, 0, 0, 0, 0  # a keepalive
    return p, LAYER_TYPE, carried, OUTER_GRE, NO_ID


def after_erspan(buf, p, end, carried, sequenced):
    """The frame behind ERSPAN's own header, which type I doesn't have; the id is the session."""
    if carried == ERSPAN_2:
        if not sequenced:
            return p, LAYER_ETHERNET, 0, OUTER_ERSPAN, NO_ID
        if end - p < 8:
            return CUT, 0, 0, 0, 0
        if buf[p] >> 4 != 1:
            return NONE, 0, WHY_GRE | carried, 0, 0
        return p + 8, LAYER_ETHERNET, 0, OUTER_ERSPAN, u16(buf, p + 2) & 0x3FF
    if end - p < 12:
        return CUT, 0, 0, 0, 0
    if buf[p] >> 4 != 2:
        return NONE, 0, WHY_GRE | carried, 0, 0
    session = u16(buf, p + 2) & 0x3FF
    inner = p + (20 if buf[p + 11] & 1 else 12)
    if (buf[p + 10] >> 2) & 0x1F == 2:
        return inner, LAYER_IP, 0, OUTER_ERSPAN, session
    return inner, LAYER_ETHERNET, 0, OUTER_ERSPAN, session


def after_wccp(buf, p, end):
    """The packet that a router redirects: version 2 puts four bytes before it, version 1 none.

    The four bytes begin with flags; with two flags set they look like IPv6, with one like IPv4 with a header of length 0. But no IPv6
    packet has the length that another header's first bytes would give it.
    """
    if end - p < 1:
        return CUT, 0, 0, 0, 0
    first = buf[p]
    if 0x45 <= first <= 0x4F or (first >> 4 == 6 and not is_ip(buf, p + 4, end, False)):
        return p, LAYER_IP, 0, OUTER_WCCP, NO_ID
    return p + 4, LAYER_IP, 0, OUTER_WCCP, NO_ID
