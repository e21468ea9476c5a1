"""What the tables say was not captured: bytes missing in the middle of TCP streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import HAS_BASE


def missing_bytes(records: npt.NDArray[Any], sides: npt.NDArray[Any]) -> dict[int, tuple[int, int]]:
    """By the input where each flow was first seen: (flows with a hole, bytes in their holes). Inputs without any are left out.

    records   of the flows, everything added up in them;  sides  SIDE[2, n], of the same flows

    A hole lies between bytes that were captured. It stays one only if nobody sent its bytes again: what the network lost
    comes again, what the capture lost doesn't.
    """
    span = sides["high"] - sides["low"]
    missing = (span - sides["distinct"].astype(np.uint32)).astype(np.int32)
    missing = np.where((sides["seen"] & HAS_BASE != 0) & (sides["distinct"] > 0), np.maximum(missing, 0), 0).sum(axis=0, dtype=np.int64)
    holed = np.flatnonzero(missing)
    sources = records["first_source"][holed]
    return {int(s): (int((sources == s).sum()), int(missing[holed][sources == s].sum())) for s in np.unique(sources)}
