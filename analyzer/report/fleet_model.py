"""The contents of a fleet report, in order, independent of its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from analyzer.fleet.answers import recent
from analyzer.text.labels import ProxyLabel, plane_order
from analyzer.text.times import to_the_second

MOST_DAYS: Final = 62
"""Days in a gateway's strip on the page; the JSON has older ones."""


@dataclass(frozen=True)
class Winner:
    """A proxy that wins for sources of a gateway. since: day, "" where unknown; short: label without the method."""

    label: str
    short: str
    proxy: str | None
    sources: int
    since: str
    works: int


@dataclass(frozen=True)
class Row:
    """A gateway in a table.

    planes   plane → its winners, the one of most sources first
    strip    a cell for each day of the fleet's span: the day, the proxy that won for most sources in any plane, its number of rows
    changed  number of recent findings that concern it
    """

    gateway: str
    silent: bool
    last_seen: str
    sources: int
    days: int
    planes: Mapping[str, Sequence[Winner]]
    strip: Sequence[tuple[str, str | None, int]]
    changed: int


@dataclass(frozen=True)
class FleetReport:
    """A history ready to be shown. proxies: addresses, by number of requests; recent: findings of the last days."""

    title: str
    answers: Sequence[str]
    planes: Sequence[str]
    rows: Sequence[Row]
    days: Sequence[str]
    proxies: Sequence[str]
    recent: Sequence[Mapping[str, Any]]
    older: Sequence[Mapping[str, Any]]
    read: Mapping[str, Any]


def build_history(document: Mapping[str, Any]) -> FleetReport:
    """The report of a history document. Silent gateways come first, then those with changes, then by name."""
    fresh = recent(document)
    known = {id(one) for one in fresh}
    first, last = document["window"]
    days = _days(first, last)
    counts: dict[str, int] = {}
    for one in fresh:
        for gateway in one["gateways"]:
            counts[gateway] = counts.get(gateway, 0) + (one["severity"] != "info")
    rows = [_row(gateway, days, counts.get(gateway["gateway"], 0)) for gateway in document["gateways"]]
    span = f"{to_the_second(first)[:10]} to {to_the_second(last)[:10]}" if first and last else "no times"
    return FleetReport(
        title=f"{len(rows):,} {'gateway' if len(rows) == 1 else 'gateways'}, {span}",
        answers=document["answers"],
        planes=sorted({plane for row in rows for plane in row.planes}, key=plane_order),
        rows=sorted(rows, key=lambda row: (not row.silent, -row.changed, row.gateway)),
        days=days,
        proxies=[one["proxy"] for one in sorted(document["proxies"], key=lambda one: (-one["requests"], one["proxy"]))],
        recent=fresh,
        older=[one for one in document["findings"] if id(one) not in known],
        read=document["read"],
    )


def _days(first: str | None, last: str | None) -> list[str]:
    if first is None or last is None:
        return []
    begin, end = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    begin = max(begin, end - timedelta(days=MOST_DAYS - 1))
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]


def _row(gateway: Mapping[str, Any], days: Sequence[str], changed: int) -> Row:
    by_date = {day["date"]: day for day in gateway["timeline"]}
    strip = [(day, *_cell(by_date.get(day))) for day in days]
    return Row(
        gateway=gateway["gateway"],
        silent=gateway["state"] == "silent",
        last_seen=to_the_second(gateway["last_seen"]),
        sources=len(gateway["sources"]),
        days=gateway["days"],
        planes={plane["plane"]: [_winner(one) for one in plane["winners"]] for plane in gateway["planes"]},
        strip=strip,
        changed=changed,
    )


def _cell(day: Mapping[str, Any] | None) -> tuple[str | None, int]:
    """(the winner in the first plane that has one, number of rows) of a day."""
    if day is None:
        return None, 0
    planes = sorted(day["winners"], key=plane_order)
    return (next(iter(day["winners"][planes[0]])) if planes else None), day["rows"]


def _winner(one: Mapping[str, Any]) -> Winner:
    known = None if one["proxy"] is None else ProxyLabel(one["proxy"], one["name"], one["method"])
    label, short = ("none", "none") if known is None else (str(known), known.short)
    return Winner(label, short, one["proxy"], one["sources"], to_the_second(one["since"])[:10], one["works"])
