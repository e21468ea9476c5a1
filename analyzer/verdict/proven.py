"""Which requests show that their server is a proxy, and which that it is none."""

from __future__ import annotations

import numpy as np

from analyzer.routes.requests import CONNECT, NO_STATUS, Bools
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.outcome import FAILED

NOT_A_PROXYS_ANSWER = (400, 404, 405, 501)
"""What an origin server says to CONNECT, a method it doesn't know."""


def proves_a_proxy(evidence: Evidence) -> Bools:
    """Per request: whether what came of it is what comes of asking a proxy."""
    requests, outcome = evidence.requests, evidence.outcome
    refuses = outcome.failed & (requests.status != NO_STATUS) & ~refuted(evidence)
    result: Bools = outcome.carried | outcome.challenged | refuses
    return result


def refuted(evidence: Evidence) -> Bools:
    """Per request: whether it was answered as no proxy answers, or in another protocol."""
    requests, failed = evidence.requests, evidence.outcome.code == FAILED
    result: Bools = failed & (((requests.kind == CONNECT) & np.isin(requests.status, NOT_A_PROXYS_ANSWER)) | (requests.status == NO_STATUS))
    return result
