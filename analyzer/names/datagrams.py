"""UDP payloads that name someone: QUIC Initials and DNS messages. They are few, so they are kept and read at the end."""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import DATAGRAM
from analyzer.kernels import kernel
from analyzer.names.texts import keep, new_message
from analyzer.packets.fields import u32

QUIC_V1: Final = 0x00000001
QUIC_V2: Final = 0x6B3343CF

# A ClientHello needs one or two Initials, four with the largest key shares; retries and retransmissions add as many again.
MAX_DATAGRAMS: Final = 16


@kernel
def is_quic_initial(buf, at, end):  # type: ignore[no-untyped-def]
    """True when a QUIC v1 or v2 Initial packet's long header begins here (RFC 9000 17.2.2, RFC 9369 3.2), or a draft's (29 to 34)."""
    if end - at < 20 or buf[at] & 0xC0 != 0xC0:
        return False
    version = u32(buf, at + 1)
    if version == QUIC_V2:
        return buf[at] & 0x30 == 0x10
    return buf[at] & 0x30 == 0 and (version == QUIC_V1 or 0xFF00001D <= version <= 0xFF000022)


@kernel
def keep_datagram(tables, buf, packet, row, side_index):  # type: ignore[no-untyped-def]
    """Keep a datagram whole if it can name someone."""
    at, end = packet.payload, packet.payload + min(packet.captured_bytes, packet.payload_bytes)
    side = tables.sides[2 * row + side_index]
    if not is_quic_initial(buf, at, end) or side.requests >= MAX_DATAGRAMS:
        return
    side.requests += 1
    message = new_message(tables, DATAGRAM, row, side_index, side.requests, 0, packet.ts_ns, 0)
    message.host_at = keep(tables, buf, at, end)
    message.host_size = end - at
