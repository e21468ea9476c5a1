"""Frames that weren't opened: a name for each note, whether the frames can hold a conversation, and the advice.

Frames without IP conversations (ARP, spanning tree, routing protocols) are no loss and aren't listed; all others are.
Numbers: IANA's and IEEE's registries.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from analyzer.packets.layout import (
    WHY_ETHERTYPE,
    WHY_GRE,
    WHY_INNER,
    WHY_LINK,
    WHY_LLC,
    WHY_PPP,
    WHY_PROTOCOL,
    WHY_SNAP,
    WHY_UDP,
    WHY_VERSION,
    WHY_WLAN,
)
from analyzer.packets.outer import WRAPPINGS


class Unopened(NamedTuple):
    """name: of the frames' kind; advice: a way to open them, "" where none is known."""

    name: str
    advice: str = ""


ENCRYPTED: Final = "it is encrypted: capture before or behind the tunnel"
CHOP: Final = "take its header off: editcap -C OFFSET:LENGTH IN OUT"

# The numbers of each kind that carry no IP conversation.
SILENT: Final[dict[int, frozenset[int]]] = {
    WHY_ETHERTYPE: frozenset(
        {
            *(
                0x0806,
                0x8035,
                0x0842,
                0x22EA,
                0x22F0,
                0x6001,
                0x6002,
                0x6003,
                0x6004,
                0x6007,
                0x80F3,
                0x809B,
                0x8137,
                0x8138,
                0x8808,
                0x8809,
            ),
            *(
                0x8863,
                0x886D,
                0x8874,
                0x887B,
                0x888E,
                0x8892,
                0x8899,
                0x88A2,
                0x88A4,
                0x88B8,
                0x88B9,
                0x88BA,
                0x88C7,
                0x88CC,
                0x88CD,
                0x88D9,
            ),
            *(
                0x88E1,
                0x88E3,
                0x88F5,
                0x88F6,
                0x88F7,
                0x88FB,
                0x8902,
                0x8906,
                0x890D,
                0x8914,
                0x891D,
                0x8929,
                0x893A,
                0x9000,
                0x2000,
                0x2003,
                0x2004,
            ),
        }
    ),
    WHY_LLC: frozenset({0x0000, 0x4242, 0xE0E0, 0xF0F0, 0xF0F1, 0xFEFE, 0xFFFF, 0x0001, 0xAAAB, 0xFCFC, 0xF8F8}),
    WHY_SNAP: frozenset({0x00000C, 0x00E02B, 0x00000E, 0x000081, 0x080007, 0x00E0D8, 0x0080C2}),
    WHY_PROTOCOL: frozenset({0, 1, 2, 3, 8, 9, 46, 58, 59, 88, 89, 103, 112, 113, 124, 135, 139, 140, 255}),
    WHY_PPP: frozenset({0x0023, 0x0025, 0x0027, 0x0029, 0x002B, 0x003F}),
}
FIRST_CONTROL_PPP: Final = 0x4000  # PPP protocols from here on negotiate, test and authenticate

KNOWN: Final[dict[int, dict[int, Unopened]]] = {
    WHY_ETHERTYPE: {
        0: Unopened("a wrapping that doesn't say what is in it"),
        0x88E5: Unopened(
            "encrypted MACsec (ethertype 0x88e5)", "it is encrypted: capture on the host itself, or behind the port that decrypts"
        ),
        0x22F3: Unopened("TRILL of a version that isn't known (ethertype 0x22f3)", CHOP),
        0xD28B: Unopened("a kind of Arista's header that isn't known (ethertype 0xd28b)"),
    },
    WHY_PROTOCOL: {
        33: Unopened("DCCP (IP protocol 33)"),
        50: Unopened("ESP (IP protocol 50)", ENCRYPTED),
        108: Unopened("IPComp (IP protocol 108)"),
        115: Unopened("L2TP version 3 (IP protocol 115) in whose sessions no packet was found"),
        132: Unopened("SCTP (IP protocol 132)"),
        136: Unopened("UDP-Lite (IP protocol 136)"),
    },
    WHY_PPP: {
        0x002D: Unopened("PPP with compressed TCP headers (0x002d)", "switch header compression off, or capture behind the link"),
        0x002F: Unopened("PPP with compressed TCP headers (0x002f)", "switch header compression off, or capture behind the link"),
        0x003D: Unopened("parts of PPP packets on several links (0x003d)", "capture behind the links"),
        0x0053: Unopened("encrypted PPP (0x0053)", ENCRYPTED),
        0x00FB: Unopened("compressed or encrypted PPP (0x00fb)", ENCRYPTED),
        0x00FD: Unopened("compressed or encrypted PPP (0x00fd)", ENCRYPTED),
    },
    WHY_UDP: {
        4500: Unopened("ESP in UDP (port 4500)", ENCRYPTED),
        51820: Unopened("WireGuard (UDP port 51820)", ENCRYPTED),
        **{port: Unopened(one.unopened, one.advice) for one in WRAPPINGS if one.by == "udp" and one.unopened for port in one.numbers},
    },
    WHY_WLAN: {
        0x40: Unopened("encrypted 802.11", "capture on the wired side, or decrypt it: airdecap-ng -e SSID -p PASSWORD IN"),
        0x80: Unopened("802.11 frames with several packets in each (A-MSDU) that aren't of IP", "capture on the wired side"),
    },
}

WORDS: Final = {
    WHY_LINK: "link type {}",
    WHY_ETHERTYPE: "ethertype {:#06x}",
    WHY_LLC: "LLC {:#06x}",
    WHY_SNAP: "SNAP of organisation {:#08x}",
    WHY_PROTOCOL: "IP protocol {}",
    WHY_GRE: "GRE of type {:#06x}",
    WHY_PPP: "PPP protocol {:#06x}",
    WHY_UDP: "UDP port {}",
    WHY_WLAN: "802.11 frame control {:#04x}",
    WHY_VERSION: "something of IP version {}",
    WHY_INNER: "a wrapping that doesn't say what is in it",
}


def unopened(note: int) -> Unopened | None:
    """The kind of frames with this note; None where they hold no IP conversation."""
    kind, number = note & 0xFF000000, note & 0xFFFFFF
    if note == 0 or number in SILENT.get(kind, ()) or (kind == WHY_PPP and number >= FIRST_CONTROL_PPP):
        return None
    known = KNOWN.get(kind, {}).get(number)
    if known is not None:
        return known
    tag = CHOP if kind == WHY_ETHERTYPE else ""
    return Unopened(WORDS[kind].format(number), tag)
