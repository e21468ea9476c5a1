"""Tunnels that opened and failed: TLS broke off inside, or the tunnel was closed for being idle."""

from __future__ import annotations

from collections import Counter

import numpy as np

from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.captured import captured_of, is_known
from analyzer.routes.direct import RECORD_HEAD
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, integers, times_ns
from analyzer.routes.route import PROXY
from analyzer.routes.tunnels import A_FIN
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.forwarding import LegPairs

IDLE_NS = 30 * 10**9
"""A close after this long without data counts as an idle timeout. The shortest default idle timeouts of proxies and firewalls are
around a minute; servers close kept connections after 5 to 15 seconds."""

DEAD_NS = 3 * 10**9
"""How long sent data must stay unacknowledged."""


def find(case: Case) -> list[Finding]:
    """tls-failed, tunnel-idle-closed and tunnel-dead."""
    evidence = case.evidence
    tunnels = _opened_tunnels(evidence)
    return [*broken_handshakes(evidence, tunnels), *idle_closes(evidence, tunnels, case.pairs), *dead_tunnels(evidence, tunnels)]


def _opened_tunnels(evidence: Evidence) -> Bools:
    """Per row: whether a source's last request on it opened a tunnel."""
    requests = evidence.requests
    opened = np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    opened[requests.row[requests.last & evidence.outcome.carried & (requests.kind != ABSOLUTE)]] = True
    result: Bools = opened & (evidence.route == PROXY)
    return result


def broken_handshakes(evidence: Evidence, tunnels: Bools) -> list[Finding]:
    """Tunnels with a ClientHello after which the client never went on, per proxy: which side gave up, and with which alert.

    Tunnels in which nothing came back are included, whether or not the client gave up: the capture doesn't show the cause.
    """
    flows = evidence.flows
    broken, mute = np.zeros((2, flows.num_rows), dtype=np.bool_)
    broken[evidence.requests.row[evidence.requests.last & evidence.outcome.broken]] = True
    mute[evidence.requests.row[evidence.outcome.mute]] = True
    out = integers(column(evidence, "tunnel_out"), -1)
    mute &= is_known(flows, "client_hello_at", "client_random", "sni", "tls_offered") | ((out >= 0) & (out <= A_FIN))  # cut short
    alerted, captured = is_known(flows, "tls_alert"), captured_of(flows)
    # The client's silence is certain only where none of its packets is missing.
    gave_up = says(evidence, "tls_completed", False) & (alerted | ~captured.client_lost)
    rows = np.flatnonzero(tunnels & (gave_up | (broken & alerted) | mute))
    alert, alerted_by = coded(flows.column("tls_alert")), coded(flows.column("tls_alert_from"))
    ended_by, ended_with = coded(flows.column("ended_by")), coded(flows.column("ended_with"))
    answered = is_known(evidence.flows, "server_hello_at")
    # An answer that is no ServerHello and no alert: a block page in clear text, for example.
    came = integers(column(evidence, "tunnel_in"), 0) > RECORD_HEAD
    strange = (
        came & ~answered & ~alerted & ~captured.server_lost & is_known(flows, "client_hello_digest") & says(evidence, "ended_by", "server")
    )
    legs = np.where(says(evidence, "inspected", True), 2, np.where(says(evidence, "inspected", False), 1, 0))
    findings = []
    for (proxy,), members in grouped(rows, evidence.proxy.codes):
        ways: Counter[str] = Counter()
        for row in members.tolist():
            by, said = alerted_by.text(alerted_by.codes[row]), alert.text(alert.codes[row])
            end, how = ended_by.text(ended_by.codes[row]), ended_with.text(ended_with.codes[row])
            way = _waited(end, how) if mute[row] else _gave_up(by, said, bool(answered[row]), end, how)
            way += ", and what it had sent through was no TLS" if strange[row] else ""
            ways[f"{way}{_LEGS[legs[row]]}"] += 1
        services = evidence.service.codes[members]
        names = sorted({evidence.service.values[code] for code in services.tolist() if code >= 0})
        what = f"{names[0]} tunnel" if len(names) == 1 else "tunnel"
        endings = listed([way if len(ways) == 1 else f"{n} × {way}" for way, n in ways.most_common()])
        whose = f"{counted(len(members), what)} of {evidence.of_whom(members)} opened at {evidence.proxy_label(proxy)}"
        silent = bool(mute[members].all())
        text = f"{whose} and {'nothing came back' if silent else 'TLS broke off'}{evidence.hosts_of(members)}: {endings}"
        severity: Severity | None = None if names else "info"
        if silent and names and _others_worked(evidence, members):
            text += "; other tunnels to the same host worked"
            severity = "warning"
        found = evidence.finding("tls-failed", members, text, proxy=proxy, services=services.tolist(), severity=severity)
        findings.append(found._replace(advice=NO_ANSWER_ADVICE) if silent else found)
    return findings


