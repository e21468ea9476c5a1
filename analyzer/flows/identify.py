"""packets → keys: each packet's conversation and direction, and a digest of the packet."""

from __future__ import annotations

from analyzer.compiled import kernel
from analyzer.flows.duplicates import packet_digest
from analyzer.flows.keys import conversation_hash, sender_side
from analyzer.packets.layout import MARK, OK


@kernel
def key_packets(packets, keys, n):
    """Fill keys[i] for every packet of a conversation; the others stay unchanged.

    packets  packets.layout.PACKET[>= n]
    keys     flows.layout.KEY[>= n]
    """
    for i in range(n):
        packet = packets + i
        if packet.status == OK or packet.status == MARK:
            key = keys + i
            conversation = conversation_hash(packet)
            side = sender_side(packet)
            key.conversation = conversation
            key.digest = packet_digest(packet, conversation, side)
            key.side = side
