"""Names that did not resolve: Defender's hosts for which a client or a proxy got no address."""

from __future__ import annotations

from collections import Counter, defaultdict
from ipaddress import ip_address
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.captured import SILENCE_S, capture_ends
from analyzer.routes.requests import NO_TIME, integers, one_array
from analyzer.services.match import match_host
from analyzer.text.times import rfc3339
from analyzer.text.times import rows as rows_of
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.evidence import Evidence

RCODES = {0: "without an address", 1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}
"""Meanings of DNS response codes (RFC 1035 4.1.1)."""

AGAIN_NS = 30 * 10**9
"""Within this time a client repeats an unanswered question: Windows after one second, two and four, glibc after five."""

ADDRESSES = ("A", "AAAA")
TIMES = ("asked_at", "answered_at")


def find(case: Case) -> list[Finding]:
    """dns-failed, over all clients: Defender's names that gave them no address in the whole window."""
    evidence, lookups, catalogue = case.evidence, case.lookups, case.catalogue
    if lookups is None or not lookups.num_rows:
        return []
    names = {name: match_host(catalogue, name).service for name in lookups.column("name").unique().to_pylist() if name}
    wanted = [name for name, service in names.items() if service]
    if not wanted:
        return []
    chosen = lookups.filter(pc.is_in(lookups.column("name"), pa.array(wanted, pa.string())))
    rows = [row for row in rows_of(chosen) if row["type"] in ADDRESSES and row["asked"]]
    resolved = {(row["client_ip"], row["name"].lower()) for row in rows if row["answers"] and not _to_nowhere(row)}
    failed = [row for row in rows if (row["client_ip"], row["name"].lower()) not in resolved and _is_failure(row)]
    failed = _asked_again(failed)
    failed = [row for row, waited in zip(failed, _waited(evidence, failed), strict=True) if waited]
    return [_finding(evidence, failed, names)] if failed else []


def _is_failure(row: dict[str, Any]) -> bool:
    """Not answered, or answered with an error or an address of no host; neither a missing IPv6 address nor uncaptured addresses count."""
    return row["rcode"] is None or row["rcode"] != 0 or (row["type"] == "A" and row["answers"] is not None) or _to_nowhere(row)


def _to_nowhere(row: dict[str, Any]) -> bool:
    """Whether all addresses in the answer are the client's own or no host's (0.0.0.0, 127.0.0.1, ::): so resolvers block a name."""
    found = [ip_address(text) for text in row["answers"] or ()]
    return bool(found) and all(address.is_unspecified or address.is_loopback for address in found)


def _asked_again(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions without those unanswered ones that the client didn't repeat: it got an answer that wasn't captured."""
    asked = defaultdict(list)
    for row in rows:
        if row["asked_at"] is not None:
            asked[row["client_ip"], row["name"].lower(), row["type"]].append(row["asked_at"])

    def again(row: dict[str, Any]) -> bool:
        others = asked[row["client_ip"], row["name"].lower(), row["type"]]
        return row["asked"] > 1 or row["asked_at"] is None or sum(abs(at - row["asked_at"]) <= AGAIN_NS for at in others) > 1

    return [row for row in rows if row["rcode"] is not None or again(row)]


def _waited(evidence: Evidence, rows: list[dict[str, Any]]) -> list[bool]:
    """Whether each question was answered, or an answer would be in the capture: packets to the client are captured, and the capture goes on
    long enough after the question, or shows it repeated."""
    flows = evidence.flows
    asked = pa.array([row["flow"] for row in rows], pa.string())
    place = integers(pc.index_in(asked, value_set=one_array(flows.column("id"))), -1).tolist()
    client = one_array(flows.column("client_ip")).dictionary_encode()
    codes = integers(client.indices, -1)
    heard = np.unique(codes[integers(flows.column("packets_in"), 0) > 0])
    ends = capture_ends(flows)
    return [
        row["rcode"] is not None or at < 0 or (_long_enough(row, int(ends[at])) and codes[at] in heard)
        for row, at in zip(rows, place, strict=True)
    ]


def _long_enough(row: dict[str, Any], end: int) -> bool:
    return row["asked"] > 1 or row["asked_at"] is None or end == NO_TIME or end - row["asked_at"] >= SILENCE_S * 10**9


def _finding(evidence: Evidence, rows: list[dict[str, Any]], names: dict[str, str | None]) -> Finding:
    how = Counter(_how(row) for row in rows)
    ways = ", ".join(f"{n} × {what}" for what, n in sorted(how.items(), key=lambda item: (-item[1], item[0])))
    servers = sorted({row["server_ip"] for row in rows})
    clients = sorted({evidence.names.canonical(row["client_ip"]) for row in rows})
    labels = [evidence.names.name(client) or client for client in clients]
    who = labels[0] if len(labels) == 1 else f"{counted(len(labels), 'source')} ({listed(labels)})"
    wanted = {(evidence.names.canonical(row["client_ip"]), str(names[row["name"]])) for row in rows}
    text = (
        f"{counted(len(rows), 'question')} of {who} to {listed(servers)} for Defender's hosts "
        f"({listed(sorted({row['name'] for row in rows}))}) gave no address of theirs: {ways}"
    )
    carried = [_is_carried(evidence, client, service) for client, service in sorted(wanted)]
    if all(carried):
        text += "; proxies carried these services all the same"
    stamps = sorted(row[key] for row in rows for key in TIMES if row[key] is not None)
    unanswered: Confidence = "likely" if set(how) == {"unanswered"} else "certain"
    severity: Severity | None = "info" if all(carried) else None
    return Finding(
        "dns-failed",
        text,
        client_ips=clients,
        services=sorted({service for _, service in wanted}),
        severity=severity,
        confidence=unanswered,
        first_seen=rfc3339(stamps[0]) if stamps else None,
        last_seen=rfc3339(stamps[-1]) if stamps else None,
        flows=list(dict.fromkeys(row["flow"] for row in rows)),
    )


def _how(row: dict[str, Any]) -> str:
    """ "no such name", "unanswered", "0.0.0.0, by which resolvers block a name"."""
    if row["rcode"] is None:
        return "unanswered"
    if _to_nowhere(row):
        return f"{listed(sorted(row['answers']))}, by which resolvers block a name"
    return RCODES.get(row["rcode"], f"code {row['rcode']}")


def _is_carried(evidence: Evidence, client_ip: str, service: str) -> bool:
    """Whether a proxy carried this service for this source: behind a proxy the client needs no DNS."""
    if client_ip not in evidence.client.values or service not in evidence.request_service.values:
        return False
    client, wanted = evidence.client.values.index(client_ip), evidence.request_service.values.index(service)
    asked = evidence.asks_proxy & evidence.outcome.carried & (evidence.request_service.codes == wanted)
    return bool(np.any(evidence.client.codes[evidence.requests.row[asked]] == client))
