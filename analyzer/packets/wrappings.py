"""Every wrapping that is peeled off, once: what it is called, how it is known, and where it is described.

`outer` takes its names from here, docs/limits.md its table, and the tests a frame of each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from analyzer.packets import layout


class Wrapping(NamedTuple):
    """One kind of wrapping.

    name     as it is told in `outer`; "": peeled off without being told
    kind     OUTER_* of layout.py, 0 where it isn't told
    by       what announces it: ethertype, protocol (IP), gre (its protocol type) or udp (destination port), and the numbers
    what     in a few words;  source: where its format is described
    """

    name: str
    kind: int
    by: str
    numbers: tuple[int, ...]
    what: str
    source: str


WRAPPINGS: Final = (
    Wrapping(
        "vlan",
        layout.OUTER_VLAN,
        "ethertype",
        (0x8100, 0x88A8, 0x9100, 0x9200),
        "802.1Q and 802.1ad tags; the id is the VLAN",
        "IEEE 802.1Q",
    ),
    Wrapping(
        "mpls",
        layout.OUTER_MPLS,
        "ethertype",
        (0x8847, 0x8848),
        "labels; behind the last IP, or Ethernet with or without a control word",
        "RFC 3032, 4385",
    ),
    Wrapping("mpls", layout.OUTER_MPLS, "protocol", (137,), "MPLS in IP", "RFC 4023"),
    Wrapping("pppoe", layout.OUTER_PPPOE, "ethertype", (0x8864,), "the id is the session", "RFC 2516"),
    Wrapping(
        "pbb", layout.OUTER_PBB, "ethertype", (0x88E7,), "802.1ah provider backbone bridges; the id is the service instance", "IEEE 802.1ah"
    ),
    Wrapping(
        "gre",
        layout.OUTER_GRE,
        "protocol",
        (47,),
        "GRE, PPTP's too; IP, Ethernet, PPP, MPLS, and 802.11 of Aruba's access points inside",
        "RFC 2784, 2890, 2637",
    ),
    Wrapping(
        "wccp",
        layout.OUTER_WCCP,
        "gre",
        (0x883E,),
        "what a router redirects to a web cache, version 1 and 2",
        "draft-mclaggan-wccp-v2rev1 4.12",
    ),
    Wrapping(
        "erspan",
        layout.OUTER_ERSPAN,
        "gre",
        (0x88BE, 0x22EB),
        "Cisco's mirror, types I to III; the id is the session",
        "draft-foschiano-erspan",
    ),
    Wrapping(
        "eoip",
        layout.OUTER_EOIP,
        "gre",
        (0x6400,),
        "MikroTik's Ethernet over IP; the id is the tunnel",
        "MikroTik's documentation, Wireshark packet-gre.c",
    ),
    Wrapping("ipip", layout.OUTER_IPIP, "protocol", (4,), "IPv4 in IPv4", "RFC 2003"),
    Wrapping("6in4", layout.OUTER_6IN4, "protocol", (41,), "IPv6 in IPv4", "RFC 4213"),
    Wrapping("4in6", layout.OUTER_4IN6, "protocol", (4,), "IPv4 in IPv6", "RFC 2473"),
    Wrapping("6in6", layout.OUTER_6IN6, "protocol", (41,), "IPv6 in IPv6", "RFC 2473"),
    Wrapping("etherip", layout.OUTER_ETHERIP, "protocol", (97,), "Ethernet in IP, MikroTik's EoIPv6 too", "RFC 3378"),
    Wrapping(
        "l2tp",
        layout.OUTER_L2TP,
        "udp",
        (1701,),
        "versions 2 and 3; the id is the session. Version 3 doesn't say how long its cookie is: what fits is taken",
        "RFC 2661, 3931",
    ),
    Wrapping("l2tp", layout.OUTER_L2TP, "protocol", (115,), "version 3 over IP", "RFC 3931"),
    Wrapping(
        "vxlan",
        layout.OUTER_VXLAN,
        "udp",
        (4789, 8472, 4790),
        "VXLAN, as Linux had it before the port was assigned, and VXLAN-GPE; on ports that the topology names; the id is the network",
        "RFC 7348, draft-ietf-nvo3-vxlan-gpe",
    ),
    Wrapping("geneve", layout.OUTER_GENEVE, "udp", (6081,), "the id is the network", "RFC 8926"),
    Wrapping("gtp-u", layout.OUTER_GTP, "udp", (2152,), "user packets of mobile networks", "3GPP TS 29.281"),
    Wrapping("teredo", layout.OUTER_TEREDO, "udp", (3544,), "IPv6 in UDP", "RFC 4380"),
    Wrapping("mpls-udp", layout.OUTER_MPLS_UDP, "udp", (6635,), "MPLS in UDP", "RFC 7510"),
    Wrapping("lisp", layout.OUTER_LISP, "udp", (4341,), "IP in UDP; the id is the instance", "RFC 9300"),
    Wrapping("capwap", layout.OUTER_CAPWAP, "udp", (5247,), "access points' data, where it isn't encrypted", "RFC 5415, 5416"),
    Wrapping("ayiya", layout.OUTER_AYIYA, "udp", (5072,), "anything in anything", "draft-massar-v6ops-ayiya-02"),
    Wrapping(
        "tzsp",
        layout.OUTER_TZSP,
        "udp",
        (37008,),
        "MikroTik's sniffer and others; Ethernet and 802.11, all tags",
        "Wireshark packet-tzsp.c",
    ),
    Wrapping("jmirror", layout.OUTER_JMIRROR, "udp", (30030,), "Juniper's packet mirror (JUNOSe)", "Wireshark packet-jmirror.c"),
    Wrapping(
        "hp-erm",
        layout.OUTER_HP_ERM,
        "udp",
        (7932,),
        "HP's remote mirror, where an Ethernet frame of an IP packet is inside",
        "Wireshark packet-hp-erm.c; the port: Wireshark's wiki, HPERM",
    ),
    Wrapping("", 0, "ethertype", (0x894F,), "network service header (NSH)", "RFC 8300"),
    Wrapping("", 0, "ethertype", (0x8926,), "VN-Tag", "802.1BR"),
    Wrapping("", 0, "ethertype", (0x8909,), "Cisco MetaData", "Wireshark packet-cmd.c"),
    Wrapping("", 0, "ethertype", (0x8988,), "Cisco's time tag (TTag)", "Wireshark packet-cisco-ttag.c"),
    Wrapping("", 0, "ethertype", (0xD28B,), "Arista's time tags (both lengths) and DzGRE", "Wireshark packet-avsp.c"),
    Wrapping("", 0, "protocol", (51,), "authentication header (AH), transport and tunnel mode", "RFC 4302"),
)

OUTER_NAMES: Final = ("", *dict(sorted((wrapping.kind, wrapping.name) for wrapping in WRAPPINGS if wrapping.kind)).values())
"""By OUTER_*."""

UDP_PORTS: Final = frozenset(number for wrapping in WRAPPINGS if wrapping.by == "udp" for number in wrapping.numbers)
