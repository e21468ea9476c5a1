"""The flow table for a terminal: the columns that fit, one flow per line, written without rich so that 50,000 lines are quick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from analyzer.report.rows import json_texts
from analyzer.text.inert import UNWRAPPED, inert, shorten
from analyzer.text.times import shown_column, values

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
"""By importance, with the maximum width of each; a narrow screen drops the last ones."""

LEAST_HOST = 22
LEAST_CUT = 8
GUTTER = "  "


def flow_lines(flows: pa.Table, width: int = UNWRAPPED, columns: Sequence[str] = ()) -> Iterator[str]:
    """A heading and one line per flow. At UNWRAPPED all columns in full; else those that fit, with long names shortened in the middle.

    Without a host, its cell has the server's address and port.

    columns   these columns instead, all of them: the longest are cut until they fit
    """
    names = list(columns) or [name for name, _ in COLUMNS]
    texts = {name: _texts(flows.column(name)) for name in names}
    if not columns:
        ends = zip(texts["host"], texts["server_ip"], texts["server_port"], strict=True)
        texts["host"] = [host or (f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}") for host, ip, port in ends]
    longest = {name: max([len(name), *map(len, texts[name])]) for name in names}
    rooms = _cut_to(longest, width) if columns else _rooms(longest, width)
    shown = list(rooms)
    right = {name: pa.types.is_integer(flows.schema.field(name).type) for name in shown}
    yield GUTTER.join(_set(name, rooms[name], right[name]) for name in shown).rstrip()
    yield GUTTER.join("─" * rooms[name] for name in shown)
    set_out = [[_set(text, rooms[name], right[name]) for text in texts[name]] for name in shown]
    for cells in zip(*set_out, strict=True):
        yield GUTTER.join(cells).rstrip()


def _rooms(longest: Mapping[str, int], width: int) -> dict[str, int]:
    """The columns that fit, from the first on, with their widths; the host gets the remaining space."""
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


def _cut_to(longest: Mapping[str, int], width: int) -> dict[str, int]:
    """Every column's width: what it needs, or, if all together are too wide, an equal limit for the widest."""
    rooms, left = {}, width - len(GUTTER) * (len(longest) - 1)
    for place, name in enumerate(sorted(longest, key=lambda name: longest[name])):
        rooms[name] = min(longest[name], max(LEAST_CUT, left // (len(longest) - place)))
        left -= rooms[name]
    return {name: rooms[name] for name in longest}


def _texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_timestamp(column.type):
        return [text[11:23] if text else "" for text in values(shown_column(column.combine_chunks()))]
    if pa.types.is_nested(column.type):
        return [text or "" for text in values(json_texts(column.combine_chunks()))]
    return ["" if value is None else inert(value) if isinstance(value, str) else str(value) for value in values(column)]


def _set(text: str, room: int, right: bool) -> str:
    shown = shorten(text, room)
    return shown.rjust(room) if right else shown.ljust(room)
