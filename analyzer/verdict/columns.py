"""Columns of the flow table as masks and texts, for statements that few make."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.requests import Bools, Ints, integers, one_array
from analyzer.text.labels import ending
from analyzer.verdict.evidence import Evidence


def mask(values: pa.Array) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def matches(texts: pa.Array, pattern: str) -> Bools:
    """Which of the texts the regular expression is found in; null is none of them."""
    return mask(pc.match_substring_regex(texts, pattern))


def column(evidence: Evidence, name: str) -> pa.Array:
    """The column as one array."""
    return one_array(evidence.flows.column(name))


def says(evidence: Evidence, name: str, value: object) -> Bools:
    """Per row: whether the column is known and has this value."""
    return mask(pc.equal(column(evidence, name), value))


def refusals(evidence: Evidence) -> Ints:
    """Per row: the HTTP status that said no, or sent the client elsewhere where it was blocked; 0 where none did."""
    statuses = integers(column(evidence, "http_status"), 0)
    return np.where((statuses >= 400) | ((statuses >= 300) & evidence.blocked), statuses, 0)


def state_list(evidence: Evidence, rows: Ints) -> str:
    """ "12 no-answer, 2 answered 403": where HTTP said no, that is how it ended, whatever closed the connection."""
    ends = zip(refusals(evidence)[rows].tolist(), evidence.state.codes[rows].tolist(), evidence.blocked[rows].tolist(), strict=True)
    states = Counter(ending(evidence.state.text(code), status, blocked=blocked) or "in no known state" for status, code, blocked in ends)
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items(), key=lambda item: (-item[1], item[0])))
