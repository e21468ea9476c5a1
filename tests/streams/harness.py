"""Segments through the flow table and reassembly, and what was read as plain messages.

    read([client(connect("example.com:443")), server(ESTABLISHED), client(client_hello("example.com"), at=39)])

Positions (`at`) count from the byte behind the SYN; without one a segment goes where its side's stream stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from analyzer.flows import layout
from analyzer.flows.grow import empty_tables, grown
from analyzer.packets.layout import ACK, FRAME, PACKET, PSH, SYN, TCP
from analyzer.readers.tls import RANDOM_SIZE
from analyzer.streams.offers import offers_of_waiting
from analyzer.streams.reassembly import read_offers
from tests.flows.packet_rows import count_block

CLIENT, SERVER = 0, 1
ENDS = ((0x0A000001, 50000), (0x0A000002, 3128))
HIGHER_CLIENT = (0x0A000003, 50000)
START_NS = 1_700_000_000_000_000_000
REQUESTS = ("CONNECT", "ABSOLUTE", "ORIGIN", "SOCKS4", "SOCKS5")
MESSAGES = (
    *REQUESTS,
    "ANSWER",
    "SOCKS_ANSWER",
    "CLIENT_HELLO",
    "SERVER_HELLO",
    "ISSUER",
    "DATAGRAM",
    "DNS_QUESTION",
    "DNS_ANSWER",
    "PAC_FILE",
    "DHCP",
    "ALERT",
    "WENT_ON",
    "REGION",
)
KINDS = {getattr(layout, name): name.lower() for name in MESSAGES}


class Segment(NamedTuple):
    """One packet. at: position in its side's stream, None: where that stands; wire_bytes: payload by the IP length, None: all captured."""

    side: int
    data: bytes = b""
    at: int | None = None
    flags: int = PSH | ACK
    ts_ns: int | None = None
    wire_bytes: int | None = None
    ack: int | None = None


def client(data: bytes, at: int | None = None, **more: Any) -> Segment:
    return Segment(CLIENT, data, at, **more)


def server(data: bytes, at: int | None = None, **more: Any) -> Segment:
    return Segment(SERVER, data, at, **more)


def cut(segment: Segment, *offsets: int) -> list[Segment]:
    """A segment with a position, in pieces."""
    edges = [0, *offsets, len(segment.data)]
    start = segment.at or 0
    return [segment._replace(data=segment.data[a:b], at=start + a) for a, b in pairwise(edges)]


class Message(NamedTuple):
    """A row of Tables.messages: texts as bytes, None where there is none; at and end as positions in the side's stream."""

    kind: str
    side: int
    host: bytes | None
    port: int
    path: bytes | None
    agent: bytes | None
    field: bytes | None
    status: int
    shape: int
    at: int
    end: int
    ts_ns: int


