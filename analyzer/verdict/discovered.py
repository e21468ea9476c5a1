"""pac-discovery: what each client did to find a proxy by itself, and what it was told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Confidence, Finding
from analyzer.routes.discovery import Discovery
from analyzer.routes.requests import ABSOLUTE, Bools, Ints, one_array
from analyzer.verdict.evidence import Evidence, grouped, source_rows
from analyzer.verdict.reason import counted, listed, printable

AUTOPROXY_AGENT = "WinHttp-Autoproxy-Service/"
"""How Windows' own service fetches a PAC file (learn.microsoft.com, WinHTTP AutoProxy)."""


def pac_discoveries(evidence: Evidence, discoveries: Sequence[Discovery] = ()) -> list[Finding]:
    """Per client: lookups of wpad, DHCP's option 252, fetches of PAC files and what these name; or the connections that look like it.

    discoveries   what packets say of it (routes/discovery.py); none where only flows are known
    """
    seen, surely = connections(evidence)
    by_client = {evidence.client.values[client]: rows for (client,), rows in grouped(np.flatnonzero(seen), evidence.client.codes)}
    told = {one.client_ip: one for one in discoveries}
    findings = []
    for client in sorted(by_client.keys() | told.keys()):
        rows, one = by_client.get(client, np.zeros(0, np.int64)), told.get(client)
        name = evidence.topology.workstation_name(client) or client
        if one is None:
            hosts = sorted({evidence.host.values[code] for code in evidence.host.codes[rows].tolist() if code >= 0})
            where = f" from {listed(hosts)}" if hosts else ""
            text = f"{name} looked for proxy settings in {counted(len(rows), 'connection')}{where}"
        else:
            rows = np.union1d(rows, rows_with_ids(evidence, one))
            text = f"{name} looked for proxy settings: {'; '.join(steps(one))}"
        first, last = evidence.span(rows) if len(rows) else (None, None)
        sure: Confidence = "certain" if one is not None or surely[rows].any() else "likely"
        ids = evidence.flow_ids(rows)
        findings.append(Finding("pac-discovery", text, client_ip=client, confidence=sure, first_seen=first, last_seen=last, flows=ids))
    return findings


def connections(evidence: Evidence) -> tuple[Bools, Bools]:
    """(sources' flows that look for proxy settings, those that surely do): from a host called wpad, of /wpad.dat or a .pac file, or by
    Windows' autoproxy service."""
    requests = evidence.requests
    wpad = r"(?i)^wpad(\.|$)"
    sure = matches(column(evidence, "host"), wpad) | matches(column(evidence, "http_host"), wpad)
    file = matches(requests.path, r"(?i)(/wpad\.dat|\.pac)$") & (requests.kind == ABSOLUTE)
    sure[requests.row[matches(requests.host, wpad) | file]] = True
    by_agent = mask(pc.starts_with(column(evidence, "user_agent"), AUTOPROXY_AGENT))
    return source_rows(evidence) & (sure | by_agent), sure


def rows_with_ids(evidence: Evidence, one: Discovery) -> Ints:
    """The rows of the flows that a discovery was seen in."""
    ids = column(evidence, "id")
    rows: Ints = np.flatnonzero(mask(pc.is_in(ids, value_set=pa.array(list(one.flows), pa.string()))))
    return rows


def steps(one: Discovery) -> list[str]:
    """What was seen, step by step, in words."""
    found = [f"asked for {printable(name)} ({said})" for name, said in one.asked.items()]
    if one.dhcp_url is not None:
        found.append(f"DHCP named {printable(one.dhcp_url)}")
    elif one.dhcp_asked:
        found.append("asked DHCP, which named no file")
    for url, status in one.fetched.items():
        found.append(f"fetched {printable(url)} ({'no answer' if status is None else status})")
    if one.proxies:
        names = [f"{proxy} ({name})" if name else proxy for proxy, name in one.proxies.items()]
        found.append(f"the PAC file names {listed(names)}")
    elif one.files:
        found.append("the PAC file names no proxy")
    return found


def mask(values: pa.Array) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def matches(texts: pa.Array, pattern: str) -> Bools:
    """Which of the texts the regular expression is found in; null is none of them."""
    return mask(pc.match_substring_regex(texts, pattern))


def column(evidence: Evidence, name: str) -> pa.Array:
    return one_array(evidence.flows.column(name))
