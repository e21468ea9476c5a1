"""The analyzer's results compared with the capture of the same time: line by line, URL by URL, group by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analyzer.client_analyzer.agreement import SeenHosts, judged, sensor_agreement
from analyzer.client_analyzer.connectivity import Tried
from analyzer.client_analyzer.document import Agreement, AnalyzerGroup, AnalyzerLine, AnalyzerMethod, AnalyzerUrl, ClientAnalyzer
from analyzer.client_analyzer.groups import METHODS, PINNED, SENSOR_METHODS, group_of, host_of, meaning_of, service_of
from analyzer.client_analyzer.results import Results
from analyzer.routes.requests import NO_TIME
from analyzer.services.catalogue import Catalogue
from analyzer.text.labels import all_of
from analyzer.text.words import counted
from analyzer.verdict.evidence import Evidence


def beside(
    results: Results,
    evidence: Evidence,
    spans: Sequence[tuple[int, int]],
    catalogue: Catalogue,
    verdict: Mapping[str, Any],
    configured: Sequence[str],
) -> ClientAnalyzer:
    """The results, each line with its agreement.

    evidence    of the whole test, the analyzer's own traffic included
    spans       when the analyzer ran, ns since 1970; the whole test where that isn't known
    verdict     of the test
    """
    inside = np.zeros(evidence.flows.num_rows, np.bool_)
    for start, end in spans:
        inside |= (evidence.first != NO_TIME) & (evidence.first >= start) & (evidence.first <= end)
    hosts = {host for url in results.connectivity.urls if (host := host_of(url.url))}
    codes = [code for code, name in enumerate(evidence.request_host.values) if name in hosts]
    covered = bool((np.isin(evidence.request_host.codes, codes) & inside[evidence.requests.row]).any())
    wpad = any(finding["code"] == "pac-discovery" for finding in verdict["findings"])
    seen = SeenHosts(evidence, inside, covered, configured, wpad)
    urls = [_url(seen, url.url, url.tried, url.reachable, catalogue) for url in results.connectivity.urls]
    lines = [line for url in urls for line in url["lines"]]
    config = _proxy_config(results, evidence, verdict) if results.connectivity.method is not None else None
    kinds: list[Agreement] = [line["agreement"] for line in lines] + ([config["agreement"]] if config else [])
    counts = Counter(kinds)
    return {
        "path": results.path,
        "files": results.files,
        "proxy_config": config,
        "urls": urls,
        "groups": _groups(urls, {url.url: url.pinned for url in results.connectivity.urls}),
        "events": results.events,
        "facts": results.facts,
        "unknown": results.connectivity.unknown,
        "agreed": counts["agrees"],
        "disagreed": counts["disagrees"],
        "untold": counts["can't tell"],
        "conclusion": _conclusion(urls, config, counts, len(results.connectivity.unknown)),
    }


def _url(seen: SeenHosts, url: str, tried: Sequence[Tried], reachable: bool, catalogue: Catalogue) -> AnalyzerUrl:
    host = host_of(url)
    return {
        "url": url,
        "host": host,
        "group": group_of(url, catalogue),
        "service": service_of(url, catalogue),
        "reachable": reachable,
        "lines": [_line(seen, host, line) for line in tried],
    }


def _line(seen: SeenHosts, host: str | None, line: Tried) -> AnalyzerLine:
    agreement, why, rows = judged(seen, host, line)
    return {
        "number": line.number,
        "name": METHODS.get(line.number, line.name),
        "proxy": line.proxy,
        "result": line.result,
        "code": line.code,
        "meaning": meaning_of(line.code),
        "text": line.text,
        "agreement": agreement,
        "why": why,
        "flows": seen.evidence.flow_ids(np.unique(rows)),
    }


def _proxy_config(results: Results, evidence: Evidence, verdict: Mapping[str, Any]) -> AnalyzerMethod:
    """`Proxy config` compared with the proxy that carried the sensor."""
    word, address = results.connectivity.method or "", results.connectivity.address
    method = SENSOR_METHODS.get(word.lower())
    planes = [plane for source in verdict["sources"] for plane in source["planes"] if plane["plane"] == "sensor" and plane["winner"]]
    agreement, why = sensor_agreement(word, method, address, planes)
    codes = [evidence.proxy.values.index(plane["winner"]) for plane in planes if plane["winner"] in evidence.proxy.values]
    rows = np.flatnonzero(np.isin(evidence.proxy.codes, codes) & (evidence.plane.codes == _code(evidence.plane.values, "sensor")))
    return {"word": word, "method": method, "address": address, "agreement": agreement, "why": why, "flows": evidence.flow_ids(rows)}


def _code(values: Sequence[str], name: str) -> int:
    return values.index(name) if name in values else -2


def _groups(urls: Sequence[AnalyzerUrl], pins: dict[str, bool | None]) -> list[AnalyzerGroup]:
    """The groups' lines, one for each method over all URLs of the group, in the order of the text."""
    together: dict[str | None, list[AnalyzerUrl]] = {}
    for url in urls:
        together.setdefault(url["group"], []).append(url)
    groups: list[AnalyzerGroup] = []
    for group, members in together.items():
        numbers = dict.fromkeys((line["number"], line["name"]) for url in members for line in url["lines"])
        pinning = {pins[url["url"]] for url in members} - {None}
        lines = [_together([line for url in members for line in url["lines"] if (line["number"], line["name"]) == key]) for key in numbers]
        pinned = pinning.pop() if len(pinning) == 1 else None if group is None else group in PINNED
        groups.append(
            {"group": group, "pinned": pinned, "urls": len(members), "reachable": sum(u["reachable"] for u in members), "lines": lines}
        )
    return groups


