"""Packets in packets: GRE, ERSPAN, VXLAN, GENEVE, GTP-U, IP in IP, PPPoE, MPLS.

Importing this module adds its handlers to those of packets.py; `peel` is that module's.
Sources: RFC 2784, 2890, 2637, draft-foschiano-erspan, RFC 7348, draft-ietf-nvo3-vxlan-gpe, RFC 8926, 2003, 4213, 2473, 2516,
3032, 4385, 3GPP TS 29.281.
"""

from __future__ import annotations

import struct

from tests.reference.packets import (
    ETHERTYPES,
    LINKS,
    PROTOCOLS,
    UDP_TUNNELS,
    UDP_TUNNELS_FROM,
    Handler,
    Ip,
    NotATunnel,
    Packet,
    Peeling,
    peel,
    read_ethernet,
    read_ethertype,
    read_ipv4,
    read_ipv6,
    read_raw,
)

__all__ = ["peel"]

TRANSPARENT_ETHERNET = 0x6558
ERSPAN_2, ERSPAN_3 = 0x88BE, 0x22EB
MIKROTIK = 0x6400
GRE_TYPES: dict[int, Handler] = {}


def read_gre(at: Peeling, ip: Ip) -> Packet | None:
    """GRE version 0, and version 1 as PPTP uses it."""
    data = ip.data
    if at.quoted or len(data) < 4:
        return None
    flags, kind = struct.unpack_from(">2H", data)
    version = flags & 7
    if version > 1 or flags & 0x4000:  # source routes are of the past
        return None
    if version and kind == MIKROTIK:
        return read_ethernet(at.into(f"eoip {int.from_bytes(data[6:8], 'little')}"), data[8:]) if len(data) >= 8 else None
    if version and kind == 0x880B and not flags & 0x1000:  # PPTP's acknowledgement alone
        return None
    size = 4 + 4 * sum(bool(flags & bit) for bit in (0x8000, 0x2000, 0x1000, 0x0080 if version else 0))
    inner = data[size:]
    if kind == ERSPAN_2:
        return read_erspan(at, inner) if flags & 0x1000 else read_ethernet(at.into("erspan"), inner)
    if kind == ERSPAN_3:
        return read_erspan(at, inner)
    if kind == 0x880B:
        return read_ppp(at.into("gre"), inner)
    if kind == TRANSPARENT_ETHERNET:
        return read_ethernet(at.into("gre"), inner)
    if kind in GRE_TYPES:
        return GRE_TYPES[kind](at, inner)
    return read_ethertype(at.into("gre"), kind, inner)


def read_erspan(at: Peeling, data: bytes) -> Packet | None:
    """Types II (8 bytes) and III (12 bytes, 8 more with the O bit); the header's version field is the type less one."""
    if len(data) < 12:
        return None
    version, session = data[0] >> 4, struct.unpack_from(">H", data, 2)[0] & 0x3FF
    at = at.into(f"erspan {session}")
    if version == 1:
        return read_ethernet(at, data[8:])
    if version != 2:
        return None
    inner = data[20 if data[11] & 1 else 12 :]
    return read_raw(at, inner) if (data[10] >> 2) & 31 == 2 else read_ethernet(at, inner)


