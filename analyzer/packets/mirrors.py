"""Mirrored packets in UDP datagrams: TZSP, Juniper's jmirror, HP's remote mirror; and access points' data: CAPWAP,
LWAPP.

Results as in tunnels.py. Sources: Wireshark's packet-tzsp.c, packet-jmirror.c, packet-hp-erm.c; RFC 5415 4.3 and RFC
5416 (CAPWAP), packet-capwap.c for frame controls with swapped bytes; RFC 5412 3.3 and 3.4 (LWAPP).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u32
from analyzer.packets.guess import is_ethernet, is_ip
from analyzer.packets.layout import NO_ID, WHY_UDP
from analyzer.packets.link import CUT, LAYER_ETHERNET, LAYER_IP, LAYER_LINK, LAYER_PPP, LAYER_WLAN, LAYER_WLAN_SWAPPED, NONE
from analyzer.packets.wrappings import Wrapping

PORT_TZSP: Final = 37008
PORT_JMIRROR: Final = 30030
PORT_HP_ERM: Final = 7932
PORT_CAPWAP: Final = 5247
PORT_LWAPP: Final = 12222
PORT_LWAPP_OTHER: Final = 12223

HP_ERM_HEADER: Final = 12
LWAPP_HEADER: Final = 6

OUTER_TZSP: Final = 15
OUTER_JMIRROR: Final = 20
OUTER_CAPWAP: Final = 21
OUTER_HP_ERM: Final = 24
OUTER_LWAPP: Final = 27

WRAPPINGS: Final = (
    Wrapping(
        "capwap",
        OUTER_CAPWAP,
        "udp",
        (PORT_CAPWAP,),
        "access points' data, where it isn't encrypted",
        "RFC 5415, 5416",
        unopened="CAPWAP data (UDP port 5247) that is encrypted or parted",
        advice="capture behind the controller",
    ),
    Wrapping("lwapp", OUTER_LWAPP, "udp", (PORT_LWAPP, PORT_LWAPP_OTHER), "access points' data before CAPWAP", "RFC 5412"),
    Wrapping(
        "tzsp",
        OUTER_TZSP,
        "udp",
        (PORT_TZSP,),
        "MikroTik's sniffer and others; Ethernet and 802.11, all tags",
        "Wireshark packet-tzsp.c",
        unopened="TZSP (UDP port 37008) of something other than Ethernet and 802.11",
    ),
    Wrapping(
        "jmirror",
        OUTER_JMIRROR,
        "udp",
        (PORT_JMIRROR,),
        "Juniper's packet mirror (JUNOSe)",
        "Wireshark packet-jmirror.c",
        unopened="jmirror (UDP port 30030) of something other than IP",
    ),
    Wrapping(
        "hp-erm",
        OUTER_HP_ERM,
        "udp",
        (PORT_HP_ERM,),
        "HP's remote mirror, where an Ethernet frame of an IP packet is inside",
        "Wireshark packet-hp-erm.c; the port: Wireshark's wiki, HPERM",
        unopened="datagrams on the port of HP's mirror (UDP port 7932) with no frame of an IP packet in them",
    ),
)


def after_tzsp(buf, at, end):
    """The frame behind TZSP's tags, which end with tag 1; keepalives and the sniffer's other messages have none."""
    if end - at < 5 or buf[at] != 1 or buf[at + 1] > 5:
        return NONE, 0, 0, 0, 0
    if buf[at + 1] > 1:
        return NONE, 0, 0, 0, 0
    kind = u16(buf, at + 2)
    p = at + 4
    while True:
        if p >= end:
            return CUT, 0, 0, 0, 0
        tag = buf[p]
        p += 1
        if tag == 1:
            break
        if tag != 0:  # all but padding have a length
            if p >= end:
                return CUT, 0, 0, 0, 0
            p += 1 + buf[p]
    if kind == 1:
        return p, LAYER_ETHERNET, 0, OUTER_TZSP, NO_ID
    if kind == 18:
        return p, LAYER_WLAN, 0, OUTER_TZSP, NO_ID
    if kind in (119, 127):  # the link types of its radio headers
        return p, LAYER_LINK, 119, OUTER_TZSP, NO_ID
    return NONE, 0, WHY_UDP | PORT_TZSP, 0, 0


def after_jmirror(buf, at, end):
    """The packet behind both identifiers: no field announces its type, so it is recognized by its header."""
    p = at + 8
    if is_ip(buf, p, end, False):
        return p, LAYER_IP, 0, OUTER_JMIRROR, NO_ID
    if end - p >= 4 and u16(buf, p) == 0xFF03 and u16(buf, p + 2) & 0x3FFF in (0x0021, 0x0057):
        return p, LAYER_PPP, 0, OUTER_JMIRROR, NO_ID
    if is_ethernet(buf, p, end, False):
        return p, LAYER_ETHERNET, 0, OUTER_JMIRROR, NO_ID
    return NONE, 0, WHY_UDP | PORT_JMIRROR, 0, 0


def after_hp_erm(buf, at, end):
    """The Ethernet frame behind twelve bytes of unpublished meaning, where it contains an IP packet."""
    if is_ethernet(buf, at + HP_ERM_HEADER, end, False):
        return at + HP_ERM_HEADER, LAYER_ETHERNET, 0, OUTER_HP_ERM, NO_ID
    return NONE, 0, WHY_UDP | PORT_HP_ERM, 0, 0


def after_capwap(buf, at, end):
    """The 802.3 or 802.11 frame in a CAPWAP data packet; none where it is encrypted or a later fragment."""
    if end - at < 8:
        return NONE, 0, 0, 0, 0
    if buf[at] == 1:  # a DTLS header follows
        return NONE, 0, WHY_UDP | PORT_CAPWAP, 0, 0
    if buf[at] != 0:
        return NONE, 0, 0, 0, 0
    word = u32(buf, at)
    header = 4 * ((word >> 19) & 0x1F)
    if header < 8 or word & 0x08:  # a keepalive
        return NONE, 0, 0, 0, 0
    if word & 0x80 and u16(buf, at + 6) >> 3:
        return NONE, 0, WHY_UDP | PORT_CAPWAP, 0, 0
    p = at + header
    if word & 0x100 == 0:
        return p, LAYER_ETHERNET, 0, OUTER_CAPWAP, NO_ID
    if end - p < 2:
        return CUT, 0, 0, 0, 0
    if buf[p] & 0x0F != 0x08 and buf[p + 1] & 0x0F == 0x08:
        return p, LAYER_WLAN_SWAPPED, 0, OUTER_CAPWAP, NO_ID
    return p, LAYER_WLAN, 0, OUTER_CAPWAP, NO_ID


def after_lwapp(buf, at, end):
    """The 802.11 data frame, complete and of the length in LWAPP's header; control messages and fragments are ordinary datagrams."""
    p = at + LWAPP_HEADER
    if end - p < 24 or buf[at] & 0xC7 or u16(buf, at + 2) != end - p or buf[p] & 0x0F != 0x08:
        return NONE, 0, 0, 0, 0
    return p, LAYER_WLAN, 0, OUTER_LWAPP, NO_ID
