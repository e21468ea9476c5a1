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
def end_hash(address_hi, address_lo, port):  # type: ignore[no-untyped-def]
    """A number for one end of a conversation."""
    return mix(address_lo * M1 + address_hi * M2 + np.uint64(port))


@inlined
def conversation_hash(packet):  # type: ignore[no-untyped-def]
    """The same number for both directions of a conversation."""
    src = end_hash(packet.src_hi, packet.src_lo, packet.src_port)
    dst = end_hash(packet.dst_hi, packet.dst_lo, packet.dst_port)
    return mix(src + dst + np.uint64(packet.protocol) * M3 + np.uint64(packet.version))


@inlined
def record_hash(record):  # type: ignore[no-untyped-def]
    """As conversation_hash, of the record's packets."""
    a = end_hash(record.a_hi, record.a_lo, record.a_port)
    b = end_hash(record.b_hi, record.b_lo, record.b_port)
    return mix(a + b + np.uint64(record.protocol) * M3 + np.uint64(record.version))


@inlined
def same_ends(record, other):  # type: ignore[no-untyped-def]
    """True when two records are of one conversation."""
    return (
        record.a_lo == other.a_lo
        and record.b_lo == other.b_lo
        and record.a_port == other.a_port
        and record.b_port == other.b_port
        and record.a_hi == other.a_hi
        and record.b_hi == other.b_hi
        and record.protocol == other.protocol
        and record.version == other.version
    )


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
