"""What carries packets inside packets: GRE and ERSPAN, VXLAN, GENEVE, GTP-U, Teredo.

Each function says where the inner header begins and what it is, as in link.py, and which id the tunnel has.
Sources: RFC 2784 and 2890 (GRE), 2637 (PPTP's GRE), draft-foschiano-erspan, RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (GENEVE),
3GPP TS 29.281 (GTP-U), RFC 4380 (Teredo).
"""

from __future__ import annotations

from typing import Final

from analyzer.kernels import kernel
from analyzer.packets.fields import u16, u24
from analyzer.packets.layout import NO_ID, OUTER_ERSPAN, OUTER_GENEVE, OUTER_GRE, OUTER_GTP, OUTER_TEREDO, OUTER_VXLAN
from analyzer.packets.link import BAD, CUT, LAYER_ETHERNET, LAYER_IP, LAYER_PPP, LAYER_TYPE, LAYER_WLAN, NONE

PORT_VXLAN: Final = 4789
PORT_VXLAN_LINUX: Final = 8472  # what Linux used before the port was assigned, and flannel still does
PORT_VXLAN_GPE: Final = 4790
PORT_GENEVE: Final = 6081
PORT_GTP_U: Final = 2152
PORT_TEREDO: Final = 3544


@kernel
def after_gre(buf, at, end):  # type: ignore[no-untyped-def]
    """(position, layer, ethertype, kind, id) behind a GRE header; ERSPAN's id is its session."""
    if end - at < 4:
        return CUT, 0, 0, 0, 0
    flags = u16(buf, at)
    if flags & 0x7 > 1 or flags & 0x4000:  # another version, or RFC 1701's source routes, which nobody sends
        return NONE, 0, 0, 0, 0
    carried = u16(buf, at + 2)
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
    if carried == 0x88BE:
        if not sequenced:
            return p, LAYER_ETHERNET, 0, OUTER_ERSPAN, NO_ID  # type I has no header of its own
        if end - p < 8:
            return CUT, 0, 0, 0, 0
        if buf[p] >> 4 != 1:
            return NONE, 0, 0, 0, 0
        return p + 8, LAYER_ETHERNET, 0, OUTER_ERSPAN, u16(buf, p + 2) & 0x3FF
    if carried == 0x22EB:
        if end - p < 12:
            return CUT, 0, 0, 0, 0
        if buf[p] >> 4 != 2:
            return NONE, 0, 0, 0, 0
        session = u16(buf, p + 2) & 0x3FF
        inner = p + (20 if buf[p + 11] & 1 else 12)
        if (buf[p + 10] >> 2) & 0x1F == 2:
            return inner, LAYER_IP, 0, OUTER_ERSPAN, session
        return inner, LAYER_ETHERNET, 0, OUTER_ERSPAN, session
    if carried == 0x6558:
        return p, LAYER_ETHERNET, 0, OUTER_GRE, NO_ID
    if carried == 0x880B:
        return p, LAYER_PPP, 0, OUTER_GRE, NO_ID
    if 0x8200 <= carried <= 0x82FF or carried in (0x8300, 0x8310, 0x8320, 0x8330, 0x8340, 0x8350, 0x8360, 0x8370, 0x9000):
        return p, LAYER_WLAN, 0, OUTER_GRE, NO_ID  # Aruba access points
    return p, LAYER_TYPE, carried, OUTER_GRE, NO_ID


@kernel
def after_udp_tunnel(buf, at, end, src_port, dst_port):  # type: ignore[no-untyped-def]
    """(position, layer, ethertype, kind, id) of a tunnel in a UDP payload, position NONE when it is an ordinary datagram."""
    if dst_port in (PORT_VXLAN, PORT_VXLAN_LINUX) or src_port == PORT_VXLAN:
        # The flags byte must have the I bit and nothing that isn't assigned (G, B, A and P of its extensions are).
        if end - at < 8 or buf[at] & 0x08 == 0 or buf[at] & 0x30 or (dst_port == PORT_VXLAN_LINUX and u24(buf, at + 1)):
            return NONE, 0, 0, 0, 0
        return at + 8, LAYER_ETHERNET, 0, OUTER_VXLAN, u24(buf, at + 4)
    if dst_port == PORT_VXLAN_GPE:
        if end - at < 8 or buf[at] & 0x08 == 0:
            return NONE, 0, 0, 0, 0
        # With the P bit the fourth byte tells what is inside: IPv4, IPv6, Ethernet.
        if buf[at] & 0x04 and buf[at + 3] in (1, 2):
            return at + 8, LAYER_IP, 0, OUTER_VXLAN, u24(buf, at + 4)
        if buf[at] & 0x04 and buf[at + 3] != 3:
            return at + 8, LAYER_TYPE, 0, OUTER_VXLAN, u24(buf, at + 4)
        return at + 8, LAYER_ETHERNET, 0, OUTER_VXLAN, u24(buf, at + 4)
    if dst_port == PORT_GENEVE:
        if end - at < 8 or buf[at] >> 6 != 0:
            return NONE, 0, 0, 0, 0
        inner = at + 8 + 4 * (buf[at] & 0x3F)
        if inner > end:
            return CUT, 0, 0, 0, 0
        if u16(buf, at + 2) == 0x6558:
            return inner, LAYER_ETHERNET, 0, OUTER_GENEVE, u24(buf, at + 4)
        return inner, LAYER_TYPE, u16(buf, at + 2), OUTER_GENEVE, u24(buf, at + 4)
    if PORT_GTP_U in (dst_port, src_port):
        return after_gtp(buf, at, end)
    if PORT_TEREDO in (dst_port, src_port):
        return after_teredo(buf, at, end)
    return NONE, 0, 0, 0, 0


@kernel
def after_gtp(buf, at, end):  # type: ignore[no-untyped-def]
    """The user packet of a GTP-U G-PDU (version 1, message 255), its extension headers skipped."""
    if end - at < 8 or buf[at] >> 4 != 0x3 or buf[at + 1] != 0xFF:
        return NONE, 0, 0, 0, 0
    p = at + 8
    if buf[at] & 0x07:
        if end - p < 4:
            return CUT, 0, 0, 0, 0
        following = buf[p + 3] if buf[at] & 0x04 else buf[p + 3] * 0
        p += 4
        while following:
            if end - p < 4 or buf[p] == 0:
                return BAD, 0, 0, 0, 0
            size = 4 * int(buf[p])
            if end - p < size:
                return CUT, 0, 0, 0, 0
            p += size
            following = buf[p - 1]
    return p, LAYER_IP, 0, OUTER_GTP, NO_ID


@kernel
def after_teredo(buf, at, end):  # type: ignore[no-untyped-def]
    """The IPv6 packet in a Teredo datagram, behind its authentication and origin indications."""
    p = at
    if end - p >= 4 and u16(buf, p) == 1:
        p += 4 + int(buf[p + 2]) + int(buf[p + 3]) + 9
    if end - p >= 8 and u16(buf, p) == 0:
        p += 8
    if end - p < 40 or buf[p] >> 4 != 6 or u16(buf, p + 4) + 40 > end - p:
        return NONE, 0, 0, 0, 0
    return p, LAYER_IP, 0, OUTER_TEREDO, NO_ID
