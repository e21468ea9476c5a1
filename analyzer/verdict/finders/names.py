"""Odd names: a tunnel requested for one host with another in its ClientHello, encrypted hellos, and unknown hosts that look like
Defender's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding, Severity
from analyzer.routes.requests import same_host
from analyzer.routes.route import PROXY
from analyzer.services.catalogue import Catalogue
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, mask, matches, says
from analyzer.verdict.evidence import Evidence, grouped, source_rows
from analyzer.verdict.lookalikes import lookalikes_of


def find(case: Case) -> list[Finding]:
    """name-mismatch and unknown-defender-name, per proxy; encrypted-client-hello."""
    return [*mismatches(case.evidence), *encrypted_hellos(case.evidence), *unknown_names(case.evidence, case.catalogue)]


def mismatches(evidence: Evidence) -> list[Finding]:
    """Tunnels requested for one name whose ClientHello has another. A requested address contradicts no name."""
    asked, sni = same_host(column(evidence, "requested_host")), same_host(column(evidence, "sni"))
    is_address = matches(asked, r"^[0-9.]+$|:")
    tunnel = mask(pc.is_in(column(evidence, "request"), value_set=pa.array(["connect", "socks4", "socks5"])))
    chosen = np.flatnonzero((evidence.route == PROXY) & tunnel & ~is_address & mask(pc.not_equal(asked, sni)))
    ech = says(evidence, "ech", True)
    findings = []
    for (proxy,), rows in grouped(chosen, evidence.proxy.codes):
        at = array(rows)
        pairs = sorted({f"{a} but {b}" for a, b in zip(values(asked.take(at)), values(sni.take(at)), strict=True)})
        tunnels = f"{counted(len(rows), 'tunnel')} of {evidence.of_whom(rows)}"
        text = f"{tunnels} asked for one name and said another inside: {listed(pairs)}"
        hidden = int(ech[rows].sum())
        if hidden:
            text += "; with an encrypted ClientHello the second is only its outer name"
        severity: Severity | None = "info" if hidden == len(rows) else None
        services = evidence.service.codes[rows].tolist()
        findings.append(evidence.finding("name-mismatch", rows, text, proxy=proxy, services=services, severity=severity))
    return findings


def encrypted_hellos(evidence: Evidence) -> list[Finding]:
    """ClientHellos with ECH, GREASE included."""
    rows = np.flatnonzero(source_rows(evidence) & says(evidence, "ech", True))
    if not len(rows):
        return []
    text = f"{counted(len(rows), 'ClientHello')} of {evidence.of_whom(rows)} with encrypted_client_hello (GREASE or real)"
    return [evidence.finding("encrypted-client-hello", rows, text, services=evidence.service.codes[rows].tolist())]


def unknown_names(evidence: Evidence, catalogue: Catalogue) -> list[Finding]:
    """Hosts that look like Defender's and match no rule, per proxy."""
    like = lookalikes_of(evidence, catalogue)
    findings = []
    for (proxy,), members in grouped(np.arange(len(like.row)), evidence.proxy.codes[like.row]):
        rows = np.unique(like.row[members])
        hosts = sorted({like.names[code] for code in like.host[members].tolist()})
        one = len(hosts) == 1
        text = f"{counted(len(hosts), 'host')} of no known service {'looks' if one else 'look'} like Defender's: {listed(hosts)}"
        findings.append(evidence.finding("unknown-defender-name", rows, text, proxy=proxy))
    return findings