NO_ANSWER_ADVICE = (
    "See in the proxy's log whether it reached these hosts after it had let the client through; "
    "if it opens TLS, exclude them. Else look for what drops large packets between client and proxy."
)


def _others_worked(evidence: Evidence, rows: Ints) -> bool:
    """Whether for each of these rows another tunnel of the same client, to the same host through the same proxy, worked."""
    row = evidence.requests.row
    keys = np.stack([evidence.client.codes[row], evidence.proxy.codes[row], evidence.request_host.codes], axis=1)
    worked = set(map(tuple, keys[evidence.outcome.worked & evidence.asks_proxy].tolist()))
    asked = np.flatnonzero(evidence.outcome.mute & np.isin(row, rows))
    return all(tuple(key) in worked for key in keys[asked].tolist())


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


def _waited(ended_by: str | None, ended_with: str | None) -> str:
    """The end of a tunnel in which nothing came back."""
    if ended_by is None:
        return "the proxy let them through, and not one byte followed"
    side = "the client" if ended_by == "client" else "the proxy's side"
    return f"{side} {'reset' if ended_with == 'rst' else 'closed'} the connection before any byte had come through it"


def idle_closes(evidence: Evidence, tunnels: Bools, pairs: LegPairs) -> list[Finding]:
    """Tunnels that the proxy's side closed after a time without data."""
    flows = evidence.flows
    ended, data = times_ns(flows.column("ended_at")), times_ns(flows.column("last_data"))
    idle = np.where((ended != NO_TIME) & (data != NO_TIME), ended - np.where(data == NO_TIME, 0, data), 0)
    by_server = says(evidence, "ended_by", "server")
    failed = says(evidence, "tls_completed", False)
    rows = np.flatnonzero(tunnels & by_server & ~failed & (idle >= IDLE_NS))
    by_proxy, by_origin = _who_closed(evidence, pairs, ended)
    rows = rows[~by_origin[rows]]
    findings = []
    for (client, proxy), members in grouped(rows, evidence.client.codes, evidence.proxy.codes):
        sure = bool(by_proxy[members].all())
        side = evidence.proxy_label(proxy) if sure else f"{evidence.proxy_label(proxy)}, or the origin behind it,"
        whose = f"{counted(len(members), 'tunnel')} of {evidence.client_label(client)}"
        text = f"{side} closed {whose} after {_seconds(idle[members])} without data{evidence.hosts_of(members)}"
        findings.append(_moment(evidence, "tunnel-idle-closed", members, text, client, proxy, sure))
    return findings


def dead_tunnels(evidence: Evidence, tunnels: Bools) -> list[Finding]:
    """Tunnels in which, after a silence, the client's data was resent and never acknowledged."""
    pending, heard = times_ns(evidence.flows.column("pending_since")), times_ns(evidence.flows.column("last_in"))
    again = integers(column(evidence, "resent_out"), 0)
    silence = np.where((pending != NO_TIME) & (heard != NO_TIME), pending - np.where(heard == NO_TIME, 0, heard), 0)
    rows = np.flatnonzero(tunnels & (again > 0) & (silence >= IDLE_NS) & (evidence.last - pending >= DEAD_NS))
    findings = []
    for (client, proxy), members in grouped(rows, evidence.client.codes, evidence.proxy.codes):
        whose = f"{counted(len(members), 'tunnel')} of {evidence.client_label(client)} through {evidence.proxy_label(proxy)}"
        silent = f"{_seconds(silence[members])} without data{evidence.hosts_of(members)}"
        text = f"{whose} went dead after {silent}: what was sent then was never acknowledged"
        findings.append(_moment(evidence, "tunnel-dead", members, text, client, proxy, False))
    return findings


def _moment(evidence: Evidence, code: str, rows: Ints, text: str, client: int, proxy: int, sure: bool) -> Finding:
    services = evidence.service.codes[rows].tolist()
    severity: Severity | None = None if any(service >= 0 for service in services) else "info"
    confidence: Confidence = "certain" if sure else "likely"
    return evidence.finding(code, rows, text, clients=[client], proxy=proxy, services=services, severity=severity, confidence=confidence)


def _who_closed(evidence: Evidence, pairs: LegPairs, ended: Ints) -> tuple[Bools, Bools]:
    """Per client leg: whether its origin leg shows that the proxy closed by itself, and whether it shows that the origin did."""
    by_proxy, by_origin = np.zeros(evidence.flows.num_rows, dtype=np.bool_), np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    from_origin = says(evidence, "ended_by", "server")[pairs.origin]
    first = from_origin & (ended[pairs.origin] != NO_TIME) & (ended[pairs.origin] <= ended[pairs.client])
    by_origin[pairs.client[first]] = True
    by_proxy[pairs.client[~first]] = True
    return by_proxy, by_origin


def _seconds(idle: Ints) -> str:
    """ "60 s", "60 to 61 s"."""
    least, most = round(int(idle.min()) / 1e9), round(int(idle.max()) / 1e9)
    return f"{least} s" if least == most else f"{least} to {most} s"
