"""Verdict documents of whole sites: n workstations that do the same, the odd ones before them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.report.verdicts import PROXIES, fifth_test, group, judged, part, plane, service

ODD = 3
"""Workstations of a fleet that are odd, each in a way of its own."""


def fleet(n: int) -> dict[str, Any]:
    """The fifth test as n workstations: a few that are odd, each in its own way, some that are silent, and all the others alike."""
    verdict = fifth_test()
    usual = verdict["sources"][0]
    odd = [_denied(usual), _goes_by_winhttp(usual), _changed(usual)]
    sources = []
    for number in range(n):
        entry = odd[number] if number < ODD else _silent(usual) if number % 10 == 9 else usual
        address = f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"
        sources.append(entry | {"client_ip": address, "client_ips": [address], "name": None})
    verdict["sources"] = sources
    verdict["groups"] = groups(sources)
    for entry in verdict["proxies"]:
        entry["sources"] = n
    for entry in verdict["findings"]:
        if entry["client_ip"]:
            entry["client_ips"] = [source["client_ip"] for source in sources]
            entry["client_ip"] = None if n > 1 else entry["client_ips"][0]
    for row in (*verdict["direct"]["allowed"], *verdict["direct"]["blocked"], *verdict["legs"]):
        row["client_ip"] = sources[0]["client_ip"]
    return verdict


def groups(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The document's groups of these sources: those with Defender first, the unusual before the usual."""
    alike: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in sources:
        alike.setdefault((entry["defender"], entry["answer"]), group(entry) | {"sources": []})["sources"].append(entry["client_ip"])
    return sorted(alike.values(), key=lambda made: (made["defender"] != "seen", len(made["sources"])))


def _denied(usual: dict[str, Any]) -> dict[str, Any]:
    static = list(PROXIES)[2]
    refused = judged(None, [part(static, 0, 30)], reason="none won: 30 requests failed (407)")
    answer = "no proxy for sensor: PROX03 (static) answers 407 to all 30 requests"
    services = [service("edr-command-and-control", "edr", "sensor", refused)]
    return usual | {"answer": answer, "services": services, "planes": [plane("sensor", refused)], "precedence": []}


def _goes_by_winhttp(usual: dict[str, Any]) -> dict[str, Any]:
    winhttp = next(iter(PROXIES))
    judgement = judged(winhttp, [part(winhttp, 8, 0, 4_000)])
    services = [service("edr-command-and-control", "edr", "sensor", judgement)]
    return usual | {
        "answer": "PROX01 (WinHTTP) won for sensor", "services": services, "planes": [plane("sensor", judgement)], "precedence": [],
    }  # fmt: skip


def _changed(usual: dict[str, Any]) -> dict[str, Any]:
    winhttp, _, static = PROXIES
    judgement = judged(static, [part(winhttp, 6), part(static, 9)])
    before = judgement["eras"][0] | {
        "proxy": winhttp, "name": "PROX01", "method": "winhttp", "asked": winhttp,
        "last_seen": "2024-05-01T12:09:00.000000000Z", "tunnels": 6,
    }  # fmt: skip
    judgement["eras"] = [before, judgement["eras"][0] | {"first_seen": "2024-05-01T12:10:00.000000000Z", "tunnels": 9}]
    answer = "PROX01 (WinHTTP) until 12:09:00, then PROX03 (static) for sensor"
    services = [service("edr-command-and-control", "edr", "sensor", deepcopy(judgement))]
    return usual | {"answer": answer, "services": services, "planes": [plane("sensor", judgement)], "precedence": []}


def _silent(usual: dict[str, Any]) -> dict[str, Any]:
    lists: dict[str, Any] = {"services": [], "planes": [], "required": [], "device": None, "talk": [], "processes": [], "precedence": []}
    return usual | lists | {"defender": "not-seen", "answer": "no Defender traffic was seen"}
