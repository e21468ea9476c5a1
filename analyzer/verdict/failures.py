"""What proxies refused, got wrong, or weren't there for: one finding per source, proxy, service and kind of failure."""

from __future__ import annotations

from collections import Counter

import numpy as np

from analyzer.findings import Finding, Severity
from analyzer.routes.requests import ABSOLUTE, NO_STATUS, SOCKS4, SOCKS5, Bools, Ints, integers, one_array
from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.outcome import AUTH_REQUIRED, DENIED
from analyzer.verdict.reason import counted, failure_list, listed

# SOCKS replies that say why (RFC 1928 6; 255 is the method negotiation's; SOCKS4: 92 and 93 are about identd).
SOCKS5_NOT_ALLOWED, SOCKS5_NO_METHOD = 2, 255
SOCKS4_IDENTD = (92, 93)

# What a proxy says when it can't get to the origin: bad gateway, unavailable, gateway timeout (RFC 9110 15.6.3 to 15.6.5); network or
# host unreachable, connection refused, TTL expired (RFC 1928 6).
HTTP_NO_ORIGIN, SOCKS5_NO_ORIGIN = (502, 503, 504), (3, 4, 5, 6)

FAILURE_CODES = ("proxy-auth-required", "proxy-denied", "proxy-error", "proxy-error", "origin-unreachable")
AUTH, DENY, ERROR, UNANSWERED, NO_ORIGIN = range(5)


def failure_findings(evidence: Evidence) -> list[Finding]:
    """proxy-auth-required, proxy-denied, proxy-error, origin-unreachable and proxy-unreachable."""
    return refused_requests(evidence) + unreachable_proxies(evidence)


def refused_requests(evidence: Evidence) -> list[Finding]:
    """Requests that a proxy failed, and those it let in only after a 407. What isn't Defender's is told as information."""
    requests, outcome, row = evidence.requests, evidence.outcome, evidence.requests.row
    positions = np.flatnonzero((outcome.failed | outcome.excused) & evidence.asks_proxy & _was_heard(evidence))
    client, proxy = evidence.client.codes[row], evidence.proxy.codes[row]
    kind = _failure_kind(requests.kind, requests.status)
    return [_refusal(evidence, asked, *key) for key, asked in grouped(positions, client, proxy, evidence.request_service.codes, kind)]


def _was_heard(evidence: Evidence) -> Bools:
    """Per request: answered, or on a connection whose server was captured: else the answer may just be missing."""
    server_captured = integers(one_array(evidence.flows.column("packets_in")), 0) > 0
    result: Bools = (evidence.requests.status != NO_STATUS) | server_captured[evidence.requests.row]
    return result


def _failure_kind(kind: Ints, status: Ints) -> Ints:
    """Which of FAILURE_CODES each request would be."""
    no_method = ((kind == SOCKS5) & (status == SOCKS5_NO_METHOD)) | ((kind == SOCKS4) & np.isin(status, SOCKS4_IDENTD))
    not_allowed = (kind == SOCKS5) & (status == SOCKS5_NOT_ALLOWED)
    no_origin = np.where(kind == SOCKS5, np.isin(status, SOCKS5_NO_ORIGIN), np.isin(status, HTTP_NO_ORIGIN) & (kind <= ABSOLUTE))
    conditions = [status == NO_STATUS, (status == AUTH_REQUIRED) | no_method, (status == DENIED) | not_allowed, no_origin]
    return np.select(conditions, [UNANSWERED, AUTH, DENY, NO_ORIGIN], default=ERROR).astype(np.int64)


def _refusal(evidence: Evidence, asked: Ints, client: int, proxy: int, service: int, kind: int) -> Finding:
    """One finding about these requests, all of one source, proxy, service and kind of failure."""
    requests, what = evidence.requests, evidence.service.text(service)
    statuses = Counter(requests.status[asked].tolist())
    answers = (
        "did not answer" if kind == UNANSWERED else f"answered {next(iter(statuses)) if len(statuses) == 1 else failure_list(statuses)} to"
    )
    text = f"{evidence.proxy_label(proxy)} {answers} {_asked(evidence, asked, what)} of {evidence.client_label(client)}"
    severity: Severity | None = None if what else "info"
    pages = int((requests.kind[asked] == ABSOLUTE).sum())
    if kind == NO_ORIGIN and pages:
        text += "; the origin itself may have said so" if pages == len(asked) else f"; of {pages} the origin itself may have said so"
    let_in = int(evidence.outcome.excused[asked].sum())
    if let_in:
        text += f"; {'all' if let_in == len(asked) else let_in} let in on the same connection afterwards"
        severity = "warning" if what and let_in == len(asked) else severity
    return evidence.finding(
        FAILURE_CODES[kind],
        evidence.rows_of(asked),
        text,
        client=client,
        proxy=proxy,
        service=service,
        severity=severity,
        confidence="likely" if kind == UNANSWERED or (kind == NO_ORIGIN and pages == len(asked)) else "certain",
    )


def _asked(evidence: Evidence, asked: Ints, what: str | None) -> str:
    """ "3 cloud-protection requests (wdcp.microsoft.com)", "1 request outside Defender (example.org)"."""
    hosts = sorted({evidence.request_host.values[code] for code in set(evidence.request_host.codes[asked].tolist()) if code >= 0})
    subject = counted(len(asked), f"{what} request") if what else f"{counted(len(asked), 'request')} outside Defender"
    return f"{subject} ({listed(hosts)})" if hosts else subject


def unreachable_proxies(evidence: Evidence) -> list[Finding]:
    """Connections to a known proxy that were refused, unreachable or never answered. No request was made, so no service is known."""
    findings = []
    carried = evidence.requests.row[evidence.outcome.carried]
    works = set(zip(evidence.client.codes[carried].tolist(), evidence.proxy.codes[carried].tolist(), strict=True))
    chosen = np.flatnonzero((evidence.route == PROXY) & evidence.blocked)
    for (client, proxy), rows in grouped(chosen, evidence.client.codes, evidence.proxy.codes):
        connections = f"{counted(len(rows), 'connection')} of {evidence.client_label(client)} to {evidence.proxy_label(proxy)}"
        text = f"{connections} failed: {state_list(evidence, rows)}"
        severity: Severity | None = None
        if (client, proxy) in works:
            text += "; other connections to it worked"
            severity = "warning"
        findings.append(evidence.finding("proxy-unreachable", rows, text, client=client, proxy=proxy, severity=severity))
    return findings


def state_list(evidence: Evidence, rows: Ints) -> str:
    """ "12 no-answer, 2 refused"."""
    states = Counter(evidence.state.text(code) or "in no known state" for code in evidence.state.codes[rows].tolist())
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items(), key=lambda item: (-item[1], item[0])))
