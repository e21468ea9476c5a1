"""Recognizes a packet that was captured twice, so that it counts once.

Mirrors of both directions, `any` captures and gateways that record both interfaces capture a forwarded packet twice. It is
the same packet where all its end-to-end fields are equal, IP id and TCP checksum included: a retransmission has a new
id, and nearly always a new timestamp option and so another checksum.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u64
from analyzer.flows.keys import M1, M2, M3, mix
from analyzer.flows.layout import DUPLICATE_SLOTS
from analyzer.packets.layout import FIN, NO_TIME, RST, SYN

# With an IP id a copy is certain within the time in which the 16-bit id can't wrap around for one conversation.
WITH_ID_NS: Final = 1_000_000_000
# Without one (IPv6, id 0) only a gap shorter than any retransmission timer: the shortest is 10 ms (tail loss probes).
WITHOUT_ID_NS: Final = 5_000_000


TTL_BITS: Final = 8
"""Bits of a digest that are replaced by the TTL: 56 bits are distinct enough, and two rows are half a cache line."""


def packet_digest(packet, conversation, side):
    """A number that two packets share only where one is a copy of the other."""
    seq, size, window, ip_id = packet.seq, packet.payload_bytes, packet.window, packet.ip_id
    digest = mix(as_u64(conversation + side * M3) ^ seq << 32 ^ packet.ack)
    digest = as_u64((digest ^ size << 32 ^ window << 16) * M1 + packet.flags)
    return mix(as_u64(digest * M2 + (ip_id << 16) + packet.checksum))


def digest_place(digest):
    """The first of the two rows of Tables.recent for a digest."""
    return digest % (DUPLICATE_SLOTS // 2) * 2


def seen_before(newer, older, packet, digest):
    """True when this packet was captured a moment before; otherwise it replaces the older of the two."""
    if is_digest(newer, digest) and same_packet(packet.ts_ns, packet.ip_id, packet.payload_bytes, packet.flags, packet.ttl, newer):
        return True
    if is_digest(older, digest) and same_packet(packet.ts_ns, packet.ip_id, packet.payload_bytes, packet.flags, packet.ttl, older):
        return True
    older.digest, older.ts_ns = newer.digest, newer.ts_ns
    newer.digest, newer.ts_ns = with_ttl(digest, packet.ttl), packet.ts_ns
    return False


def is_digest(before, digest):
    """True when `before` is a packet with this digest, in the bits that are kept."""
    return as_u64((before.digest ^ digest) << TTL_BITS) == 0


def with_ttl(digest, ttl):
    """The kept form of a digest: with the TTL in place of its highest bits."""
    return as_u64(digest << TTL_BITS) >> TTL_BITS | ttl << (64 - TTL_BITS)


def same_packet(ts_ns, ip_id, payload_bytes, flags, ttl, before):
    """True when `before`, a packet with the same digest, is a copy of the packet with these fields."""
    if ts_ns == NO_TIME or before.ts_ns == NO_TIME:
        return ip_id != 0
    gap_ns = max(ts_ns - before.ts_ns, before.ts_ns - ts_ns)
    if ip_id != 0:
        return gap_ns <= WITH_ID_NS
    if gap_ns > WITHOUT_ID_NS:
        return False
    return payload_bytes > 0 or flags & (SYN | FIN | RST) != 0 or ttl != before.digest >> (64 - TTL_BITS)
