"""TLS opened on the way: proven where both legs were captured, likely where a visible certificate isn't by an issuer of Defender's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding, Severity
from analyzer.routes.captured import is_known
from analyzer.routes.requests import Bools, Ints, one_array
from analyzer.routes.route import DIRECT, PROXY
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import says
from analyzer.verdict.evidence import Evidence, coded, grouped

EXPECTED_ISSUERS = r"(?i)(^|,)(CN|O)=(Microsoft |DigiCert|Baltimore)"
"""Issuers of Defender's certificates, as the Client Analyzer's script expects them: Microsoft Secure Server CA, Microsoft Azure,
Microsoft RSA, DigiCert SHA2, under Microsoft's, DigiCert's and Baltimore's roots. Another one may be an inspecting proxy's."""

WHOSE_ISSUER = (
    "If this authority is an inspecting proxy's, exclude Defender's hosts there; if it belongs here, name it in the topology: "
    "[gateway] certificate_issuers."
)


def find(case: Case) -> list[Finding]:
    """tls-inspected, per proxy: tunnels where both legs prove it, and connections where an unknown issuer makes it likely."""
    return [*proven(case.evidence), *by_issuer(case.evidence)]


def proven(evidence: Evidence) -> list[Finding]:
    """Tunnels for which the proxy sent a ClientHello of its own to the origin. For hosts outside Defender the severity is info."""
    rows = np.flatnonzero((evidence.route == PROXY) & says(evidence, "inspected", True))
    broken = says(evidence, "tls_completed", False)
    findings = []
    for (proxy,), members in grouped(rows, evidence.proxy.codes):
        services = evidence.service.codes[members].tolist()
        text = (
            f"{evidence.proxy_label(proxy)} opened TLS of {counted(len(members), 'tunnel')} of {evidence.of_whom(members)}"
            f"{evidence.hosts_of(members)}: the ClientHello on its own leg is another; {_suffering(evidence, members, broken)}"
        )
        severity: Severity | None = None if max(services) >= 0 else "info"
        findings.append(evidence.finding("tls-inspected", members, text, proxy=proxy, services=services, severity=severity))
    return findings


def by_issuer(evidence: Evidence) -> list[Finding]:
    """Defender's hosts whose certificate has another issuer; only TLS 1.2 and older shows it. Equal ClientHellos on both legs disprove
    it."""
    issuer = coded(evidence.flows.column("certificate_issuer"))
    strange = np.array([not is_expected(name, evidence.topology.issuers) for name in issuer.values] + [False])[issuer.codes]
    unknown = ~is_known(evidence.flows, "inspected")
    on_the_way = (evidence.route == PROXY) | (evidence.route == DIRECT)
    rows = np.flatnonzero(on_the_way & unknown & strange & evidence.own)
    broken = says(evidence, "tls_completed", False)
    findings = []
    for (proxy,), members in grouped(rows, evidence.proxy.codes):
        issuers = sorted({issuer.values[code] for code in issuer.codes[members].tolist()})
        way = f"through {evidence.proxy_label(proxy)}" if proxy >= 0 else "past the proxies"
        text = (
            f"TLS may be opened on the way: {counted(len(members), 'connection')} of {evidence.of_whom(members)} {way}"
            f"{evidence.hosts_of(members)} got certificates of {listed(issuers)}, not known to sign for Defender; "
            f"{_suffering(evidence, members, broken)}"
        )
        services = evidence.service.codes[members].tolist()
        found = evidence.finding("tls-inspected", members, text, proxy=proxy, services=services, confidence="likely")
        findings.append(found._replace(advice=WHOSE_ISSUER))
    return findings


def is_expected(issuer: str, more: tuple[str, ...]) -> bool:
    """Whether an issuer's name is one of Defender's, or contains one of the topology's `certificate_issuers`."""
    return bool(pc.match_substring_regex(issuer, EXPECTED_ISSUERS).as_py()) or any(name in issuer for name in more)


def _suffering(evidence: Evidence, rows: Ints, broken: Bools) -> str:
    """The results of these handshakes: clients that pin certificates break off, others go on."""
    hit = rows[broken[rows]]
    if not len(hit):
        return "none of the handshakes broke off"
    alerts = one_array(evidence.flows.column("tls_alert")).take(array(hit)).to_pylist()
    said = Counter(f"alert {alert}" if alert else "no alert" for alert in alerts)
    ways = ", ".join(f"{n} with {what}" for what, n in sorted(said.items()))
    return f"{len(hit)} of the handshakes broke off ({ways})"
