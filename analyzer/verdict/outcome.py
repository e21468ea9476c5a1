"""What came of each request, as masks: the routes stage decided it (routes/outcomes.py), the verdict counts it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.requests import Bools, Ints, integers
from analyzer.tables import OUTCOMES

WORKED, BROKEN, CHALLENGED, AUTHENTICATION, DENIED, FAILED, UNANSWERED, HIDDEN, UNSEEN = range(len(OUTCOMES))

AUTH_REQUIRED = 407
DENIED_STATUS = 403


@dataclass(frozen=True)
class Outcome:
    """Per request.

    code     int64[n]  index into OUTCOMES
    through  bool[n]   let through, as its answer or what followed it shows
    """

    code: Ints
    through: Bools

    @cached_property
    def worked(self) -> Bools:
        result: Bools = self.code == WORKED
        return result

    @cached_property
    def broken(self) -> Bools:
        result: Bools = self.code == BROKEN
        return result

    @cached_property
    def challenged(self) -> Bools:
        """A 407 that is a step on the way in: no failure, and nothing carried."""
        result: Bools = self.code == CHALLENGED
        return result

    @cached_property
    def unseen(self) -> Bools:
        """What would tell isn't in the capture."""
        result: Bools = self.code == UNSEEN
        return result

    @cached_property
    def carried(self) -> Bools:
        """Worked, broken inside, or unseen and let through."""
        result: Bools = self.worked | self.broken | (self.unseen & self.through)
        return result

    @cached_property
    def failed(self) -> Bools:
        """Asked for authentication, denied, failed or not answered."""
        result: Bools = (self.code >= AUTHENTICATION) & (self.code <= UNANSWERED)
        return result


def outcome_of(entries: pa.StructArray) -> Outcome:
    """The outcomes of all requests; entries: the column `requests`, flattened."""
    code = integers(pc.index_in(entries.field("outcome"), value_set=pa.array(OUTCOMES)), UNSEEN)
    through = pc.fill_null(entries.field("let_through"), False).to_numpy(zero_copy_only=False)
    return Outcome(code, np.asarray(through, dtype=np.bool_))
