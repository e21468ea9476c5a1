"""Headers between the link's header and IP: VLAN tags, MPLS labels, PPPoE, provider backbones, service chains, time tags.

Results as in link.py. Sources: IEEE 802.1Q, 802.1ah, 802.1BR; RFC 3032 (MPLS), RFC 2516 (PPPoE), RFC 8300 (NSH);
IEEE 802.1AE 9 (MACsec); 802.1CB 7.8; Wireshark's packet-cisco-metadata.c, packet-cisco-ttag.c and packet-avsp.c (Arista).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u24, u32
from analyzer.packets.layout import MAX_OUTER, WHY_ETHERTYPE, WHY_INNER
from analyzer.packets.link import BAD, CUT, LAYER_ETHERNET, LAYER_IP, LAYER_LLC, LAYER_PPP, LAYER_TYPE, LAYER_WLAN, NONE, after_mpls
from analyzer.packets.wrappings import Wrapping

OUTER_VLAN: Final = 1
OUTER_MPLS: Final = 2
OUTER_PPPOE: Final = 3
OUTER_PBB: Final = 19

WRAPPINGS: Final = (
    Wrapping(
        "vlan",
        OUTER_VLAN,
        "ethertype",
        (0x8100, 0x88A8, 0x9100, 0x9200),
        "802.1Q and 802.1ad tags; the id is the VLAN",
        "IEEE 802.1Q",
        scapy=("scapy.layers.l2.Dot1Q", "scapy.layers.l2.Dot1AD"),
    ),
    Wrapping(
        "mpls",
        OUTER_MPLS,
        "ethertype",
        (0x8847, 0x8848),
        "labels; behind the last IP, or Ethernet with or without a control word",
        "RFC 3032, 4385",
        scapy=("scapy.contrib.mpls.MPLS",),
    ),
    Wrapping("pppoe", OUTER_PPPOE, "ethertype", (0x8864,), "the id is the session", "RFC 2516", scapy=("scapy.layers.ppp.PPPoE",)),
    Wrapping("pbb", OUTER_PBB, "ethertype", (0x88E7,), "802.1ah provider backbone bridges; the id is the service instance", "IEEE 802.1ah"),
    Wrapping("", 0, "ethertype", (0x894F,), "network service header (NSH)", "RFC 8300"),
    Wrapping("", 0, "ethertype", (0x8926, 0x893F), "VN-Tag and E-Tag", "802.1BR"),
    Wrapping("", 0, "ethertype", (0x892F,), "HSR, rings without a gap", "IEC 62439-3"),
    Wrapping("", 0, "ethertype", (0xF1C1,), "R-Tag, of frames sent on two ways", "IEEE 802.1CB"),
    Wrapping("", 0, "ethertype", (0x8870,), "LLC in frames that are too long for a length", "draft-ietf-isis-ext-eth"),
    Wrapping("", 0, "ethertype", (0x2452,), "802.11, as Intel's cards handed it over", "Wireshark packet-ieee80211.c"),
    Wrapping("", 0, "ethertype", (0x4305,), "B.A.T.M.A.N. advanced, version 15", "Wireshark packet-batadv.c"),
    Wrapping("", 0, "ethertype", (0x22F3,), "TRILL, between the switches of a data centre", "RFC 6325"),
    Wrapping("", 0, "ethertype", (0x8903,), "Cisco's FabricPath", "Wireshark packet-mim.c"),
    Wrapping("", 0, "ethertype", (0x8909,), "Cisco MetaData", "Wireshark packet-cmd.c"),
    Wrapping("", 0, "ethertype", (0x88E5,), "MACsec that only authenticates", "IEEE 802.1AE"),
    Wrapping("", 0, "ethertype", (0x8988,), "Cisco's time tag (TTag)", "Wireshark packet-cisco-ttag.c"),
    Wrapping("", 0, "ethertype", (0xD28B,), "Arista's time tags (both lengths) and DzGRE", "Wireshark packet-avsp.c"),
)


def wrap(packet, kind, identity):
    """Record one more wrapping of the packet."""
    n = packet.wrapped
    if n < MAX_OUTER:
        entry = (kind << 24) | identity
        if n == 0:
            packet.outer0 = entry << 32
        elif n == 1:
            packet.outer0 |= entry
        elif n == 2:
            packet.outer1 = entry << 32
        else:
            packet.outer1 |= entry
        packet.wrapped = n + 1


def after_tag(buf, at, end, ethertype, packet):
    """The header behind a tag, label or session header between Ethernet and IP; NONE when it is another protocol."""
    if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
        if end - at < 4:
            return CUT, 0, 0
        wrap(packet, OUTER_VLAN, u16(buf, at) & 0xFFF)
        following = u16(buf, at + 2)
        if following < 1536:
            return at + 4, LAYER_LLC, 0
        return at + 4, LAYER_TYPE, following
    if ethertype in (0x8847, 0x8848):
        if end - at < 4:
            return CUT, 0, 0
        entry = u32(buf, at)
        wrap(packet, OUTER_MPLS, entry >> 12)
        if entry & 0x100:
            return after_mpls(buf, at + 4, end)
        return at + 4, LAYER_TYPE, ethertype  # not the bottom of the stack: another label
    if ethertype == 0x8864:
        if end - at < 6:
            return CUT, 0, 0
        if u16(buf, at) != 0x1100:
            return NONE, 0, 0
        wrap(packet, OUTER_PPPOE, u16(buf, at + 2))
        return at + 6, LAYER_PPP, 0
    if ethertype in (0x8926, 0x892F, 0xF1C1):  # VNTag (802.1BR), HSR, R-Tag (802.1CB)
        if end - at < 6:
            return CUT, 0, 0
        return at + 6, LAYER_TYPE, u16(buf, at + 4)
    if ethertype in (0x8909, 0x893F):  # Cisco MetaData, E-Tag (802.1BR)
        if end - at < 8:
            return CUT, 0, 0
        return at + 8, LAYER_TYPE, u16(buf, at + 6)
    if ethertype == 0x894F:  # NSH (RFC 8300)
        return after_nsh(buf, at, end)
    if ethertype == 0x6558:
        return at, LAYER_ETHERNET, 0
    if ethertype == 0x8870:
        return at, LAYER_LLC, 0
    if ethertype == 0x2452:
        return at, LAYER_WLAN, 0
    if ethertype == 0x88E7:  # 802.1ah: the customer's frame follows the service instance
        if end - at < 4:
            return CUT, 0, 0
        wrap(packet, OUTER_PBB, u24(buf, at + 1))
        return at + 4, LAYER_ETHERNET, 0
    if ethertype == 0x8988:  # Cisco's time tag
        if end - at < 8:
            return CUT, 0, 0
        return at + 8, LAYER_TYPE, u16(buf, at + 6)
    if ethertype == 0x22F3:
        if end - at < 2:
            return CUT, 0, 0
        if buf[at] >> 6:  # another version than 0
            return NONE, 0, WHY_ETHERTYPE | ethertype
        return at + 6 + 4 * (u16(buf, at) >> 6 & 0x1F), LAYER_ETHERNET, 0
    if ethertype == 0x8903:  # behind the forwarding tag and the TTL
        return at + 2, LAYER_ETHERNET, 0
    if ethertype == 0x4305:
        return after_batman(buf, at, end)
    if ethertype == 0x88E5:
        return after_macsec(buf, at, end)
    if ethertype == 0xD28B:
        return after_arista(buf, at, end)
    return NONE, 0, WHY_ETHERTYPE | ethertype


def after_batman(buf, at, end):
    """The frame behind the header of B.A.T.M.A.N. advanced, version 15: unicast, unicast with both addresses, and broadcast."""
    if end - at < 2:
        return CUT, 0, 0
    kind, size = buf[at], 0
    if buf[at + 1] == 15:
        if kind == 0x40:
            size = 10
        elif kind == 0x42:
            size = 18
        elif kind == 0x01:
            size = 14
        elif kind in (0, 2, 3, 4, 0x43):  # the mesh's own messages: announcements and echoes
            return NONE, 0, 0
    if size:
        return at + size, LAYER_ETHERNET, 0
    return NONE, 0, WHY_ETHERTYPE | 0x4305


def after_macsec(buf, at, end):
    """The frame behind MACsec's tag where it is neither encrypted (E) nor changed (C), and of version 0."""
    if end - at < 6:
        return CUT, 0, 0
    if buf[at] & 0x8C:
        return NONE, 0, WHY_ETHERTYPE | 0x88E5
    p = at + (14 if buf[at] & 0x20 else 6)
    if end - p < 2:
        return CUT, 0, 0
    if u16(buf, p) < 1536:
        return p + 2, LAYER_LLC, 0
    return p + 2, LAYER_TYPE, u16(buf, p)


