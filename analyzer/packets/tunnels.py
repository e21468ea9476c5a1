"""Tunnels in UDP: VXLAN, GENEVE, GRE, GTP-U, Mobile IP, Teredo, MPLS, LISP, AYIYA; also mirrors.py and l2tp.py.

Each function returns the inner header's position and kind, as in link.py, with the tunnel's kind and id.
Sources: RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (GENEVE), 3GPP TS 29.281 (GTP-U), RFC 3519, RFC 4380 (Teredo), RFC 7510
(MPLS in UDP), RFC 8086 (GRE in UDP), RFC 9300 (LISP), draft-massar-v6ops-ayiya-02.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u24, u32
from analyzer.packets.gre import GRE_ETHERNET, OUTER_GRE, after_gre
from analyzer.packets.guess import is_ip
from analyzer.packets.l2tp import PORT_L2TP, after_l2tp
from analyzer.packets.layout import NO_ID, WHY_UDP
from analyzer.packets.link import BAD, CUT, IPV4, IPV6, LAYER_ETHERNET, LAYER_IP, LAYER_TYPE, NONE
from analyzer.packets.mirrors import (
    PORT_CAPWAP,
    PORT_HP_ERM,
    PORT_JMIRROR,
    PORT_LWAPP,
    PORT_LWAPP_OTHER,
    PORT_TZSP,
    after_capwap,
    after_hp_erm,
    after_jmirror,
    after_lwapp,
    after_tzsp,
)
from analyzer.packets.wrappings import Wrapping

PORT_VXLAN: Final = 4789
PORT_VXLAN_LINUX: Final = 8472  # Linux' port before one was assigned, which flannel still uses
PORT_VXLAN_GPE: Final = 4790
PORT_GENEVE: Final = 6081
PORT_GRE: Final = 4754
PORT_GTP_U: Final = 2152
PORT_GTP_0: Final = 3386
PORT_MIP: Final = 434
PORT_TEREDO: Final = 3544
TEREDO_ADDRESS: Final = 0x20010000  # the first 32 bits (RFC 4380 2.6)
PORT_MPLS: Final = 6635
PORT_LISP: Final = 4341
PORT_AYIYA: Final = 5072
# Encrypted tunnels: their datagrams are conversations of their own, and their content is counted as not opened.
PORT_ESP: Final = 4500
PORT_WIREGUARD: Final = 51820

OUTER_VXLAN: Final = 6
OUTER_GENEVE: Final = 7
OUTER_GTP: Final = 10
OUTER_TEREDO: Final = 11
OUTER_MPLS_UDP: Final = 18
OUTER_AYIYA: Final = 23
OUTER_LISP: Final = 25
OUTER_MIP: Final = 26

WRAPPINGS: Final = (
    Wrapping(
        "vxlan",
        OUTER_VXLAN,
        "udp",
        (PORT_VXLAN, PORT_VXLAN_LINUX, PORT_VXLAN_GPE),
        "VXLAN, as Linux had it before the port was assigned, and VXLAN-GPE; on ports that the topology names; the id is the network",
        "RFC 7348, draft-ietf-nvo3-vxlan-gpe",
        scapy=("scapy.layers.vxlan.VXLAN",),
    ),
    Wrapping("geneve", OUTER_GENEVE, "udp", (PORT_GENEVE,), "the id is the network", "RFC 8926"),
    Wrapping("gre", OUTER_GRE, "udp", (PORT_GRE,), "GRE in UDP", "RFC 8086"),
    Wrapping("gtp-u", OUTER_GTP, "udp", (PORT_GTP_U, PORT_GTP_0), "user packets of mobile networks", "3GPP TS 29.281, 29.060 (version 0)"),
    Wrapping("mip", OUTER_MIP, "udp", (PORT_MIP,), "Mobile IP behind address translation", "RFC 3519"),
    Wrapping("teredo", OUTER_TEREDO, "udp", (PORT_TEREDO,), "IPv6 in UDP; also between clients and relays, by the address", "RFC 4380"),
    Wrapping("mpls-udp", OUTER_MPLS_UDP, "udp", (PORT_MPLS,), "MPLS in UDP", "RFC 7510"),
    Wrapping("lisp", OUTER_LISP, "udp", (PORT_LISP,), "IP in UDP; the id is the instance", "RFC 9300"),
    Wrapping(
        "ayiya",
        OUTER_AYIYA,
        "udp",
        (PORT_AYIYA,),
        "anything in anything",
        "draft-massar-v6ops-ayiya-02",
        unopened="AYIYA (UDP port 5072) of something other than IP",
    ),
)


def after_udp_tunnel(buf, at, end, src_port, dst_port):
    """(position, layer, ethertype, kind, id) of a tunnel in a UDP payload, position NONE when it is an ordinary datagram.

    A datagram of a tunnel that can't be opened is an ordinary one too; then the ethertype's place has its kind (WHY_UDP).
    """
    if dst_port in (PORT_VXLAN, PORT_VXLAN_LINUX) or src_port == PORT_VXLAN:
        # The flags byte must have the I bit and no unassigned one (G, B, A and P of its extensions are assigned).
        if end - at < 8 or buf[at] & 0x08 == 0 or buf[at] & 0x30 or (dst_port == PORT_VXLAN_LINUX and u24(buf, at + 1)):
            return NONE, 0, 0, 0, 0
        return at + 8, LAYER_ETHERNET, 0, OUTER_VXLAN, u24(buf, at + 4)
    if dst_port == PORT_VXLAN_GPE:
        return after_vxlan_gpe(buf, at, end)
    if dst_port == PORT_GENEVE or (src_port == PORT_GENEVE and answers_like_geneve(buf, at, end)):
        return after_geneve(buf, at, end)
    if PORT_GRE in (dst_port, src_port):
        return after_udp_gre(buf, at, end)
    if PORT_GTP_U in (dst_port, src_port):
        return after_gtp(buf, at, end)
    if PORT_GTP_0 in (dst_port, src_port):
        if end - at > 20 and buf[at] & 0xF0 == 0x10 and buf[at + 1] == 0xFF and is_ip(buf, at + 20, end, False):
            return at + 20, LAYER_IP, 0, OUTER_GTP, NO_ID
        return NONE, 0, 0, 0, 0
    if PORT_MIP in (dst_port, src_port):
        if end - at > 4 and buf[at] == 4 and buf[at + 1] in (4, 41) and is_ip(buf, at + 4, end, False):
            return at + 4, LAYER_IP, 0, OUTER_MIP, NO_ID
        return NONE, 0, 0, 0, 0
    if PORT_TEREDO in (dst_port, src_port):
        return after_teredo(buf, at, end)
    if dst_port == PORT_TZSP:
        return after_tzsp(buf, at, end)
    if dst_port == PORT_JMIRROR:
        return after_jmirror(buf, at, end)
    if dst_port == PORT_HP_ERM:
        return after_hp_erm(buf, at, end)
    if PORT_CAPWAP in (dst_port, src_port):
        return after_capwap(buf, at, end)
    if dst_port in (PORT_LWAPP, PORT_LWAPP_OTHER) or src_port in (PORT_LWAPP, PORT_LWAPP_OTHER):
        return after_lwapp(buf, at, end)
    if PORT_L2TP in (dst_port, src_port):
        return after_l2tp(buf, at, end)
    if dst_port == PORT_MPLS:
        return after_mpls_udp(buf, at, end)
    if dst_port == PORT_LISP:
        return after_lisp(buf, at, end)
    if PORT_AYIYA in (dst_port, src_port):
        return after_ayiya(buf, at, end)
    if (PORT_ESP in (dst_port, src_port) and end - at >= 8 and u32(buf, at)) or (
        PORT_WIREGUARD in (dst_port, src_port) and end - at >= 32 and u32(buf, at) == 0x04000000
    ):
        return NONE, 0, WHY_UDP | (PORT_ESP if PORT_ESP in (dst_port, src_port) else PORT_WIREGUARD), 0, 0
    if is_relayed(buf, at, end):
        return at, LAYER_IP, 0, OUTER_TEREDO, NO_ID
    return NONE, 0, 0, 0, 0


def is_relayed(buf, at, end):
    """True for an IPv6 packet, of TCP or UDP, between a Teredo client and a relay, whose ports may be any (RFC 4380 2.8, 5.4).

    The packet fills the datagram, and one of its addresses is Teredo's, 2001::/32.
    """
    if end - at < 40 or buf[at] >> 4 != 6 or buf[at + 6] not in (6, 17) or u16(buf, at + 4) + 40 < end - at:
        return False
    return TEREDO_ADDRESS in (u32(buf, at + 8), u32(buf, at + 24))


def after_geneve(buf, at, end):
    """The header behind GENEVE's and its options; GENEVE's protocol is an ethertype (RFC 8926 3.4)."""
    if end - at < 8 or buf[at] >> 6 != 0:
        return NONE, 0, 0, 0, 0
    inner = at + 8 + 4 * (buf[at] & 0x3F)
    if inner > end:
        return CUT, 0, 0, 0, 0
    if u16(buf, at + 2) == GRE_ETHERNET:
        return inner, LAYER_ETHERNET, 0, OUTER_GENEVE, u24(buf, at + 4)
    return inner, LAYER_TYPE, u16(buf, at + 2), OUTER_GENEVE, u24(buf, at + 4)


def answers_like_geneve(buf, at, end):
    """True for a datagram from GENEVE's port, which may be any client's port, that begins like GENEVE with Ethernet or IP."""
    return (
        end - at >= 8
        and buf[at] >> 6 == 0
        and buf[at + 1] & 0x3F == 0
        and u16(buf, at + 2) in (GRE_ETHERNET, IPV4, IPV6)
        and buf[at + 7] == 0
    )


def after_udp_gre(buf, at, end):
    """The packet behind GRE's header, of version 0 and without reserved bits, where Ethernet or an IP packet follows (RFC 8086 3)."""
    if end - at < 4 or u16(buf, at) & 0x4FFF:
        return NONE, 0, 0, 0, 0
    p, layer, ethertype, kind, identity = after_gre(buf, at, end)
    if p >= 0 and (layer == LAYER_ETHERNET or (layer == LAYER_TYPE and ethertype in (IPV4, IPV6) and is_ip(buf, p, end, False))):
        return p, layer, ethertype, kind, identity
    return NONE, 0, 0, 0, 0


