"""Regions: the stretches of a connection's payload that the readers understood.

The inputs are read once more, with the position of everything that is read (streams/regions.py), and each position is filled with
the bytes of the slice's packets. Bodies, encrypted data, and bytes that no reader understood aren't regions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy.typing as npt
import pyarrow as pa

from analyzer.capture.inputs import open_inputs
from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Input
from analyzer.engine import Engine
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_MESSAGES, REGION, REGION_PAC, REGIONS
from analyzer.flows.messages import REGION_ROW
from analyzer.packets.layout import TCP
from analyzer.readers.alerts import ALERT_RECORD, APPLICATION_RECORD, CHANGE_CIPHER_SPEC_RECORD, HANDSHAKE_RECORD
from analyzer.readers.pac import MAX_PAC
from analyzer.readers.states import (
    FOUND_ALERT,
    FOUND_ANSWER,
    FOUND_CERTIFICATE,
    FOUND_CHUNK,
    FOUND_CLIENT_HELLO,
    FOUND_CONNECT,
    FOUND_DNS_MESSAGE,
    FOUND_EMPTY_LINE,
    FOUND_ENCRYPTED,
    FOUND_HEAD_BEGINS,
    FOUND_HEAD_REQUEST,
    FOUND_INTERIM_ANSWER,
    FOUND_LAST_CHUNK,
    FOUND_LAST_HELLO,
    FOUND_MORE_HANDSHAKE,
    FOUND_OPENING,
    FOUND_PASSING_RECORD,
    FOUND_PROXY_HEADER,
    FOUND_REQUEST,
    FOUND_SOCKS4_REQUEST,
    FOUND_SOCKS5_ANSWER,
    FOUND_SOCKS5_CHOICE,
    FOUND_SOCKS5_CREDENTIALS,
    FOUND_SOCKS5_GREETING,
    FOUND_SOCKS5_REQUEST,
    FOUND_SOCKS5_VERDICT,
    FOUND_TRAILER_END,
    FOUND_TRAILER_LINE,
    FOUND_WARNING,
    FOUND_WENT_ON,
)
from analyzer.slices.frame import Frame
from analyzer.slices.frames import Finder
from analyzer.slices.hellos import RECORDS_HEAD
from analyzer.streams.offers import read_waiting
from analyzer.window import within

REQUEST_HEAD: Final = "request"
ANSWER_HEAD: Final = "answer"
PAC_ANSWER: Final = "answer with a PAC file"
EMPTY_LINE: Final = "empty line"
CHUNK_LINE: Final = "chunk"
SOCKS_MESSAGE: Final = "socks"
HANDSHAKE: Final = "handshake"  # records of readable handshake messages
RECORD: Final = "record"  # the beginning of a record of another kind
ALERT: Final = "alert"
PROXY_HEADER: Final = "proxy header"
DNS_MESSAGE: Final = "dns"
TDS_HEADER: Final = "tds header"

# Of an encrypted record: its type and length, and the byte that shows whether another hello begins in it.
RECORD_HEAD: Final = 6
ALERT_BYTES: Final = 7

SOCKS4_ANSWER: Final = 0

_KINDS: Final = {
    FOUND_PROXY_HEADER: PROXY_HEADER,
    FOUND_DNS_MESSAGE: DNS_MESSAGE,
    FOUND_EMPTY_LINE: EMPTY_LINE,
    FOUND_HEAD_BEGINS: TDS_HEADER,
    **dict.fromkeys((FOUND_SOCKS5_GREETING, FOUND_SOCKS5_CREDENTIALS, FOUND_SOCKS5_REQUEST, FOUND_SOCKS4_REQUEST), SOCKS_MESSAGE),
    **dict.fromkeys((FOUND_SOCKS5_CHOICE, FOUND_SOCKS5_VERDICT, FOUND_SOCKS5_ANSWER, FOUND_OPENING), SOCKS_MESSAGE),
    **dict.fromkeys((FOUND_CONNECT, FOUND_HEAD_REQUEST, FOUND_REQUEST), REQUEST_HEAD),
    **dict.fromkeys((FOUND_INTERIM_ANSWER, FOUND_ANSWER), ANSWER_HEAD),
    **dict.fromkeys((FOUND_CHUNK, FOUND_LAST_CHUNK, FOUND_TRAILER_LINE, FOUND_TRAILER_END), CHUNK_LINE),
    **dict.fromkeys((FOUND_CLIENT_HELLO, FOUND_LAST_HELLO, FOUND_CERTIFICATE), HANDSHAKE),
    FOUND_PASSING_RECORD: RECORD,
}
"""A reader's finding (readers/states.py) → the kind of region."""

