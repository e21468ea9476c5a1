"""Conversations: which packets belong together, who opened them, how they ended.

TCP port reuse follows Wireshark: a pure SYN whose number isn't the one this end began with starts a new flow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.reference.packets import ACK, FIN, RST, SYN, Packet

End = tuple[bytes, int]
TWICE_NS = 10**9  # a packet with an IP id seen again so soon was captured twice
TWICE_WITHOUT_ID_NS = 5 * 10**6


@dataclass
class Flow:
    """One conversation; direction 0 is from the lower end (address, then port) to the higher one."""

    protocol: str
    ends: tuple[End, End]
    packets: list[tuple[int, Packet]] = field(default_factory=list)
    bases: dict[int, int] = field(default_factory=dict)  # per direction: the ISN, or the first number less one
    unreachable: bool = False

    def sent(self, direction: int) -> list[Packet]:
        return [packet for way, packet in self.packets if way == direction]

    def any(self, flags: int, without: int = 0, direction: int | None = None) -> bool:
        """Whether a packet has all these flags and none of those."""
        return any(packet.flags & flags == flags and not packet.flags & without for way, packet in self.packets if direction in (None, way))

    def opener(self) -> int | None:
        """Direction of who opened it by SYN, or by the SYN-ACK it got; None when neither was seen."""
        for way, packet in self.packets:
            if packet.flags & (SYN | ACK) == SYN:
                return way
        for way, packet in self.packets:
            if packet.flags & (SYN | ACK) == SYN | ACK:
                return 1 - way
        return None


def gather(packets: Iterable[Packet]) -> list[Flow]:
    """The flows in order of their first packet."""
    flows: list[Flow] = []
    current: dict[tuple[str, End, End], Flow] = {}
    sights: dict[tuple[object, ...], list[tuple[int | None, int]]] = {}
    for packet in packets:
        low, high = min(packet.src, packet.dst), max(packet.src, packet.dst)
        direction = 0 if packet.src == low else 1
        key = (packet.protocol, low, high)
        flow = current.get(key)
        if packet.quoted:
            if flow:
                flow.unreachable = True
            continue
        if seen_before(packet, sights):
            continue
        if flow is None or starts_anew(flow, direction, packet):
            flow = current[key] = Flow(packet.protocol, (low, high))
            flows.append(flow)
        flow.bases.setdefault(direction, packet.seq if packet.flags & SYN else (packet.seq - 1) & 0xFFFFFFFF)
        flow.packets.append((direction, packet))
    return flows


def starts_anew(flow: Flow, direction: int, packet: Packet) -> bool:
    return packet.flags & (SYN | ACK) == SYN and flow.bases.get(direction, packet.seq) != packet.seq


def seen_before(packet: Packet, sights: dict[tuple[object, ...], list[tuple[int | None, int]]]) -> bool:
    """Whether this very packet was counted already (captured at two interfaces, or mirrored twice).

    Without an IP id a pure acknowledgement may rightly be sent twice, so only another hop count proves a second sight. Where
    the capture has no times the IP id has to do.
    """
    key = (
        packet.protocol, packet.src, packet.dst, packet.seq, packet.ack, packet.flags, packet.window,
        packet.payload_bytes, packet.checksum, packet.ip_id,
    )  # fmt: skip
    earlier = sights.setdefault(key, [])
    limit = TWICE_NS if packet.ip_id else TWICE_WITHOUT_ID_NS
    telling = bool(packet.ip_id or packet.payload_bytes or packet.flags & (SYN | FIN | RST))
    for ts_ns, ttl in earlier:
        if packet.ts_ns is None or ts_ns is None:
            if packet.ip_id:
                return True
        elif abs(packet.ts_ns - ts_ns) <= limit and (telling or ttl != packet.ttl):
            return True
    earlier.append((packet.ts_ns, packet.ttl))
    return False


def last_data_and_end(flow: Flow) -> tuple[int | None, tuple[int, Packet] | None]:
    """When payload was last sent up to the first FIN or RST, and that one with its direction."""
    last = None
    for way, packet in flow.packets:
        if packet.payload_bytes and not packet.flags & RST and packet.ts_ns is not None:
            last = max(packet.ts_ns, last or 0)
        if packet.flags & (FIN | RST):
            return last, (way, packet)
    return last, None


def tcp_state(flow: Flow, client: int) -> str:
    """The first that fits, in the contract's order."""
    server = 1 - client
    answered = flow.any(SYN | ACK)
    if flow.any(RST, direction=server) and flow.any(SYN, without=ACK, direction=client) and not answered:
        return "refused"
    if flow.unreachable and not answered:
        return "unreachable"
    if not flow.sent(server) and all(p.flags & (SYN | ACK) == SYN for p in flow.sent(client)):
        return "no-answer"
    if flow.any(FIN, direction=client) and flow.any(FIN, direction=server):
        return "closed"
    if flow.any(RST):
        return "reset"
    return "open" if flow.any(SYN) else "mid-stream"


def udp_state(flow: Flow, client: int) -> str:
    if flow.unreachable:
        return "unreachable"
    return "open" if flow.sent(1 - client) else "no-answer"
