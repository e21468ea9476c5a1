"""A TCP conversation as time-stamped frames, with control over order, repetition, overlap and sequence numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise
from typing import Self

from tests.build.frames import TCP, ethernet, ip, tcp

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1
START_NS = 1_700_000_000_000_000_000


class Conversation:
    """Frames between two ends.

    client, server  (address, port)
    isns            initial sequence numbers; positions (`at`) count from the byte behind the SYN
    wrap            makes a frame of an IP packet: ethernet, sll, or anything around them
    frames          (time in ns, bytes), in capture order; free to be shuffled, cut and repeated by the test
    """

    def __init__(
        self,
        client: tuple[str, int] = ("172.16.11.92", 50000),
        server: tuple[str, int] = ("172.16.12.10", 3128),
        isns: tuple[int, int] = (1000, 5000),
        *,
        start_ns: int = START_NS,
        step_ns: int = 1_000_000,
        wrap: Callable[[bytes], bytes] = ethernet,
        ids: Iterator[int] | None = None,
    ) -> None:
        self.ends = (client, server)
        self.isns = isns
        self.sent = [0, 0]  # bytes sent so far, by client and server
        self.finished = [0, 0]  # 1 once the FIN took its sequence number
        self.now_ns = start_ns
        self.step_ns = step_ns
        self.wrap = wrap
        self.ids = (ids, ids) if ids else (count(1), count(1))
        self.frames: list[tuple[int, bytes]] = []

    def packet(
        self,
        way: int,
        flags: int,
        payload: bytes = b"",
        *,
        seq: int | None = None,
        ack: int | None = None,
        ttl: int = 64,
        when_ns: int | None = None,
    ) -> Self:
        """One packet from an end; numbers default to where both streams stand."""
        seq = self.isns[way] + 1 + self.sent[way] + self.finished[way] if seq is None else seq
        other = 1 - way
        ack = (self.isns[other] + 1 + self.sent[other] + self.finished[other] if flags & ACK else 0) if ack is None else ack
        src, dst = self.ends[way], self.ends[other]
        segment = tcp(src, dst, payload, seq=seq, ack=ack, flags=flags)
        self.frames.append(
            (
                self.now_ns if when_ns is None else when_ns,
                self.wrap(ip(src[0], dst[0], TCP, segment, id=next(self.ids[way]) & 0xFFFF, ttl=ttl)),
            )
        )
        self.now_ns += self.step_ns
        return self

    def syn(self) -> Self:
        return self.packet(CLIENT, SYN, seq=self.isns[CLIENT])

    def synack(self) -> Self:
        return self.packet(SERVER, SYN | ACK, seq=self.isns[SERVER])

    def handshake(self) -> Self:
        return self.syn().synack().packet(CLIENT, ACK)

    def send(self, way: int, data: bytes, *, at: int | None = None, cuts: Sequence[int] = (), order: Sequence[int] | None = None) -> Self:
        """Data from an end.

        at     position in the stream; None: where it stands. An earlier one repeats or overlaps, a later one leaves a gap
        cuts   offsets in data where one segment ends and the next begins
        order  in which the segments are captured, by index
        """
        start = self.sent[way] if at is None else at
        edges = [0, *cuts, len(data)]
        pieces = [(start + a, data[a:b]) for a, b in pairwise(edges)]
        for i in order if order is not None else range(len(pieces)):
            position, piece = pieces[i]
            self.packet(way, PSH | ACK, piece, seq=self.isns[way] + 1 + position)
        self.sent[way] = max(self.sent[way], start + len(data))
        return self

    def send_client(self, data: bytes, *, at: int | None = None, cuts: Sequence[int] = (), order: Sequence[int] | None = None) -> Self:
        return self.send(CLIENT, data, at=at, cuts=cuts, order=order)

    def send_server(self, data: bytes, *, at: int | None = None, cuts: Sequence[int] = (), order: Sequence[int] | None = None) -> Self:
        return self.send(SERVER, data, at=at, cuts=cuts, order=order)

    def skip(self, way: int, n_bytes: int) -> Self:
        """Bytes that were sent but never captured."""
        self.sent[way] += n_bytes
        return self

    def fin(self, way: int = CLIENT) -> Self:
        self.packet(way, FIN | ACK)
        self.finished[way] = 1
        return self

    def rst(self, way: int = SERVER, *, seq: int | None = None) -> Self:
        return self.packet(way, RST | ACK, seq=seq)

    def close(self) -> Self:
        return self.fin(CLIENT).fin(SERVER).packet(CLIENT, ACK)
