"""Transport packets of a frame: link header, tags, IP, TCP or UDP header. Tunnels are peeled in tunnels.py.

A frame can hold one packet or none; it is read as a chain of headers, each handler giving the next handler its bytes.
Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443, IEEE 802.1Q, tcpdump.org/linktypes.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.reference.capture import Frame

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MAX_LAYERS = 32  # tags and tunnels in one frame: more is an attack, not a network


class NotATunnel(Exception):
    """A UDP packet on a tunnel's port that isn't that tunnel's."""


@dataclass(frozen=True)
class Packet:
    """A TCP or UDP packet, or an ICMP error's quotation of one (quoted=True: ports only)."""

    number: int  # of the frame in the capture, from 0
    ts_ns: int | None
    protocol: str
    src: tuple[bytes, int]
    dst: tuple[bytes, int]
    ip_id: int  # 0 for IPv6
    ttl: int
    payload: bytes  # what was captured of it
    payload_bytes: int  # by the IP length
    outer: tuple[str, ...]
    seq: int = 0
    ack: int = 0
    flags: int = 0
    window: int = 0
    checksum: int = 0
    quoted: bool = False


@dataclass(frozen=True)
class Peeling:
    """The state of reading a frame: the wrappings around the current bytes."""

    number: int
    ts_ns: int | None
    outer: tuple[str, ...] = ()
    quoted: bool = False
    layers: int = 0
    fragments: Fragments | None = None  # None: a first fragment is a packet as long as itself, the others are none

    def into(self, name: str | None = None) -> Peeling:
        return replace(self, layers=self.layers + 1, outer=(*self.outer, name) if name else self.outer)


@dataclass(frozen=True)
class Ip:
    """The innermost IP header so far."""

    src: bytes
    dst: bytes
    id: int
    ttl: int
    data: bytes = field(repr=False)  # captured bytes behind the header(s), without Ethernet padding
    data_bytes: int  # as long as the IP length says


FragmentKey = tuple[bytes, bytes, int, int]
"""Source, destination, protocol, id."""


@dataclass
class Incomplete:
    """The known bytes of a fragmented packet."""

    ts_ns: int | None
    is_copy: bool
    known: dict[int, int] = field(default_factory=dict)
    end: int | None = None
    first: tuple[Peeling, bytes] | None = None


Handler = Callable[[Peeling, bytes], Packet | None]


class Fragments:
    """Fragments of IP packets that wait for the others (RFC 791 3.2, RFC 8200 4.5); the first copy of a byte wins.

    A fragment that comes a minute after the first begins another packet. Fragments that come within a second of a whole packet with
    the same key are taken for copies of its own.
    """

    def __init__(self) -> None:
        self.waiting: dict[FragmentKey, Incomplete] = {}
        self.whole: dict[FragmentKey, int | None] = {}
        self.given_up: list[Incomplete] = []

    def add(self, at: Peeling, key: FragmentKey, field: int, data: bytes, packet: bytes) -> bytes | None:
        """Add a fragment; the whole packet once it is complete. field is offset (in bytes, a multiple of 8) | 1 for "more"."""
        entry = self.waiting.get(key)
        if entry and apart(entry.ts_ns, at.ts_ns) > 60 * 10**9:
            self.given_up.append(self.waiting.pop(key))
            entry = None
        if entry is None:
            entry = self.waiting[key] = Incomplete(at.ts_ns, key in self.whole and apart(self.whole[key], at.ts_ns, 2**63) <= 10**9)
        if not field & ~7 and entry.first is None:
            entry.first = at, packet
        for i, byte in enumerate(data, start=field & ~7):
            entry.known.setdefault(i, byte)
        if not field & 1 and entry.end is None:
            entry.end = (field & ~7) + len(data)
        if entry.end is None or any(i not in entry.known for i in range(entry.end)):
            return None
        del self.waiting[key]
        self.whole[key] = at.ts_ns
        return bytes(entry.known[i] for i in range(entry.end))

    def left_over(self) -> list[Packet]:
        """First fragments whose others never came, each a packet of its own length."""
        first = [entry.first for entry in (*self.given_up, *self.waiting.values()) if entry.first and not entry.is_copy]
        found = [read_raw(replace(at, fragments=None), packet) for at, packet in first]
        return [packet for packet in found if packet]


def apart(ts_ns: int | None, other_ns: int | None, unknown: int = 0) -> int:
    return unknown if ts_ns is None or other_ns is None else abs(ts_ns - other_ns)


