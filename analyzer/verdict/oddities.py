"""What is odd about names and conversations: findings that explain, or put in doubt, what the verdict says."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding, Severity
from analyzer.routes.requests import Bools, integers, one_array
from analyzer.routes.route import PROXY
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import is_defender_like
from analyzer.text.times import values
from analyzer.verdict.evidence import Evidence, coded, grouped, source_rows
from analyzer.verdict.outcome import same_host
from analyzer.verdict.reason import counted, listed


def oddity_findings(evidence: Evidence, catalogue: Catalogue) -> list[Finding]:
    """Every finding of this file."""
    return [
        *name_mismatches(evidence),
        *encrypted_hellos(evidence),
        *unknown_names(evidence, catalogue),
        *mixed_planes(evidence),
        *mid_stream(evidence),
        *one_direction_only(evidence),
    ]


def _true(column: pa.Array) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _matches(texts: pa.Array, pattern: str) -> Bools:
    """Which of the texts the regular expression is found in; null is none of them."""
    return _true(pc.match_substring_regex(texts, pattern))


def _column(evidence: Evidence, name: str) -> pa.Array:
    return one_array(evidence.flows.column(name))


def name_mismatches(evidence: Evidence) -> list[Finding]:
    """Tunnels asked for by one name whose ClientHello has another. An address asked for is no name, and contradicts none."""
    asked, sni = same_host(_column(evidence, "requested_host")), same_host(_column(evidence, "sni"))
    is_address = _matches(asked, r"^[0-9.]+$|:")
    tunnel = _true(pc.is_in(_column(evidence, "request"), value_set=pa.array(["connect", "socks4", "socks5"])))
    chosen = np.flatnonzero((evidence.route == PROXY) & tunnel & ~is_address & _true(pc.not_equal(asked, sni)))
    ech = _true(_column(evidence, "ech")).astype(np.int64)
    findings = []
    keys = (evidence.client.codes, evidence.proxy.codes, evidence.service.codes, ech)
    for (client, proxy, service, hidden), rows in grouped(chosen, *keys):
        at = array(rows)
        pairs = sorted({f"{a} but {b}" for a, b in zip(values(asked.take(at)), values(sni.take(at)), strict=True)})
        text = f"{counted(len(rows), 'tunnel')} asked for one name and said another inside: {listed(pairs)}"
        if hidden:
            text += "; with an encrypted ClientHello the second is only its outer name"
        severity: Severity | None = "info" if hidden else None
        findings.append(evidence.finding("name-mismatch", rows, text, client=client, proxy=proxy, service=service, severity=severity))
    return findings


def encrypted_hellos(evidence: Evidence) -> list[Finding]:
    """ClientHellos with ECH, GREASE included, per source, proxy and service."""
    chosen = np.flatnonzero(source_rows(evidence) & _true(_column(evidence, "ech")))
    findings = []
    for (client, proxy, service), rows in grouped(chosen, evidence.client.codes, evidence.proxy.codes, evidence.service.codes):
        name = evidence.service.text(service)
        noun = f"{name} ClientHello" if name else "ClientHello"
        text = f"{counted(len(rows), noun)} of {evidence.client_label(client)} with encrypted_client_hello (GREASE or real)"
        findings.append(evidence.finding("encrypted-client-hello", rows, text, client=client, proxy=proxy, service=service))
    return findings


def unknown_names(evidence: Evidence, catalogue: Catalogue) -> list[Finding]:
    """Hosts that look like Defender's though no rule names them, per source and proxy."""
    requests = evidence.requests
    unnamed = np.flatnonzero(source_rows(evidence) & (evidence.service.codes < 0) & (evidence.host.codes >= 0))
    named = requests.host.is_valid().to_numpy(zero_copy_only=False)
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes < 0) & named)
    names = coded(pa.concat_arrays([_column(evidence, "host").take(array(unnamed)), same_host(requests.host.take(array(asked)))]))
    like = np.array([is_defender_like(catalogue, name) for name in names.values] + [False])
    fits = like[names.codes]
    rows = np.concatenate([unnamed, requests.row[asked]])[fits]
    host = names.codes[fits]
    findings = []
    for (client, proxy), members in grouped(np.arange(len(rows)), evidence.client.codes[rows], evidence.proxy.codes[rows]):
        hosts = sorted({names.values[code] for code in host[members].tolist()})
        one = len(hosts) == 1
        text = f"{counted(len(hosts), 'host')} of no known service {'looks' if one else 'look'} like Defender's: {listed(hosts)}"
        findings.append(evidence.finding("unknown-defender-name", np.unique(rows[members]), text, client=client, proxy=proxy))
    return findings


def mixed_planes(evidence: Evidence) -> list[Finding]:
    """Services whose requests from one source belong to several planes, or to one that the host doesn't tell (consolidated hosts)."""
    row, plane = evidence.requests.row, evidence.request_plane
    known = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes >= 0))
    findings = []
    for (client, service), asked in grouped(known, evidence.client.codes[row], evidence.request_service.codes):
        codes, counts = np.unique(plane.codes[asked], return_counts=True)
        if len(codes) == 1 and codes[0] >= 0:
            continue
        names = [f"the {name} plane" if (name := plane.text(code)) else "a plane that the host doesn't tell" for code in codes.tolist()]
        per_plane = " and ".join(f"{n} of {name}" for name, n in sorted(zip(names, counts.tolist(), strict=True)))
        requests = counted(len(asked), f"{evidence.service.values[service]} request")
        text = f"{requests} of {evidence.client_label(client)}: {per_plane}"
        findings.append(evidence.finding("service-plane-mixed", evidence.rows_of(asked), text, client=client, service=service))
    return findings


def mid_stream(evidence: Evidence) -> list[Finding]:
    """Conversations that began before the capture, per source and proxy."""
    if "mid-stream" not in evidence.state.values:
        return []
    chosen = np.flatnonzero(source_rows(evidence) & (evidence.state.codes == evidence.state.values.index("mid-stream")))
    findings = []
    for (client, proxy), rows in grouped(chosen, evidence.client.codes, evidence.proxy.codes):
        unnamed = int((evidence.host.codes[rows] < 0).sum())
        where = f"to {evidence.proxy_label(proxy)}" if proxy >= 0 else "past the proxies"
        who = f"{counted(len(rows), 'conversation')} of {evidence.client_label(client)}"
        text = f"{who} {where} began before the capture; {unnamed} without a name"
        findings.append(evidence.finding("mid-stream", rows, text, client=client, proxy=proxy))
    return findings


def one_direction_only(evidence: Evidence) -> list[Finding]:
    """One finding on all TCP conversations of which only one side was captured. An unanswered SYN is whole as it is."""
    out, back = integers(_column(evidence, "packets_out"), 0), integers(_column(evidence, "packets_in"), 0)
    tcp = _true(pc.equal(_column(evidence, "protocol"), "tcp"))
    begun = tcp & ~evidence.blocked
    rows = np.flatnonzero(begun & ((out == 0) != (back == 0)))
    if not len(rows):
        return []
    lost = int((back[rows] == 0).sum())
    sides = ", ".join(f"{n} from the {side}" for n, side in ((lost, "client"), (len(rows) - lost, "server")) if n)
    text = f"{len(rows)} of {counted(int(begun.sum()), 'TCP conversation')} were captured in one direction only ({sides})"
    return [evidence.finding("one-direction-only", rows, text, severity=None if 2 * len(rows) >= begun.sum() else "info")]
