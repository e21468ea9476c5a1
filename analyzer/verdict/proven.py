"""Which requests prove that their server is a proxy, and which that it is not."""

from __future__ import annotations

import numpy as np

from analyzer.routes.requests import CONNECT, NO_STATUS, Bools
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.outcome import FAILED

NOT_A_PROXYS_ANSWER = (400, 404, 405, 501)
"""Answers of an origin server to CONNECT, a method that it doesn't know."""


def proves_a_proxy(evidence: Evidence) -> Bools:
    """Per request: whether its outcome shows that the server is a proxy."""
    requests, outcome = evidence.requests, evidence.outcome
    refuses = outcome.failed & (requests.status != NO_STATUS) & ~refuted(evidence)
    result: Bools = outcome.carried | outcome.challenged | refuses
    return result


def refuted(evidence: Evidence) -> Bools:
    """Per request: whether its answer is none that a proxy gives, or is in another protocol."""
    requests, failed = evidence.requests, evidence.outcome.code == FAILED
    result: Bools = failed & (((requests.kind == CONNECT) & np.isin(requests.status, NOT_A_PROXYS_ANSWER)) | (requests.status == NO_STATUS))
    return result
