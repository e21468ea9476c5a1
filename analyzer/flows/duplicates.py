"""A packet that was captured twice counts once.

Mirrors of both directions, `any` captures and gateways that record both interfaces show a forwarded packet again. It is
the same packet when everything end-to-end about it is equal, IP id and TCP checksum included: a retransmission has a new
id, and nearly always a new timestamp option and so another checksum.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.keys import M1, M2, M3, mix
from analyzer.flows.layout import DUPLICATE_SLOTS
from analyzer.kernels import inlined
from analyzer.packets.layout import FIN, NO_TIME, RST, SYN

# With an IP id the copy is certain within the time in which the 16-bit id can't have come round for one conversation.
WITH_ID_NS: Final = 1_000_000_000
# Without one (IPv6, id 0) only what no retransmission timer can produce: the least is 10 ms (tail loss probes).
WITHOUT_ID_NS: Final = 5_000_000


@inlined
def packet_digest(packet, conversation, side):  # type: ignore[no-untyped-def]
    """A number that two packets share only when they are copies of each other."""
    digest = conversation + np.uint64(side) * M3
    digest = mix(digest ^ (np.uint64(packet.seq) << np.uint64(32)) ^ np.uint64(packet.ack))
    lengths = (np.uint64(packet.payload_bytes) << np.uint64(32)) ^ (np.uint64(packet.window) << np.uint64(16))
    digest = (digest ^ lengths) * M1 + np.uint64(packet.flags)
    return mix(digest * M2 + (np.uint64(packet.ip_id) << np.uint64(16)) + np.uint64(packet.checksum))


@inlined
def digest_place(digest):  # type: ignore[no-untyped-def]
    """The first of the two rows of Tables.recent where a digest is kept."""
    return np.int64(digest % np.uint64(DUPLICATE_SLOTS // 2)) * 2


@inlined
def seen_before(newer, older, packet, digest):  # type: ignore[no-untyped-def]
    """True when this very packet was captured a moment ago; else it is remembered, and the older of two forgotten."""
    if newer.digest == digest and same_packet(packet, newer):
        return True
    if older.digest == digest and same_packet(packet, older):
        return True
    older.digest, older.ts_ns, older.ttl = newer.digest, newer.ts_ns, newer.ttl
    newer.digest, newer.ts_ns, newer.ttl = digest, packet.ts_ns, packet.ttl
    return False


@inlined
def same_packet(packet, before):  # type: ignore[no-untyped-def]
    """True when `before`, a packet with the same digest, was this one."""
    if packet.ts_ns == NO_TIME or before.ts_ns == NO_TIME:
        return packet.ip_id != 0
    gap_ns = abs(packet.ts_ns - before.ts_ns)
    if packet.ip_id != 0:
        return gap_ns <= WITH_ID_NS
    if gap_ns > WITHOUT_ID_NS:
        return False
    return packet.payload_bytes > 0 or packet.flags & (SYN | FIN | RST) != 0 or packet.ttl != before.ttl
