"""What went past the proxies: which flows count as direct, and whether the gateway let them through."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.proxies import Ends
from analyzer.routes.requests import Bools, integers, one_array

BLOCKED_STATES = ("refused", "unreachable", "no-answer")
"""States of a flow that nobody let in: nothing but the attempt and its rejection were seen."""

QUIC_PORT = 443


def can_be_direct(flows: pa.Table, ends: Ends) -> Bools:
    """Per flow: whether it would carry a service if it is no proxy's: any TCP, and QUIC's UDP/443. DNS and the like don't."""
    result: Bools = ends.tcp | (integers(flows.column("server_port"), 0) == QUIC_PORT)
    return result


def was_blocked(flows: pa.Table) -> Bools:
    """Per flow: whether it never got through (BLOCKED_STATES)."""
    blocked = pc.is_in(one_array(flows.column("state")), value_set=pa.array(BLOCKED_STATES))
    return np.asarray(blocked.to_numpy(zero_copy_only=False), dtype=np.bool_)