_RECORDS: Final = (FOUND_MORE_HANDSHAKE, FOUND_WENT_ON, FOUND_ALERT, FOUND_WARNING, FOUND_ENCRYPTED)
_RECORD_KINDS: Final = {ALERT_RECORD: ALERT} | dict.fromkeys((CHANGE_CIPHER_SPEC_RECORD, APPLICATION_RECORD, HANDSHAKE_RECORD), RECORD)

_END_OF_HEAD = re.compile(rb"\n\r?\n")


class Region(NamedTuple):
    """A stretch of one direction: its start, counted from the direction's first packet, its kind, and its bytes."""

    start: int
    kind: str
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


@dataclass
class Place:
    """A stretch whose bytes aren't filled in yet."""

    start: int
    size: int
    found: int
    is_pac: bool
    data: bytearray = field(default_factory=bytearray)
    filled: bytearray = field(default_factory=bytearray)


@dataclass
class Side:
    """One direction of a flow; `regions` in order, without overlaps."""

    base: int | None = None
    regions: list[Region] = field(default_factory=list)

    def place(self, seq: int) -> int:
        """The position of this sequence number, counted from the direction's first packet."""
        place = (seq - (self.base or 0)) & 0xFFFFFFFF
        return place if place < 1 << 31 else place - (1 << 32)

    @property
    def named(self) -> int:
        """The end of the last region."""
        return self.regions[-1].end if self.regions else 0


Sides = dict[tuple[int, bool], Side]
"""(the flow's row, whether its client sent it) → the direction."""


def read_regions(
    inputs: Sequence[Input],
    flows: pa.Table,
    chosen: Collection[int],
    frames: Callable[[], Iterable[Frame]],
    start_ns: int | None = None,
    end_ns: int | None = None,
    vxlan_ports: tuple[int, ...] = (),
) -> Sides:
    """Each direction of the chosen rows with its regions.

    frames   gives the rows' packets (`slices.frames.read_frames`), called after the inputs were read
    vxlan_ports   of the topology
    """
    sources = open_inputs(inputs, vxlan_ports).sources
    tables = empty_tables()
    tables.counts[REGIONS] = 1
    tables = read_waiting(Engine(sources, tables).read(within(in_time_order(sources), start_ns, end_ns)).tables)
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    return _sides(tables.records, messages[messages["kind"] == REGION].view(REGION_ROW), Finder(flows, chosen), frames())


def _sides(records: npt.NDArray[Any], found: npt.NDArray[Any], finder: Finder, frames: Iterable[Frame]) -> Sides:
    """Each direction of the chosen flows with its regions, filled from the frames."""
    rows: dict[tuple[int, int], tuple[int, bool] | None] = {}
    read: dict[tuple[int, bool], list[Any]] = {}
    for one in found[found["end"] != found["seq"]]:
        which = int(one["record"]), int(one["side"])
        if which not in rows:
            rows[which] = finder.row_of_side(records[which[0]], which[1])
        row = rows[which]
        if row is not None:
            read.setdefault(row, []).append(one)
    sides: Sides = {}
    places: dict[tuple[int, bool], list[Place]] = {}
    for frame in frames:
        if frame.protocol == TCP and frame.payload >= 0:
            row = frame.row, frame.from_client
            if row not in sides:
                sides[row] = Side(frame.seq)
                places[row] = _places(sides[row], read.get(row, ()))
            _fill(places[row], sides[row].place(frame.seq), frame.data[frame.payload : frame.payload + frame.payload_bytes])
    for row, side in sides.items():
        side.regions = [region for place in places[row] if (region := _region(place)) is not None]
    return sides