def after_vxlan_gpe(buf, at, end):
    """As VXLAN, but with the P bit set the fourth byte is the type of the payload: IPv4, IPv6, Ethernet, NSH, MPLS."""
    if end - at < 8 or buf[at] & 0x08 == 0:
        return NONE, 0, 0, 0, 0
    network = u24(buf, at + 4)
    if buf[at] & 0x04 and buf[at + 3] in (1, 2):
        return at + 8, LAYER_IP, 0, OUTER_VXLAN, network
    if buf[at] & 0x04 and buf[at + 3] == 4:
        return at + 8, LAYER_TYPE, 0x894F, OUTER_VXLAN, network
    if buf[at] & 0x04 and buf[at + 3] == 5:
        return at + 8, LAYER_TYPE, 0x8847, OUTER_VXLAN, network
    if buf[at] & 0x04 and buf[at + 3] != 3:
        return at + 8, LAYER_TYPE, 0, OUTER_VXLAN, network
    return at + 8, LAYER_ETHERNET, 0, OUTER_VXLAN, network


def after_mpls_udp(buf, at, end):
    """A label stack that ends and has payload behind it."""
    p = at
    for _ in range(16):
        if end - p < 8:
            return NONE, 0, 0, 0, 0
        if u32(buf, p) & 0x100:
            return at, LAYER_TYPE, 0x8847, OUTER_MPLS_UDP, NO_ID
        p += 4
    return NONE, 0, 0, 0, 0


