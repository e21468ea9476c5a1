"""Whether live response could work: by the command-and-control channel, and by nothing else.

The sensor fetches a session's orders over command and control. Push notifications only make it look sooner: "still get full functionality
of Live Response without this URL" (Microsoft's URL list), and they can't use a proxy at all, so their absence proves nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np

from analyzer.routes.requests import NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT
from analyzer.studies.document import LiveResponse
from analyzer.studies.plan import PlannedTest, Span
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.columns import state_list
from analyzer.verdict.evidence import Evidence, rfc3339

CHANNEL: Final = "edr-command-and-control"
PUSH: Final = "push-notifications"
STARTED: Final = re.compile(r"live[ -]?response", re.IGNORECASE)
"""A mark with these words says that a session was started then."""

TLS_COMPLETED: Final = "tls_completed"


def live_response(evidence: Evidence, test: PlannedTest, window: Span) -> LiveResponse:
    """The outcome, with the flows that decide it."""
    marks = [at for at, what in test.marks if STARTED.search(what)]
    since = marks[0] if marks else window[0]
    requests, row = evidence.requests, evidence.requests.row
    began = np.where(requests.first_seen == NO_TIME, evidence.first[row], requests.first_seen)
    codes = [code for code, name in enumerate(evidence.request_service.values) if name == CHANNEL]
    wanted = evidence.asks_proxy & np.isin(evidence.request_service.codes, codes)
    # A tunnel that was opened before and is still open carries the orders just as well.
    asked = np.flatnonzero(wanted & ((began >= since) | (evidence.last[row] >= since)))
    rows = row[asked]
    carried = evidence.outcome.carried[asked]
    completed, known = _tls(evidence)
    working = asked[carried & (completed | ~known)[rows]]
    result = _blank(evidence, test, since if marks else None, window)
    if len(working):
        return _success(evidence, result, working, bool(completed[row[working]].any()), bool(marks))
    direct = np.flatnonzero((evidence.route == DIRECT) & np.isin(evidence.service.codes, codes) & (evidence.first >= since))
    if not len(asked) and not len(direct) and not marks:
        result["reason"] = "no mark says that a session was started, and no command-and-control request was seen"
        return result
    result["outcome"] = "timeout"
    result["confidence"] = "certain" if len(asked) or evidence.flows.num_rows else "unclear"
    result["reason"] = _why_not(evidence, asked, direct, completed, known, bool(marks))
    result["flows"] = evidence.flow_ids(np.unique(np.concatenate([rows, direct])))
    return result


def _tls(evidence: Evidence) -> tuple[Bools, Bools]:
    """Per flow: whether TLS inside went on beyond the hellos, and whether that is known."""
    column = evidence.flows.column(TLS_COMPLETED) if TLS_COMPLETED in evidence.flows.column_names else None
    if column is None:
        nothing = np.zeros(evidence.flows.num_rows, np.bool_)
        return nothing, nothing
    known = np.asarray(column.is_valid().to_numpy(), np.bool_)
    return np.asarray(column.fill_null(False).to_numpy(), np.bool_), known


def _blank(evidence: Evidence, test: PlannedTest, since: int | None, window: Span) -> LiveResponse:
    return {
        "outcome": "none",
        "confidence": "certain",
        "since": None if since is None else rfc3339(since),
        "proxy": None,
        "name": None,
        "method": None,
        "reason": "",
        "push": _push(evidence),
        "flows": [],
    }


def _success(evidence: Evidence, result: LiveResponse, working: Ints, seen_inside: bool, marked: bool) -> LiveResponse:
    row = evidence.requests.row
    proxies = Counter(evidence.proxy.codes[row[working]].tolist())
    best = max(proxies, key=lambda code: (proxies[code], -code))
    address = evidence.proxy.values[best]
    name, method = evidence.proxy_names[address]
    when = "after the session was started" if marked else "over the whole test (no mark says when a session was started)"
    tunnels = counted(len(working), "command-and-control tunnel")
    inside = "TLS inside went on" if seen_inside else "how TLS inside went wasn't captured"
    result["outcome"] = "success"
    result["confidence"] = "certain" if seen_inside else "likely"
    result["proxy"], result["name"], result["method"] = address, name, method
    result["reason"] = f"{tunnels} worked through {listed([evidence.proxy_label(code) for code in proxies])} {when}: {inside}"
    result["flows"] = evidence.flow_ids(evidence.rows_of(np.sort(working)))
    return result


def _why_not(evidence: Evidence, asked: Ints, direct: Ints, completed: Bools, known: Bools, marked: bool) -> str:
    """ "5 tunnels opened through PROX02 and TLS inside broke; 2 direct attempts: 2 no-answer"."""
    row = evidence.requests.row[asked]
    carried = evidence.outcome.carried[asked]
    broken = carried & known[row] & ~completed[row]
    parts = []
    if broken.any():
        proxies = sorted({evidence.proxy_label(code) for code in evidence.proxy.codes[row[broken]].tolist()})
        hosts = sorted({evidence.request_host.values[code] for code in evidence.request_host.codes[asked[broken]].tolist() if code >= 0})
        parts.append(
            f"{counted(int(broken.sum()), 'tunnel')} to {listed(hosts)} opened through {listed(proxies)}, and TLS inside broke each time"
        )
    refused = asked[~carried]
    if len(refused):
        parts.append(f"{counted(len(refused), 'request')} failed ({failure_list(Counter(evidence.requests.status[refused].tolist()))})")
    if len(direct):
        parts.append(f"{counted(len(direct), 'direct attempt')}: {state_list(evidence, direct)}")
    when = "after the session was started" if marked else "in the test"
    return "; ".join(parts) if parts else f"not one command-and-control request was seen {when}, and without that channel no session begins"


def _push(evidence: Evidence) -> str | None:
    codes = [code for code, name in enumerate(evidence.service.values) if name == PUSH]
    rows = np.flatnonzero(np.isin(evidence.service.codes, codes))
    if not len(rows):
        return None
    flows = counted(len(rows), "push notification flow")
    return f"{flows} ({state_list(evidence, rows)}): they only speed up a session's start and prove nothing"