class Stage:
    """The tables of one conversation, fed block by block.

    isns    initial sequence numbers;  syn: whether the handshake is captured
    port    the server's
    swapped the server has the lower address, and so is side 0 of the tables
    """

    def __init__(
        self,
        isns: Sequence[int] = (1000, 5000),
        *,
        syn: bool = True,
        swapped: bool = False,
        protocol: int = TCP,
        port: int = ENDS[SERVER][1],
    ) -> None:
        self.tables = empty_tables()
        self.isns = isns
        self.swapped = swapped
        self.protocol = protocol
        self.port = port
        self.sent = [0, 0]
        self.n_packets = 0
        if syn:
            self.add([Segment(CLIENT, at=-1, flags=SYN), Segment(SERVER, at=-1, flags=SYN | ACK)])

    def feed(self, segments: Iterable[Segment]) -> list[Message]:
        """Read one block of packets; everything read so far."""
        self.add(segments)
        return self.messages()

    def add(self, segments: Iterable[Segment]) -> None:
        """Read one block of packets."""
        segments = list(segments)
        buf = np.frombuffer(b"".join(s.data for s in segments) + b"\0", np.uint8)
        packets, frames = np.zeros(len(segments), PACKET), np.zeros(len(segments), FRAME)
        at = 0
        for i, segment in enumerate(segments):
            self.fill(packets[i], segment, at)
            packets[i]["frame"] = i
            at += len(segment.data)
        offers = np.zeros((len(segments), 3), np.int64)
        k = 0
        while k < len(segments):
            k, n_offers = count_block(frames, packets, k, self.tables, offers)
            self.offer(buf, packets, offers, n_offers)
            if k < len(segments):
                self.tables = grown(self.tables)

    def offer(self, buf: Any, packets: Any, offers: Any, n: int) -> None:
        done = 0
        while True:
            done = read_offers(buf, packets, offers, done, n, self.tables)
            if done == n:
                return
            self.tables = grown(self.tables)

    def fill(self, packet: Any, segment: Segment, payload: int) -> None:
        """One packet's columns; IP ids count up, so that no packet looks like another's copy."""
        side, other = segment.side, 1 - segment.side
        at = self.sent[side] if segment.at is None else segment.at
        wire = len(segment.data) if segment.wire_bytes is None else segment.wire_bytes
        self.sent[side] = max(self.sent[side], at + wire)
        ends = (HIGHER_CLIENT if self.swapped else ENDS[CLIENT], (ENDS[SERVER][0], self.port))
        (packet["src_lo"], packet["src_port"]), (packet["dst_lo"], packet["dst_port"]) = ends[side], ends[other]
        packet["seq"] = (self.isns[side] + 1 + at) & 0xFFFFFFFF
        acked = self.sent[other] if segment.ack is None else segment.ack
        packet["ack"] = (self.isns[other] + 1 + acked) & 0xFFFFFFFF if segment.flags & ACK else 0
        packet["flags"], packet["protocol"], packet["version"], packet["ttl"] = segment.flags, self.protocol, 4, 64
        packet["payload"], packet["captured_bytes"], packet["payload_bytes"] = payload, len(segment.data), wire
        packet["ip_id"] = self.n_packets % 65535 + 1
        packet["ts_ns"] = START_NS + 1000 * self.n_packets if segment.ts_ns is None else segment.ts_ns
        self.n_packets += 1

    def finish(self) -> list[Message]:
        """The messages after every side with waiting bytes is marked as ended, so that everything is read."""
        offers = offers_of_waiting(self.tables)
        self.offer(np.zeros(1, np.uint8), np.zeros(1, PACKET), offers, len(offers))
        return self.messages()

    def side(self, side: int) -> Any:
        """The row of Tables.sides of the first record."""
        return self.tables.sides[side ^ self.swapped]

    def messages(self) -> list[Message]:
        rows = self.tables.messages[: self.tables.counts[layout.N_MESSAGES]]
        return [self.message(row) for row in rows]

    def message(self, row: Any) -> Message:
        def text(name: str) -> bytes | None:
            at, size = int(row[f"{name}_at"]), int(row[f"{name}_size"])
            return self.tables.pool[at : at + size].tobytes() if size >= 0 else None

        side = int(row["side"]) ^ self.swapped
        first = self.isns[side] + 1
        at, end = ((int(row[name]) - first) & 0xFFFFFFFF for name in ("seq", "end"))
        port, status, shape, ts_ns = (int(row[name]) for name in ("port", "code", "shape", "ts_ns"))
        field = text("field")
        if int(row["kind"]) == layout.CLIENT_HELLO and field:
            field = field[:RANDOM_SIZE]
        texts = (text("path"), text("agent"), field)
        return Message(KINDS[int(row["kind"])], side, text("host"), port, *texts, status, shape, at, end, ts_ns)


def read(segments: Iterable[Segment], **more: Any) -> list[Message]:
    """Everything that is read from the segments, to the end."""
    stage = Stage(**more)
    stage.add(segments)
    return stage.finish()


def one_by_one(segments: Iterable[Segment], **more: Any) -> list[Message]:
    """As read, each segment in a block of its own."""
    stage = Stage(**more)
    for segment in segments:
        stage.add([segment])
    return stage.finish()


def untimed(messages: Iterable[Message]) -> list[Message]:
    """Without when: what has to be the same however the stream was cut."""
    return [message._replace(ts_ns=0) for message in messages]


def byte_by_byte(data: bytes, side: int = CLIENT, before: Iterable[Segment] = (), **more: Any) -> list[Message]:
    """Everything read from a side's stream that arrives one byte at a time."""
    stage = Stage(**more)
    stage.add([*before, *(Segment(side, data[i : i + 1]) for i in range(len(data)))])
    return stage.finish()


def names(messages: Iterable[Message]) -> list[bytes]:
    """The hosts that were read."""
    return [message.host for message in messages if message.host is not None]


def summary(messages: Iterable[Message]) -> list[tuple[str, int, bytes | None, int]]:
    """(kind, side, host, status) of each message."""
    return [(message.kind, message.side, message.host, message.status) for message in messages]
