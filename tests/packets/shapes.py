"""A frame of every kind the builders make: each link type, tag and tunnel, IPv4 and IPv6, TCP, UDP, ICMP and fragments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import tests.build as build
from tests.build import wrappings
from tests.reference.capture import Frame

HERE: Final = ("10.0.0.1", 40000)
THERE: Final = ("10.0.0.2", 3128)
HERE_6: Final = ("2001:db8::1", 40000)
THERE_6: Final = ("2001:db8::2", 3128)
PAYLOAD: Final = b"CONNECT a"

Around = Callable[[bytes], bytes]

TCP_4: Final = build.ipv4("10.0.0.1", "10.0.0.2", 6, build.tcp(HERE, THERE, PAYLOAD, seq=7, ack=9, flags=0x18, window=511), id=77, ttl=63)
TCP_6: Final = build.ipv6("2001:db8::1", "2001:db8::2", 6, build.tcp(HERE_6, THERE_6, PAYLOAD, seq=2**32 - 1))
UDP_4: Final = build.ipv4("10.0.0.1", "10.0.0.2", 17, build.udp(HERE, ("10.0.0.2", 53), b"question"), id=5)
UDP_6: Final = build.ipv6("2001:db8::1", "2001:db8::2", 17, build.udp(HERE_6, ("2001:db8::2", 443), b"hello"))
OPTIONS: Final = build.ipv4(
    "10.0.0.1", "10.0.0.2", 6, build.tcp(HERE, THERE, b"x", flags=2, options=b"\2\4\5\xb4\1\3\3\7"), options=b"\x94\4\0\0"
)
EXTENSIONS: Final = build.ipv6(
    "2001:db8::1", "2001:db8::2", 6, build.tcp(HERE_6, THERE_6, b"x"),
    extensions=((0, b"\0" + bytes(6)), (60, b"\1" + bytes(14)), (44, b"\0\0\0" + bytes(4)), (51, b"\4" + bytes(22))),
)  # fmt: skip
FIRST_FRAGMENT: Final = build.ipv4("10.0.0.1", "10.0.0.2", 6, build.tcp(HERE, THERE, b"x" * 12), id=9, fragment=0x2000)
SECOND_FRAGMENT: Final = build.ipv4("10.0.0.1", "10.0.0.2", 6, b"y" * 24, id=9, fragment=4)
SECOND_FRAGMENT_6: Final = build.ipv6("2001:db8::1", "2001:db8::2", 6, b"y" * 24, extensions=((44, b"\0\0\x20" + bytes(4)),))
ERROR_4: Final = build.icmp_unreachable("10.9.9.9", "10.0.0.1", TCP_4[:28])
ERROR_6: Final = build.icmp_unreachable("2001:db8::9", "2001:db8::1", UDP_6[:48])
TOO_BIG: Final = build.icmp_unreachable("10.9.9.9", "10.0.0.1", TCP_4[:28], code=4)
ECHO: Final = build.ipv4("10.0.0.1", "10.0.0.2", 1, b"\x08\0\0\0" + bytes(40))

PACKETS: Final = {
    "tcp": TCP_4, "tcp6": TCP_6, "udp": UDP_4, "udp6": UDP_6, "ip and tcp options": OPTIONS, "ipv6 extensions": EXTENSIONS,
    "first fragment": FIRST_FRAGMENT, "second fragment": SECOND_FRAGMENT, "second fragment, ipv6": SECOND_FRAGMENT_6,
    "unreachable": ERROR_4, "unreachable, ipv6": ERROR_6, "fragmentation needed": TOO_BIG, "echo": ECHO,
}  # fmt: skip


def in_udp(port: int) -> Around:
    """From a port of its own, so that nothing takes it for another tunnel's."""
    src, dst = ("1.1.1.1", 10_000 + port // 2), ("2.2.2.2", port)
    return lambda data: build.ethernet(build.ip(src[0], dst[0], 17, build.udp(src, dst, data), id=1))


def in_gre(data: bytes) -> bytes:
    return build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 47, data, id=1))


def kind_of(packet: bytes) -> int:
    return 0x86DD if packet[0] >> 4 == 6 else 0x0800


def erf(kind: int, data: bytes, extensions: bytes = b"") -> bytes:
    """An Endace card's record: time, kind, flags, its length, packets lost, the length on the wire; headers that extend it, the data."""
    size = 16 + len(extensions) + len(data)
    return bytes(8) + bytes([kind, 4]) + size.to_bytes(2, "big") + bytes(2) + len(data).to_bytes(2, "big") + extensions + data


