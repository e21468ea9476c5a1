"""Headers around payloads, one function a header: ethernet(ipv4(…, tcp(…)))."""

from __future__ import annotations

import ipaddress
import struct

IPV4, IPV6, VLAN, QINQ, ARP = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x0806
TCP, UDP, ICMP, ICMPV6, GRE, IPIP, IPV6_IN_IP = 6, 17, 1, 58, 47, 4, 41


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def kind_of(packet: bytes) -> int:
    """The EtherType of an IP packet."""
    return IPV6 if packet[0] >> 4 == 6 else IPV4


def ethernet(
    payload: bytes, kind: int | None = None, *, src: bytes = b"\2\0\0\0\0\1", dst: bytes = b"\2\0\0\0\0\2", pad: bool = True
) -> bytes:
    """An Ethernet II frame, padded to the 60 bytes that a wire carries at least."""
    frame = dst + src + struct.pack(">H", kind_of(payload) if kind is None else kind) + payload
    return frame.ljust(60, b"\0") if pad else frame


def vlan(payload: bytes, tag: int, kind: int | None = None) -> bytes:
    """What follows an EtherType 0x8100: ethernet(vlan(packet, 100), 0x8100)."""
    return struct.pack(">2H", tag, kind_of(payload) if kind is None else kind) + payload


def sll(payload: bytes, kind: int | None = None) -> bytes:
    """Linux cooked v1 (link type 113)."""
    return struct.pack(">3H8sH", 0, 1, 6, b"\2\0\0\0\0\1", kind_of(payload) if kind is None else kind) + payload


def sll2(payload: bytes, kind: int | None = None) -> bytes:
    """Linux cooked v2 (link type 276)."""
    return struct.pack(">2HIH2B8s", kind_of(payload) if kind is None else kind, 0, 1, 1, 0, 6, b"\2\0\0\0\0\1") + payload


def null(payload: bytes, order: str = "little") -> bytes:
    """BSD loopback (link type 0)."""
    return struct.pack(("<" if order == "little" else ">") + "I", 30 if kind_of(payload) == IPV6 else 2) + payload


def arp() -> bytes:
    """A frame that holds no IP."""
    return ethernet(struct.pack(">2H2BH", 1, IPV4, 6, 4, 1) + bytes(20), ARP)


