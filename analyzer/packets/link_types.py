"""Every link type that is read: its number, its name, and how its header is removed.

Numbers and formats: tcpdump.org/linktypes.html; where it names no format, Wireshark's dissectors.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u32
from analyzer.packets.layout import WHY_LINK
from analyzer.packets.link import (
    CUT,
    LAYER_ETHERNET,
    LAYER_IP,
    LAYER_LINK,
    LAYER_LLC,
    LAYER_PPP,
    LAYER_RELAY,
    LAYER_TYPE,
    LAYER_WLAN,
    LINK_ETHERNET,
    LINK_RAW,
    NONE,
    UNKNOWN,
)
from analyzer.packets.mirrors import after_tzsp
from analyzer.packets.pseudo import (
    LINK_ERF,
    LINK_EXPORTED,
    after_arcnet,
    after_ax25,
    after_erf,
    after_exported,
    after_ipoib,
    after_juniper,
    after_nflog,
    after_pflog,
    after_pktap,
    after_ppi,
    after_prism,
    after_radiotap,
    after_sun_atm,
    after_symantec,
    is_pktap,
)

LINK_NULL: Final = 0
LINK_TOKEN_RING: Final = 6
LINK_PPP: Final = 9
LINK_FDDI: Final = 10
LINK_ATM: Final = 100  # 11 in old files
LINK_SUN_ATM: Final = 123
LINK_PPP_HDLC: Final = 50
LINK_PPPOE: Final = 51
LINK_CISCO_HDLC: Final = 104
LINK_WLAN: Final = 105
LINK_RELAY: Final = 107
LINK_LOOP: Final = 108
LINK_ENC: Final = 109
LINK_SLL: Final = 113
LINK_PFLOG: Final = 117
LINK_PRISM: Final = 119
LINK_RADIOTAP: Final = 127
LINK_FIREWIRE: Final = 138
LINK_USER2: Final = 149
LINK_AVS: Final = 163
LINK_PPP_PPPD: Final = 166
LINK_PPI: Final = 192
LINK_PPP_DIRECTION: Final = 204
LINK_HDLC_DIRECTION: Final = 205
LINK_RELAY_DIRECTION: Final = 206
LINK_IPNET: Final = 226
LINK_IPV4: Final = 228
LINK_IPV6: Final = 229
LINK_NFLOG: Final = 239
LINK_NETANALYZER: Final = 240
LINK_NETANALYZER_TRANSPARENT: Final = 241  # with the preamble
LINK_IP_OVER_FC: Final = 122
LINK_AX25: Final = 3
LINK_AX25_KISS: Final = 202  # a byte of KISS before it, whose low bits are 0 for data
LINK_ARCNET: Final = 7
LINK_ARCNET_LINUX: Final = 129
LINK_SYMANTEC: Final = 99
LINK_ATM_CLIP: Final = 106
LINK_TZSP: Final = 128
LINK_MPLS: Final = 219
LINK_EPON: Final = 259
LINK_MPACKET: Final = 274
LINK_IPOIB: Final = 242
LINK_PKTAP: Final = 258
LINK_SLL2: Final = 276
LINK_SLIP: Final = 8
LINK_BROADCOM: Final = 281  # a tag of four bytes behind the addresses; 282: before them
LINK_BROADCOM_BEFORE: Final = 282
LINK_MARVELL: Final = 283  # four bytes, 284: eight
LINK_MARVELL_8: Final = 284

# Device types (ARPHRD_IEEE80211, ARPHRD_IEEE80211_RADIOTAP of Linux' if_arp.h).
DEVICE_WLAN: Final = 801
DEVICE_RADIOTAP: Final = 803

# Numbers above pcap's, for other files' own link types without a pcap number.
SNOOP: Final = 1 << 16
NETMON: Final = 1 << 17
NETMON_EVENT: Final = NETMON + 0xFFE0
NETMON_INTERFACES: Final = NETMON + 0xFFFB  # a note of the program's own: the machine's interfaces
NETMON_FILTER: Final = NETMON + 0xFFFF  # and the filter that was set

LINK_TYPES: Final = (
    ((0, 108), "BSD loopback"),
    ((1,), "Ethernet"),
    ((9, 50, 51), "PPP, PPP in HDLC framing, PPPoE"),
    ((166, 204), "PPP with the direction before it"),
    ((12, 14, 101, 228, 229), "raw IP"),
    ((104, 205), "Cisco HDLC, also with the direction before it"),
    ((107, 206), "frame relay, also with the direction before it"),
    ((105, 119, 127, 163), "802.11 data frames that aren't encrypted, without a header, with Prism's, radiotap's and AVS's"),
    ((109,), "OpenBSD's enc: what IPsec takes in and gives out, decrypted"),
    ((8,), "SLIP"),
    ((113, 276), "Linux cooked, versions 1 and 2"),
    ((117,), "pflog, with headers of every length; what pf did is the column `firewall_action`"),
    ((130, 131, 132, 133, 134, 135, 136, 137), "Juniper: multilink, encryption, GGSN, ATM and services interfaces"),
    (
        (164, 167, 168, 178, 179, 180, 181, 183, 194, 200),
        "Juniper: monitoring, PPPoE, Ethernet, PPP, frame relay, HDLC and other interfaces",
    ),
    ((6, 10), "token ring and FDDI"),
    ((11, 100, 106, 123), "ATM: LLC of RFC 2684, Linux' classical IP, and SunATM's"),
    ((138,), "IP over FireWire"),
    ((149, 258), "Apple's PKTAP (149 where it is one); the process is the column `process`"),
    ((192,), "per-packet information (PPI)"),
    ((226,), "Solaris' ipnet"),
    ((197,), "Endace's records (ERF) of Ethernet and of IP"),
    ((239,), "NFLOG"),
    ((240, 241), "netANALYZER's Ethernet, without and with the preamble"),
    ((259, 274), "Ethernet with its preamble: of passive optical networks, and of frames that others may interrupt"),
    ((122,), "IP over Fibre Channel"),
    ((3, 202, 7, 129), "AX.25, also in KISS, and ARCNET, BSD's and Linux'"),
    ((99,), "Symantec's Enterprise Firewall"),
    ((128,), "TZSP"),
    ((219,), "MPLS"),
    ((252,), "what Wireshark exported of packets (exported PDUs), where it is IP or Ethernet"),
    ((242,), "IP over InfiniBand"),
    ((281, 282, 283, 284), "Ethernet with the tag of a switch of Broadcom's or Marvell's in it"),
)
"""(the numbers of link types, their name)"""


def link_type_name(number: int) -> str:
    """The displayed name of a link type: its number, or the number in its file's own format."""
    if number == NETMON_EVENT:
        return "Windows' events in a NetMon file"
    if number >= NETMON:
        return f"NetMon's media type {number - NETMON:#06x}"
    return f"snoop's datalink {number - SNOOP}" if number >= SNOOP else f"link type {number}"


