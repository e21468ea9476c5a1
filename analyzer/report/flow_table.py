"""The flow table for the eye: the columns that fit, one flow per line, written without rich so that 50,000 lines are quick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from analyzer.report.rows import rfc3339_column
from analyzer.report.text import UNWRAPPED, inert, shorten

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

LEAST_HOST = 24
GUTTER = "  "


def flow_lines(flows: pa.Table, width: int = UNWRAPPED) -> Iterator[str]:
    """A heading and one line per flow. At UNWRAPPED every column above, whole; else what fits, long names cut in the middle."""
    shown = [name for name, _ in COLUMNS] if width >= UNWRAPPED else _fitting(width)
    texts = {name: _texts(flows.column(name)) for name in shown}
    rooms = _rooms(shown, texts, width)
    right = {name: pa.types.is_integer(flows.schema.field(name).type) for name in shown}
    yield GUTTER.join(_set(name, rooms[name], right[name]) for name in shown).rstrip()
    yield GUTTER.join("─" * rooms[name] for name in shown)
    columns = [[_set(text, rooms[name], right[name]) for text in texts[name]] for name in shown]
    for cells in zip(*columns, strict=True):
        yield GUTTER.join(cells).rstrip()


def _fitting(width: int) -> list[str]:
    """The first columns that fit with a host shortened to LEAST_HOST."""
    shown: list[str] = []
    left = width + len(GUTTER)
    for name, most in COLUMNS:
        left -= (LEAST_HOST if name == "host" else most) + len(GUTTER)
        if left < 0 and shown:
            break
        shown.append(name)
    return shown


def _rooms(shown: Sequence[str], texts: dict[str, list[str]], width: int) -> dict[str, int]:
    """How wide each column is: its longest text up to its most; the host takes what is left over."""
    longest = {name: max([len(name), *map(len, texts[name])]) for name in shown}
    if width >= UNWRAPPED:
        return longest
    most = dict(COLUMNS)
    rooms = {name: min(longest[name], max(most[name], len(name))) for name in shown}
    if "host" in rooms:
        others = sum(room + len(GUTTER) for name, room in rooms.items() if name != "host")
        rooms["host"] = min(longest["host"], max(LEAST_HOST, width - others))
    return rooms


def _texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_timestamp(column.type):
        return [text[11:23] if text else "" for text in rfc3339_column(column.combine_chunks()).to_pylist()]
    return ["" if value is None else inert(value) if isinstance(value, str) else str(value) for value in column.to_pylist()]


def _set(text: str, room: int, right: bool) -> str:
    shown = shorten(text, room)
    return shown.rjust(room) if right else shown.ljust(room)
