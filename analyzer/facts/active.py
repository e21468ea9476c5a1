"""The column `active`: when each flow had packets, and their payload bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.facts.columns import times
from analyzer.facts.picked import Columns
from analyzer.flows.layout import Tables
from analyzer.flows.lists import lists_of
from analyzer.packets.layout import NO_TIME
from analyzer.tables import ACTIVE


def active_lists(tables: Tables, records: Columns, out: Columns, back: Columns, clients: npt.NDArray[Any]) -> pa.Array:
    """The column `active` of the flows whose counts these are."""
    begins, pauses = lists_of(records["pauses"], tables.pauses)
    n = len(records)
    timed = records["first_ns"] != NO_TIME
    owners = np.flatnonzero(begins >= 0)
    n_pauses = np.zeros(n, np.int64)
    n_pauses[owners] = np.diff(np.append(begins[owners], len(pauses)))
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.where(timed, n_pauses + 1, 0), out=offsets[1:])
    first, last = offsets[:-1][timed], offsets[1:][timed] - 1
    # Each list begins with its newest pause.
    whose = np.repeat(np.arange(n), n_pauses)
    place = offsets[whose] + n_pauses[whose] - (np.arange(len(pauses)) - begins[whose])
    starts, ends = np.zeros(int(offsets[-1]), np.int64), np.zeros(int(offsets[-1]), np.int64)
    starts[first], ends[last] = records["first_ns"][timed], records["last_ns"][timed]
    starts[place], ends[place - 1] = pauses["start_ns"], pauses["end_ns"]
    from_a = clients[whose] == 0
    carried = []
    for side, before in (
        (out, np.where(from_a, pauses["bytes_a"], pauses["bytes_b"])),
        (back, np.where(from_a, pauses["bytes_b"], pauses["bytes_a"])),
    ):
        begun, until = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
        until[last] = side["bytes"][timed]
        begun[place], until[place - 1] = before, before
        carried.append(array(until - begun))
    values = pa.StructArray.from_arrays([times(starts), times(ends), *carried], fields=list(ACTIVE))
    return pa.ListArray.from_arrays(array(offsets.astype(np.int32)), values)
