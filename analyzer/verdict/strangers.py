"""Sources that the question isn't about: they used no proxy and asked for nothing of Defender's. A scan or a flood brings thousands.

What is said of every source is said of many strangers at once: nobody reads a finding for each.
"""

from __future__ import annotations

import numpy as np

from analyzer.routes.requests import Ints
from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.reason import counted, listed

MOST_STRANGERS = 20
"""Strangers with a finding of their own; more are one finding."""


def apart(evidence: Evidence, rows: Ints) -> tuple[Ints, Ints]:
    """(rows that are told source by source, rows of strangers that are told at once), both ascending.

    The second is empty unless there are more than MOST_STRANGERS strangers with such a row. Who has a name in the topology is none.
    """
    client = evidence.client.codes
    strange = np.ones(len(evidence.client.values) + 1, np.bool_)
    strange[-1] = False  # where rows without a client point
    strange[client[evidence.route == PROXY]] = False
    strange[client[evidence.service.codes >= 0]] = False
    there = np.unique(client[rows])
    for code in there[strange[there]].tolist():
        strange[code] = evidence.topology.workstation_name(evidence.client.values[code]) is None
    if int(strange[there].sum()) <= MOST_STRANGERS:
        return rows, rows[:0]
    theirs = strange[client[rows]]
    return rows[~theirs], rows[theirs]


def source_list(evidence: Evidence, rows: Ints) -> str:
    """`112 sources (10.0.0.1, 10.0.0.2 and 110 more) that used no proxy`, of strangers' rows."""
    sources = [evidence.client.values[code] for code in np.unique(evidence.client.codes[rows]).tolist()]
    return f"{counted(len(sources), 'source')} ({listed(sources)}) that used no proxy"