def read_vxlan(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 8 or data[0] & 0x08 == 0:
        raise NotATunnel
    return read_ethernet(at.into(f"vxlan {int.from_bytes(data[4:7], 'big')}"), data[8:])


def read_vxlan_gpe(at: Peeling, data: bytes) -> Packet | None:
    """VXLAN in which, with the P bit set, the fourth byte is the type of the payload: IPv4, IPv6 or Ethernet."""
    if len(data) < 8 or data[0] & 0x08 == 0:
        raise NotATunnel
    kind = data[3] if data[0] & 0x04 else 3
    handler = {1: read_ipv4, 2: read_ipv6, 3: read_ethernet}.get(kind)
    return handler(at.into(f"vxlan {int.from_bytes(data[4:7], 'big')}"), data[8:]) if handler else None


def read_geneve(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 8 or data[0] >> 6:
        raise NotATunnel
    kind = int.from_bytes(data[2:4], "big")
    inner = data[8 + (data[0] & 0x3F) * 4 :]
    at = at.into(f"geneve {int.from_bytes(data[4:7], 'big')}")
    return read_ethernet(at, inner) if kind == TRANSPARENT_ETHERNET else read_ethertype(at, kind, inner)


def read_geneve_back(at: Peeling, data: bytes) -> Packet | None:
    """From the port of GENEVE, which anything may have: what can be nothing else."""
    if len(data) < 8 or data[1] & 0x3F or data[7] or int.from_bytes(data[2:4], "big") not in (TRANSPARENT_ETHERNET, 0x0800, 0x86DD):
        raise NotATunnel
    return read_geneve(at, data)


def read_gtp_u(at: Peeling, data: bytes) -> Packet | None:
    """Version 1 user data (G-PDU); signalling on the same port stays a flow of its own."""
    if len(data) < 8 or data[0] & 0xF0 != 0x30 or data[1] != 255:
        raise NotATunnel
    at = at.into(f"gtp-u {int.from_bytes(data[4:8], 'big')}")
    inner, extension = data[8:], 0
    if data[0] & 7:
        extension, inner = (inner[3] if data[0] & 4 and len(inner) > 3 else 0), inner[4:]
    while extension and inner and inner[0]:
        size = inner[0] * 4
        extension, inner = (inner[size - 1] if len(inner) >= size else 0), inner[size:]
    return read_raw(at, inner)


def read_ip_in_ip(at: Peeling, ip: Ip) -> Packet | None:
    name = "ipip" if len(ip.src) == 4 else "4in6"
    return None if at.quoted else read_ipv4(at.into(name), ip.data)


def read_ipv6_in_ip(at: Peeling, ip: Ip) -> Packet | None:
    name = "6in4" if len(ip.src) == 4 else "6in6"
    return None if at.quoted else read_ipv6(at.into(name), ip.data)


def read_pppoe(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 6 or data[:2] != b"\x11\0":
        return None
    session, length = struct.unpack_from(">2H", data, 2)
    return read_ppp(at.into(f"pppoe {session}"), data[6 : 6 + length])


def read_ppp(at: Peeling, data: bytes) -> Packet | None:
    """PPP, with or without HDLC address and control, protocol field in one byte or two (RFC 1661 6.5)."""
    data = data.removeprefix(b"\xff\x03")
    if not data:
        return None
    size = 1 if data[0] & 1 else 2
    kind = int.from_bytes(data[:size], "big")
    handler = {0x21: read_ipv4, 0x57: read_ipv6, 0x281: read_mpls}.get(kind)
    return handler(at, data[size:]) if handler else None


def read_mpls(at: Peeling, data: bytes) -> Packet | None:
    """Labels down to the bottom of the stack; then IP by its first four bits, or Ethernet behind a control word."""
    while len(data) >= 4 and at.layers < 32:
        (entry,) = struct.unpack_from(">I", data)
        at, data = at.into(f"mpls {entry >> 12}"), data[4:]
        if entry & 0x100:
            return read_ethernet(at, data[4:]) if data[:1] and data[0] >> 4 == 0 else read_raw(at, data)
    return None


PROTOCOLS.update({4: read_ip_in_ip, 41: read_ipv6_in_ip, 47: read_gre})
ETHERTYPES.update({0x8847: read_mpls, 0x8848: read_mpls, 0x8864: read_pppoe})
UDP_TUNNELS.update({4789: read_vxlan, 4790: read_vxlan_gpe, 8472: read_vxlan, 6081: read_geneve, 2152: read_gtp_u})
UDP_TUNNELS_FROM[6081] = read_geneve_back
LINKS[9] = read_ppp