# Ethernet frames around an IP packet, by what they note as its wrappings.
TUNNELS: dict[str, Around] = {
    "vlan 100": lambda p: build.ethernet(build.vlan(p, 100), 0x8100),
    "vlan 1, vlan 2": lambda p: build.ethernet(build.vlan(build.vlan(p, 2), 1, 0x8100), 0x88A8),
    "vxlan 5": lambda p: in_udp(4789)(build.vxlan(build.ethernet(p), 5)),
    "geneve 6": lambda p: in_udp(6081)(build.geneve(build.ethernet(p), 6, bytes(8))),
    "gtp-u": lambda p: in_udp(2152)(build.gtp_u(p, 7, sequence=1)),
    "gre": lambda p: in_gre(build.gre(p, kind_of(p), key=1, sequence=2)),
    "erspan": lambda p: in_gre(build.gre(build.ethernet(p), 0x88BE)),
    "erspan 8": lambda p: in_gre(build.erspan2(build.ethernet(p), 8)),
    "erspan 9": lambda p: in_gre(build.erspan3(build.ethernet(p), 9, platform=bytes(8))),
    "mpls 16, mpls 17": lambda p: build.ethernet(build.mpls(p, 16, 17), 0x8847),
    "mpls 18": lambda p: build.ethernet(build.mpls(bytes(4) + build.ethernet(p), 18), 0x8847),
    "pppoe 3": lambda p: build.ethernet(build.pppoe(p, 3), 0x8864),
    "ipip": lambda p: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 4, p)),
    "4in6": lambda p: build.ethernet(build.ip("::1", "::2", 4, p)),
    "6in4": lambda p: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 41, p)),
    "6in6": lambda p: build.ethernet(build.ip("::1", "::2", 41, p)),
    "vlan 4, erspan 8, vlan 5": lambda p: build.ethernet(
        build.vlan(in_gre(build.erspan2(build.ethernet(build.vlan(p, 5), 0x8100), 8))[14:], 4), 0x8100
    ),
    "vlan 1, vlan 2, vlan 3, vlan 4": lambda p: build.ethernet(
        build.vlan(build.vlan(build.vlan(build.vlan(build.vlan(p, 5), 4, 0x8100), 3, 0x8100), 2, 0x8100), 1, 0x8100), 0x88A8
    ),
}


def in_ip(protocol: int) -> Around:
    return lambda data: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", protocol, data, id=1))


# What mirrors and gateways put around a packet; the twin reads those of which a standard says what is inside.
TUNNELS |= {
    "wccp": lambda p: in_gre(wrappings.wccp(p)),
    "eoip 300": lambda p: in_gre(wrappings.eoip(build.ethernet(p), 300)),
    "etherip": lambda p: in_ip(97)(wrappings.etherip(build.ethernet(p))),
    "pbb 70000": lambda p: build.ethernet(wrappings.pbb(build.ethernet(p), 70000), 0x88E7),
    "vlan 9, pbb 1": lambda p: build.ethernet(build.vlan(wrappings.pbb(build.ethernet(p), 1), 9, 0x88E7), 0x88A8),
    "erspan 7": lambda p: in_gre(build.erspan2(build.ethernet(wrappings.ttag(kind_of(p), p), 0x8988), 7)),
    "vlan 3": lambda p: build.ethernet(wrappings.arista(0x8100, build.vlan(p, 3), 48), 0xD28B),
    "tzsp": lambda p: in_udp(37008)(wrappings.tzsp(build.ethernet(p), tags=b"\0\x0a\x01\xc4\x29\x02\x05\xdc\x3c\x06" + bytes(6))),
    "mpls-udp, mpls 5": lambda p: in_udp(6635)(build.mpls(p, 5)),
    "capwap": lambda p: in_udp(5247)(wrappings.capwap(build.ethernet(p), words=4)),
    "l2tp 12": lambda p: in_udp(1701)(wrappings.l2tp(wrappings.ppp(p), 12, flags=0x4900)),
    "ayiya": lambda p: in_udp(5072)(wrappings.ayiya(p, 41 if p[0] >> 4 == 6 else 4)),
}
# Those that only the packet in them gives away.
GUESSED: Final[dict[str, Around]] = {
    "jmirror": lambda p: in_udp(30030)(wrappings.jmirror(p)),
    "hp-erm": lambda p: in_udp(7932)(wrappings.hp_erm(build.ethernet(p))),
    "lisp 44": lambda p: in_udp(4341)(wrappings.lisp(p, 44)),
    "l2tp 9": lambda p: in_udp(1701)(wrappings.l2tp3(build.ethernet(p), 9, bytes(8))),
    "l2tp 8": lambda p: in_ip(115)(wrappings.l2tp3(build.ethernet(p), 8, b"cook", udp=False)),
    "lwapp": lambda p: in_udp(12222)(wrappings.lwapp(wrappings.wlan(p))),
    "mpls 6": lambda p: in_ip(137)(build.mpls(p, 6)),
    "mip": lambda p: in_udp(434)(bytes((4, 41 if p[0] >> 4 == 6 else 4, 0, 0)) + p),
    "teredo": lambda p: in_udp(3544)(p),
}
ONLY_IPV6: Final = ("6in4", "6in6", "teredo")
ONLY_IPV4: Final = ("ipip", "4in6")