def peel(frame: Frame, number: int = 0, fragments: Fragments | None = None) -> Packet | None:
    """The innermost TCP or UDP packet of a frame, or None; with fragments, of the frame that completes it."""
    handler = LINKS.get(frame.link_type)
    return handler(Peeling(number, frame.ts_ns, fragments=fragments), frame.data) if handler else None


def read_ethertype(at: Peeling, kind: int, data: bytes) -> Packet | None:
    """The packet behind an EtherType; None for one that carries no IP."""
    handler = ETHERTYPES.get(kind)
    return handler(at, data) if handler and at.layers < MAX_LAYERS else None


def read_ethernet(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 14:
        return None
    (kind,) = struct.unpack_from(">H", data, 12)
    if kind < 1536:  # an IEEE 802.3 length: LLC, perhaps with SNAP and an EtherType
        if data[14:20] != b"\xaa\xaa\x03\0\0\0" or len(data) < 22:
            return None
        return read_ethertype(at, struct.unpack_from(">H", data, 20)[0], data[22:])
    return read_ethertype(at, kind, data[14:])


def read_vlan(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 4:
        return None
    tag, kind = struct.unpack_from(">2H", data)
    return read_ethertype(at.into(f"vlan {tag & 0xFFF}"), kind, data[4:])


def read_sll(at: Peeling, data: bytes) -> Packet | None:
    """Linux cooked v1: 16 bytes, the EtherType last."""
    return read_ethertype(at, struct.unpack_from(">H", data, 14)[0], data[16:]) if len(data) >= 16 else None


def read_sll2(at: Peeling, data: bytes) -> Packet | None:
    """Linux cooked v2: 20 bytes, the EtherType first."""
    return read_ethertype(at, struct.unpack_from(">H", data)[0], data[20:]) if len(data) >= 20 else None


def read_null(at: Peeling, data: bytes) -> Packet | None:
    """BSD loopback: the address family in the byte order of the capturing machine."""
    families = {int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")}
    return read_raw(at, data[4:]) if families & {2, 10, 23, 24, 28, 30} else None


def read_raw(at: Peeling, data: bytes) -> Packet | None:
    """IP by its version nibble."""
    version = data[0] >> 4 if data else 0
    return {4: read_ipv4, 6: read_ipv6}[version](at, data) if version in (4, 6) else None


def read_ipv4(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    header_bytes = (data[0] & 15) * 4
    total, ip_id, fragment = struct.unpack_from(">3H", data, 2)
    total = total or len(data)  # 0: segmentation offload
    if header_bytes < 20 or total < header_bytes:
        return None
    rest, rest_bytes = data[header_bytes:total], total - header_bytes
    if fragment & 0x3FFF and at.fragments and not at.quoted and len(rest) == rest_bytes:
        field = (fragment & 0x1FFF) << 3 | (fragment >> 13 & 1)
        whole = at.fragments.add(at, (data[12:16], data[16:20], data[9], ip_id), field, rest, data[:total])
        if whole is None:
            return None
        rest, rest_bytes = whole, len(whole)
    elif fragment & 0x1FFF:
        return None
    return read_transport(at, data[9], Ip(data[12:16], data[16:20], ip_id, data[8], rest, rest_bytes))


EXTENSIONS = {0, 43, 60, 135, 139, 140}  # hop-by-hop, routing, destination options, mobility, HIP, shim6
FRAGMENT, AUTHENTICATION = 44, 51


def read_ipv6(at: Peeling, data: bytes) -> Packet | None:
    if len(data) < 40 or data[0] >> 4 != 6:
        return None
    length, kind, ttl = struct.unpack_from(">H2B", data, 4)
    length = length or len(data) - 40  # 0: segmentation offload or jumbogram
    rest, rest_bytes = data[40 : 40 + length], length
    while kind in EXTENSIONS or kind in (FRAGMENT, AUTHENTICATION):
        if len(rest) < 8:
            return None
        size = {FRAGMENT: 8, AUTHENTICATION: (rest[1] + 2) * 4}.get(kind, (rest[1] + 1) * 8)
        if size > rest_bytes:
            return None
        here, header = kind, rest[:8]
        kind, rest, rest_bytes = rest[0], rest[size:], rest_bytes - size
        piece = int.from_bytes(header[2:4], "big") & 0xFFF9 if here == FRAGMENT else 0
        if piece and at.fragments and not at.quoted and len(rest) == rest_bytes:
            key = (data[8:24], data[24:40], kind, int.from_bytes(header[4:8], "big"))
            whole = at.fragments.add(at, key, piece, rest, data[: 40 + length])
            if whole is None:
                return None
            rest, rest_bytes = whole, len(whole)
        elif piece & ~7:
            return None
    return read_transport(at, kind, Ip(data[8:24], data[24:40], 0, ttl, rest, rest_bytes))


def read_transport(at: Peeling, kind: int, ip: Ip) -> Packet | None:
    handler = PROTOCOLS.get(kind)
    return handler(at, ip) if handler and at.layers < MAX_LAYERS else None


def read_tcp(at: Peeling, ip: Ip) -> Packet | None:
    """A TCP packet; None when flags are cut off, or the header length fits neither 20 bytes nor the IP length."""
    if at.quoted:
        return read_quoted_ports(at, ip, "tcp")
    if len(ip.data) < 14:
        return None
    src, dst, seq, ack, offset = struct.unpack_from(">2H2IH", ip.data)
    header_bytes = (offset >> 12) * 4
    if header_bytes < 20 or header_bytes > ip.data_bytes:
        return None
    window, checksum = struct.unpack_from(">2H", ip.data[14:].ljust(4, b"\0"))
    return Packet(
        at.number, at.ts_ns, "tcp", (ip.src, src), (ip.dst, dst), ip.id, ip.ttl,
        ip.data[header_bytes:], ip.data_bytes - header_bytes, at.outer, seq, ack, offset & 0xFFF, window, checksum,
    )  # fmt: skip


def read_udp(at: Peeling, ip: Ip) -> Packet | None:
    """A UDP packet, its payload by the UDP length where that is sound, else by the IP length."""
    if at.quoted:
        return read_quoted_ports(at, ip, "udp")
    if len(ip.data) < 8:
        return None
    src, dst, length, checksum = struct.unpack_from(">4H", ip.data)
    if not 8 <= length <= ip.data_bytes:
        length = ip.data_bytes
    payload = ip.data[8:length]
    tunnel = UDP_TUNNELS.get(dst) or UDP_TUNNELS_FROM.get(src)
    if tunnel and at.layers < MAX_LAYERS:
        try:
            return tunnel(at, payload)
        except NotATunnel:
            pass
    return Packet(
        at.number, at.ts_ns, "udp", (ip.src, src), (ip.dst, dst), ip.id, ip.ttl, payload, length - 8, at.outer, checksum=checksum,
    )  # fmt: skip


def read_quoted_ports(at: Peeling, ip: Ip, protocol: str) -> Packet | None:
    """The flow that an ICMP error quotes; routers quote as little as eight bytes."""
    if len(ip.data) < 8:
        return None
    src, dst = struct.unpack_from(">2H", ip.data)
    return Packet(at.number, at.ts_ns, protocol, (ip.src, src), (ip.dst, dst), ip.id, ip.ttl, b"", 0, at.outer, quoted=True)


def read_icmp(at: Peeling, ip: Ip) -> Packet | None:
    """Destination unreachable, but not "fragmentation needed", which is no refusal."""
    if at.quoted or len(ip.data) < 8 or ip.data[0] != 3 or ip.data[1] == 4:
        return None
    return read_ipv4(replace(at.into(), quoted=True), ip.data[8:])


def read_icmpv6(at: Peeling, ip: Ip) -> Packet | None:
    if at.quoted or len(ip.data) < 8 or ip.data[0] != 1:
        return None
    return read_ipv6(replace(at.into(), quoted=True), ip.data[8:])


def address_text(address: bytes) -> str:
    """RFC 5952: IPv4-mapped addresses keep their dotted tail, all others are hexadecimal."""
    if len(address) == 16 and address[:12] == bytes(10) + b"\xff\xff":
        return f"::ffff:{ipaddress.IPv4Address(address[12:])}"
    return str(ipaddress.ip_address(address))


LINKS: dict[int, Handler] = {
    0: read_null, 1: read_ethernet, 12: read_raw, 14: read_raw, 101: read_raw, 108: read_null,
    113: read_sll, 228: read_ipv4, 229: read_ipv6, 276: read_sll2,
}  # fmt: skip
ETHERTYPES: dict[int, Handler] = {
    0x0800: read_ipv4, 0x86DD: read_ipv6,
    0x8100: read_vlan, 0x88A8: read_vlan, 0x9100: read_vlan, 0x9200: read_vlan,
}  # fmt: skip
PROTOCOLS: dict[int, Callable[[Peeling, Ip], Packet | None]] = {1: read_icmp, 6: read_tcp, 17: read_udp, 58: read_icmpv6}
UDP_TUNNELS: dict[int, Handler] = {}
UDP_TUNNELS_FROM: dict[int, Handler] = {}  # by the source's port
