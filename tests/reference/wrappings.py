"""More packets in packets: the wrappings of mirrors, caches, access points and providers, and the link types of firewalls and routers.

Importing this module adds its handlers to those of packets.py and tunnels.py; `peel` is packets.py's.
Sources: draft-mclaggan-wccp-v2rev1 4.12, RFC 3378 (EtherIP), RFC 4302 (AH), RFC 7510 (MPLS in UDP), RFC 4023 (MPLS in IP), RFC 2661
(L2TP), RFC 5415 (CAPWAP), draft-massar-v6ops-ayiya-02, IEEE 802.1ah, Wireshark's dissectors of TZSP, AVSP, TTag, EoIP and the link types.
"""

from __future__ import annotations

import struct

from tests.reference.packets import (
    ETHERTYPES,
    LINKS,
    MAX_LAYERS,
    PROTOCOLS,
    UDP_TUNNELS,
    Ip,
    NotATunnel,
    Packet,
    Peeling,
    peel,
    read_ethernet,
    read_ethertype,
    read_raw,
    read_transport,
)
from tests.reference.tunnels import GRE_TYPES, read_mpls, read_ppp

__all__ = ["peel"]


def read_wccp(at: Peeling, data: bytes) -> Packet | None:
    """An IP packet, behind four bytes in version 2; they never begin like an IP header."""
    begins = bool(data) and (data[0] >> 4 == 6 or (data[0] >> 4 == 4 and data[0] & 15 >= 5))
    return read_raw(at.into("wccp"), data if begins else data[4:])


def read_authentication(at: Peeling, ip: Ip) -> Packet | None:
    """Next header, length in words less two."""
    if at.quoted or len(ip.data) < 8:
        return None
    size = 4 * (ip.data[1] + 2)
    if size > len(ip.data):
        return None
    inner = Ip(ip.src, ip.dst, ip.id, ip.ttl, ip.data[size:], ip.data_bytes - size)
    return read_transport(at.into(), ip.data[0], inner)


def read_etherip(at: Peeling, ip: Ip) -> Packet | None:
    """Version 3 in the first half byte; in the second, where a BSD had it."""
    if at.quoted or len(ip.data) < 2 or 3 not in (ip.data[0] >> 4, ip.data[0] & 15):
        return None
    return read_ethernet(at.into("etherip"), ip.data[2:])


def read_pbb(at: Peeling, data: bytes) -> Packet | None:
    return read_ethernet(at.into(f"pbb {int.from_bytes(data[1:4], 'big')}"), data[4:]) if len(data) >= 4 else None


def read_ttag(at: Peeling, data: bytes) -> Packet | None:
    return read_ethertype(at.into(), struct.unpack_from(">H", data, 6)[0], data[8:]) if len(data) >= 8 else None


ARISTA_TIMES = {(1, 0x10): 8, (1, 0x20): 6, (3, 0x20): 6}


def read_arista(at: Peeling, data: bytes) -> Packet | None:
    """A subtype, a version (0x100: UTC; 1: a newer switch), a time, and the packet's own ethertype."""
    if len(data) < 4:
        return None
    subtype, version = struct.unpack_from(">2H", data)
    size = ARISTA_TIMES.get((subtype, version & ~0x101))
    if size is None or len(data) < 4 + size + 2:
        return None
    return read_ethertype(at.into(), struct.unpack_from(">H", data, 4 + size)[0], data[4 + size + 2 :])


def read_tzsp(at: Peeling, data: bytes) -> Packet | None:
    """A header of four bytes, tags up to the one that ends them, a frame."""
    if len(data) < 5 or data[0] != 1 or data[1] > 1:
        raise NotATunnel
    kind, tags = struct.unpack_from(">H", data, 2)[0], data[4:]
    while tags and tags[0] != 1:
        tags = tags[1:] if tags[0] == 0 else tags[2 + tags[1] :] if len(tags) > 1 else b""
    if not tags:
        return None
    if kind != 1:
        raise NotATunnel
    return read_ethernet(at.into("tzsp"), tags[1:])


def read_mpls_in_udp(at: Peeling, data: bytes) -> Packet | None:
    for label in range(0, 64, 4):
        if len(data) < label + 8:
            break
        if data[label + 2] & 1:
            return read_mpls(at.into("mpls-udp"), data)
    raise NotATunnel


def read_mpls_in_ip(at: Peeling, ip: Ip) -> Packet | None:
    return None if at.quoted else read_mpls(at, ip.data)