def begin(buf, at, end, link_type):
    """(position, layer, ethertype) of the first header behind the link header of `link_type`."""
    if link_type == LINK_ETHERNET:
        return at, LAYER_ETHERNET, 0
    if link_type in (LINK_RAW, 12, 14, LINK_IPV4, LINK_IPV6):
        return at, LAYER_IP, 0
    if link_type == LINK_SLL:
        if end - at < 16:
            return CUT, 0, 0
        return cooked(u16(buf, at + 14), at + 16, u16(buf, at + 2))
    if link_type == LINK_SLL2:
        if end - at < 20:
            return CUT, 0, 0
        return cooked(u16(buf, at), at + 20, u16(buf, at + 8))
    if link_type in (LINK_NULL, LINK_LOOP):
        # An address family in the byte order of the capturing machine; only its size is certain, so IP's version decides.
        if end - at < 4:
            return CUT, 0, 0
        return at + 4, LAYER_IP, 0
    if link_type in (LINK_PPP, LINK_PPP_HDLC):
        return at, LAYER_PPP, 0
    if link_type in (LINK_PPP_DIRECTION, LINK_PPP_PPPD):
        return at + 1, LAYER_PPP, 0
    if link_type == LINK_PPPOE:
        return at, LAYER_TYPE, 0x8864
    if link_type in (LINK_CISCO_HDLC, LINK_HDLC_DIRECTION):
        p = at + 1 if link_type == LINK_HDLC_DIRECTION else at
        if end - p < 4:
            return CUT, 0, 0
        return p + 4, LAYER_TYPE, u16(buf, p + 2)
    if link_type == LINK_RELAY:
        return at, LAYER_RELAY, 0
    if link_type == LINK_RELAY_DIRECTION:
        return at + 1, LAYER_RELAY, 0
    if link_type == LINK_WLAN:
        return at, LAYER_WLAN, 0
    if link_type == LINK_RADIOTAP:
        return after_radiotap(buf, at, end)
    return begin_pseudo(buf, at, end, link_type)


