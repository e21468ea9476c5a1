"""A packet's conversation: both endpoints in a fixed order, and a hash."""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u64

M1: Final = 0x9E3779B97F4A7C15
M2: Final = 0xBF58476D1CE4E5B9
M3: Final = 0x94D049BB133111EB


def mix(x):
    """A 64-bit number whose every bit depends on every bit of x (the finaliser of splitmix64)."""
    x = as_u64((x ^ (x >> 30)) * M2)
    x = as_u64((x ^ (x >> 27)) * M3)
    return x ^ (x >> 31)


def sender_side(packet):
    """0 where the packet's source is the conversation's end `a` (the lower address, then port), 1 where it is `b`."""
    if packet.src_hi != packet.dst_hi:
        return 0 if packet.src_hi < packet.dst_hi else 1
    if packet.src_lo != packet.dst_lo:
        return 0 if packet.src_lo < packet.dst_lo else 1
    return 0 if packet.src_port <= packet.dst_port else 1


def end_hash(address_hi, address_lo, port):
    """A hash of one endpoint."""
    return mix(as_u64(address_lo * M1 + address_hi * M2 + port))


def conversation_hash(packet):
    """A hash of the conversation, equal for both directions."""
    src = end_hash(packet.src_hi, packet.src_lo, packet.src_port)
    dst = end_hash(packet.dst_hi, packet.dst_lo, packet.dst_port)
    return mix(as_u64(src + dst + packet.protocol * M3 + packet.version))


def record_hash(record):
    """The conversation_hash of the record's packets."""
    a = end_hash(record.a_hi, record.a_lo, record.a_port)
    b = end_hash(record.b_hi, record.b_lo, record.b_port)
    return mix(as_u64(a + b + record.protocol * M3 + record.version))


def same_ends(record, other):
    """True when two records have the same conversation."""
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


def same_conversation(record, packet, side):
    """True when the record has the packet's conversation, with its sender as `side`."""
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
