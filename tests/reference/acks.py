"""The numbers that each end of a TCP flow acknowledged and sent, packet by packet."""

from __future__ import annotations

from typing import Any

from tests.reference.flows import Flow
from tests.reference.packets import ACK, FIN, RST, SYN
from tests.reference.streams import Stream, covered

WINDOW = 1 << 30  # acknowledgements are never further apart (RFC 7323 2.3)
Row = dict[str, Any]


class Way:
    """One direction, by positions in its stream: 0 is the first byte behind the SYN, else the first number seen.

    acked    lowest and highest position that the other end acknowledged, None: nothing
    """

    def __init__(self) -> None:
        self.base: int | None = None
        self.begun = False
        self.fin = False
        self.furthest = 0
        self.sent_any = False
        self.acked: tuple[int, int] | None = None
        self.pending_since: int | None = None

    def send(self, seq: int, payload_bytes: int, flags: int, ts_ns: int | None) -> None:
        first = (seq + bool(flags & SYN)) & 0xFFFFFFFF
        if self.base is None:
            self.base = first
            if self.acked:  # they were counted without an origin
                shift = near(self.acked_number - first, 0)
                self.acked = (shift - self.acked[1] + self.acked[0], shift)
        self.begun |= bool(flags & SYN)
        self.fin |= bool(flags & FIN)
        end = near(first - self.base, self.furthest) + payload_bytes
        if payload_bytes and end > self.furthest:
            if not self.sent_any or (self.acked and self.acked[1] >= self.furthest):
                self.pending_since = ts_ns
            self.furthest = end
        if flags & FIN and not flags & RST:
            self.furthest = max(self.furthest, end)  # bytes before a FIN were sent, captured or not
        self.sent_any |= payload_bytes > 0

    def acknowledge(self, number: int) -> None:
        if self.acked is None:
            at = near(number - self.base, self.furthest) if self.base is not None else 0
            if abs(at - self.furthest) > WINDOW:
                return
            self.acked = (at, at)
        else:
            at = near(number - self.acked_number, 0) + self.acked[1]
            if not self.acked[0] - WINDOW <= at <= self.acked[1] + WINDOW:
                return
            self.acked = (min(at, self.acked[0]), max(at, self.acked[1]))
        if at == self.acked[1]:
            self.acked_number = number

    def acked_end(self) -> int | None:
        """Position behind the last payload byte acknowledged; None where nothing was."""
        if self.acked is None or abs(self.acked[1] - self.furthest) > WINDOW:
            return None
        return self.acked[1] - (self.fin and self.acked[1] > self.furthest)

    def acked_bytes(self) -> int | None:
        if self.acked is None:
            return None
        if self.base is None:
            span = self.acked[1] - self.acked[0]
            return span if span > 1 else 0
        end = self.acked_end()
        return None if end is None else max(0, end - (0 if self.begun else min(self.acked[0], 0)))


def near(number: int, position: int) -> int:
    """The position nearest to `position` that has this number (RFC 9293 3.4)."""
    distance = (number - position) & 0xFFFFFFFF
    return position + (distance - 2**32 if distance >= 2**31 else distance)


def ways_of(flow: Flow) -> tuple[Way, Way]:
    ways = Way(), Way()
    for way, packet in flow.packets:
        if packet.flags & (ACK | RST) == ACK:
            ways[1 - way].acknowledge(packet.ack)
        if not packet.flags & RST:
            ways[way].send(packet.seq, packet.payload_bytes, packet.flags, packet.ts_ns)
    return ways


def acknowledged_columns(flow: Flow, client: int) -> Row:
    """The columns of acknowledged bytes and of the time since which data waits for an acknowledgement."""
    ways = ways_of(flow) if flow.protocol == "tcp" else (Way(), Way())
    out, back = ways[client], ways[1 - client]
    waits = bool(flow.sent(1 - client)) and out.sent_any and (out.acked is None or out.acked[1] < out.furthest)
    return {
        "acked_out": out.acked_bytes(),
        "acked_in": back.acked_bytes(),
        "pending_since": out.pending_since if waits else None,
    }


def bytes_behind(flow: Flow, way: int, begin: int | None) -> int:
    """Distinct payload bytes of a direction from the position on, captured or acknowledged; None: from its beginning."""
    of = ways_of(flow)[way]
    if of.base is None:
        return of.acked_bytes() or 0
    spoken = [packet for packet in flow.sent(way) if not packet.flags & RST]
    spans = [(at, at + packet.payload_bytes) for at, packet in Stream(spoken).pieces]
    if begin is None:
        begin = 0 if of.begun else min((a for a, _ in spans), default=0)
    end = of.acked_end()
    if end is not None:
        spans.append((begin, max(begin, end)))
    return covered([(max(a, begin), max(b, begin)) for a, b in spans])