def begin_pseudo(buf, at, end, link_type):
    """The same for link types with a header of the capturing system's own."""
    if link_type == LINK_PFLOG:
        return after_pflog(buf, at, end)
    if link_type == LINK_ENC:
        return at + 12, LAYER_IP, 0
    if link_type == LINK_PKTAP or (link_type == LINK_USER2 and is_pktap(buf, at, end)):
        return after_pktap(buf, at, end)
    if link_type == LINK_NFLOG:
        return after_nflog(buf, at, end)
    if link_type == LINK_PPI:
        return after_ppi(buf, at, end)
    if link_type == LINK_IPNET:
        return at + 24, LAYER_IP, 0
    if link_type == LINK_IPOIB:
        return after_ipoib(buf, at, end)
    if link_type == LINK_PRISM:
        return after_prism(buf, at, end)
    if link_type == LINK_AVS:
        if end - at < 8:
            return CUT, 0, 0
        return at + u32(buf, at + 4), LAYER_WLAN, 0
    if link_type == LINK_FIREWIRE:
        if end - at < 18:
            return CUT, 0, 0
        return at + 18, LAYER_TYPE, u16(buf, at + 16)
    if link_type in (LINK_NETANALYZER, LINK_BROADCOM_BEFORE):
        return at + 4, LAYER_ETHERNET, 0
    if link_type == LINK_ERF:
        return after_erf(buf, at, end)
    if link_type == LINK_TZSP:
        p, layer, ethertype, _, _ = after_tzsp(buf, at, end)
        return p, layer, ethertype
    if link_type == LINK_AX25:
        return after_ax25(buf, at, end)
    if link_type == LINK_AX25_KISS:
        if end == at:
            return CUT, 0, 0
        if buf[at] & 0x0F:
            return NONE, 0, 0
        return after_ax25(buf, at + 1, end)
    if link_type == LINK_EXPORTED:
        return after_exported(buf, at, end)
    if link_type == LINK_ARCNET:
        return after_arcnet(buf, at + 2, end, True)
    if link_type == LINK_ARCNET_LINUX:
        return after_arcnet(buf, at + 4, end, False)
    if link_type == LINK_SYMANTEC:
        return after_symantec(buf, at, end)
    if link_type == LINK_ATM_CLIP:
        return at, LAYER_LLC if end - at >= 3 and u16(buf, at) == 0xAAAA else LAYER_IP, 0
    if link_type == LINK_MPLS:
        return at, LAYER_TYPE, 0x8847
    if link_type == LINK_IP_OVER_FC:
        return at + 16, LAYER_LLC, 0
    if link_type in (LINK_EPON, LINK_MPACKET):
        return at + 8, LAYER_ETHERNET, 0
    if link_type == LINK_NETANALYZER_TRANSPARENT:
        return at + 12, LAYER_ETHERNET, 0
    if link_type == LINK_FDDI:
        return at + 13, LAYER_LLC, 0
    if link_type == LINK_TOKEN_RING:
        if end - at < 15:
            return CUT, 0, 0
        # The source's highest bit marks a route behind the addresses, whose length is in its first five bits.
        return at + 14 + (buf[at + 14] & 0x1F if buf[at + 8] & 0x80 else 0), LAYER_LLC, 0
    if link_type in (11, LINK_ATM):
        return at, LAYER_LLC, 0
    if link_type == LINK_SUN_ATM:
        return after_sun_atm(buf, at, end)
    if link_type == LINK_SLIP:
        return at + 16, LAYER_IP, 0
    if link_type in (LINK_BROADCOM, LINK_MARVELL, LINK_MARVELL_8):
        p = at + (20 if link_type == LINK_MARVELL_8 else 16)
        if end - p < 2:
            return CUT, 0, 0
        return p + 2, LAYER_TYPE, u16(buf, p)
    if 130 <= link_type <= 137 or link_type in (164, 167, 168, 178, 179, 180, 181, 183, 194, 200):
        return after_juniper(buf, at, end, link_type)
    if link_type in (NETMON_INTERFACES, NETMON_FILTER):
        return NONE, 0, 0
    return UNKNOWN, 0, WHY_LINK | (link_type & 0xFFFFFF)


def cooked(ethertype, at, device):
    """The header behind Linux' cooked header, whose ethertype 4 means LLC. From a device that captures 802.11 it is an 802.11 frame."""
    if device == DEVICE_WLAN:
        return at, LAYER_LINK, LINK_WLAN
    if device == DEVICE_RADIOTAP:
        return at, LAYER_LINK, LINK_RADIOTAP
    if ethertype == 4:
        return at, LAYER_LLC, 0
    return at, LAYER_TYPE, ethertype
