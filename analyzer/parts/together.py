"""Many parts merged into one, in the order of their times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.lib.recfunctions import repack_fields

from analyzer.capture.block import Damage
from analyzer.capture.interleave import MOMENT_NS
from analyzer.errors import Unusable
from analyzer.flows.layout import N_RECORDS
from analyzer.packets.layout import NO_TIME, TCP
from analyzer.parts.partial import Partial, merge_all

SAME: Final = ["a_hi", "a_lo", "b_hi", "b_lo", "a_port", "b_port", "syn_side", "isn"]
"""Columns in which two records that begin with the same SYN agree."""


def in_order(parts: Sequence[Partial]) -> list[Partial]:
    """The parts by their earliest packets; those without a time last."""
    return sorted(parts, key=lambda part: min(((start is None, start or 0) for start in part.starts), default=(True, 0)))


def together(parts: Sequence[Partial]) -> Partial:
    """All parts as one. Conversations that two parts share are noted as damage at the later part's first input. Errors: Unusable, two parts
    contain the same file."""
    check_apart(parts)
    if len(parts) < 2:
        return merge_all(parts)
    noted: list[Partial] = []
    beside: list[Any] = []
    for part in in_order(parts):
        begun = opened(part)
        n = 0
        if len(begun):
            # Records that ended before this part begins share no packet with it, nor with any later part.
            begins = int(begun["first_ns"].min())
            beside = [rows for rows in beside if int(rows["last_ns"].max()) >= begins]
            n = sum(n_recorded_twice(rows, begun) for rows in beside)
            beside.append(begun)
        noted.append(with_twice(part, n) if n and part.inputs else part)
    return merge_all(noted)


def with_twice(part: Partial, n: int) -> Partial:
    """The part with a damage entry at its first input: n of its conversations are in another part too. Their packets were captured at two
    points; a part holds no packets to compare, so they count twice."""
    what = "1 conversation begins" if n == 1 else f"{n:,} conversations begin"
    text = f"{what} with the same packet in another part: packets captured at two points count twice; read those captures together"
    first = part.inputs[0]._replace(damage=(*part.inputs[0].damage, Damage("duplicated-packets", text, count=n)))
    return part._replace(inputs=(first, *part.inputs[1:]))


def n_recorded_twice(one: Any, other: Any) -> int:
    """The number of conversations (`opened`) that begin with the same SYN in both parts, at nearly the same time, and overlap in time:
    none where the parts follow each other."""
    _, i, k = np.intersect1d(one[SAME], other[SAME], return_indices=True)
    first, second = one[i], other[k]
    near = np.abs(first["first_ns"] - second["first_ns"]) <= MOMENT_NS
    both = np.maximum(first["first_ns"], second["first_ns"]) <= np.minimum(first["last_ns"], second["last_ns"])
    return int((near & both).sum())


def opened(part: Partial) -> Any:
    """The records that begin with a SYN at a known time: the columns that identify them, and their times."""
    found = []
    for tables, there in ((part.tables, True), *((batch.tables(), ~batch.returned) for batch in part.batches)):
        records = tables.records[: int(tables.counts[N_RECORDS])]
        begun = (records["protocol"] == TCP) & (records["syn_side"] >= 0) & (records["first_ns"] != NO_TIME) & there
        found.append(repack_fields(records[[*SAME, "first_ns", "last_ns"]][begun]))
    return np.concatenate(found)


def check_apart(parts: Sequence[Partial]) -> None:
    """Nothing. Errors: Unusable, two parts contain the same whole file: its packets would count twice."""
    seen: dict[tuple[str, str], int] = {}
    for number, part in enumerate(parts):
        for one in part.inputs:
            if one.sha256 is not None and seen.setdefault((one.name, one.sha256), number) != number:
                raise Unusable("the same file is in two parts", one.name, "leave one of them out")
