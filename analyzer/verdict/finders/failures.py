"""Failures of proxies: one finding per proxy and kind of failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Finding, Severity
from analyzer.routes.requests import ABSOLUTE, SOCKS4, SOCKS5, Ints, integers
from analyzer.routes.route import PROXY
from analyzer.text.words import OTHER_PROTOCOL, counted, failure_list, listed, status_text
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says, state_list
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.finders.authentication import authentication_text
from analyzer.verdict.finders.proxies import half_reached
from analyzer.verdict.outcome import AUTHENTICATION, DENIED, UNANSWERED, answer_status
from analyzer.verdict.proven import proves_a_proxy, refuted

# SOCKS replies with a specific meaning (RFC 1928 6; 255 is from the method negotiation; SOCKS4: 92 and 93 are about identd).
SOCKS5_NO_METHOD = 255
SOCKS4_IDENTD = (92, 93)

# Answers of a proxy that can't reach the origin: bad gateway, unavailable, gateway timeout (RFC 9110 15.6.3 to 15.6.5); network or host
# unreachable, connection refused, TTL expired (RFC 1928 6).
HTTP_NO_ORIGIN, SOCKS5_NO_ORIGIN = (502, 503, 504), (3, 4, 5, 6)

OK = 200

CODES = ("proxy-auth-required", "proxy-denied", "proxy-error", "origin-unreachable", "not-a-proxy", "captive-portal", "proxy-unreachable")
AUTH, DENY, ERROR, NO_ORIGIN, NO_PROXY, PORTAL, SILENT = range(7)


def find(case: Case) -> list[Finding]:
    """proxy-auth-required, proxy-denied, proxy-error, origin-unreachable, not-a-proxy, captive-portal and proxy-unreachable."""
    evidence = case.evidence
    outcome, row = evidence.outcome, evidence.requests.row
    positions = np.flatnonzero(outcome.failed & evidence.asks_proxy)
    proxy, kind = evidence.proxy.codes[row], _kinds(evidence)
    dead = (evidence.route == PROXY) & evidence.unopened
    for _, _, unreached, _ in half_reached(evidence):
        dead[unreached] = False  # covered by address-family
    unopened = dict(grouped(np.flatnonzero(dead), evidence.proxy.codes))
    found = []
    for (code, what), asked in grouped(positions, proxy, kind):
        lost = unopened.pop((code,), None) if what == SILENT else None
        found.append(_refusal(evidence, asked, code, what, lost))
    none = np.zeros(0, dtype=np.int64)
    found += [_refusal(evidence, none, code, SILENT, rows) for (code,), rows in sorted(unopened.items())]
    return found


def _kinds(evidence: Evidence) -> Ints:
    """Index into CODES of each failed request."""
    requests, code = evidence.requests, evidence.outcome.code
    kind, status = requests.kind, requests.status
    proxy = evidence.proxy.codes[requests.row]
    no_method = ((kind == SOCKS5) & (status == SOCKS5_NO_METHOD)) | ((kind == SOCKS4) & np.isin(status, SOCKS4_IDENTD))
    no_origin = np.where(kind == SOCKS5, np.isin(status, SOCKS5_NO_ORIGIN), np.isin(status, HTTP_NO_ORIGIN) & (kind <= ABSOLUTE))
    proven = np.isin(proxy, np.unique(proxy[proves_a_proxy(evidence)]))
    stranger = ~proven & refuted(evidence)
    redirected = (kind <= ABSOLUTE) & (status >= 300) & (status < 400)
    conditions = [code == UNANSWERED, (code == AUTHENTICATION) | no_method, code == DENIED, redirected, stranger, no_origin]
    return np.select(conditions, [SILENT, AUTH, DENY, PORTAL, NO_PROXY, NO_ORIGIN], default=ERROR).astype(np.int64)


def _refusal(evidence: Evidence, asked: Ints, proxy: int, kind: int, unopened: Ints | None) -> Finding:
    """One finding about these failed requests and unopened connections, all of one proxy and kind of failure."""
    service = evidence.request_service.codes[asked]
    label = evidence.proxy_label(proxy) if proxy >= 0 else "a proxy"
    rows = evidence.rows_of(asked)
    parts = []
    if len(asked):
        statuses = Counter(answer_status(evidence.requests, evidence.outcome.code)[asked].tolist())
        told = f"{label} {_answer(evidence, asked, kind, statuses)} {_requests(evidence, asked)} of {evidence.of_whom(rows)}"
        parts.append(f"{told}{_hung_up(evidence, rows) if kind == SILENT else ''}")
    if unopened is not None:
        which = f"{label} ({evidence.proxy.values[proxy]})" if len(evidence.alike(proxy)) > 1 else label
        connections = f"{counted(len(unopened), 'connection')} of {evidence.of_whom(unopened)} to {which} failed"
        parts.append(f"{connections}: {state_list(evidence, unopened)}")
        rows = np.union1d(rows, unopened)
    text = "; ".join(parts)
    severity: Severity | None = None if (service >= 0).any() or unopened is not None else "info"
    if kind == AUTH:
        text += authentication_text(evidence, asked, proxy)
    if kind == SILENT and _works(evidence, rows, [proxy]):
        text += "; other connections to it worked"
        severity = "warning"
    elif kind == SILENT and proxy >= 0 and _works(evidence, rows, evidence.alike(proxy)):
        text += f"; {label} worked at another of its addresses"
        severity = "warning"
    if not len(asked) and unopened is not None and _is_stray(evidence, unopened):
        text += "; it was one SYN, which wasn't sent again"
        severity = "info"
    pages = int((evidence.requests.kind[asked] == ABSOLUTE).sum())
    if kind == NO_ORIGIN and pages:
        text += "; the origin itself may have said so" if pages == len(asked) else f"; of {pages} the origin itself may have said so"
    unsure = kind == NO_ORIGIN and pages == len(asked)
    return evidence.finding(
        CODES[kind],
        rows,
        text,
        proxy=proxy,
        services=service.tolist(),
        severity=severity,
        confidence="likely" if unsure or kind == PORTAL else "certain",
    )


def _is_stray(evidence: Evidence, rows: Ints) -> bool:
    """Whether the only packet is one SYN without an answer: a client that wants a connection repeats its SYN."""
    tries = integers(column(evidence, "packets_out"), 0)[rows].sum()
    return bool(tries == 1 and evidence.state.text(evidence.state.codes[rows[0]]) == "no-answer")


def _answer(evidence: Evidence, asked: Ints, kind: int, statuses: Counter[int]) -> str:
    """The proxy's answer: "answered 407 to"."""
    if kind == SILENT:
        return "did not answer"
    if kind == DENY and set(statuses) == {OK}:
        return "sent a page of its own (HTML) instead of the list to"
    if kind == PORTAL:
        places = sorted(
            {place for place in pc.list_flatten(column(evidence, "requests")).field("location").take(asked).to_pylist() if place}
        )
        return f"redirected{f' (to {listed(places)})' if places else ''}"
    if set(statuses) == {OTHER_PROTOCOL}:
        return "answered in another protocol to"
    return f"answered {status_text(next(iter(statuses))) if len(statuses) == 1 else failure_list(statuses)} to"


