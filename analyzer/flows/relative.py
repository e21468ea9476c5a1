"""A part's numbers relative to a reference, which are often the same small number; and back to absolute ones.

Times count from their flow's first packet, sequence numbers from their stream's beginning. The offset of a text follows from the sizes of
those before it, once the texts are packed. The conversion is lossless: numbers without a reference wrap around in both directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.concatenate import used
from analyzer.flows.gather import starts_of
from analyzer.flows.layout import TEXTS, Tables
from analyzer.flows.retire import pack_texts

Rows = npt.NDArray[Any]


def relative(tables: Tables) -> Tables:
    """A copy of the tables' used rows with relative numbers and packed texts; only `absolute` can read them."""
    rows = {name: getattr(tables, name)[: used(tables, name)].copy() for name in ("records", "sides", "messages", "held")}
    records, sides, messages, held = rows["records"], rows["sides"], rows["messages"], rows["held"]
    pool = pack_texts(tables.pool, messages) if len(messages) else tables.pool[:0]
    _shift(messages, "end", messages["seq"], -1)
    _shift_streams(messages, records, sides, -1)
    _shift_streams(held, records, sides, -1)
    _shift_sides(sides, records, -1)
    _shift_records(records, sides, -1)
    for text in TEXTS:
        messages[f"{text}_at"] = 0
    return tables._replace(**rows, pool=pool)


def absolute(tables: Tables) -> None:
    """Undo `relative` in place. Errors: IndexError, a row refers to a missing record."""
    records, sides, messages, held = tables.records, tables.sides, tables.messages, tables.held
    _shift_records(records, sides, 1)
    _shift_sides(sides, records, 1)
    _shift_streams(held, records, sides, 1)
    _shift_streams(messages, records, sides, 1)
    _shift(messages, "end", messages["seq"], 1)
    at = 0
    for text in TEXTS:
        sizes = np.maximum(messages[f"{text}_size"], 0).astype(np.int64)
        messages[f"{text}_at"] = at + starts_of(sizes)
        at += int(sizes.sum())


def _shift_records(records: Rows, sides: Rows, sign: int) -> None:
    opener = 2 * np.arange(len(records)) + (records["syn_side"] == 1)
    _shift(records, "isn", sides["base"][opener], sign)
    for column in ("last_ns", "data_ns", "end_ns"):
        _shift(records, column, records["first_ns"], sign)


def _shift_sides(sides: Rows, records: Rows, sign: int) -> None:
    other = sides["base"].reshape(-1, 2)[:, ::-1].ravel()
    first = np.repeat(records["first_ns"], 2)
    for column, reference in (
        ("low", sides["base"]),
        ("high", sides["base"]),
        ("resume", sides["base"]),
        ("head_end", sides["base"]),
        ("acked_then", sides["base"]),
        ("acked", other),
        ("acked_low", other),
        ("last_ns", first),
        ("pending_ns", first),
    ):
        _shift(sides, column, reference, sign)


def _shift_streams(rows: Rows, records: Rows, sides: Rows, sign: int) -> None:
    """Convert times, sequence numbers and acknowledgements of messages, or of held data."""
    if not len(rows):
        return
    if int(rows["record"].min()) < 0:
        raise IndexError("a row of no record")
    side = 2 * rows["record"].astype(np.int64) + rows["side"]
    _shift(rows, "ts_ns", records["first_ns"][rows["record"]], sign)
    _shift(rows, "seq", sides["base"][side], sign)
    _shift(rows, "ack", sides["base"][side ^ 1], sign)


def _shift(rows: Rows, column: str, reference: Rows, sign: int) -> None:
    unsigned = f"u{rows.dtype[column].itemsize}"
    numbers, by = np.ascontiguousarray(rows[column]).view(unsigned), np.ascontiguousarray(reference).view(unsigned)
    rows[column] = (numbers + by if sign > 0 else numbers - by).view(rows.dtype[column])
