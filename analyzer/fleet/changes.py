"""Findings about changes at gateways: another winner, new proxies, new direct traffic, more failures. One cause is one finding.

The same change on one day at several gateways and sources is one finding that names all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from analyzer.findings import Finding, Severity
from analyzer.fleet.day import NO_SERVICE
from analyzer.fleet.eras import Era, changes_of
from analyzer.fleet.gateway import NS_PER_DAY, Gateway, date_of, number_of
from analyzer.text.labels import ProxyLabel, all_of, plane_order, some
from analyzer.text.times import rfc3339, to_the_second
from analyzer.text.words import counted

MOST_GATEWAYS: Final = 4
"""Maximum of gateways that a sentence names."""

FAILURES_UP: Final = 0.1
LEAST_REQUESTS: Final = 10
"""As in a job's [drift]: failures are up if their share rose by more than this; a share of fewer requests isn't compared."""

CHANCE: Final = 3
"""A difference between two shares beyond this many standard errors is more than chance."""

FLOWS_NAMED: Final = 20


@dataclass
class SeenChange:
    """One change, with the gateways, sources and services that show it."""

    gateways: set[str] = field(default_factory=set)
    clients: set[tuple[str, str]] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    planes: set[str] = field(default_factory=set)
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    more: list[Any] = field(default_factory=list)

    def at(self, gateway: str, client: str | None = None, service: str | None = None) -> None:
        """Add a gateway, source and service that show the change."""
        self.gateways.add(gateway)
        if client is not None:
            self.clients.add((gateway, client))
        if service:
            self.services.add(service)

    def where(self) -> str:
        """`gw1`, or `41 sources at 3 gateways (gw1, gw2, gw3)`."""
        names = sorted(self.gateways)
        place = names[0] if len(names) == 1 else f"{counted(len(names), 'gateway')} ({some(names, MOST_GATEWAYS)})"
        return f"{counted(len(self.clients), 'source')} at {place}" if self.clients else place

    def finding(self, code: str, text: str, *, proxy: str | None = None, severity: Severity | None = None) -> dict[str, Any]:
        """The finding as in the document, with its gateways."""
        made = Finding(
            code,
            text,
            client_ips=sorted({client for _, client in self.clients}),
            proxy=proxy,
            services=sorted(self.services),
            severity=severity,
            first_seen=rfc3339(min(self.firsts)) if self.firsts else None,
            last_seen=rfc3339(max(self.lasts)) if self.lasts else None,
            flows=tuple(sorted(set(self.flows))[:FLOWS_NAMED]),
        )
        return {**made.to_dict(), "gateways": sorted(self.gateways)}


Observations = Iterator[tuple[Hashable, Callable[[SeenChange], None]]]


def _changes_by_key(gateways: Iterable[Gateway], look: Callable[[Gateway], Observations]) -> dict[Any, SeenChange]:
    found: dict[Any, SeenChange] = {}
    for gateway in gateways:
        for key, note in look(gateway):
            note(found.setdefault(key, SeenChange()))
    return found


def winners_changed(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding for each pair of proxies and day."""

    def look(gateway: Gateway) -> Iterator[tuple[Hashable, Callable[[SeenChange], None]]]:
        for source in gateway.sources.values():
            for slug, held in source.services.items():
                changes = changes_of(held.eras)
                for before, after in changes:
                    day = None if after.first is None else number_of(after.first)

                    def note(seen: SeenChange, client: str = source.client, slug: str = slug, pair: tuple[Era, Era] = (before, after),
                             times: int = len(changes)) -> None:  # fmt: skip
                        seen.at(gateway.name, client, slug)
                        seen.planes.update([plane] if (plane := gateway.plane_of.get(slug)) else [])
                        seen.firsts += [at for at in (pair[0].last, pair[1].first) if at is not None]
                        seen.lasts += [pair[1].first] if pair[1].first is not None else []
                        seen.more.append((*pair, times))

                    yield (before.proxy, after.proxy, day), note

    for (_, proxy, _), seen in _changes_by_key(gateways, look).items():
        before, after, _ = seen.more[-1]
        until = max((one.last for one, _, _ in seen.more if one.last is not None), default=None)
        since = min((one.first for _, one, _ in seen.more if one.first is not None), default=None)
        overlap = until is not None and since is not None and until > since
        times = max(number for *_, number in seen.more)
        what = all_of(sorted(seen.planes, key=plane_order)) or all_of(sorted(seen.services))
        text = (
            f"{_label(before)} until {_time(until)}, {'and' if overlap else 'then'} {_label(after)} since {_time(since)}"
            f" for {what}: {seen.where()}{f'; up to {times} such changes each' if times > 1 else ''}"
        )
        # The change is harmful only if the later winner doesn't work.
        works = all(one.outcome == "works" for _, one, _ in seen.more)
        yield seen.finding("winner-changed", text, proxy=proxy, severity="warning" if works else None)