def _places(side: Side, read: Iterable[Any]) -> list[Place]:
    """The stretches in order; one that begins within another is dropped."""
    places = [
        Place(
            start=side.place(int(one["seq"])),
            size=(int(one["end"]) - int(one["seq"])) & 0xFFFFFFFF,
            found=int(one["found"]),
            is_pac=bool(int(one["holds"]) & REGION_PAC),
        )
        for one in read
    ]
    places.sort(key=lambda place: (place.start, -place.size))
    kept: list[Place] = []
    for place in places:
        if not kept or place.start >= kept[-1].start + kept[-1].size:
            place.data, place.filled = bytearray(place.size), bytearray(place.size)
            kept.append(place)
    return kept


def _fill(places: list[Place], start: int, data: bytes) -> None:
    """Copy a segment's bytes into the places they cover; bytes that are filled already stay."""
    at = bisect_left(places, start, key=lambda place: place.start + place.size)
    while at < len(places) and places[at].start < start + len(data):
        place = places[at]
        low, high = max(place.start, start), min(place.start + place.size, start + len(data))
        here = slice(low - place.start, high - place.start)
        if any(place.filled[here]):
            for i in range(low, high):
                if not place.filled[i - place.start]:
                    place.data[i - place.start] = data[i - start]
        else:
            place.data[here] = data[low - start : high - start]
        place.filled[here] = b"\1" * (high - low)
        at += 1


def _region(place: Place) -> Region | None:
    """The region, without a body or encrypted data; None where bytes are missing or nothing may be kept."""
    data = bytes(place.data)
    if not data or not all(place.filled):
        return None
    kind = kind_of(place.found, place.is_pac, data[0])
    return Region(place.start, kind, data[: _KEPT[kind](data)]) if kind is not None else None


def kind_of(found: int, is_pac: bool, first: int) -> str | None:
    """The kind of region for a reader's finding and its first byte; None for bytes that show only that nothing more can be read, and for
    bytes that no mask knows."""
    if found == FOUND_ANSWER and is_pac:
        return PAC_ANSWER
    if found in _RECORDS:
        return _RECORD_KINDS.get(first)
    if found == FOUND_OPENING and first != SOCKS4_ANSWER:
        return None
    return _KINDS.get(found)


def head_size(data: bytes) -> int:
    """The number of bytes of an HTTP head, its empty line included; all, where it is incomplete."""
    found = _END_OF_HEAD.search(data)
    return found.end() if found else len(data)


def line_size(data: bytes) -> int:
    """The number of bytes of the first line; all, where it doesn't end."""
    return data.find(b"\n") + 1 or len(data)


def handshake_size(data: bytes) -> int:
    """The number of bytes of the TLS records with handshake messages; the last may be incomplete."""
    at = 0
    while data[at : at + 1] == bytes((HANDSHAKE_RECORD,)):
        at += RECORDS_HEAD + int.from_bytes(data[at + 3 : at + 5], "big")
    return min(at, len(data))


_KEPT: Final[dict[str, Callable[[bytes], int]]] = {
    REQUEST_HEAD: head_size,
    ANSWER_HEAD: head_size,
    PAC_ANSWER: lambda data: head_size(data) + MAX_PAC,
    CHUNK_LINE: line_size,
    HANDSHAKE: handshake_size,
    RECORD: lambda data: RECORD_HEAD,
    ALERT: lambda data: ALERT_BYTES,
    **dict.fromkeys((EMPTY_LINE, SOCKS_MESSAGE, PROXY_HEADER, DNS_MESSAGE, TDS_HEADER), len),
}
"""Kind → the number of its bytes that are kept."""
