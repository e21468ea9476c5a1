"""What the tables say was not captured: bytes missing in the middle of TCP streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import HAS_BASE


def missing_bytes(records: Any, out: Any, back: Any) -> dict[int, tuple[int, int]]:
    """By the input where each flow was first seen: (flows with a hole, bytes in their holes). Inputs without any are left out.

    records   of the flows, everything added up in them;  out, back   their sides; of each the fields of its rows

    A hole lies between bytes that were captured, or before a FIN. It stays one only if nobody sent its bytes again: what the network lost
    comes again, what the capture lost doesn't.
    """
    missing = in_holes(out) + in_holes(back)
    holed = np.flatnonzero(missing)
    sources = records["first_source"][holed]
    return {s: (int((sources == s).sum()), int(missing[holed][sources == s].sum())) for s in sorted(set(sources.tolist()))}


def in_holes(sides: Any) -> npt.NDArray[np.int64]:
    """int64[n]: how many bytes of each side lie between bytes that were captured, or before the FIN, and weren't themselves."""
    span = sides["high"] - sides["low"]
    missing = (span - sides["distinct"].astype(np.uint32)).astype(np.int32)
    there = (sides["seen"] & HAS_BASE != 0) & (sides["distinct"] > 0)
    found: npt.NDArray[np.int64] = np.where(there, np.maximum(missing, 0), 0).astype(np.int64)
    return found
