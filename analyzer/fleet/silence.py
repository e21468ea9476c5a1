"""Findings about gateways, sources and services that fell silent, and about services that are back.

Packet time is the only clock: a gateway is compared with the other gateways, a source with its gateway, a service with the rest of its
source. The limit depends on earlier pauses: a service with packets once a week isn't silent after two days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from analyzer.fleet.changes import SeenChange
from analyzer.fleet.gateway import NS_PER_DAY, Gateway, Held, Source, date_of
from analyzer.text.labels import all_of
from analyzer.text.times import rfc3339, to_the_second

SERVICE_DAYS: Final = 2
"""Minimum days with packets of a source but none of a service for the service to be silent."""

SOURCE_DAYS: Final = 4
"""Minimum days with packets of a gateway but none of a source: a machine that is off from Friday to Monday isn't silent."""


def silent_gateways(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """A finding for each silent gateway (is_silent)."""
    newest = max((gateway.last for gateway in gateways if gateway.last is not None), default=None)
    for gateway in gateways:
        if newest is None or gateway.last is None or not is_silent(gateway, newest):
            continue
        seen = SeenChange()
        seen.at(gateway.name)
        seen.firsts, seen.lasts = [gateway.last], [gateway.last]
        text = (
            f"nothing of gateway {gateway.name} since {to_the_second(rfc3339(gateway.last))}; others were heard until"
            f" {to_the_second(rfc3339(newest))}, {(newest - gateway.last) / NS_PER_DAY:.1f} days later"
        )
        yield seen.finding("gateway-silent", text)


def is_silent(gateway: Gateway, newest: int) -> bool:
    """Whether a gateway's silence exceeds a day and twice its longest earlier pause. newest: the fleet's last packet, ns since 1970."""
    return gateway.last is not None and newest - gateway.last > max(NS_PER_DAY, 2 * gateway.pause)


def silent_services(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding per day for the services that fell silent at the same sources, of all gateways; one per day for whole sources."""
    found: dict[tuple[str, int], SeenChange] = {}
    for gateway in gateways:
        for source in gateway.sources.values():
            if source.defender == "not-seen":
                continue
            if _fell_silent(source.days, gateway.days, SOURCE_DAYS):
                seen = found.setdefault(("source", source.days[-1]), SeenChange())
                _note(seen, gateway, source, sorted(source.services), source.last)
                continue
            for slug, held in source.services.items():
                if _fell_silent(held.days, source.days, SERVICE_DAYS):
                    seen = found.setdefault((slug, held.days[-1]), SeenChange())
                    _note(seen, gateway, source, [slug], held.last)
    for (what, day), seen in _of_one_cause(found):
        if what == "source":
            text = f"last heard on {date_of(day)}, and nothing at all since: {seen.where()}"
        else:
            text = f"{all_of(sorted(seen.services))}: last heard on {date_of(day)}, while others of the same sources go on: {seen.where()}"
        yield seen.finding("service-silent", text, severity="info" if what == "source" else None)


def _of_one_cause(found: Mapping[tuple[str, int], SeenChange]) -> list[tuple[tuple[str, int], SeenChange]]:
    """The changes, with services that fell silent on one day at exactly the same sources merged into one."""
    made: dict[tuple[bool, int, frozenset[tuple[str, str]]], tuple[tuple[str, int], SeenChange]] = {}
    for (what, day), seen in found.items():
        _, known = made.setdefault((what == "source", day, frozenset(seen.clients)), ((what, day), seen))
        known.services |= seen.services
        known.firsts += seen.firsts
        known.lasts += seen.lasts
    return list(made.values())


def services_back(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding per day for the services that are back since that day."""
    found: dict[int, SeenChange] = {}
    for gateway in gateways:
        for source in gateway.sources.values():
            for slug, held in source.services.items():
                back = _came_back(held, source)
                if back is not None:
                    seen = found.setdefault(back, SeenChange())
                    _note(seen, gateway, source, [slug], held.last)
    for day, seen in found.items():
        yield seen.finding("service-back", f"{all_of(sorted(seen.services))} again since {date_of(day)}: {seen.where()}")


def _note(seen: SeenChange, gateway: Gateway, source: Source, slugs: Sequence[str], last: int | None) -> None:
    for slug in slugs:
        seen.at(gateway.name, source.client, slug)
    seen.at(gateway.name, source.client)
    seen.firsts += [last] if last is not None else []
    seen.lasts += [last] if last is not None else []


def _fell_silent(heard: Sequence[int], beside: Sequence[int], least: int) -> bool:
    """Whether the last pause is at least `least` and more than twice every earlier one, in days of `beside`; heard: days with packets."""
    pauses = pauses_of(heard, beside)
    return len(heard) > 1 and pauses[-1] >= max(least, 2 * max(pauses[:-1], default=0) + 1)


def _came_back(held: Held, source: Source) -> int | None:
    """The first day after a pause that is more than twice every other one; None: no such pause, or the service is silent now."""
    pauses = pauses_of(held.days, source.days)
    between = pauses[:-1]
    if len(between) < 2 or pauses[-1] >= SERVICE_DAYS:
        return None
    longest = max(range(len(between)), key=between.__getitem__)
    others = [pause for number, pause in enumerate(between) if number != longest]
    if longest == 0 or between[longest] < max(SERVICE_DAYS, 2 * max(others) + 1):
        return None
    return held.days[longest + 1]


def pauses_of(heard: Sequence[int], beside: Sequence[int]) -> list[int]:
    """For each day of `heard`: number of days of `beside` until the next day of `heard`, or until the end. Both ascending."""
    place = {day: number for number, day in enumerate(beside)}
    at = [place[day] for day in heard if day in place]
    return [b - a - 1 for a, b in zip(at, [*at[1:], len(beside)], strict=True)]
