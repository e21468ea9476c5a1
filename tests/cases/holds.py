"""The expectations in a line of expected.jsonl, key by key; each check returns the differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Rows = list[dict[str, Any]]
Wanted = Mapping[str, Any]

FAILED = ("authentication", "denied", "failed", "unanswered")
SAID_OTHERWISE = {"file", "why", "topology", "absent"}
"""Keys that aren't about rows and verdict."""


def amiss(wanted: Wanted, rows: Rows, document: Document) -> list[str]:
    """What doesn't hold, one line each."""
    unknown = set(wanted) - set(CHECKS) - SAID_OTHERWISE
    if unknown:
        raise ValueError(f"no check for {sorted(unknown)}")
    return [line for key in wanted if key in CHECKS for line in CHECKS[key](wanted[key], rows, document)]


def judged(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(slug or plane:…, its entry) for every service and plane of every source."""
    for source in document["sources"]:
        for service in source["services"]:
            yield service["service"], service
        for plane in source["planes"]:
            yield f"plane:{plane['plane']}", plane


def right_rows(wanted: Any, rows: Rows, _: Document) -> Iterator[str]:
    for one in wanted:
        n = sum(all(row[column] == value for column, value in one["where"].items()) for row in rows)
        if n != one["n"] if "n" in one else n < one["min"]:
            yield f"{n} rows with {one['where']}, not {one.get('n', one.get('min'))}"


def right_value(key: str) -> Callable[[Any, Rows, Document], Iterator[str]]:
    """The check of one key of services and planes: exactly one is judged so, none otherwise."""

    def check(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
        for name, value in wanted.items():
            found = [said.get(key) for slug, said in judged(document) if slug == name]
            if found != [value]:
                yield f"{key} of {name}: {found}, not {value}"

    return check


def is_certain(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for name in wanted:
        found = [said["confidence"] for slug, said in judged(document) if slug == name]
        if found != ["certain"]:
            yield f"{name} isn't certain: {found}"


def is_not_certain(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for name in wanted:
        found = [said["confidence"] for slug, said in judged(document) if slug == name]
        if "certain" in found or not found:
            yield f"{name} is certain or missing: {found}"


def has_planes(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    there = {name for name, _ in judged(document)}
    yield from (f"no plane {plane}" for plane in wanted if f"plane:{plane}" not in there)


def has_no_planes(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    there = {name for name, _ in judged(document)}
    yield from (f"plane {plane} is judged" for plane in wanted if f"plane:{plane}" in there)


def nothing_carried(_: Any, __: Rows, document: Document) -> Iterator[str]:
    for source in document["sources"]:
        yield from (f"{entry['service']} is called carried" for entry in source["required"] if entry["state"] == "carried")
    yield from (f"{name} has the winner {said['winner']}" for name, said in judged(document) if said["winner"] is not None)


def nothing_failed(_: Any, __: Rows, document: Document) -> Iterator[str]:
    for name, said in judged(document):
        failed = sum(row["failed"] for row in said.get("by_proxy", ()))
        if failed or said.get("outcome") in FAILED:
            yield f"{name}: {failed} failed, outcome {said.get('outcome')}"
        yield from (f"{name}: an era with {era['failed']} failed" for era in said.get("eras", ()) if era["failed"])
    yield from (f"proxy {proxy['proxy']}: {proxy['failed']} failed" for proxy in document["proxies"] if proxy["failed"])
    for source in document["sources"]:
        yield from (f"{entry['service']} is called failed" for entry in source["required"] if entry["state"] == "failed")


def asked_is_not_direct(_: Any, rows: Rows, __: Document) -> Iterator[str]:
    for row in rows:
        if row["request"] is not None and row["route"] == "direct":
            yield f"{row['request']} {row['requested_host']} to {row['server_ip']} is direct"


def has_findings(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    there = {finding["code"] for finding in document["findings"]}
    yield from (f"no finding {code}" for code in wanted if code not in there)


def has_no_findings(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    yield from (f"finding {finding['code']}: {finding['text']}" for finding in document["findings"] if finding["code"] in wanted)


def no_names(_: Any, rows: Rows, __: Document) -> Iterator[str]:
    for row in rows:
        for column in ("request", "requested_host", "sni"):
            if row[column] is not None:
                yield f"{column} {row[column]} of {row['client_ip']} to {row['server_ip']}:{row['server_port']}"
        if row["requests"]:
            yield f"requests {row['requests']}"


def right_ports(wanted: Any, rows: Rows, _: Document) -> Iterator[str]:
    for row in rows:
        ports = [request["port"] for request in row["requests"]] + ([row["requested_port"]] if row["request"] else [])
        if any(port != wanted for port in ports):
            yield f"{row['requested_host']}: ports {ports}, not {wanted}"


CHECKS: dict[str, Callable[[Any, Rows, Document], Iterator[str]]] = {
    "rows": right_rows,
    "winner": right_value("winner"),
    "asked": right_value("asked"),
    "certain": is_certain,
    "not_certain": is_not_certain,
    "plane": has_planes,
    "no_plane": has_no_planes,
    "not_carried": nothing_carried,
    "no_failed": nothing_failed,
    "no_proxy_request_direct": asked_is_not_direct,
    "finding": has_findings,
    "no_finding": has_no_findings,
    "no_names": no_names,
    "ports": right_ports,
}
