"""TLS opened on the way: proven where both legs were seen, likely where a visible certificate has an issuer that isn't Defender's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding, Severity
from analyzer.routes.requests import Bools, Ints, one_array
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.reason import counted, listed

EXPECTED_ISSUERS = r"(?i)(^|,)(CN|O)=(Microsoft |DigiCert|Baltimore)"
"""Issuers of Defender's certificates, as the Client Analyzer's script expects them: Microsoft Secure Server CA, Microsoft Azure,
Microsoft RSA, DigiCert SHA2, under Microsoft's, DigiCert's and Baltimore's roots. Another one may be an inspecting proxy's."""


def inspection_findings(evidence: Evidence) -> list[Finding]:
    """tls-inspected, per source, proxy and service."""
    return [*proven(evidence), *by_issuer(evidence)]


def proven(evidence: Evidence) -> list[Finding]:
    """Tunnels toward whose origin the proxy sent a ClientHello of its own. Beyond Defender's services it is told as information."""
    rows = np.flatnonzero((evidence.route == PROXY) & _says(evidence, "inspected", True))
    broken = _says(evidence, "tls_completed", False)
    findings = []
    for (client, proxy, service), members in grouped(rows, evidence.client.codes, evidence.proxy.codes, evidence.service.codes):
        what = evidence.service.text(service)
        tunnels = counted(len(members), f"{what} tunnel" if what else "tunnel")
        text = (
            f"{evidence.proxy_label(proxy)} opened TLS of {tunnels} of {evidence.client_label(client)}{_hosts(evidence, members)}: "
            f"the ClientHello on its own leg is another; {_suffering(evidence, members, broken)}"
        )
        severity: Severity | None = None if what else "info"
        findings.append(evidence.finding("tls-inspected", members, text, client=client, proxy=proxy, service=service, severity=severity))
    return findings


def by_issuer(evidence: Evidence) -> list[Finding]:
    """Defender's hosts whose certificate another authority issued; only TLS 1.2 and older shows it. Legs that are equal disprove it."""
    issuer = coded(evidence.flows.column("certificate_issuer"))
    strange = np.array([not is_expected(name, evidence.topology.issuers) for name in issuer.values] + [False])[issuer.codes]
    unknown = one_array(evidence.flows.column("inspected")).is_null().to_numpy(zero_copy_only=False)
    on_the_way = (evidence.route == PROXY) | (evidence.route == DIRECT)
    rows = np.flatnonzero(on_the_way & unknown & strange & (evidence.service.codes >= 0))
    broken = _says(evidence, "tls_completed", False)
    findings = []
    for (client, proxy, service), members in grouped(rows, evidence.client.codes, evidence.proxy.codes, evidence.service.codes):
        issuers = sorted({issuer.values[code] for code in issuer.codes[members].tolist()})
        way = f"through {evidence.proxy_label(proxy)}" if proxy >= 0 else "past the proxies"
        connections = counted(len(members), f"{evidence.service.values[service]} connection")
        text = (
            f"{connections} of {evidence.client_label(client)} {way}{_hosts(evidence, members)} got a certificate of {listed(issuers)}, "
            f"which isn't known to sign for Defender; {_suffering(evidence, members, broken)}"
        )
        findings.append(evidence.finding("tls-inspected", members, text, client=client, proxy=proxy, service=service, confidence="likely"))
    return findings


def is_expected(issuer: str, more: tuple[str, ...]) -> bool:
    """Whether an issuer's name is one of Defender's, or holds one of the topology's `certificate_issuers`."""
    return bool(pc.match_substring_regex(issuer, EXPECTED_ISSUERS).as_py()) or any(name in issuer for name in more)


def _suffering(evidence: Evidence, rows: Ints, broken: Bools) -> str:
    """What became of these handshakes: pinned services break, others don't notice."""
    hit = rows[broken[rows]]
    if not len(hit):
        return "none of the handshakes broke off"
    alerts = one_array(evidence.flows.column("tls_alert")).take(array(hit)).to_pylist()
    said = Counter(f"alert {alert}" if alert else "no alert" for alert in alerts)
    ways = ", ".join(f"{n} with {what}" for what, n in sorted(said.items()))
    return f"{len(hit)} of the handshakes broke off ({ways})"


def _hosts(evidence: Evidence, rows: Ints) -> str:
    hosts = sorted({evidence.host.values[code] for code in evidence.host.codes[rows].tolist() if code >= 0})
    return f" ({listed(hosts)})" if hosts else ""


def _says(evidence: Evidence, column: str, answer: bool) -> Bools:
    """Per row: whether a bool column is known and says so."""
    says = pc.fill_null(pc.equal(one_array(evidence.flows.column(column)), answer), False)
    return np.asarray(says.to_numpy(zero_copy_only=False), dtype=np.bool_)
