"""The flow table for the eye: the columns that fit, one flow per line, written without rich so that 50,000 lines are quick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from analyzer.report.text import UNWRAPPED, inert, shorten
from analyzer.text.times import rfc3339_column, values

COLUMNS = (
    ("first_seen", 12),
    ("client_ip", 15),
    ("host", 40),
    ("proxy", 21),
    ("state", 10),
    ("service", 26),
    ("plane", 9),
    ("route", 8),
    ("method", 7),
    ("request", 8),
    ("proxy_status", 12),
    ("bytes_out", 11),
    ("bytes_in", 11),
    ("server_ip", 15),
    ("server_port", 11),
    ("id", 16),
    ("protocol", 8),
    ("sni", 40),
)
"""In order of worth, with the room each takes at most; a narrow screen drops the last ones."""

LEAST_HOST = 22
GUTTER = "  "


def flow_lines(flows: pa.Table, width: int = UNWRAPPED) -> Iterator[str]:
    """A heading and one line per flow. At UNWRAPPED every column above, whole; else what fits, long names cut in the middle.

    Where no host is known its cell holds the server's address and port.
    """
    texts = {name: _texts(flows.column(name)) for name, _ in COLUMNS}
    ends = zip(texts["host"], texts["server_ip"], texts["server_port"], strict=True)
    texts["host"] = [host or (f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}") for host, ip, port in ends]
    rooms = _rooms({name: max([len(name), *map(len, texts[name])]) for name, _ in COLUMNS}, width)
    shown = list(rooms)
    right = {name: pa.types.is_integer(flows.schema.field(name).type) for name in shown}
    yield GUTTER.join(_set(name, rooms[name], right[name]) for name in shown).rstrip()
    yield GUTTER.join("─" * rooms[name] for name in shown)
    columns = [[_set(text, rooms[name], right[name]) for text in texts[name]] for name in shown]
    for cells in zip(*columns, strict=True):
        yield GUTTER.join(cells).rstrip()


def _rooms(longest: Mapping[str, int], width: int) -> dict[str, int]:
    """The columns that fit, from the first on, and how wide each is; the host takes what the others leave."""
    if width >= UNWRAPPED:
        return dict(longest)
    rooms: dict[str, int] = {}
    left = width
    for name, most in COLUMNS:
        room = min(longest[name], max(LEAST_HOST if name == "host" else most, len(name)))
        left -= room + len(GUTTER) * bool(rooms)
        if left < 0 and rooms:
            break
        rooms[name] = room
    if "host" in rooms:
        others = sum(room + len(GUTTER) for name, room in rooms.items() if name != "host")
        rooms["host"] = min(longest["host"], max(rooms["host"], width - others))
    return rooms


def _texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_timestamp(column.type):
        return [text[11:23] if text else "" for text in rfc3339_column(column.combine_chunks()).to_pylist()]
    return ["" if value is None else inert(value) if isinstance(value, str) else str(value) for value in values(column)]


def _set(text: str, room: int, right: bool) -> str:
    shown = shorten(text, room)
    return shown.rjust(room) if right else shown.ljust(room)
