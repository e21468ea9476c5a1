"""Invariants of reading any capture."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import analyzer
from analyzer.errors import Unusable
from tests.engine import engine_rows
from tests.reference import rows_of
from tests.reference.agree import Row, flow_text
from tests.reference.capture import NotACapture
from tests.reference.whole import key_of, whole_only

# The names that decide the service and the proxy. `host` follows from them, or from a certificate, of which the twin
# reads less than the engine when it is damaged.
NAMES = ("requested_host", "requested_port", "sni", "http_host")

# Characters that a terminal interprets: C0 except the line's end, DEL and C1; and those that change the direction of text.
LIVE = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


def examine(data: bytes) -> list[str]:
    """The errors in reading this capture, a line each. Exceptions other than Unusable are raised."""
    try:
        rows = engine_rows(data)
    except Unusable:
        return []
    wrong = [f"{flow_text(row)}: bytes below 0" for row in rows if min(row["bytes_out"], row["bytes_in"]) < 0]
    return wrong + wrong_names(rows, data) + live_text(data)


def wrong_names(rows: list[Row], data: bytes) -> list[str]:
    """Flows of which every byte was captured, with other names than the twin's."""
    try:
        twin = {key_of(row): row for row in whole_only(rows_of(("stream", data)), data)}
    except (NotACapture, EOFError):
        return []
    wrong = []
    for row in whole_only(rows, data) if twin else ():
        other = twin.get(key_of(row), row)
        wrong += [f"{flow_text(row)}: {name} {row[name]!r}, twin {other[name]!r}" for name in NAMES if row[name] != other[name]]
    return wrong


def live_text(data: bytes) -> list[str]:
    """Characters in the report that a terminal would interpret."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fuzz.pcap")
        path.write_bytes(data)
        traffic = analyzer.read(path)
        said = [str(traffic.verdict)]
        for ending in (".md", ".json"):
            traffic.report(path.with_suffix(ending))
            said.append(path.with_suffix(ending).read_text(encoding="utf-8"))
    return [
        f"{found.group()!r} in {text[max(0, found.start() - 40) : found.end() + 20]!r}" for text in said if (found := LIVE.search(text))
    ]