def ipv4(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    *,
    id: int = 0,
    ttl: int = 64,
    total: int | None = None,
    fragment: int = 0,
    options: bytes = b"",
) -> bytes:
    """fragment is the whole 16-bit field: flags and offset in units of 8 bytes."""
    total = 20 + len(options) + len(payload) if total is None else total
    words = 5 + len(options) // 4
    header = struct.pack(">2B3H2BH", 0x40 | words, 0, total, id, fragment, ttl, protocol, 0) + address(src) + address(dst) + options
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(src: str, dst: str, protocol: int, payload: bytes, *, ttl: int = 64, extensions: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """extensions: pairs of header number and body behind the next-header byte, first header first."""
    kinds = [kind for kind, _ in extensions] + [protocol]
    chain = b"".join(bytes((following,)) + body for (_, body), following in zip(extensions, kinds[1:], strict=True))
    return struct.pack(">IH2B", 6 << 28, len(chain) + len(payload), kinds[0], ttl) + address(src) + address(dst) + chain + payload


def ip(src: str, dst: str, protocol: int, payload: bytes, *, id: int = 0, ttl: int = 64) -> bytes:
    """IPv4 or IPv6 by the addresses; IPv6 has no id."""
    if ":" in src:
        return ipv6(src, dst, protocol, payload, ttl=ttl)
    return ipv4(src, dst, protocol, payload, id=id, ttl=ttl)


def summed(src: str, dst: str, protocol: int, segment: bytes, at: int) -> bytes:
    """The segment with the checksum over its pseudo header put in at a byte offset."""
    pseudo = (
        address(src)
        + address(dst)
        + struct.pack(">2I" if ":" in src else ">2H", *((len(segment), protocol) if ":" in src else (protocol, len(segment))))
    )
    return segment[:at] + struct.pack(">H", checksum(pseudo + segment)) + segment[at + 2 :]


def tcp(
    src: tuple[str, int], dst: tuple[str, int], payload: bytes = b"", *, seq: int = 0, ack: int = 0, flags: int = 0x10, window: int = 64240,
    options: bytes = b"",
) -> bytes:  # fmt: skip
    """A TCP segment (RFC 9293) with its checksum; options in multiples of four bytes."""
    words = 5 + len(options) // 4
    header = struct.pack(
        ">2H2I2B3H", src[1], dst[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, words << 4 | flags >> 8, flags & 255, window, 0, 0
    )
    return summed(src[0], dst[0], TCP, header + options + payload, 16)


def udp(src: tuple[str, int], dst: tuple[str, int], payload: bytes) -> bytes:
    return summed(src[0], dst[0], UDP, struct.pack(">4H", src[1], dst[1], 8 + len(payload), 0) + payload, 6)


def icmp_unreachable(src: str, dst: str, quoted: bytes, code: int = 1) -> bytes:
    """The IP packet of a destination-unreachable error that quotes another packet."""
    if ":" in src:
        body = summed(src, dst, ICMPV6, struct.pack(">2BHI", 1, code, 0, 0) + quoted, 2)
        return ip(src, dst, ICMPV6, body)
    body = struct.pack(">2BHI", 3, code, 0, 0) + quoted
    return ip(src, dst, ICMP, body[:2] + struct.pack(">H", checksum(body)) + body[4:], id=1)


def gre(payload: bytes, kind: int, *, key: int | None = None, sequence: int | None = None) -> bytes:
    flags = (0x2000 if key is not None else 0) | (0x1000 if sequence is not None else 0)
    optional = b"".join(struct.pack(">I", number) for number in (key, sequence) if number is not None)
    return struct.pack(">2H", flags, kind) + optional + payload


def erspan2(frame: bytes, session: int) -> bytes:
    """GRE with an ERSPAN type II header and a mirrored frame."""
    return gre(struct.pack(">2HI", 0x1000, session, 0) + frame, 0x88BE, sequence=1)


def erspan3(frame: bytes, session: int, *, platform: bytes = b"") -> bytes:
    """Type III; platform is the optional 8-byte subheader."""
    return gre(struct.pack(">2HI2H", 0x2000, session, 0, 0, bool(platform)) + platform + frame, 0x22EB, sequence=1)


def vxlan(frame: bytes, network: int) -> bytes:
    """The payload of UDP port 4789."""
    return struct.pack(">2I", 0x08000000, network << 8) + frame


def geneve(frame: bytes, network: int, options: bytes = b"", kind: int = 0x6558) -> bytes:
    """The payload of UDP port 6081."""
    return struct.pack(">2BHI", len(options) // 4, 0, kind, network << 8) + options + frame


def gtp_u(packet: bytes, tunnel: int, *, sequence: int | None = None) -> bytes:
    """The payload of UDP port 2152."""
    optional = b"" if sequence is None else struct.pack(">H2B", sequence, 0, 0)
    return struct.pack(">2BHI", 0x30 | (2 if optional else 0), 255, len(optional) + len(packet), tunnel) + optional + packet


def mpls(payload: bytes, *labels: int) -> bytes:
    """What follows an EtherType 0x8847."""
    last = len(labels) - 1
    return b"".join(struct.pack(">I", label << 12 | (0x100 if i == last else 0) | 64) for i, label in enumerate(labels)) + payload


def pppoe(packet: bytes, session: int) -> bytes:
    """What follows an EtherType 0x8864."""
    return struct.pack(">2B2HH", 0x11, 0, session, 2 + len(packet), 0x57 if kind_of(packet) == IPV6 else 0x21) + packet
