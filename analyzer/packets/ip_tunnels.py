"""Tunnels directly behind an IP header: IP, Ethernet, MPLS; GRE and L2TP in their own files.

Sources: RFC 2003, 2473 and 4213 (IP in IP), RFC 3378 (EtherIP), RFC 4023 (MPLS in IP), RFC 4302 (authentication header).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.gre import PROTOCOL_GRE, after_gre
from analyzer.packets.ip import PROTOCOL_AH
from analyzer.packets.l2tp import PROTOCOL_L2TP, after_session
from analyzer.packets.layout import NO_ID, WHY_PROTOCOL
from analyzer.packets.link import CUT, LAYER_ETHERNET, LAYER_IP, LAYER_TYPE, UNKNOWN
from analyzer.packets.tags import OUTER_MPLS
from analyzer.packets.wrappings import Wrapping

PROTOCOL_IPIP: Final = 4
PROTOCOL_IPV6: Final = 41
PROTOCOL_ETHERIP: Final = 97
PROTOCOL_MPLS: Final = 137
PROTOCOL_ETHERNET: Final = 143

OUTER_IPIP: Final = 8
OUTER_6IN4: Final = 9
OUTER_4IN6: Final = 12
OUTER_6IN6: Final = 13
OUTER_ETHERIP: Final = 16

WRAPPINGS: Final = (
    Wrapping("ipip", OUTER_IPIP, "protocol", (PROTOCOL_IPIP,), "IPv4 in IPv4", "RFC 2003"),
    Wrapping("6in4", OUTER_6IN4, "protocol", (PROTOCOL_IPV6,), "IPv6 in IPv4", "RFC 4213"),
    Wrapping("4in6", OUTER_4IN6, "protocol", (PROTOCOL_IPIP,), "IPv4 in IPv6", "RFC 2473"),
    Wrapping("6in6", OUTER_6IN6, "protocol", (PROTOCOL_IPV6,), "IPv6 in IPv6", "RFC 2473"),
    Wrapping(
        "etherip",
        OUTER_ETHERIP,
        "protocol",
        (PROTOCOL_ETHERIP, PROTOCOL_ETHERNET),
        "Ethernet in IP, MikroTik's EoIPv6 and SRv6's too",
        "RFC 3378, 8986",
    ),
    Wrapping("mpls", OUTER_MPLS, "protocol", (PROTOCOL_MPLS,), "MPLS in IP", "RFC 4023"),
    Wrapping("", 0, "protocol", (PROTOCOL_AH,), "authentication header (AH), transport and tunnel mode", "RFC 4302"),
)


def after_ip_tunnel(buf, at, end, version, protocol):
    """(position, layer, ethertype, kind, id) of the packet in an IP packet of this protocol; UNKNOWN where it carries no packet.

    Where there is no position, the ethertype's place has a WHY_*, as in link.py. kind 0: the next header announces its own kind.
    """
    if protocol == PROTOCOL_GRE:
        return after_gre(buf, at, end)
    if protocol == PROTOCOL_IPIP:
        return at, LAYER_IP, 0, OUTER_IPIP if version == 4 else OUTER_4IN6, NO_ID
    if protocol == PROTOCOL_IPV6:
        return at, LAYER_IP, 0, OUTER_6IN4 if version == 4 else OUTER_6IN6, NO_ID
    if protocol == PROTOCOL_ETHERIP:
        if end - at < 2:
            return CUT, 0, 0, 0, 0
        if buf[at] >> 4 == 3 or buf[at] & 0x0F == 3:  # early BSDs and MikroTik put the version in the other half
            return at + 2, LAYER_ETHERNET, 0, OUTER_ETHERIP, NO_ID
    if protocol == PROTOCOL_ETHERNET:
        return at, LAYER_ETHERNET, 0, OUTER_ETHERIP, NO_ID
    if protocol == PROTOCOL_L2TP:
        return after_session(buf, at, end, WHY_PROTOCOL | PROTOCOL_L2TP)
    if protocol == PROTOCOL_MPLS:
        return at, LAYER_TYPE, 0x8847, 0, 0
    return UNKNOWN, 0, 0, 0, 0
