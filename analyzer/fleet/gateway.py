"""One gateway over time: its sources with their eras, and the data for changes, from its days in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from analyzer.fleet.day import Day, Heard, Past, ProxyDay
from analyzer.fleet.eras import Era, eras_of
from analyzer.text.times import rfc3339

NS_PER_DAY: Final = 86_400 * 10**9


@dataclass
class Held:
    """A service or plane of a source, over time.

    days   numbers of the days with its packets, ascending
    """

    eras: list[Era]
    first: int | None
    last: int | None
    days: list[int]


@dataclass
class Source:
    """A source over time. days: numbers of the days with its packets, ascending."""

    client: str
    name: str | None
    defender: str
    first: int | None
    last: int | None
    days: list[int]
    services: dict[str, Held] = field(default_factory=dict)
    planes: dict[str, Held] = field(default_factory=dict)


@dataclass
class DaySum:
    """The sums of a day. winners: plane → proxy → number of sources for which it won."""

    date: str
    rows: int
    sources: int
    winners: dict[str, dict[str, int]]
    requests: int
    failed: int


@dataclass
class Gateway:
    """A gateway over time.

    days      numbers of the days with rows (since 1970), ascending;  timeless: number of rows without a time
    pause     the longest time between the packets of two days, ns
    by_service   slug → (failed or broken, requests) of each day, in the order of days
    """

    name: str
    first: int | None = None
    last: int | None = None
    rows: int = 0
    size: int = 0
    timeless: int = 0
    pause: int = 0
    forms: dict[int, int] = field(default_factory=dict)
    days: list[int] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    plane_of: dict[str, str | None] = field(default_factory=dict)
    proxies: list[tuple[int, dict[str, ProxyDay]]] = field(default_factory=list)
    past: list[tuple[int, Past]] = field(default_factory=list)
    by_service: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    timeline: list[DaySum] = field(default_factory=list)


def gateway_of(name: str, days: Iterable[Day]) -> Gateway:
    """The gateway, from its days in order of time."""
    made = Gateway(name)
    found: list[tuple[int, Day]] = []
    for day in days:
        made.rows += day.rows
        made.size += day.size
        for form, files in day.forms.items():
            made.forms[form] = made.forms.get(form, 0) + files
        if day.first is None or day.last is None or not day.rows:
            made.timeless += day.rows
            continue
        if made.last is not None:
            made.pause = max(made.pause, day.first - made.last)
        made.first = day.first if made.first is None else min(made.first, day.first)
        made.last = day.last if made.last is None else max(made.last, day.last)
        found.append((number_of(day.first), day))
    made.days = [number for number, _ in found]
    _fill(made, found)
    return made


def number_of(at: int) -> int:
    """The number of the day (UTC, since 1970) of a time."""
    return at // NS_PER_DAY


def date_of(day: int) -> str:
    """The day's date."""
    return rfc3339(day * NS_PER_DAY)[:10]


def _fill(made: Gateway, days: Sequence[tuple[int, Day]]) -> None:
    services: dict[tuple[str, str], list[tuple[int, Heard]]] = {}
    planes: dict[tuple[str, str], list[tuple[int, Heard]]] = {}
    for number, day in days:
        made.plane_of |= {slug: plane for slug, plane in day.plane_of.items() if plane or slug not in made.plane_of}
        for client, seen in day.sources.items():
            known = made.sources.get(client)
            if known is None and not _may_use_defender(client, day):
                continue  # a source that never used Defender isn't silent
            if known is None:
                made.sources[client] = known = Source(client, seen.name, "not-seen", seen.first, seen.last, [])
            known.name = seen.name or known.name
            known.defender = max(known.defender, seen.defender, key=("not-seen", "hidden", "seen").index)
            known.last = seen.last if known.last is None else max(known.last, seen.last or known.last)
            known.days.extend(_days_of(number, seen.first, seen.last))
        for heard, of_day in ((services, day.services), (planes, day.planes)):
            for key, one in of_day.items():
                heard.setdefault(key, []).append((number, one))
        made.proxies.append((number, day.proxies))
        made.past.extend((number, one) for one in day.past)
        made.timeline.append(_sum(number, day))
        for (_, slug), one in day.services.items():
            failed, requests = made.by_service.setdefault(slug, {}).get(number, (0, 0))
            of_stretches = [(stretch.failed + stretch.broken, stretch.requests) for stretch in one.stretches]
            made.by_service[slug][number] = failed + sum(f for f, _ in of_stretches), requests + sum(r for _, r in of_stretches)
    for (client, slug), each in services.items():
        made.sources[client].services[slug] = _held(each)
    for (client, plane), each in planes.items():
        made.sources[client].planes[plane] = _held(each)
    for source in made.sources.values():
        source.days = sorted(set(source.days))


def _may_use_defender(client: str, day: Day) -> bool:
    """Whether the source used a service or plane on the day, or may have used a hidden one."""
    return day.sources[client].defender != "not-seen" or client in day.heard


def _held(heard: Sequence[tuple[int, Heard]]) -> Held:
    firsts = [one.first for _, one in heard if one.first is not None]
    lasts = [one.last for _, one in heard if one.last is not None]
    days = sorted({day for number, one in heard for day in _days_of(number, one.first, one.last)})
    return Held(
        eras_of(stretch for _, one in heard for stretch in one.stretches), min(firsts, default=None), max(lasts, default=None), days
    )


def _days_of(number: int, first: int | None, last: int | None) -> Iterator[int]:
    """Numbers of the days from the first to the last packet, as an open tunnel counts on each of them; number: the day without times."""
    if first is None or last is None:
        yield number
    else:
        yield from range(number_of(first), number_of(last) + 1)


def _sum(number: int, day: Day) -> DaySum:
    winners: dict[str, dict[str, int]] = {}
    for (_, plane), one in day.planes.items():
        proxy = one.stretches[-1].proxy if one.stretches else None
        if proxy is not None:
            of_plane = winners.setdefault(plane, {})
            of_plane[proxy] = of_plane.get(proxy, 0) + 1
    requests = sum(proxy.requests for proxy in day.proxies.values())
    failed = sum(proxy.failed for proxy in day.proxies.values())
    return DaySum(date_of(number), day.rows, len(day.sources), winners, requests, failed)