def _together(lines: Sequence[AnalyzerLine]) -> AnalyzerLine:
    """One method over all URLs of a group: values that differ become null; one disagreement makes the group disagree."""
    first = lines[0]
    kinds = {line["agreement"] for line in lines}
    agreement: Agreement = "disagrees" if "disagrees" in kinds else first["agreement"] if len(kinds) == 1 else "can't tell"
    telling = [line for line in lines if line["agreement"] == agreement] or list(lines)
    results = {line["result"] for line in lines}
    codes = {line["code"] for line in lines}
    why = all_of(list(dict.fromkeys(line["why"] for line in telling))[:3])
    return {
        **first,
        "result": first["result"] if len(results) == 1 else "unknown",
        "code": first["code"] if len(codes) == 1 else None,
        "meaning": first["meaning"] if len(codes) == 1 else None,
        "text": all_of(list(dict.fromkeys(line["text"] for line in lines))),
        "agreement": agreement,
        "why": why,
        "flows": list(dict.fromkeys(flow for line in lines for flow in line["flows"])),
    }


def _conclusion(urls: Sequence[AnalyzerUrl], config: AnalyzerMethod | None, counts: Mapping[Agreement, int], unread: int) -> str:
    reachable = sum(url["reachable"] for url in urls)
    parts = []
    if config:
        at = f" at {config['address']}" if config["address"] else ""
        parts.append(f"the sensor found {config['word'] or 'nothing'}{at}")
    if urls:
        parts.append(f"{reachable} of {counted(len(urls), 'URL')} could be reached")
    statement = f"The Client Analyzer says that {' and that '.join(parts)}. " if parts else ""
    agreed, disagreed, untold = counts["agrees"], counts["disagrees"], counts["can't tell"]
    lines = counted(agreed + disagreed + untold, "statement")
    left = f"; {counted(unread, 'line')} that look{'s' if unread == 1 else ''} like its own couldn't be read" if unread else ""
    return f"{statement}Of {lines} the capture agrees with {agreed}, disagrees with {disagreed} and can't tell of {untold}{left}"
