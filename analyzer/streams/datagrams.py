"""UDP payloads with names: QUIC Initials, which are few and kept to be read at the end, and DNS messages, read at once."""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import DATAGRAM
from analyzer.flows.messages import as_datagram
from analyzer.packets.fields import u32
from analyzer.readers.dhcp import is_dhcp_port, keep_dhcp
from analyzer.readers.dns import is_dns_port, keep_dns
from analyzer.readers.texts import keep, new_message, own_side

QUIC_V1: Final = 0x00000001
QUIC_V2: Final = 0x6B3343CF
QUIC_V2_DRAFT: Final = 0x709A50C4
QUIC_V2_DRAFT_0: Final = 0xFF020000
QUIC_DRAFT_22: Final = 0xFF000016  # drafts before it had another header
QUIC_DRAFT_34: Final = 0xFF000022
QUIC_RESERVED: Final = 0x0A0A0A0A  # 0x?a?a?a?a: versions that only provoke a negotiation (RFC 9000 15)
# QUIC with TLS: Facebook's mvfst, and Google's T050 and T051.
QUIC_MVFST: Final = 0xFACEB0  # the first three bytes
QUIC_T050: Final = 0x54303530
QUIC_T051: Final = 0x54303531

# A ClientHello needs one or two Initials, four with the largest key shares; retries and retransmissions add as many again.
MAX_DATAGRAMS: Final = 16

# DNS messages kept for one side of a flow. A resolver that uses one port all day sends more, as a proxy does.
MAX_LOOKUPS: Final = 1 << 16


def is_quic_initial(buf, at, end):
    """True when an Initial packet begins here, with its long header: of QUIC v1 or v2 (RFC 9000 17.2.2, RFC 9369 3.2), or a similar one.

    The fixed bit isn't checked, because a client may clear it (RFC 9287 3.1).
    """
    if end - at < 20 or buf[at] & 0x80 == 0:
        return False
    version = u32(buf, at + 1)
    if version in (QUIC_V2, QUIC_V2_DRAFT):
        return buf[at] & 0x30 == 0x10
    if buf[at] & 0x30:
        return False
    if version == QUIC_V1 or QUIC_DRAFT_22 <= version <= QUIC_DRAFT_34 or version & 0x0F0F0F0F == QUIC_RESERVED:
        return True
    return version >> 8 == QUIC_MVFST or version in (QUIC_V2_DRAFT_0, QUIC_T050, QUIC_T051)


def keep_datagram(tables, buf, cursor, packet):
    """Keep a datagram whole (QUIC), or its facts (DNS, DHCP), if it may contain a name."""
    at, end = cursor.at, cursor.end
    cursor.seq = 0
    cursor.ack = 0
    side = own_side(tables, cursor)
    if is_dns_port(packet.src_port) or is_dns_port(packet.dst_port):
        if side.responses >= MAX_LOOKUPS:
            return
        if keep_dns(tables, buf, at, end, cursor, 0):
            side.responses += 1
            return
    if is_dhcp_port(packet.dst_port):
        if side.responses < MAX_LOOKUPS and keep_dhcp(tables, buf, cursor):
            side.responses += 1
        return
    if not is_quic_initial(buf, at, end) or side.requests >= MAX_DATAGRAMS:
        return
    side.requests += 1
    kept = as_datagram(new_message(tables, cursor, DATAGRAM, 0))
    kept.seq = side.requests
    kept.payload_at = keep(tables, buf, at, end)
    kept.payload_size = end - at