def new_proxies(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding for each proxy whose first request at a gateway isn't on the gateway's first day."""

    def look(gateway: Gateway) -> Iterator[tuple[Hashable, Callable[[SeenChange], None]]]:
        known: set[str] = set()
        for number, (day, proxies) in enumerate(gateway.proxies):
            for address, proxy in proxies.items():
                if number and address not in known:

                    def note(seen: SeenChange, day: int = day, proxy: Any = proxy) -> None:
                        seen.at(gateway.name)
                        seen.clients |= {(gateway.name, client) for client in proxy.sources}
                        seen.firsts += [proxy.first] if proxy.first is not None else []
                        seen.lasts += [proxy.last] if proxy.last is not None else []
                        seen.more.append((proxy, day))

                    yield address, note
            known |= set(proxies)

    for address, seen in _changes_by_key(gateways, look).items():
        proxy = seen.more[-1][0]
        since = date_of(min(day for _, day in seen.more))
        requests = sum(one.requests for one, _ in seen.more)
        label = ProxyLabel(address, proxy.name, proxy.method)
        text = f"{label} is asked since {since}, and wasn't before: {counted(requests, 'request')} on the first day, {seen.where()}"
        yield seen.finding("new-proxy", text, proxy=address)


def new_direct(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding for each service, outcome and day of a source's first traffic past the proxies; a gateway's first day is its baseline."""

    def look(gateway: Gateway) -> Iterator[tuple[Hashable, Callable[[SeenChange], None]]]:
        known: set[tuple[str, str, str]] = set()
        first = gateway.days[0] if gateway.days else 0
        for day, past in gateway.past:
            key = (past.kind, past.client, past.service)
            if key in known:
                continue
            known.add(key)
            if day == first:
                continue

            def note(seen: SeenChange, past: Any = past) -> None:
                seen.at(gateway.name, past.client, past.service)
                seen.firsts += [past.first] if past.first is not None else []
                seen.lasts += [past.last] if past.last is not None else []
                seen.flows += past.ids
                seen.more.append(past)

            yield (past.kind, past.service, day), note

    for (kind, service, day), seen in _changes_by_key(gateways, look).items():
        flows = sum(past.flows for past in seen.more)
        what = service if service != NO_SERVICE else "hosts of no Defender service"
        came = "answered" if kind == "allowed" else "blocked"
        text = f"{what} past the proxies since {date_of(day)}, and not before: {counted(flows, 'flow')} that day, {came}, {seen.where()}"
        weak = service == NO_SERVICE or kind == "blocked"
        yield seen.finding("new-direct", text, severity="info" if weak else None)


def failures_up(gateways: Sequence[Gateway]) -> Iterator[dict[str, Any]]:
    """One finding for each service with more failures or broken tunnels until the last day, and for each first day of them."""

    def look(gateway: Gateway) -> Iterator[tuple[Hashable, Callable[[SeenChange], None]]]:
        for slug, by_day in gateway.by_service.items():
            risen = _risen(by_day, gateway.days[-1])
            if risen is None:
                continue
            since, counts = risen

            def note(seen: SeenChange, slug: str = slug, since: int = since, counts: tuple[int, ...] = counts) -> None:
                seen.at(gateway.name, service=slug)
                seen.firsts += [since * NS_PER_DAY]
                seen.lasts += [gateway.last] if gateway.last is not None else []
                seen.more.append(counts)

            yield (slug, since, since == gateway.days[-1]), note

    for (slug, day, alone), seen in _changes_by_key(gateways, look).items():
        now, of, before, of_before = (sum(column) for column in zip(*seen.more, strict=True))
        share = 100 * before / of_before
        when = "on" if alone else "since"
        text = f"{slug} doesn't work in {now:,} of {of:,} requests {when} {date_of(day)} ({share:.0f} % before): {seen.where()}"
        yield seen.finding("failures-up", text)


def _risen(by_day: Mapping[int, tuple[int, int]], last: int) -> tuple[int, tuple[int, int, int, int]] | None:
    """(first day of more failures, (failed and requests since then, failed and requests before)); None: failures aren't up on the last day.

    Of all possible days, the day with the largest rise. A single last day needs a rise of more than FAILURES_UP; several days also need
    a rise beyond chance, because there are many days to split at.

    by_day   number of a day → (failed or broken, requests), ascending
    last     the gateway's last day
    """
    days = sorted(by_day)
    at_last, of_last = by_day.get(last, (0, 0))
    if len(days) < 2 or not of_last or at_last / of_last <= FAILURES_UP:
        return None
    best: tuple[float, int, tuple[int, int, int, int]] | None = None
    failed, requests = 0, 0
    now, of = (sum(counts) for counts in zip(*by_day.values(), strict=True))
    for before, day in pairwise(days):
        of_day = by_day[before]
        failed, requests, now, of = failed + of_day[0], requests + of_day[1], now - of_day[0], of - of_day[1]
        if min(requests, of) < LEAST_REQUESTS:
            continue
        up, whole = now / of - failed / requests, (now + failed) / (of + requests)
        chance = 0.0 if day == last else CHANCE * (whole * (1 - whole) * (1 / of + 1 / requests)) ** 0.5
        still = at_last / of_last - failed / requests > FAILURES_UP
        if still and up > max(FAILURES_UP, chance) and (best is None or up >= best[0]):
            best = up, day, (now, of, failed, requests)
    return None if best is None else best[1:]


def _label(era: Era) -> str:
    return str(ProxyLabel(str(era.proxy), era.name, era.method))


def _time(at: int | None) -> str:
    return "an unknown time" if at is None else to_the_second(rfc3339(at))
