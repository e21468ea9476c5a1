"""L2TP, versions 2 and 3, over UDP and over IP (RFC 2661, RFC 3931).

Data packets of version 3 contain neither their payload's type nor their cookie's length: both ends know them from the setup. So the
packet is looked for behind each length that a cookie and a sublayer header can have.
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16, u32
from analyzer.packets.guess import guessed
from analyzer.packets.layout import NO_ID, WHY_UDP
from analyzer.packets.link import BAD, CUT, LAYER_PPP, NONE
from analyzer.packets.wrappings import Wrapping

PORT_L2TP: Final = 1701
PROTOCOL_L2TP: Final = 115

# The possible lengths of a cookie and a sublayer header in bytes, a bit for each: 0, 4, 8, 12.
SESSION_HEADERS: Final = 1 << 0 | 1 << 4 | 1 << 8 | 1 << 12

OUTER_L2TP: Final = 22

WRAPPINGS: Final = (
    Wrapping(
        "l2tp",
        OUTER_L2TP,
        "udp",
        (PORT_L2TP,),
        "versions 2 and 3; the id is the session. Version 3 doesn't say how long its cookie is: what fits is taken",
        "RFC 2661, 3931",
        unopened="L2TP version 3 (UDP port 1701) in whose sessions no packet was found",
    ),
    Wrapping("l2tp", OUTER_L2TP, "protocol", (PROTOCOL_L2TP,), "version 3 over IP", "RFC 3931"),
)


def after_l2tp(buf, at, end):
    """(position, layer, ethertype, kind, id) of the frame in a data message over UDP; control messages are ordinary datagrams."""
    if end - at < 6:
        return NONE, 0, 0, 0, 0
    flags = u16(buf, at)
    if flags & 0x8000 or flags & 0xF not in (2, 3):
        return NONE, 0, 0, 0, 0
    if flags & 0xF == 3:
        return after_session(buf, at + 4, end, WHY_UDP | PORT_L2TP)
    p = at + 2
    if flags & 0x4000:
        p += 2
    if end - p < 4:
        return CUT, 0, 0, 0, 0
    session = u16(buf, p + 2)
    p += 4
    if flags & 0x0800:
        p += 4
    if flags & 0x0200:
        if end - p < 2:
            return CUT, 0, 0, 0, 0
        p += 2 + u16(buf, p)
    if p > end:
        return BAD, 0, 0, 0, 0
    return p, LAYER_PPP, 0, OUTER_L2TP, session


def after_session(buf, at, end, why):
    """The same for version 3, from its session id on; session 0 is control."""
    if end - at < 4:
        return CUT, 0, 0, 0, 0
    session = u32(buf, at)
    if session == 0:
        return NONE, 0, 0, 0, 0
    p, layer, ethertype = guessed(buf, at + 4, end, SESSION_HEADERS)
    if p < 0:
        return NONE, 0, why, 0, 0
    return p, layer, ethertype, OUTER_L2TP, session if session < NO_ID else NO_ID