def _hung_up(evidence: Evidence, rows: Ints) -> str:
    """ ": it closed 4 of 6 connections instead", "" where it ended none."""
    by_it = says(evidence, "ended_by", "server")[rows]
    reset = int((by_it & says(evidence, "ended_with", "rst")[rows]).sum())
    ways = [f"{how} {n}" for how, n in (("closed", int(by_it.sum()) - reset), ("reset", reset)) if n]
    if len(ways) == 1 and by_it.all():
        return f": it {ways[0].split()[0]} {f'all {len(rows)} connections' if len(rows) > 1 else 'the connection'} instead"
    return f": it {' and '.join(ways)} of {counted(len(rows), 'connection')} instead" if ways else ""


def _requests(evidence: Evidence, asked: Ints) -> str:
    """ "3 cloud-protection requests (wdcp.microsoft.com)", "1 request outside Defender (example.org)"."""
    hosts = sorted({evidence.request_host.values[code] for code in set(evidence.request_host.codes[asked].tolist()) if code >= 0})
    services = sorted({evidence.service.values[code] for code in set(evidence.request_service.codes[asked].tolist()) if code >= 0})
    subject = counted(len(asked), f"{services[0]} request" if len(services) == 1 else "request")
    if not services:
        unknown = not hosts and bool((evidence.host.codes[evidence.requests.row[asked]] < 0).all())
        subject += " whose host wasn't captured" if unknown else " outside Defender"
    elif len(services) > 1:
        subject += f" for {listed(services)}"
    return f"{subject} ({listed(hosts)})" if hosts else subject


def _works(evidence: Evidence, rows: Ints, proxies: Sequence[int]) -> bool:
    """Whether one of these proxies carried a request of one of these sources."""
    row = evidence.requests.row
    mine = np.isin(evidence.client.codes[row], evidence.client.codes[rows])
    return bool((evidence.outcome.carried & mine & np.isin(evidence.proxy.codes[row], proxies)).any())