def after_arista(buf, at, end):
    """The frame behind the header of Arista's switches on a mirrored packet: times of 48 or 64 bits, or the ingress port (DzGRE)."""
    if end - at < 4:
        return CUT, 0, 0
    subtype, version = u16(buf, at), u16(buf, at + 2)
    size = 0
    if subtype == 1 and version & 0xFEFE == 0x10:
        size = 8
    elif subtype in (1, 3) and version & 0xFEFE == 0x20:
        size = 6
    if size:
        if end - at < 4 + size + 2:
            return CUT, 0, 0
        return at + 4 + size + 2, LAYER_TYPE, u16(buf, at + 4 + size)
    if subtype == 7:
        return at + 12, LAYER_ETHERNET, 0
    if subtype == 8:
        return at + 8, LAYER_ETHERNET, 0
    if subtype == 9:
        return at + 20, LAYER_ETHERNET, 0
    return NONE, 0, WHY_ETHERTYPE | 0xD28B


def after_nsh(buf, at, end):
    """The packet behind a network service header (RFC 8300 2)."""
    if end - at < 8:
        return CUT, 0, 0
    if buf[at + 1] & 0x3F < 2:
        return BAD, 0, 0
    p = at + 4 * (buf[at + 1] & 0x3F)
    following = buf[at + 3]
    if following in (1, 2):
        return p, LAYER_IP, 0
    if following == 3:
        return p, LAYER_ETHERNET, 0
    if following == 5:
        return p, LAYER_TYPE, 0x8847
    return NONE, 0, WHY_INNER