def after_lisp(buf, at, end):
    """The packet behind a LISP data header, with the instance where its I bit is set."""
    if not is_ip(buf, at + 8, end, False):
        return NONE, 0, 0, 0, 0
    return at + 8, LAYER_IP, 0, OUTER_LISP, u24(buf, at + 4) if buf[at] & 0x08 else NO_ID


def after_ayiya(buf, at, end):
    """The packet behind an AYIYA header with its identity and signature, where its operation is to forward a packet."""
    if end - at < 8 or buf[at + 2] & 0x0F not in (1, 3) or buf[at + 2] >> 4 > 2:
        return NONE, 0, 0, 0, 0
    p = at + 8 + (1 << (buf[at] >> 4)) + 4 * (buf[at + 1] >> 4)
    if p > end:
        return CUT, 0, 0, 0, 0
    if buf[at + 3] in (4, 41):
        return p, LAYER_IP, 0, OUTER_AYIYA, NO_ID
    return NONE, 0, WHY_UDP | PORT_AYIYA, 0, 0


def after_gtp(buf, at, end):
    """The user packet in a GTP-U G-PDU (version 1, message 255), behind its extension headers."""
    if end - at < 8 or buf[at] >> 4 != 0x3 or buf[at + 1] != 0xFF:
        return NONE, 0, 0, 0, 0
    p = at + 8
    if buf[at] & 0x07:
        if end - p < 4:
            return CUT, 0, 0, 0, 0
        following = buf[p + 3] if buf[at] & 0x04 else 0
        p += 4
        while following:
            if end - p < 4 or buf[p] == 0:
                return BAD, 0, 0, 0, 0
            size = 4 * buf[p]
            if end - p < size:
                return CUT, 0, 0, 0, 0
            p += size
            following = buf[p - 1]
    return p, LAYER_IP, 0, OUTER_GTP, NO_ID


def after_teredo(buf, at, end):
    """The IPv6 packet in a Teredo datagram, behind its authentication and origin indications."""
    p = at
    if end - p >= 4 and u16(buf, p) == 1:
        p += 4 + buf[p + 2] + buf[p + 3] + 9
    if end - p >= 8 and u16(buf, p) == 0:
        p += 8
    if end - p < 40 or buf[p] >> 4 != 6 or u16(buf, p + 4) + 40 > end - p:
        return NONE, 0, 0, 0, 0
    return p, LAYER_IP, 0, OUTER_TEREDO, NO_ID
