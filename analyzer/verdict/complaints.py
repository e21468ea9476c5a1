"""Defender's hosts that each proxy refused, challenged or opened, with times and numbers."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from analyzer.routes.requests import NO_TIME, Ints, integers
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.permits import HTTPS
from analyzer.text.times import rfc3339
from analyzer.text.words import failure_list
from analyzer.verdict.columns import says
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.outcome import AUTHENTICATION, BROKEN, DENIED, UNANSWERED, answer_status

REFUSED, CHALLENGED, OPENED, BROKE, FAILED, SILENT = "refused", "challenged", "opened", "TLS broke", "failed", "no answer"
KINDS: Final = (REFUSED, CHALLENGED, OPENED, BROKE, FAILED, SILENT)


class Complaint(NamedTuple):
    """Requests for one Defender host to one proxy, of one kind.

    requests     how many; answers: "3 × 407", the outcomes of tunnels
    first last   RFC 3339, None where the capture has no times
    sources      number of sources that asked
    """

    kind: str
    host: str
    port: int
    requests: int
    answers: str
    first: str | None
    last: str | None
    service: str
    sources: int


def complaints_of(evidence: Evidence, catalogue: Catalogue) -> dict[str, list[Complaint]]:
    """proxy → its complaints by kind, then host; only proxies with complaints, and only hosts of certain or possible Defender services."""
    outcome, row = evidence.outcome, evidence.requests.row
    opened = says(evidence, "inspected", True)[row] & outcome.carried
    code = outcome.code
    conditions = [
        code == DENIED,
        code == AUTHENTICATION,
        opened,
        (code == BROKEN) & ~outcome.mute & ~outcome.unused,
        (code == UNANSWERED) | outcome.mute,
        outcome.failed,
    ]
    kinds = [KINDS.index(name) for name in (REFUSED, CHALLENGED, OPENED, BROKE, SILENT, FAILED)]
    kind = np.select(conditions, kinds, default=-1)
    positions = np.flatnonzero(evidence.asks_proxy & (kind >= 0) & (evidence.request_host.codes >= 0))
    port = integers(evidence.flows.column("requested_port"), HTTPS)[row]
    keys = (evidence.proxy.codes[row], kind, evidence.request_host.codes, port, evidence.request_service.codes)
    found: dict[str, list[Complaint]] = {}
    for (proxy, what, host, to, slug), those in grouped(positions, *keys):
        name = evidence.request_host.values[host]
        service = evidence.service.text(slug) or match_host(catalogue, name).possible
        if proxy >= 0 and service is not None:
            found.setdefault(evidence.proxy.values[proxy], []).append(_complaint(evidence, KINDS[what], name, to, service, those))
    return {proxy: sorted(found[proxy], key=lambda one: (KINDS.index(one.kind), one.host, one.port)) for proxy in sorted(found)}


def _complaint(evidence: Evidence, kind: str, host: str, port: int, service: str, those: Ints) -> Complaint:
    begun = evidence.begun[those]
    begun = begun[begun != NO_TIME]
    return Complaint(
        kind,
        host,
        port,
        len(those),
        failure_list(Counter(answer_status(evidence.requests, evidence.outcome.code)[those].tolist())),
        rfc3339(int(begun.min())) if len(begun) else None,
        rfc3339(int(begun.max())) if len(begun) else None,
        service,
        len(np.unique(evidence.client.codes[evidence.requests.row[those]])),
    )
