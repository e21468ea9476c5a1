"""A packet that was captured twice counts once.

Mirrors of both directions, `any` captures and gateways that record both interfaces show a forwarded packet again. It is
the same packet when everything end-to-end about it is equal, IP id and TCP checksum included: a retransmission has a new
id, and nearly always a new timestamp option and so another checksum.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u64
from analyzer.flows.keys import M1, M2, M3, mix
from analyzer.flows.layout import DUPLICATE_SLOTS
from analyzer.packets.layout import FIN, NO_TIME, RST, SYN

# With an IP id the copy is certain within the time in which the 16-bit id can't have come round for one conversation.
WITH_ID_NS: Final = 1_000_000_000
# Without one (IPv6, id 0) only what no retransmission timer can produce: the least is 10 ms (tail loss probes).
WITHOUT_ID_NS: Final = 5_000_000


TTL_BITS: Final = 8
"""What of a digest is given up for the TTL: 56 bits tell packets apart as well, and two rows are as long as half a line of the cache."""


def packet_digest(packet, conversation, side):
    """A number that two packets share only when they are copies of each other."""
    seq, size, window, ip_id = packet.seq, packet.payload_bytes, packet.window, packet.ip_id
    digest = mix(as_u64(conversation + side * M3) ^ seq << 32 ^ packet.ack)
    digest = as_u64((digest ^ size << 32 ^ window << 16) * M1 + packet.flags)
    return mix(as_u64(digest * M2 + (ip_id << 16) + packet.checksum))


def digest_place(digest):
    """The first of the two rows of Tables.recent where a digest is kept."""
    return digest % (DUPLICATE_SLOTS // 2) * 2


def seen_before(newer, older, packet, digest):
    """True when this very packet was captured a moment ago; else it is remembered, and the older of two forgotten."""
    if is_digest(newer, digest) and same_packet(packet.ts_ns, packet.ip_id, packet.payload_bytes, packet.flags, packet.ttl, newer):
        return True
    if is_digest(older, digest) and same_packet(packet.ts_ns, packet.ip_id, packet.payload_bytes, packet.flags, packet.ttl, older):
        return True
    older.digest, older.ts_ns = newer.digest, newer.ts_ns
    newer.digest, newer.ts_ns = with_ttl(digest, packet.ttl), packet.ts_ns
    return False


def is_digest(before, digest):
    """True when `before` is a packet with this digest, as far as that is kept."""
    return as_u64((before.digest ^ digest) << TTL_BITS) == 0


def with_ttl(digest, ttl):
    """What is kept of a packet: its digest, and the TTL in place of the highest bits."""
    return as_u64(digest << TTL_BITS) >> TTL_BITS | ttl << (64 - TTL_BITS)


def same_packet(ts_ns, ip_id, payload_bytes, flags, ttl, before):
    """True when `before`, a packet with the same digest, was the one of which this is known."""
    if ts_ns == NO_TIME or before.ts_ns == NO_TIME:
        return ip_id != 0
    gap_ns = max(ts_ns - before.ts_ns, before.ts_ns - ts_ns)
    if ip_id != 0:
        return gap_ns <= WITH_ID_NS
    if gap_ns > WITHOUT_ID_NS:
        return False
    return payload_bytes > 0 or flags & (SYN | FIN | RST) != 0 or ttl != before.digest >> (64 - TTL_BITS)
