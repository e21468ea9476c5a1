"""Which conversation a packet belongs to: both ends in a fixed order, and a number for the hash table."""

from __future__ import annotations

import numpy as np

from analyzer.kernels import inlined

M1 = np.uint64(0x9E3779B97F4A7C15)
M2 = np.uint64(0xBF58476D1CE4E5B9)
M3 = np.uint64(0x94D049BB133111EB)


@inlined
def mix(x):  # type: ignore[no-untyped-def]
    """A 64-bit number whose every bit depends on every bit of x (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * M2
    x = (x ^ (x >> np.uint64(27))) * M3
    return x ^ (x >> np.uint64(31))


@inlined
def sender_side(packet):  # type: ignore[no-untyped-def]
    """0 when the packet's source is the conversation's end `a` (the lower address, then port), 1 when it is `b`."""
    if packet.src_hi != packet.dst_hi:
        return 0 if packet.src_hi < packet.dst_hi else 1
    if packet.src_lo != packet.dst_lo:
        return 0 if packet.src_lo < packet.dst_lo else 1
    return 0 if packet.src_port <= packet.dst_port else 1


@inlined
def conversation_hash(packet):  # type: ignore[no-untyped-def]
    """The same number for both directions of a conversation."""
    src = packet.src_lo * M1 + packet.src_hi * M2 + np.uint64(packet.src_port)
    dst = packet.dst_lo * M1 + packet.dst_hi * M2 + np.uint64(packet.dst_port)
    return mix(mix(src) + mix(dst) + np.uint64(packet.protocol) * M3 + np.uint64(packet.version))


@inlined
def same_conversation(record, packet, side):  # type: ignore[no-untyped-def]
    """True when the record is of the packet's conversation, its sender being `side`."""
    if record.protocol != packet.protocol or record.version != packet.version:
        return False
    if side == 0:
        return (
            record.a_lo == packet.src_lo
            and record.b_lo == packet.dst_lo
            and record.a_port == packet.src_port
            and record.b_port == packet.dst_port
            and record.a_hi == packet.src_hi
            and record.b_hi == packet.dst_hi
        )
    return (
        record.b_lo == packet.src_lo
        and record.a_lo == packet.dst_lo
        and record.b_port == packet.src_port
        and record.a_port == packet.dst_port
        and record.b_hi == packet.src_hi
        and record.a_hi == packet.dst_hi
    )
