"""Uncaptured bytes: gaps in TCP streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import HAS_BASE


def missing_bytes(records: Any, out: Any, back: Any) -> dict[int, tuple[int, int]]:
    """By the input that saw a flow first: (flows with a gap, bytes in their gaps). Inputs without any are left out.

    records   of the flows, merged;  out, back   their sides, by fields

    A gap is between captured bytes, or before a FIN, and its bytes weren't resent: bytes that the network lost are resent, bytes that the
    capture lost are not.
    """
    missing = in_holes(out) + in_holes(back)
    holed = np.flatnonzero(missing)
    sources = records["first_source"][holed]
    return {s: (int((sources == s).sum()), int(missing[holed][sources == s].sum())) for s in sorted(set(sources.tolist()))}


def in_holes(sides: Any) -> npt.NDArray[np.int64]:
    """int64[n]: number of uncaptured bytes of each side between captured bytes, or before the FIN."""
    span = sides["high"] - sides["low"]
    missing = (span - sides["distinct"].astype(np.uint32)).astype(np.int32)
    there = (sides["seen"] & HAS_BASE != 0) & (sides["distinct"] > 0)
    found: npt.NDArray[np.int64] = np.where(there, np.maximum(missing, 0), 0).astype(np.int64)
    return found
