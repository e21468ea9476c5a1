"""Tunnels that opened and came to nothing: TLS broke off inside, or the tunnel was closed for being idle."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, one_array, times_ns
from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.forwarding import LegPairs
from analyzer.verdict.reason import counted, listed

IDLE_NS = 30 * 10**9
"""From this long without data on, a close counts as one for being idle. The shortest idle timeouts that proxies and firewalls are
delivered with are around a minute; servers close kept connections after 5 to 15 seconds."""


def tunnel_findings(evidence: Evidence, pairs: LegPairs) -> list[Finding]:
    """tls-failed and tunnel-idle-closed."""
    tunnels = _opened_tunnels(evidence)
    return [*broken_handshakes(evidence, tunnels), *idle_closes(evidence, tunnels, pairs)]


def _opened_tunnels(evidence: Evidence) -> Bools:
    """Per row: whether a source's last request on it opened a tunnel."""
    requests = evidence.requests
    opened = np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    opened[requests.row[requests.last & evidence.outcome.carried & (requests.kind != ABSOLUTE)]] = True
    result: Bools = opened & (evidence.route == PROXY)
    return result


def broken_handshakes(evidence: Evidence, tunnels: Bools) -> list[Finding]:
    """Tunnels in which a ClientHello was sent and the client never went on: who gave up, and with which words."""
    flows = evidence.flows
    completed = one_array(flows.column("tls_completed"))
    rows = np.flatnonzero(tunnels & _mask(pc.equal(completed, False)))
    alert, alerted_by = coded(flows.column("tls_alert")), coded(flows.column("tls_alert_from"))
    ended_by, ended_with = coded(flows.column("ended_by")), coded(flows.column("ended_with"))
    answered = one_array(flows.column("server_hello_at")).is_valid().to_numpy(zero_copy_only=False).astype(np.int64)
    inspected = one_array(flows.column("inspected"))
    legs_say = np.where(_mask(inspected), 2, np.where(_mask(pc.invert(inspected)), 1, 0)).astype(np.int64)
    keys = (
        evidence.client.codes,
        evidence.proxy.codes,
        evidence.service.codes,
        alerted_by.codes,
        alert.codes,
        answered,
        np.where(alert.codes >= 0, -1, ended_by.codes),
        np.where(alert.codes >= 0, -1, ended_with.codes),
        legs_say,
    )
    findings = []
    for (client, proxy, service, by, said, was_answered, end, how, legs), members in grouped(rows, *keys):
        who = _gave_up(alerted_by.text(by), alert.text(said), bool(was_answered), ended_by.text(end), ended_with.text(how))
        what = evidence.service.text(service)
        tunnel = counted(len(members), f"{what} tunnel" if what else "tunnel")
        hosts = sorted({evidence.host.values[code] for code in evidence.host.codes[members].tolist() if code >= 0})
        named = f" ({listed(hosts)})" if hosts else ""
        where = f"{tunnel} of {evidence.client_label(client)} opened at {evidence.proxy_label(proxy)}"
        text = f"{where} and TLS broke off{named}: {who}{_LEGS[legs]}"
        severity: Severity | None = None if what else "info"
        findings.append(evidence.finding("tls-failed", members, text, client=client, proxy=proxy, service=service, severity=severity))
    return findings


_LEGS = (
    "",
    "; the proxy passed the ClientHello on bit for bit, so it did not open TLS",
    "; the proxy opened TLS: the ClientHello on its own leg is another",
)


def _gave_up(by: str | None, alert: str | None, answered: bool, ended_by: str | None, ended_with: str | None) -> str:
    """Which side gave up, and how."""
    when = "after the ServerHello" if answered else "before any ServerHello"
    if by is not None:
        side = "the client" if by == "client" else "the other side"
        words = "an encrypted alert" if alert == "encrypted" else f"alert {alert}"
        return f"{side} gave up {when} with {words}"
    side = "the client" if ended_by == "client" else "the proxy's side"
    closed = "reset" if ended_with == "rst" else "closed"
    return f"{side} {closed} the connection {when}, without an alert"


def idle_closes(evidence: Evidence, tunnels: Bools, pairs: LegPairs) -> list[Finding]:
    """Tunnels that the proxy's side closed after a time without data."""
    flows = evidence.flows
    ended, data = times_ns(flows.column("ended_at")), times_ns(flows.column("last_data"))
    idle = np.where((ended != NO_TIME) & (data != NO_TIME), ended - np.where(data == NO_TIME, 0, data), 0)
    by_server = _mask(pc.equal(one_array(flows.column("ended_by")), "server"))
    failed = _mask(pc.equal(one_array(flows.column("tls_completed")), False))
    rows = np.flatnonzero(tunnels & by_server & ~failed & (idle >= IDLE_NS))
    by_proxy, by_origin = _who_closed(evidence, pairs, ended)
    rows = rows[~by_origin[rows]]
    findings = []
    for (client, proxy, service), members in grouped(rows, evidence.client.codes, evidence.proxy.codes, evidence.service.codes):
        what = evidence.service.text(service)
        tunnel = counted(len(members), f"{what} tunnel" if what else "tunnel")
        sure = bool(by_proxy[members].all())
        side = evidence.proxy_label(proxy) if sure else f"{evidence.proxy_label(proxy)}, or the origin behind it,"
        text = f"{side} closed {tunnel} of {evidence.client_label(client)} after {_seconds(idle[members])} without data"
        confidence: Confidence = "certain" if sure else "likely"
        severity: Severity | None = None if what else "info"
        findings.append(
            evidence.finding(
                "tunnel-idle-closed", members, text, client=client, proxy=proxy, service=service, severity=severity, confidence=confidence
            )
        )
    return findings


def _who_closed(evidence: Evidence, pairs: LegPairs, ended: Ints) -> tuple[Bools, Bools]:
    """Per client leg: whether its origin leg shows that the proxy closed of itself, and whether it shows that the origin did."""
    by_proxy, by_origin = np.zeros(evidence.flows.num_rows, dtype=np.bool_), np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    from_origin = _mask(pc.equal(one_array(evidence.flows.column("ended_by")), "server"))[pairs.origin]
    first = from_origin & (ended[pairs.origin] != NO_TIME) & (ended[pairs.origin] <= ended[pairs.client])
    by_origin[pairs.client[first]] = True
    by_proxy[pairs.client[~first]] = True
    return by_proxy, by_origin


def _seconds(idle: Ints) -> str:
    """ "60 s", "60 to 61 s"."""
    least, most = round(int(idle.min()) / 1e9), round(int(idle.max()) / 1e9)
    return f"{least} s" if least == most else f"{least} to {most} s"


def _mask(column: object) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
