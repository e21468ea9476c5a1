"""A gateway's day as bytes, and back: plain JSON, compressed with zstd; it contains no code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa

from analyzer.fleet.day import Day, Heard, Past, ProxyDay, SourceDay, Stretch

LENGTH: Final = 8
LEVEL: Final = 1
"""A higher level would cost more time than reading a day takes."""

STRETCH: Final = attrgetter(*(field.name for field in fields(Stretch)))

MAX_SIZE: Final = 1 << 32
"""A day whose length field is larger isn't unpacked."""


def packed(day: Day) -> bytes:
    """The day as bytes; unpacked() returns an equal day, in the same order."""
    rows = {
        "gateway": day.gateway,
        "date": day.date,
        "rows": day.rows,
        "size": day.size,
        "forms": list(day.forms.items()),
        "first": day.first,
        "last": day.last,
        "began": day.began,
        "whole": day.whole,
        "sources": [[client, *one] for client, one in day.sources.items()],
        "services": _heard_rows(day.services),
        "planes": _heard_rows(day.planes),
        "plane_of": list(day.plane_of.items()),
        "proxies": [[address, *one] for address, one in day.proxies.items()],
        "past": day.past,
    }
    text = json.dumps(rows, separators=(",", ":")).encode("ascii")
    return len(text).to_bytes(LENGTH, "big") + bytes(pa.Codec("zstd", compression_level=LEVEL).compress(text))


def unpacked(data: bytes) -> Day:
    """The day in the bytes. Errors: ValueError, KeyError, TypeError, OSError or subclasses, the bytes are no day."""
    size = int.from_bytes(data[:LENGTH], "big")
    if size > MAX_SIZE:
        raise ValueError(f"a day of {size} bytes")
    rows = json.loads(bytes(pa.Codec("zstd").decompress(data[LENGTH:], size)))
    began = rows["began"]
    return Day(
        gateway=rows["gateway"],
        date=rows["date"],
        rows=rows["rows"],
        size=rows["size"],
        forms=dict(rows["forms"]),
        first=rows["first"],
        last=rows["last"],
        began=None if began is None else (began[0], began[1]),
        whole=rows["whole"],
        sources={client: SourceDay(*one) for client, *one in rows["sources"]},
        services=_heard(rows["services"]),
        planes=_heard(rows["planes"]),
        plane_of=dict(rows["plane_of"]),
        proxies={
            address: ProxyDay(name, method, requests, failed, tuple(sources), first, last)
            for address, name, method, requests, failed, sources, first, last in rows["proxies"]
        },
        past=[Past._make((*one, tuple(ids))) for *one, ids in rows["past"]],
    )


def _heard_rows(heard: Mapping[tuple[str, str], Heard]) -> list[Any]:
    return [[client, what, one.first, one.last, [STRETCH(each) for each in one.stretches]] for (client, what), one in heard.items()]


def _heard(rows: Iterable[Any]) -> dict[tuple[str, str], Heard]:
    return {(client, what): Heard(first, last, tuple(Stretch(*one) for one in stretches)) for client, what, first, last, stretches in rows}
