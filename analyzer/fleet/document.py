"""The history document: gateways, their sources and eras, and changes, as plain data (types.History)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from analyzer.errors import Unusable
from analyzer.findings import SEVERITIES
from analyzer.fleet.answers import answers_of
from analyzer.fleet.changes import failures_up, new_direct, new_proxies, winners_changed
from analyzer.fleet.day import NO_SERVICE, Day, Window, read_day
from analyzer.fleet.eras import Era
from analyzer.fleet.gateway import Gateway, Held, Source, date_of, gateway_of
from analyzer.fleet.kept import Kept
from analyzer.fleet.partitions import Partition, partitions
from analyzer.fleet.silence import is_silent, services_back, silent_gateways, silent_services
from analyzer.fleet.types import SCHEMA
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import Catalogue
from analyzer.text.labels import plane_order
from analyzer.text.times import rfc3339
from analyzer.verdict.inventory import endpoint_order
from analyzer.verdict.made_by import made_by

ReportProgress = Callable[[int, int], None]
"""Takes (number of days read, number of days)."""


def history_of(
    folder: str | Path,
    topology: Topology,
    catalogue: Catalogue,
    *,
    gateways: Sequence[str] = (),
    window: Window = (None, None),
    report_progress: ReportProgress = lambda done, of: None,
    kept: Kept | None = None,
) -> tuple[dict[str, Any], list[Unusable]]:
    """(the history of all rows under a folder, an error for each day that couldn't be read).

    topology  names proxies and sources;  catalogue: for rows of forms without outcomes
    window    only rows that began in [start, end), ns since 1970
    kept      days of earlier reads, used while their files are unchanged
    Errors    Unusable: no rows, or no readable rows
    """
    days = partitions(folder, gateways, *(None if at is None else rfc3339(at)[:10] for at in window))
    unusable: list[Unusable] = []

    def read_one(one: Partition) -> Day:
        return read_day(one, topology, catalogue, window) if kept is None else kept.day(one, window)

    def readable() -> Iterator[Day]:
        for done, one in enumerate(days, 1):
            try:
                yield read_one(one)
            except Unusable as error:
                unusable.append(error)
            report_progress(done, len(days))

    # Only one gateway's days are in memory at a time: memory grows with sources and eras, not with days.
    found = [gateway_of(name, own) for name, own in groupby(readable(), key=lambda day: day.gateway)]
    if kept is not None and not gateways and window == (None, None):
        kept.tidy()
    found = [gateway for gateway in found if gateway.rows]
    if not found:
        raise unusable[0] if unusable else Unusable("no row of it began in that time", str(folder), "choose another --start or --end")
    read = {
        "files": sum(len(one.files) for one in days),
        "bytes": sum(gateway.size for gateway in found),
        "rows": sum(gateway.rows for gateway in found),
        "days": len(days),
        "timeless": sum(gateway.timeless for gateway in found),
        "forms": _forms(found),
    }
    options = {"folder": str(folder), "gateways": list(gateways), "window": [None if at is None else rfc3339(at) for at in window]}
    return _document(found, read, made_by(catalogue, topology, options)), unusable


def _document(found: Sequence[Gateway], read: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    lasts = [gateway.last for gateway in found if gateway.last is not None]
    newest = max(lasts, default=None)
    findings = _in_order(
        chain(
            silent_gateways(found),
            winners_changed(found),
            new_proxies(found),
            new_direct(found),
            failures_up(found),
            silent_services(found),
            services_back(found),
        )
    )
    document = {
        "schema": SCHEMA,
        "made_by": made,
        "window": [_time(min((one.first for one in found if one.first is not None), default=None)), _time(newest)],
        "read": read,
        "answers": [],
        "gateways": [_gateway(gateway, newest) for gateway in found],
        "proxies": _proxies(found),
        "findings": findings,
    }
    document["answers"] = answers_of(document)
    return document


def _forms(found: Iterable[Gateway]) -> dict[str, int]:
    forms: dict[str, int] = {}
    for gateway in found:
        for form, files in gateway.forms.items():
            forms[str(form)] = forms.get(str(form), 0) + files
    return dict(sorted(forms.items()))


def _in_order(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings by severity, the worst first, then by code, then the newest first."""
    newest_first = sorted(findings, key=lambda one: one["last_seen"] or "", reverse=True)
    return sorted(newest_first, key=lambda one: (SEVERITIES.index(one["severity"]), one["code"]))


def _gateway(gateway: Gateway, newest: int | None) -> dict[str, Any]:
    sources = [source for source in gateway.sources.values() if source.services or source.planes]
    return {
        "gateway": gateway.name,
        "state": "silent" if newest is not None and is_silent(gateway, newest) else "reporting",
        "first_seen": _time(gateway.first),
        "last_seen": _time(gateway.last),
        "days": len(gateway.days),
        "rows": gateway.rows,
        "bytes": gateway.size,
        "planes": _planes(sources),
        "timeline": [
            {
                "date": day.date,
                "rows": day.rows,
                "sources": day.sources,
                "requests": day.requests,
                "failed": day.failed,
                "winners": {plane: _counts(day.winners[plane]) for plane in sorted(day.winners, key=plane_order)},
            }
            for day in gateway.timeline
        ],
        "direct": _direct(gateway),
        "sources": [_source(source, gateway) for source in sorted(sources, key=lambda one: one.client)],
    }


def _counts(winners: Mapping[str, int]) -> dict[str, int]:
    """proxy → number of sources, the largest first."""
    return dict(sorted(winners.items(), key=lambda item: (-item[1], item[0])))


def _planes(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The winners in each plane, with their numbers of sources."""
    by_plane: dict[str, dict[tuple[str | None, str | None], list[Era]]] = {}
    for source in sources:
        for plane, held in source.planes.items():
            if held.eras:
                last = held.eras[-1]
                by_plane.setdefault(plane, {}).setdefault((last.name or last.proxy, last.method), []).append(last)
    return [
        {"plane": plane, "winners": sorted(map(_winner, winners.values()), key=lambda one: (-one["sources"], one["proxy"] or ""))}
        for plane, winners in sorted(by_plane.items(), key=lambda item: plane_order(item[0]))
    ]


def _winner(eras: Sequence[Era]) -> dict[str, Any]:
    since = sorted(era.first for era in eras if era.first is not None)
    works = sum(era.outcome == "works" for era in eras)
    last = eras[-1]
    middle = since[(len(since) - 1) // 2] if since else None
    return {"proxy": last.proxy, "name": last.name, "method": last.method, "sources": len(eras), "since": _time(middle), "works": works}


def _direct(gateway: Gateway) -> list[dict[str, Any]]:
    clients: dict[tuple[int, str, str], set[str]] = {}
    flows: dict[tuple[int, str, str], int] = {}
    for day, past in gateway.past:
        key = (day, past.kind, past.service)
        clients.setdefault(key, set()).add(past.client)
        flows[key] = flows.get(key, 0) + past.flows
    return [
        {
            "date": date_of(day),
            "kind": kind,
            "service": None if service == NO_SERVICE else service,
            "sources": len(clients[day, kind, service]),
            "flows": flows[day, kind, service],
        }
        for day, kind, service in sorted(flows)
    ]


def _source(source: Source, gateway: Gateway) -> dict[str, Any]:
    planes = sorted(source.planes.items(), key=lambda item: plane_order(item[0]))
    return {
        "client_ip": source.client,
        "name": source.name,
        "defender": source.defender,
        "first_seen": _time(source.first),
        "last_seen": _time(source.last),
        "days": len(source.days),
        "planes": [{"plane": plane, **_held(held)} for plane, held in planes],
        "services": [
            {"service": slug, "plane": gateway.plane_of.get(slug), **_held(held)} for slug, held in sorted(source.services.items())
        ],
    }


def _held(held: Held) -> dict[str, Any]:
    last = held.eras[-1] if held.eras else None
    return {
        "winner": last and last.proxy,
        "winner_name": last and last.name,
        "method": last and last.method,
        "since": None if last is None else _time(last.first),
        "outcome": last and last.outcome,
        "confidence": last and last.confidence,
        "first_seen": _time(held.first),
        "last_seen": _time(held.last),
        "eras": [_era(era) for era in held.eras],
    }


def _era(era: Era) -> dict[str, Any]:
    return {
        "proxy": era.proxy,
        "name": era.name,
        "method": era.method,
        "asked": era.asked,
        "first_seen": _time(era.first),
        "last_seen": _time(era.last),
        "days": era.days,
        "requests": era.requests,
        "tunnels": era.carried,
        "failed": era.failed,
        "outcome": era.outcome,
        "confidence": era.confidence,
    }


def _proxies(found: Sequence[Gateway]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for gateway in found:
        for _, proxies in gateway.proxies:
            for address, one in proxies.items():
                blank: dict[str, Any] = {
                    "proxy": address,
                    "name": None,
                    "method": None,
                    "gateways": set(),
                    "sources": set(),
                    "requests": 0,
                    "failed": 0,
                }
                entry = made.setdefault(address, {**blank, "firsts": [], "lasts": []})
                entry["name"], entry["method"] = one.name or entry["name"], one.method or entry["method"]
                entry["gateways"].add(gateway.name)
                entry["sources"] |= {(gateway.name, client) for client in one.sources}
                entry["requests"] += one.requests
                entry["failed"] += one.failed
                entry["firsts"] += [one.first] if one.first is not None else []
                entry["lasts"] += [one.last] if one.last is not None else []
    for entry in made.values():
        entry["gateways"], entry["sources"] = sorted(entry["gateways"]), len(entry["sources"])
        entry["first_seen"] = _time(min(entry.pop("firsts"), default=None))
        entry["last_seen"] = _time(max(entry.pop("lasts"), default=None))
    return [made[address] for address in sorted(made, key=endpoint_order)]


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
