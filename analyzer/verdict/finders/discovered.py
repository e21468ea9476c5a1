"""pac-discovery: each client's search for a proxy (WPAD, PAC), with the answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Finding
from analyzer.routes.discovery import NO_SUCH_NAME, Discovery
from analyzer.routes.requests import ABSOLUTE, Bools, Ints
from analyzer.text.words import counted, listed, printable
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, mask, matches
from analyzer.verdict.evidence import Evidence, grouped, source_rows

AUTOPROXY_AGENT = "WinHttp-Autoproxy-Service/"
"""The user agent of Windows' own service when it fetches a PAC file (learn.microsoft.com, WinHTTP AutoProxy)."""


def find(case: Case) -> list[Finding]:
    """pac-discovery: lookups of wpad, DHCP's option 252, fetches of PAC files and the proxies in these; or connections that look like it.

    Clients with the same steps and answers share one finding.
    """
    evidence = case.evidence
    seen, surely = connections(evidence)
    by_client = {evidence.client.values[client]: rows for (client,), rows in grouped(np.flatnonzero(seen), evidence.client.codes)}
    looked = {one.client_ip: one for one in case.discoveries}
    alike: dict[tuple[str, bool, str | None], list[tuple[str, Ints]]] = {}
    for client in sorted(by_client.keys() | looked.keys()):
        rows, one = by_client.get(client, np.zeros(0, np.int64)), looked.get(client)
        if one is not None:
            rows = np.union1d(rows, rows_with_ids(evidence, one))
        what = "; ".join(steps(one)) if one is not None else f"{counted(len(rows), 'connection')}{evidence.hosts_of(rows)}"
        key = what, one is not None or bool(surely[rows].any()), None if one is None else advice_of(one)
        alike.setdefault(key, []).append((client, rows))
    return [_finding(evidence, what, sure, advice, clients) for (what, sure, advice), clients in alike.items()]


NOTHING_FOUND = "Nothing was found, so no proxy comes of it. Nothing to do, unless clients are to find their proxy this way."
NO_FILE = "There was no file to get, so no proxy comes of it. Put it there if clients are to find their proxy this way; else turn it off."
NO_PROXY_IN_IT = "Check the file: it names no proxy, so clients that use it go direct."


def advice_of(one: Discovery) -> str | None:
    """The advice for a search's result; None: the code's own."""
    answered = [status for status in one.fetched.values() if status is not None]
    if one.files:
        return None if one.proxies else NO_PROXY_IN_IT
    if answered and all(status >= 400 for status in answered) and len(answered) == len(one.fetched):
        return NO_FILE
    got_none = all(said == NO_SUCH_NAME or said.startswith("error ") for said in one.asked.values())
    return NOTHING_FOUND if one.asked and got_none and not one.fetched and one.dhcp_url is None else None


def _finding(evidence: Evidence, what: str, sure: bool, advice: str | None, clients: Sequence[tuple[str, Ints]]) -> Finding:
    labels = [evidence.names.name(client) or client for client, _ in clients]
    who = labels[0] if len(labels) == 1 else f"{counted(len(labels), 'source')} ({listed(labels)})"
    rows = np.unique(np.concatenate([rows for _, rows in clients]))
    first, last = evidence.span(rows) if len(rows) else (None, None)
    return Finding(
        "pac-discovery",
        f"{who} looked for proxy settings: {what}",
        client_ips=sorted({evidence.names.canonical(client) for client, _ in clients}),
        confidence="certain" if sure else "likely",
        first_seen=first,
        last_seen=last,
        flows=evidence.flow_ids(rows),
        advice=advice,
    )


def connections(evidence: Evidence) -> tuple[Bools, Bools]:
    """(sources' flows that search for a proxy, those that certainly do): a host named wpad, /wpad.dat or a .pac file, or the user agent of
    Windows' autoproxy service."""
    requests = evidence.requests
    wpad = r"(?i)^wpad(\.|$)"
    sure = matches(column(evidence, "host"), wpad) | matches(column(evidence, "http_host"), wpad)
    file = matches(requests.path, r"(?i)(/wpad\.dat|\.pac)$") & (requests.kind == ABSOLUTE)
    sure[requests.row[matches(requests.host, wpad) | file]] = True
    by_agent = mask(pc.starts_with(column(evidence, "user_agent"), AUTOPROXY_AGENT))
    return source_rows(evidence) & (sure | by_agent), sure


def rows_with_ids(evidence: Evidence, one: Discovery) -> Ints:
    """The rows of the flows in which a discovery was seen."""
    ids = column(evidence, "id")
    rows: Ints = np.flatnonzero(mask(pc.is_in(ids, value_set=pa.array(list(one.flows), pa.string()))))
    return rows


def steps(one: Discovery) -> list[str]:
    """The steps of the search, in words."""
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