LINKS: Final[dict[int, Around]] = {
    1: build.ethernet,
    113: build.sll,
    276: build.sll2,
    101: bytes,
    12: bytes,
    14: bytes,
    0: build.null,
    108: lambda p: build.null(p, "big"),
    9: wrappings.ppp,
    109: wrappings.enc,
    117: wrappings.pflog,
    178: lambda p: wrappings.juniper(build.ethernet(p), extensions=b"\x01\x02\x03\x01\x0e\0"),
    192: lambda p: wrappings.ppi(build.ethernet(p), 1, bytes(12)),
    204: lambda p: b"\x01" + wrappings.ppp(p),
    226: wrappings.ipnet,
    242: wrappings.ipoib,
    258: lambda p: wrappings.pktap(build.ethernet(p)),
}
# Link types that the twin doesn't read.
OTHER_LINKS: Final[tuple[tuple[int, Around], ...]] = (
    (107, wrappings.relay),
    (206, lambda p: b"\0" + wrappings.relay(p)),
    (205, lambda p: b"\0\x0f\0" + kind_of(p).to_bytes(2, "big") + p),
    (119, lambda p: b"\x44\0\0\0\x90\0\0\0" + bytes(136) + wrappings.wlan(p)),
    (163, lambda p: b"\x80\x21\x10\x01\0\0\0\x40" + bytes(56) + wrappings.wlan(p)),
    (138, lambda p: bytes(16) + kind_of(p).to_bytes(2, "big") + p),
    (149, lambda p: wrappings.pktap(p, 12, length=156)),
    (166, lambda p: b"\0" + wrappings.ppp(p)),
    (240, lambda p: bytes(4) + build.ethernet(p)),
    (178, lambda p: wrappings.juniper(p, protocol=6 if p[0] >> 4 == 6 else 2)),
    (178, build.ethernet),
    (167, lambda p: wrappings.juniper(build.ethernet(p))),
    (179, lambda p: wrappings.juniper(b"\0\0" + wrappings.ppp(p)[2:])),
    (179, lambda p: wrappings.juniper(wrappings.ppp(p))),
    (180, lambda p: wrappings.juniper(wrappings.relay(p))),
    (181, lambda p: wrappings.juniper(b"\x0f\0" + kind_of(p).to_bytes(2, "big") + p)),
    (130, lambda p: wrappings.juniper(wrappings.ppp(p)[2:])),
    (130, lambda p: wrappings.juniper(b"\x54\0\0\0" + wrappings.ppp(p)[2:])),
    (133, lambda p: wrappings.juniper((b"\6\0" if p[0] >> 4 == 6 else b"\2\0") + bytes(2) + p)),
    (135, lambda p: wrappings.juniper(bytes(8) + p)),
    (136, lambda p: wrappings.juniper(bytes(16) + p)),
    (137, lambda p: wrappings.juniper(bytes(4) + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p)),
    (183, lambda p: wrappings.juniper(bytes(18) + p)),
    (242, lambda p: wrappings.ipoib(p, 0)),
    (8, lambda p: bytes(16) + p),
    (281, lambda p: bytes(12) + b"\x20\0\0\1" + build.ethernet(p)[12:]),
    (282, lambda p: b"\x20\0\0\1" + build.ethernet(p)),
    (283, lambda p: bytes(12) + b"\xc0\0\0\1" + build.ethernet(p)[12:]),
    (284, lambda p: bytes(12) + b"\xda\xda\0\0\xc0\0\0\1" + build.ethernet(p)[12:]),
    (192, lambda p: wrappings.ppi(wrappings.wlan(p), 105)),
    (10, lambda p: b"\x57" + bytes(12) + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (6, lambda p: b"\x10\x40" + bytes(12) + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (6, lambda p: b"\x10\x40" + bytes(6) + b"\x80" + bytes(5) + b"\6\0\1\2\3\4" + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (11, lambda p: wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (100, lambda p: wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (123, lambda p: b"\2\1\0\x64" + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (197, lambda p: erf(2, bytes(2) + build.ethernet(p))),
    (197, lambda p: erf(0x90, bytes(2) + build.ethernet(p), extensions=b"\x83" + bytes(7) + b"\3" + bytes(7))),
    (197, lambda p: erf(23 if p[0] >> 4 == 6 else 22, p)),
    (241, lambda p: bytes(4) + b"\x55" * 7 + b"\xd5" + build.ethernet(p)),
    (259, lambda p: b"\x55\x55\xd5\x55\x55\0\1\x7d" + build.ethernet(p)),
    (274, lambda p: b"\x55" * 7 + b"\xd5" + build.ethernet(p)),
    (202, lambda p: b"\0\x82\xa0\xa4\xa6\x40\x40\x60" + b"\x82\xa0\xa4\xa6\x40\x40\x61\x03\xcc" + p),
    (252, lambda p: b"\0\x0c\0\x04" + (b"ip\0\0" if p[0] >> 4 == 4 else b"ipv6") + bytes(4) + p),
    (252, lambda p: b"\0\x1e\0\4" + bytes(4) + b"\0\x0c\0\x10eth_withoutfcs\0\0" + bytes(4) + build.ethernet(p)),
    (123, lambda p: b"\x01\0\0\5\0\1" + build.ethernet(p)),
    (7, lambda p: b"\1\2\xd4\xff\xff\xff\xd4\0\0\1" + p),
    (3, lambda p: b"\x82\xa0\xa4\xa6\x40\x40\x60" + b"\x82\xa0\xa4\xa6\x40\x40\x61\x03\xcc" + p),
    (3, lambda p: b"\x82\xa0\xa4\xa6\x40\x40\x60" * 3 + b"\x82\xa0\xa4\xa6\x40\x40\x61\x03\xcc" + p),
    (7, lambda p: b"\1\2\xd4\0\0\1" + p),
    (129, lambda p: b"\1\2\0\0\xf0" + p),
    (99, lambda p: bytes(6) + kind_of(p).to_bytes(2, "big") + bytes(36) + p),
    (106, lambda p: p),
    (106, lambda p: wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (122, lambda p: bytes(16) + wrappings.SNAP + kind_of(p).to_bytes(2, "big") + p),
    (128, lambda p: wrappings.tzsp(build.ethernet(p))),
)


def framed(link_type: int, data: bytes, ts_ns: int | None = 0) -> Frame:
    return Frame(ts_ns, link_type, data, len(data))


def frames_of_every_shape() -> dict[str, Frame]:
    """By name; the inner packets are whole."""
    found = {f"{name} on link type {link}": framed(link, wrap(p)) for link, wrap in LINKS.items() for name, p in PACKETS.items()}
    found |= {"ipv4 link": framed(228, TCP_4), "ipv6 link": framed(229, TCP_6), "arp": framed(1, build.arp())}
    for outer, wrap in TUNNELS.items():
        if outer not in ONLY_IPV6:
            found[f"tcp in {outer}"] = framed(1, wrap(TCP_4))
        if outer not in ONLY_IPV4:
            found[f"udp6 in {outer}"] = framed(1, wrap(UDP_6))
    return found


def frames_that_are_guessed() -> dict[str, Frame]:
    """By name: wrappings that the twin doesn't read, because only the packet's own shape announces them; and other link types."""
    found = {f"tcp in {outer}": framed(1, wrap(TCP_4)) for outer, wrap in GUESSED.items() if outer not in ONLY_IPV6}
    found |= {f"udp6 in {outer}": framed(1, wrap(UDP_6)) for outer, wrap in GUESSED.items()}
    return found | {
        f"{kind} on link type {link}, {i}": framed(link, wrap(p))
        for i, (link, wrap) in enumerate(OTHER_LINKS)
        for kind, p in (("tcp", TCP_4), ("udp6", UDP_6))
    }
