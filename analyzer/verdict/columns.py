"""Columns of the flow table as masks and texts, for facts that few rows need."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.captured import is_known
from analyzer.routes.requests import Bools, Ints, integers, one_array
from analyzer.text.labels import ending
from analyzer.verdict.evidence import ANSWERED, Evidence


def mask(values: pa.Array) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def matches(texts: pa.Array, pattern: str) -> Bools:
    """Which texts the regular expression matches; null: False."""
    return mask(pc.match_substring_regex(texts, pattern))


def column(evidence: Evidence, name: str) -> pa.Array:
    """The column as one array."""
    return one_array(evidence.flows.column(name))


def says(evidence: Evidence, name: str, value: object) -> Bools:
    """Per row: whether the column has this value."""
    return mask(pc.equal(column(evidence, name), value))


TORN_BY: Final = ("tls_completed", "tls_alert")


def torn(evidence: Evidence) -> Bools:
    """Per row: whether it went past the proxies, was answered, and its handshake ended in an alert. A fleet's days don't keep this."""
    if not {*TORN_BY} <= set(evidence.flows.column_names):
        return np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    gave_up = says(evidence, "tls_completed", False) & is_known(evidence.flows, "tls_alert")
    result: Bools = gave_up & (evidence.direct == ANSWERED)
    return result


def refusals(evidence: Evidence) -> Ints:
    """Per row: the HTTP status that refused the client, or that a blocked client got; 0 where there is none."""
    statuses = integers(column(evidence, "http_status"), 0)
    return np.where((statuses >= 400) | ((statuses > 0) & evidence.blocked), statuses, 0)


def state_list(evidence: Evidence, rows: Ints) -> str:
    """ "12 no-answer, 2 answered 403, 1 answered": an answer counts as the end, a refusal by its status, however the connection ended."""
    statuses, codes, blocked = refusals(evidence)[rows].tolist(), evidence.state.codes[rows].tolist(), evidence.blocked[rows].tolist()
    ends = [ending(evidence.state.text(code), *end) for code, *end in zip(codes, statuses, blocked, strict=True)]
    answered = ((evidence.direct[rows] == ANSWERED) & (np.array(statuses, dtype=np.int64) == 0)).tolist()
    states = Counter("answered" if spoke else end or "in no known state" for end, spoke in zip(ends, answered, strict=True))
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items(), key=lambda item: (-item[1], item[0])))
