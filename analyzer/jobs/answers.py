"""What a job reads from a run's verdict document: drift and the textfile take its keys only from here.

A baseline may be of another version, so the value of a missing key is unknown, which is no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.text.labels import ProxyLabel

Entry = Mapping[str, Any]
Key = tuple[str, str]
"""client_ip and service."""


@dataclass(frozen=True)
class Share:
    """The requests of a service at one proxy. carried, failed: requests, broken of the carried; first_seen, last_seen: None where no packet
    has a time."""

    proxy: str
    carried: int
    failed: int
    first_seen: str | None
    last_seen: str | None
    broken: int = 0


@dataclass(frozen=True)
class Service:
    """One service of one source.

    source   the source's name; None if it has none
    winner   ip:port, None if there is none;  label: the winner for people
    named    the winner's name and method, by which several addresses are one proxy; None if it has no name
    """

    client: str
    source: str | None
    service: str
    winner: str | None
    label: str
    named: tuple[str, str | None] | None
    by_proxy: tuple[Share, ...]

    @property
    def carried(self) -> int:
        return sum(share.carried for share in self.by_proxy)

    @property
    def failed(self) -> int:
        return sum(share.failed for share in self.by_proxy)

    @property
    def not_working(self) -> int:
        """Requests that failed, or were let through and broke."""
        return self.failed + sum(share.broken for share in self.by_proxy)

    @property
    def failed_share(self) -> float:
        return self.not_working / max(1, self.failed + self.carried)

    @property
    def first_seen(self) -> list[str]:
        return [share.first_seen for share in self.by_proxy if share.first_seen]

    @property
    def last_seen(self) -> list[str]:
        return [share.last_seen for share in self.by_proxy if share.last_seen]


@dataclass(frozen=True)
class AskedProxy:
    """A proxy that was asked: the number of its requests and of its sources."""

    address: str
    label: ProxyLabel
    requests: int
    sources: int


@dataclass(frozen=True)
class Direct:
    """A source's direct traffic to one server."""

    client: str
    server: str
    service: str | None
    flows: tuple[str, ...]


def is_verdict(document: Entry) -> bool:
    """Whether a JSON object is a verdict document."""
    return all(isinstance(document.get(key), kind) for key, kind in (("sources", list), ("proxies", list), ("direct", dict)))


def services_of(verdict: Entry) -> dict[Key, Service]:
    """(client_ip, service) → its entry in the verdict."""
    return {
        (source["client_ip"], entry["service"]): _service(source, entry) for source in verdict["sources"] for entry in source["services"]
    }


def _service(source: Entry, entry: Entry) -> Service:
    winner = entry.get("winner")
    label = str(ProxyLabel(winner, entry.get("winner_name"), entry.get("method"))) if winner else "no proxy"
    named = (entry["winner_name"], entry.get("method")) if entry.get("winner_name") else None
    shares = tuple(map(_share, entry["by_proxy"]))
    return Service(source["client_ip"], source.get("name"), entry["service"], winner, label, named, shares)


def _share(row: Entry) -> Share:
    return Share(row["proxy"], row["tunnels"], row["failed"], row.get("first_seen"), row.get("last_seen"), row.get("broken", 0))


def sources_of(verdict: Entry) -> dict[str, str | None]:
    """client_ip → name of every source."""
    return {source["client_ip"]: source.get("name") for source in verdict["sources"]}


def asked_proxies(verdict: Entry) -> list[AskedProxy]:
    """The proxies that were asked."""
    return [
        AskedProxy(proxy["proxy"], ProxyLabel(proxy["proxy"], proxy["name"], proxy["method"]), proxy["requests"], proxy["sources"])
        for proxy in verdict["proxies"]
        if proxy["requests"]
    ]


def proxies_of(verdict: Entry) -> set[str]:
    """ip:port of the proxies that were asked."""
    return {proxy.address for proxy in asked_proxies(verdict)}


def direct_of(verdict: Entry, kind: str) -> list[Direct]:
    """Sources with direct traffic. kind: allowed or blocked; a kind that this version of the document doesn't distinguish is empty."""
    return [
        Direct(entry["client_ip"], entry["server"], entry["service"], tuple(entry["flows"])) for entry in verdict["direct"].get(kind, ())
    ]
