"""The columns of frames and decoded packets, and the codes for frames that gave no packet."""

from __future__ import annotations

from typing import Final

import numpy as np

# The status of a frame. OK: a TCP or UDP header was read. MARK: an ICMP error that quotes a flow.
OK: Final = 0
MARK: Final = 1
NOT_IP: Final = 2  # ARP, LLDP, ...: no error
OTHER_PROTOCOL: Final = 3  # IP, but neither TCP nor UDP nor an error about them
FRAGMENT: Final = 4  # a fragment of an IP packet; `payload`: offset of its IP header (fragments.py); version 0: A-MSDU (aggregated.py)
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

# A wrapping (wrappings.py) has a 24-bit id where its header has one.
NO_ID: Final = 0xFFFFFF  # it has none
MAX_OUTER: Final = 4  # wrappings that are recorded; deeper ones are only removed
MAX_LAYERS: Final = 24  # headers removed before a frame counts as malformed: hostile nesting must end

# PACKET.note of a frame without a packet, or of a datagram with unopened payload: the kind in the upper 8 bits, its number in the
# lower 24. unopened.py lists which of them carry conversations, and the advice.
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
WHY_INNER: Final = 11 << 24  # the type in a wrapping's header isn't known
# PACKET.note of a frame with a process or a firewall's action, as the decoder sets it; a number below WHY_LINK is the label itself:
# its row in Tables.labels, plus one.
LABELLED: Final = 255 << 24

# One decoded packet. Addresses are 128 bits in two halves, IPv4 in the lowest 32 bits of `*_lo` with `version` 4.
PACKET = np.dtype(
    [
        ("src_hi", "u8"),
        ("src_lo", "u8"),
        ("dst_hi", "u8"),
        ("dst_lo", "u8"),
        ("ts_ns", "i8"),  # NO_TIME where the capture has none
        ("payload", "i8"),  # offset of the payload in the block's buffer
        ("outer0", "u8"),  # wrappings, outermost first: four of 8 bits kind and 24 bits id, in two halves
        ("outer1", "u8"),
        ("captured_bytes", "i4"),  # captured bytes of the payload
        ("payload_bytes", "i4"),  # of the payload, by the IP length
        ("seq", "u4"),
        ("ack", "u4"),
        ("frame", "i4"),  # row in the block's frame table
        ("note", "u4"),  # of a packet: a label; of a frame without one: what wasn't opened (above); 0: nothing
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
        ("wrapped", "u1"),  # number of wrappings in outer0 and outer1
    ],
    align=True,
)

NO_TIME: Final = -(1 << 63)

# One frame of a block, from a reader.
FRAME = np.dtype(
    [
        ("ts_ns", "i8"),
        ("start", "i8"),  # of the captured bytes, in the block's buffer
        ("captured_bytes", "i4"),
        ("wire_bytes", "i4"),
        ("link_type", "i4"),
        ("source", "i4"),  # index of the input
        ("number", "u4"),  # of the frame in its input, from 1; 0: unknown
        ("interface", "i4"),  # index in the input's interfaces (Source.interfaces); 0 where it lists none
        ("note_bytes", "i4"),  # of a comment behind the captured bytes, with the padding before it; 0: none
    ],
    align=True,
)
