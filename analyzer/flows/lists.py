"""Gathers linked lists whose rows are scattered over a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]


def lists_of(heads: Rows, table: Rows) -> tuple[Rows, Rows]:
    """(the new heads, the rows of all their lists one after the other); -1 is no list, and ends one."""
    owner = np.flatnonzero(heads >= 0)
    at = heads[owner].astype(np.int64)
    owners, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    while len(at):
        owners.append(owner)
        rows.append(at)
        at = table["next"][at].astype(np.int64)
        owner, at = owner[at >= 0], at[at >= 0]
    whose, row = np.concatenate(owners), np.concatenate(rows)
    order = np.argsort(whose, kind="stable")
    whose, row = whose[order], row[order]
    listed = table[row]
    begins = np.ones(len(whose), np.bool_)
    begins[1:] = whose[1:] != whose[:-1]
    ends = np.ones(len(whose), np.bool_)
    ends[:-1] = begins[1:]
    listed["next"] = np.where(ends, -1, np.arange(1, len(whose) + 1))
    moved = np.full(len(heads), -1, heads.dtype)
    moved[whose[begins]] = np.flatnonzero(begins)
    return moved, listed
