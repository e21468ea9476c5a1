"""The changes between two verdicts: the drift findings, and their exact meaning.

Services are compared source by source; equal changes of several services of a source are one finding. A service that is seen for the first
time is no drift, nor is one that was silent in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.findings import Finding, in_order
from analyzer.jobs.answers import Direct, Entry, Key, Service, asked_proxies, direct_of, proxies_of, services_of, sources_of
from analyzer.text.labels import all_of, source_label
from analyzer.text.words import counted

DRIFT_CODES = ("winner-changed", "new-proxy", "new-direct", "failures-up", "service-silent", "service-back")


@dataclass(frozen=True)
class Drift:
    """The changes between two verdicts.

    findings   with the drift codes, as in the verdict document;  unmet: a sentence for each expectation that doesn't hold
    silent     the services that are silent now, (client_ip, service): their return is reported
    """

    findings: list[dict[str, Any]] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    silent: set[Key] = field(default_factory=set)

    @property
    def is_drift(self) -> bool:
        return bool(self.findings or self.unmet)


def compare(before: Entry, after: Entry, failures: float, silent: Iterable[Key] = (), known: Iterable[str] = ()) -> Drift:
    """The changes from one verdict document to the next.

    failures   failures are up when the share of requests that failed, or broke in their tunnels, rises by more than this
    silent     the services that were silent before, and stay so until they return
    known      proxies that were asked in any earlier run: they aren't new
    """
    then, now = services_of(before), services_of(after)
    still_silent = {key for key in silent if not is_heard(now.get(key))}
    newly_silent = {key for key, service in then.items() if service.carried and not is_heard(now.get(key))} - still_silent
    back = {key for key in silent if is_heard(now.get(key))}
    both = [(key, then[key], now[key]) for key in sorted(then.keys() & now.keys())]
    findings = [
        *_changed([(a, b) for _, a, b in both if a.winner and b.winner and not _one_proxy(a, b)]),
        *_new_proxies({*known, *proxies_of(before)}, before, after),
        *_new_direct(before, after),
        *_failures([(a, b) for _, a, b in both if b.not_working and b.failed_share - a.failed_share > failures]),
        *_silence(newly_silent, then, after),
        *_back(back, now),
    ]
    return Drift(in_order(findings), silent=still_silent | newly_silent)


def is_heard(service: Service | None) -> bool:
    """Whether the service asked a proxy: failed requests count too."""
    return service is not None and bool(service.carried or service.failed)


def _one_proxy(a: Service, b: Service) -> bool:
    """Whether both have one winner: the same address, or addresses of one name and method."""
    return a.winner == b.winner or (a.named is not None and a.named == b.named)


def _changed(pairs: Sequence[tuple[Service, Service]]) -> Iterable[Finding]:
    """One finding per source and (old winner, new winner)."""
    groups: dict[tuple[str, str, str], list[tuple[Service, Service]]] = {}
    for a, b in pairs:
        groups.setdefault((b.client, str(a.winner), str(b.winner)), []).append((a, b))
    for (client, _, winner), members in groups.items():
        names = [b.service for _, b in members]
        old, new = members[0]
        text = f"{source_label(client, new.source)} now uses {new.label} for {all_of(names)}, and used {old.label} before"
        yield _finding("winner-changed", text, client, winner, names, [b for _, b in members])


def _new_proxies(used: set[str], before: Entry, after: Entry) -> Iterable[Finding]:
    """Proxies that weren't used before; a further address of a known name is no new proxy."""
    names = {(proxy.label.name, proxy.label.method) for proxy in asked_proxies(before) if proxy.label.name}
    for proxy in asked_proxies(after):
        if proxy.address not in used and (proxy.label.name, proxy.label.method) not in names:
            how_often = f"{counted(proxy.requests, 'request')} from {counted(proxy.sources, 'source')}"
            yield Finding("new-proxy", f"{proxy.label} got {how_often}, and none before", proxy=proxy.address)


def _new_direct(before: Entry, after: Entry) -> Iterable[Finding]:
    """Sources with direct traffic that had none before, per service, or for any service where the packets don't show which."""
    for kind in ("allowed", "blocked"):
        known = {(entry.client, entry.service) for entry in direct_of(before, kind)}
        fresh: dict[str, list[Direct]] = {}
        for entry in direct_of(after, kind):
            if (entry.client, entry.service) not in known:
                fresh.setdefault(entry.client, []).append(entry)
        names = sources_of(after)
        for client, entries in fresh.items():
            services = sorted({entry.service for entry in entries if entry.service})
            what = f" for {all_of(services)}" if services else ""
            flows = [flow for entry in entries for flow in entry.flows]
            servers = sorted({entry.server for entry in entries})
            where = servers[0] if len(servers) == 1 else f"{servers[0]} and {len(servers) - 1} more"
            text = f"{source_label(client, names.get(client))} goes past the proxies{what} ({where}; {kind}), and didn't before"
            yield Finding("new-direct", text, client_ips=(client,), services=services, flows=tuple(flows))


def _failures(pairs: Sequence[tuple[Service, Service]]) -> Iterable[Finding]:
    groups: dict[str, list[tuple[Service, Service]]] = {}
    for a, b in pairs:
        groups.setdefault(b.client, []).append((a, b))
    for client, members in groups.items():
        parts = [
            f"{b.service} {b.not_working} of {b.failed + b.carried} requests ({100 * a.failed_share:.0f} % before)" for a, b in members
        ]
        names = [b.service for _, b in members]
        text = f"{source_label(client, members[0][1].source)} fails more: {'; '.join(parts)}"
        yield _finding("failures-up", text, client, None, names, [b for _, b in members])


def _silence(keys: Iterable[Key], then: Mapping[Key, Service], after: Entry) -> Iterable[Finding]:
    seen = sources_of(after)
    groups: dict[str, list[str]] = {}
    for client, service in sorted(keys):
        groups.setdefault(client, []).append(service)
    for client, names in groups.items():
        who = source_label(client, then[client, names[0]].source)
        winners = sorted({then[client, name].label for name in names if then[client, name].winner})
        used = f"; {all_of(winners)} carried {'it' if len(names) == 1 else 'them'} before" if winners else ""
        text = f"nothing was heard of {all_of(names)} of {who}{used}{'' if client in seen else '; nothing of this source was seen at all'}"
        yield Finding("service-silent", text, client_ips=(client,), services=names)


def _back(keys: Iterable[Key], now: Mapping[Key, Service]) -> Iterable[Finding]:
    groups: dict[str, list[str]] = {}
    for client, service in sorted(keys):
        groups.setdefault(client, []).append(service)
    for client, names in groups.items():
        services = [now[client, name] for name in names]
        winners = sorted({service.label for service in services if service.winner})
        through = f" through {all_of(winners)}" if winners else ", but fails"
        text = f"{all_of(names)} of {source_label(client, services[0].source)} is heard again{through}"
        yield _finding("service-back", text, client, None, names, services)


def _finding(code: str, text: str, client: str, proxy: str | None, names: Sequence[str], services: Sequence[Service]) -> Finding:
    firsts = [time for one in services for time in one.first_seen]
    lasts = [time for one in services for time in one.last_seen]
    return Finding(
        code,
        text,
        client_ips=(client,),
        proxy=proxy,
        services=sorted(names),
        first_seen=min(firsts, default=None),
        last_seen=max(lasts, default=None),
    )