def read_capwap(at: Peeling, data: bytes) -> Packet | None:
    """The 802.3 frame of a data packet that isn't encrypted; keepalives and later parts are datagrams."""
    if len(data) < 8 or data[0] != 0:
        raise NotATunnel
    (word,) = struct.unpack_from(">I", data)
    header = 4 * (word >> 19 & 31)
    if header < 8 or word & 8 or (word & 0x80 and data[6] << 8 | data[7] & 0xF8):
        raise NotATunnel
    return None if word & 0x100 else read_ethernet(at.into("capwap"), data[header:])


def read_l2tp(at: Peeling, data: bytes) -> Packet | None:
    """A data message of version 2."""
    if len(data) < 6 or data[0] & 0x80 or data[1] & 15 != 2:
        raise NotATunnel
    flags, rest = data[0], data[2:]
    if flags & 0x40:
        rest = rest[2:]
    if len(rest) < 4:
        return None
    session, rest = struct.unpack_from(">H", rest, 2)[0], rest[4:]
    if flags & 0x08:
        rest = rest[4:]
    if flags & 0x02:
        if len(rest) < 2:
            return None
        rest = rest[2 + struct.unpack_from(">H", rest)[0] :]
    return read_ppp(at.into(f"l2tp {session}"), rest)


def read_ayiya(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 8 or data[2] & 15 not in (1, 3) or data[2] >> 4 > 2:
        raise NotATunnel
    rest = data[8 + (1 << (data[0] >> 4)) + 4 * (data[1] >> 4) :]
    if not rest and len(data) < 8 + (1 << (data[0] >> 4)) + 4 * (data[1] >> 4):
        return None
    if data[3] not in (4, 41):
        raise NotATunnel
    return read_raw(at.into("ayiya"), rest)


def read_pflog(at: Peeling, data: bytes) -> Packet | None:
    """A header that contains its own length, padded to a multiple of four."""
    return read_raw(at, data[(data[0] + 3) // 4 * 4 :]) if len(data) >= 4 and data[0] >= 45 else None


def read_pktap(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 12:
        return None
    length, record, link_type = struct.unpack_from("<3I", data)
    return read_link(at, link_type, data[length:]) if length >= 108 and record == 1 else None


def read_ppi(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 8:
        return None
    length, link_type = struct.unpack_from("<2xHI", data)
    return read_link(at, link_type, data[length:]) if length >= 8 else None


def read_link(at: Peeling, link_type: int, data: bytes) -> Packet | None:
    handler = LINKS.get(link_type)
    return handler(at.into(), data) if handler and at.layers < MAX_LAYERS else None


def read_juniper_ethernet(at: Peeling, data: bytes) -> Packet | None:
    """A router's own header, with extensions perhaps, and the frame, or what was left of it."""
    if data[:3] != b"MGC":
        return read_ethernet(at, data) if len(data) >= 4 else None
    flags, rest = data[3] if len(data) > 3 else 0, data[4:]
    if flags & 0x80:
        if len(rest) < 2:
            return None
        rest = rest[2 + struct.unpack_from(">H", rest)[0] :]
    if not flags & 0x02:
        return read_ethernet(at, rest)
    kind = int.from_bytes(rest[:4], "little") if len(rest) >= 4 else 0
    return read_raw(at, rest[4:]) if kind in (2, 3, 6, 7) else None


def read_ipoib(at: Peeling, data: bytes) -> Packet | None:
    """A routing header of 40 bytes, then RFC 4391's four."""
    return read_ethertype(at, struct.unpack_from(">H", data, 40)[0], data[44:]) if len(data) >= 44 else None


GRE_TYPES[0x883E] = read_wccp
PROTOCOLS.update({51: read_authentication, 97: read_etherip, 137: read_mpls_in_ip})
ETHERTYPES.update({0x88E7: read_pbb, 0x8988: read_ttag, 0xD28B: read_arista})
UDP_TUNNELS.update({37008: read_tzsp, 6635: read_mpls_in_udp, 5247: read_capwap, 1701: read_l2tp, 5072: read_ayiya})
LINKS.update({
    109: lambda at, data: read_raw(at, data[12:]), 117: read_pflog, 178: read_juniper_ethernet, 192: read_ppi,
    204: lambda at, data: read_ppp(at, data[1:]), 226: lambda at, data: read_raw(at, data[24:]), 242: read_ipoib, 258: read_pktap,
})  # fmt: skip
