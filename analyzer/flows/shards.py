"""Tables of separate conversations, put side by side.

Threads share a capture by conversation: each counts and reads only its own, so nothing that one of them finds depends on
another, and joining them is only renumbering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import (
    FREE_HOLE,
    FREE_SEGMENT,
    MESSAGE,
    N_COUNTS,
    N_DUPLICATES,
    N_HOLES,
    N_MESSAGES,
    N_RECORDS,
    N_SIGHTINGS,
    POOL_USED,
    Tables,
)

TEXTS = ("host", "path", "agent", "field")


def side_by_side(parts: Sequence[Tables]) -> Tables:
    """One table of everything in `parts`, which have no conversation in common and nothing waiting."""
    if len(parts) == 1:
        return parts[0]
    counts = np.zeros(N_COUNTS, np.int64)
    counts[FREE_HOLE] = counts[FREE_SEGMENT] = -1
    for part in parts:
        for total in (N_RECORDS, N_MESSAGES, POOL_USED, N_HOLES, N_SIGHTINGS):
            counts[total] += part.counts[total]
        counts[N_DUPLICATES:] += part.counts[N_DUPLICATES:]
    records, sides, messages, holes, sightings = [], [], [], [], []
    first_record, first_hole, first_text = 0, 0, 0
    for part in parts:
        n_records, n_holes = int(part.counts[N_RECORDS]), int(part.counts[N_HOLES])
        records.append(renumbered(part.records[:n_records], {"previous": first_record}))
        sides.append(renumbered(part.sides[: 2 * n_records], {"holes": first_hole}))
        holes.append(renumbered(part.holes[:n_holes], {"next": first_hole}))
        sightings.append(renumbered(part.sightings[: int(part.counts[N_SIGHTINGS])], {"record": first_record}))
        shifts = {"record": first_record} | {f"{text}_at": first_text for text in TEXTS}
        messages.append(renumbered(part.messages[: int(part.counts[N_MESSAGES])], shifts))
        first_record, first_hole, first_text = first_record + n_records, first_hole + n_holes, first_text + int(part.counts[POOL_USED])
    pool = np.concatenate([part.pool[: int(part.counts[POOL_USED])] for part in parts])
    return empty_tables()._replace(
        records=np.concatenate(records),
        sides=np.concatenate(sides),
        slots=np.zeros(4 << int(first_record).bit_length(), np.int32),
        messages=np.concatenate([*messages, np.zeros(1, MESSAGE)]),
        holes=np.concatenate(holes),
        sightings=np.concatenate(sightings),
        pool=pool,
        counts=counts,
    )


def renumbered(table: npt.NDArray[Any], shifts: dict[str, int]) -> npt.NDArray[Any]:
    """The table with each named column moved on by its shift, where it isn't negative."""
    for name, shift in shifts.items():
        if shift:
            column = table[name]
            column[column >= 0] += shift
    return table
