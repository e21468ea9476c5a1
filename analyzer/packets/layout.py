"""What a decoded packet is, and the codes that say why a frame is none."""

from __future__ import annotations

from typing import Final

import numpy as np

# How a frame ended. OK: a TCP or UDP header was read. MARK: an ICMP error that quotes a flow.
OK: Final = 0
MARK: Final = 1
NOT_IP: Final = 2  # ARP, LLDP, ... nothing wrong
OTHER_PROTOCOL: Final = 3  # IP, but neither TCP nor UDP nor an error about them
FRAGMENT: Final = 4  # a part of an IP packet; `payload` says where its IP header begins (fragments.py)
LINK_UNKNOWN: Final = 5  # a link type that isn't read
CUT_SHORT: Final = 6  # the captured bytes end inside a header
MALFORMED: Final = 7  # a header contradicts itself

STATUS_NAMES: Final = ("ok", "mark", "not-ip", "other-protocol", "fragment", "link-unknown", "cut-short", "malformed")

TCP: Final = 6
UDP: Final = 17

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

# What stands around the packet (wrappings.py) has a 24-bit id where its header has one.
NO_ID: Final = 0xFFFFFF  # it has none
MAX_OUTER: Final = 4  # wrappings that are remembered; deeper ones are peeled all the same
MAX_LAYERS: Final = 24  # headers peeled before a frame counts as malformed: hostile nesting must end

# PACKET.note of a frame that gave no packet, or of a datagram that holds more than was opened: what it is in the upper 8 bits, its
# number in the lower 24. Which of them carry conversations at all, and what to do: unopened.py.
WHY_LINK: Final = 1 << 24  # a link type
WHY_ETHERTYPE: Final = 2 << 24
WHY_LLC: Final = 3 << 24  # both service access points
WHY_SNAP: Final = 4 << 24  # an organisation whose own numbers follow
WHY_PROTOCOL: Final = 5 << 24  # an IP protocol
WHY_GRE: Final = 6 << 24  # GRE's protocol type
WHY_PPP: Final = 7 << 24  # a PPP protocol
WHY_UDP: Final = 8 << 24  # a tunnel's UDP port
WHY_WLAN: Final = 9 << 24  # an 802.11 frame control
WHY_VERSION: Final = 10 << 24  # an IP version
WHY_INNER: Final = 11 << 24  # what a wrapping says that it holds isn't known
# PACKET.note of a frame that names a process or what a firewall did, as the decoder leaves it; a smaller number than WHY_LINK is
# the label itself: a row of Tables.labels, plus one.
LABELLED: Final = 255 << 24

# One decoded packet. Addresses are 128 bits in two halves, IPv4 in the lowest 32 bits of `*_lo` with `version` 4.
PACKET = np.dtype(
    [
        ("src_hi", "u8"),
        ("src_lo", "u8"),
        ("dst_hi", "u8"),
        ("dst_lo", "u8"),
        ("ts_ns", "i8"),  # NO_TIME where the capture has none
        ("payload", "i8"),  # where the payload begins in the block's buffer
        ("outer0", "u8"),  # wrappings, outermost first: four of 8 bits kind and 24 bits id, in two halves
        ("outer1", "u8"),
        ("captured_bytes", "i4"),  # of the payload, as far as it was captured
        ("payload_bytes", "i4"),  # of the payload, by the IP length
        ("seq", "u4"),
        ("ack", "u4"),
        ("frame", "i4"),  # row in the block's frame table
        ("note", "u4"),  # of a packet: a label; of a frame without one: what wasn't opened (below); 0: nothing
        ("src_port", "u2"),
        ("dst_port", "u2"),
        ("window", "u2"),
        ("checksum", "u2"),
        ("ip_id", "u2"),
        ("protocol", "u1"),
        ("version", "u1"),
        ("flags", "u1"),
        ("ttl", "u1"),
        ("status", "u1"),
        ("wrapped", "u1"),  # how many wrappings are in outer0 and outer1
    ],
    align=True,
)

NO_TIME: Final = -(1 << 63)

# One frame of a block, as a reader found it.
FRAME = np.dtype(
    [
        ("ts_ns", "i8"),
        ("start", "i8"),  # of the captured bytes, in the block's buffer
        ("captured_bytes", "i4"),
        ("wire_bytes", "i4"),
        ("link_type", "i4"),
        ("source", "i4"),  # which of the inputs
        ("number", "u4"),  # of the frame in its input, from 1; 0: not known
        ("interface", "i4"),  # which of the input's interfaces (Source.interfaces); 0 where it tells of none
        ("note_bytes", "i4"),  # of a comment, its padding before it, that lies behind the captured bytes; 0: none
    ],
    align=True,
)
