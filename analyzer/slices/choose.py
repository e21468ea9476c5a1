"""The flows of a slice, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from analyzer.errors import Unusable
from analyzer.findings import CODES
from analyzer.routes.proxies import find_proxies, flow_ends, rows_that_show
from analyzer.routes.requests import flat_requests
from analyzer.routes.topology import Topology
from analyzer.text.times import values
from analyzer.text.words import did_you_mean

Reasons = dict[int, list[str]]
"""Row of the flow table → its reasons: words without addresses or names, fit for an anonymized slice."""

COLUMNS: Final = ("id", "client_ip", "server_ip", "server_port", "proxy", "service", "service_also", "pair", "route", "host", "host_source")


@dataclass(frozen=True)
class Selection:
    """The options of a slice. A flow must fit one value of each kind that is given; without options every flow fits.

    findings  codes; sources  client addresses; services  slugs; proxies  ip:port, or an address for all its ports
    """

    flows: Sequence[str] = ()
    findings: Sequence[str] = ()
    sources: Sequence[str] = ()
    services: Sequence[str] = ()
    proxies: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any((self.flows, self.findings, self.sources, self.services, self.proxies))


def choose(
    flows: pa.Table, verdict: Mapping[str, Any], selection: Selection, topology: Topology, lookups: pa.Table | None = None
) -> Reasons:
    """The rows of the slice, each with its reasons.

    Added to the flows that fit: the other leg of a tunnel, the DNS answer that names a flow, and for each proxy that no chosen flow
    shows to be one, a flow that does. So the slice alone gives the same verdict.
    Errors  Unusable: an unknown flow or finding, or no flow fits
    """
    rows = flows.select(list(COLUMNS)).to_pylist()
    _note_asked(rows, flows)
    _check(selection, rows, verdict)
    found: Reasons = {}
    codes = _codes_by_flow(selection, verdict)
    for i, row in enumerate(rows):
        reasons = list(_reasons(row, selection, codes))
        if len(reasons) == sum(map(bool, (selection.flows, selection.findings, selection.sources, selection.services, selection.proxies))):
            found[i] = reasons or ["every flow was asked for"]
    if not found:
        raise Unusable("no flow fits all of this", None, "whichproxy flows lists them; options of several kinds must all hold")
    _add_legs(rows, found)
    if lookups is not None:
        _add_lookups(rows, lookups, found)
    _add_witnesses(flows, rows, found, topology)
    return dict(sorted(found.items()))


def _note_asked(rows: Sequence[dict[str, Any]], flows: pa.Table) -> None:
    """Add to each row, under `asked`, the services it requested from a proxy."""
    for row in rows:
        row["asked"] = set()
    requests = flat_requests(flows)
    for i, service in zip(requests.row.tolist(), values(requests.service), strict=True):
        rows[i]["asked"].add(service)


def _check(selection: Selection, rows: Sequence[Mapping[str, Any]], verdict: Mapping[str, Any]) -> None:
    unknown = sorted(set(selection.flows) - {row["id"] for row in rows})
    if unknown:
        raise Unusable(f"no flow has the id {unknown[0]}", "--flow", "whichproxy flows lists them with their ids")
    found = {finding["code"] for finding in verdict["findings"]}
    for code in selection.findings:
        if code not in CODES:
            raise Unusable(f"{code!r} is no finding", "--finding", did_you_mean(code, list(CODES)))
        if code not in found:
            raise Unusable(f"{code} wasn't found here", "--finding", f"found: {', '.join(sorted(found)) or 'nothing'}")


def _codes_by_flow(selection: Selection, verdict: Mapping[str, Any]) -> dict[str, list[str]]:
    """Flow id → the requested findings that name it. The other options narrow these flows too."""
    codes: dict[str, list[str]] = {}
    for finding in verdict["findings"]:
        if finding["code"] in selection.findings:
            for flow in finding["flows"]:
                listed = codes.setdefault(flow, [])
                if finding["code"] not in listed:
                    listed.append(finding["code"])
    return codes


def _reasons(row: Mapping[str, Any], selection: Selection, codes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """One reason for each kind of option that this row fits."""
    if selection.flows and row["id"] in selection.flows:
        yield "this flow was asked for"
    if selection.findings and row["id"] in codes:
        yield f"finding {', '.join(codes[row['id']])}"
    if selection.sources and row["client_ip"] in selection.sources:
        yield "of this source"
    if selection.services:
        carried = {row["service"], *(row["service_also"] or ()), *row["asked"]}
        services = [service for service in selection.services if service in carried]
        if services:
            yield f"service {', '.join(services)}"
    if selection.proxies and row["proxy"] is not None and (row["proxy"] in selection.proxies or row["server_ip"] in selection.proxies):
        yield "of this proxy"


def _add_legs(rows: Sequence[Mapping[str, Any]], found: Reasons) -> None:
    """Add the other leg of each tunnel."""
    pairs = {rows[i]["pair"] for i in found} - {None}
    for i, row in enumerate(rows):
        if row["pair"] in pairs and i not in found:
            found[i] = ["the other leg of a tunnel that is in the slice"]


def _add_lookups(rows: Sequence[Mapping[str, Any]], lookups: pa.Table, found: Reasons) -> None:
    """Add the flows with the DNS answers that gave chosen flows their host."""
    named = [rows[i] for i in found if rows[i]["host_source"] == "dns"]
    wanted = {(row["client_ip"], row["server_ip"], row["host"]) for row in named}
    places = {row["id"]: i for i, row in enumerate(rows)}
    for lookup in lookups.select(["flow", "client_ip", "name", "answers"]).to_pylist() if wanted else ():
        host = (lookup["name"] or "").lower().removesuffix(".")
        row = places.get(lookup["flow"])
        if row is not None and row not in found and any((lookup["client_ip"], ip, host) in wanted for ip in lookup["answers"] or ()):
            found[row] = ["holds the DNS answer that names a flow"]


def _add_witnesses(flows: pa.Table, rows: Sequence[Mapping[str, Any]], found: Reasons, topology: Topology) -> None:
    """For each proxy of the chosen flows that none of them shows to be one, add a flow that does."""
    chosen = flows.take(pa.array(list(found), pa.int64()))
    shown = set(_proxies_shown(chosen, topology))
    needed = {rows[i]["proxy"] for i in found} - {None} - shown
    behind = {rows[i]["client_ip"] for i in found if rows[i]["route"] == "upstream"}
    everywhere = flow_ends(flows)
    proven = np.flatnonzero(rows_that_show(flows))
    shown_ips = {rows[int(r)]["server_ip"] for r in proven if int(r) in found}
    for r in dict.fromkeys(int(r) for r in proven if everywhere.tcp[int(r)]):
        row = rows[r]
        if r not in found and (row["proxy"] in needed or (row["server_ip"] in behind and row["server_ip"] not in shown_ips)):
            found[r] = ["shows that its server is a proxy"]
            needed.discard(row["proxy"])
            shown_ips.add(row["server_ip"])


def _proxies_shown(flows: pa.Table, topology: Topology) -> Iterator[str]:
    """The proxies that these flows and the topology show."""
    for address, _ in find_proxies(flows, flow_ends(flows), topology).at.values():
        yield address
