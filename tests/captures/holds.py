"""What an expect.json wants beyond the keys of ../shared/cases, key by key; each check says what is amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.cases import holds

Document = Mapping[str, Any]
Rows = list[dict[str, Any]]
Check = Callable[[Any, Rows, Document], Iterator[str]]

ABOUT = {"files", "why", "topology"}
"""Keys that want nothing."""


def amiss(wanted: Mapping[str, Any], rows: Rows, document: Document) -> list[str]:
    """What doesn't hold, one line each."""
    ours = {key: value for key, value in wanted.items() if key in CHECKS}
    found = [line for key, value in ours.items() for line in CHECKS[key](value, rows, document)]
    rest = {key: value for key, value in wanted.items() if key not in CHECKS and key not in ABOUT}
    return found + holds.amiss(rest, rows, document)


def right_total(key: str) -> Check:
    """The check of a number that is given per proxy."""

    def check(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
        for name, value in wanted.items():
            found = [sum(share[key] for share in said["by_proxy"]) for slug, said in holds.judged(document) if slug == name]
            if found != [value]:
                yield f"{key} of {name}: {found}, not {value}"

    return check


def right_eras(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for name, proxies in wanted.items():
        found = [[era["proxy"] for era in said["eras"]] for slug, said in holds.judged(document) if slug == name]
        if found != [proxies]:
            yield f"eras of {name}: {found}, not {proxies}"


def right_defender(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = {source["client_ip"]: source["defender"] for source in document["sources"]}
    wanted = wanted if isinstance(wanted, Mapping) else dict.fromkeys(found, wanted)
    yield from (f"defender of {source}: {found.get(source)}, not {value}" for source, value in wanted.items() if found.get(source) != value)


def right_sources(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = sorted(source["client_ip"] for source in document["sources"])
    if found != sorted(wanted):
        strange, missing = set(found) - set(wanted), set(wanted) - set(found)
        yield f"{len(found)} sources, not {len(wanted)}: too many {sorted(strange)[:5]}, missing {sorted(missing)[:5]}"


def right_addresses(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = {source["client_ip"]: source["client_ips"] for source in document["sources"]}
    yield from (
        f"addresses of {source}: {found.get(source)}, not {value}" for source, value in wanted.items() if found.get(source) != value
    )


def right_by_source(wanted: Any, rows: Rows, document: Document) -> Iterator[str]:
    for source, keys in wanted.items():
        of_one = {**document, "sources": [entry for entry in document["sources"] if entry["client_ip"] == source]}
        yield from (f"{source}: {line}" for line in amiss(keys, rows, of_one))


def with_defender(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = sorted(source["client_ip"] for source in document["sources"] if source["defender"] == "seen")
    if found != sorted(wanted):
        yield f"Defender is seen of {found}, not {wanted}"
    first: list[str] = []
    for group in document["groups"]:
        if len(first) < len(wanted):
            first += group["sources"]
    if sorted(first) != sorted(wanted):
        yield f"the first groups are {sorted(first)[:8]}, not those with Defender"


def right_required(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for service, state in wanted.items():
        found = [entry["state"] for source in document["sources"] for entry in source["required"] if entry["service"] == service]
        if found != [state]:
            yield f"required {service}: {found}, not {state}"


def right_direct_outcome(wanted: Any, rows: Rows, _: Document) -> Iterator[str]:
    found = dict(Counter(row["direct_outcome"] for row in rows if row["route"] == "direct"))
    if found != wanted:
        yield f"direct outcomes {found}, not {wanted}"


def right_copies(wanted: Any, rows: Rows, _: Document) -> Iterator[str]:
    found = sum(row["same_as"] is not None for row in rows)
    if found != wanted:
        yield f"{found} copies, not {wanted}"


def right_offered(wanted: Any, rows: Rows, _: Document) -> Iterator[str]:
    found = Counter(request["offered"] for row in rows for request in row["requests"] if request["offered"] is not None)
    if dict(found) != wanted:
        yield f"offered {dict(found)}, not {wanted}"


def right_proxies(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = sorted(entry["proxy"] for entry in document["proxies"])
    if found != sorted(wanted):
        yield f"proxies {found}, not {wanted}"


def right_hidden(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    found = {entry["proxy"]: entry["hidden"] for entry in document["proxies"] if entry["hidden"]}
    if found != wanted:
        yield f"hidden {found}, not {wanted}"


def no_proxy_won(_: Any, __: Rows, document: Document) -> Iterator[str]:
    yield from (f"{name} has the winner {said['winner']}" for name, said in holds.judged(document) if said["winner"] is not None)


def few_eras(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for name, most in wanted.items():
        found = [len(said["eras"]) for slug, said in holds.judged(document) if slug == name]
        if len(found) != 1 or found[0] > most:
            yield f"eras of {name}: {found}, at most {most}"


def number_of_eras(wanted: Any, _: Rows, document: Document) -> Iterator[str]:
    for name, number in wanted.items():
        found = [len(said["eras"]) for slug, said in holds.judged(document) if slug == name]
        if found != [number]:
            yield f"eras of {name}: {found}, not {number}"


def nothing_required_carried(_: Any, __: Rows, document: Document) -> Iterator[str]:
    for source in document["sources"]:
        yield from (f"{entry['service']} is called carried" for entry in source["required"] if entry["state"] == "carried")


CHECKS: dict[str, Check] = {
    "confidence": holds.right_value("confidence"),
    "split": holds.right_value("split"),
    "eras_at_most": few_eras,
    "eras_in_number": number_of_eras,
    "not_required_carried": nothing_required_carried,
    "outcome": holds.right_value("outcome"),
    "method": holds.right_value("method"),
    "eras": right_eras,
    "tunnels": right_total("tunnels"),
    "failed": right_total("failed"),
    "defender": right_defender,
    "sources": right_sources,
    "addresses": right_addresses,
    "by_source": right_by_source,
    "with_defender": with_defender,
    "required": right_required,
    "direct_outcome": right_direct_outcome,
    "copies": right_copies,
    "offered": right_offered,
    "proxies": right_proxies,
    "hidden": right_hidden,
    "not_carried_by_proxy": no_proxy_won,
}
