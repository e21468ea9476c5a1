"""The types of the verdict document: the contract's JSON as plain data. docs/verdict.schema.json is written from them.

Every key is always there; null where something isn't known. Times are RFC 3339 in UTC, nine digits and a Z.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

SCHEMA = 2

Method = str
"""winhttp, wininet, static, pac or other; several of one proxy are joined by "/"."""

Confidence = Literal["certain", "likely", "unclear"]
Severity = Literal["info", "warning", "problem"]
Evidence = Literal["own", "platform"]
Outcome = Literal["works", "partly", "broken", "authentication", "denied", "failed", "unanswered", "hidden", "unseen", "direct", "blocked"]
Seen = Literal["seen", "hidden", "not-seen"]
State = Literal["carried", "failed", "hidden", "possible", "unseen"]


class CatalogueMade(TypedDict):
    """The catalogue that was asked."""

    as_of: str | None
    sha256: str | None


class TopologyMade(TypedDict):
    """The topology file, if any."""

    path: str | None
    sha256: str | None


class MadeBy(TypedDict):
    """What made this document."""

    version: str
    catalogue: CatalogueMade
    topology: TopologyMade
    options: dict[str, Any]


class Share(TypedDict):
    """What one proxy did. tunnels: carried requests of any kind; failed: authentication, denied, failed or unanswered."""

    proxy: str
    name: str | None
    method: Method | None
    asked: int
    tunnels: int
    worked: int
    broken: int
    unseen: int
    failed: int
    bytes: int
    first_seen: str | None
    last_seen: str | None


class Era(TypedDict):
    """A stretch of time with one answer. proxy: the winner, null where there was none; asked: where the requests went."""

    proxy: str | None
    name: str | None
    method: Method | None
    asked: str | None
    first_seen: str | None
    last_seen: str | None
    tunnels: int
    failed: int
    outcome: Outcome | None
    confidence: Confidence | None


class Service(TypedDict):
    """One service of one source; asked, winner, outcome and confidence are those of the last era."""

    service: str
    group: str | None
    plane: str | None
    evidence: Evidence | None
    asked: str | None
    asked_name: str | None
    asked_method: Method | None
    outcome: Outcome | None
    winner: str | None
    winner_name: str | None
    method: Method | None
    confidence: Confidence | None
    reason: str
    eras: list[Era]
    by_proxy: list[Share]


class Plane(TypedDict):
    """One plane of one source. split: its services have different winners."""

    plane: str
    asked: str | None
    asked_name: str | None
    asked_method: Method | None
    outcome: Outcome | None
    winner: str | None
    winner_name: str | None
    method: Method | None
    confidence: Confidence | None
    split: bool
    reason: str
    eras: list[Era]
    by_proxy: list[Share]


class Required(TypedDict):
    """What became of a service that Microsoft requires. through: proxies, "direct" last."""

    service: str
    state: State
    through: list[str]


class Precedence(TypedDict):
    """Which method was asked, over which other that was there to be used."""

    plane: str
    confidence: Confidence
    over: str
    under: str
    services: list[str]
    evidence: list[str]


class Talk(TypedDict):
    """How a source talks to one proxy: a family of clients, what told it, the planes of the hosts, agents and fingerprints."""

    proxy: str
    name: str | None
    family: str
    flows: int
    by: list[dict[str, Any]]
    planes: list[dict[str, Any]]
    user_agents: list[str]
    ja4: list[str]


class Source(TypedDict):
    """One machine. client_ip: its first address in the topology; answer: the verdict on it as one line."""

    client_ip: str
    client_ips: list[str]
    name: str | None
    defender: Seen
    answer: str
    services: list[Service]
    planes: list[Plane]
    required: list[Required]
    talk: list[Talk]
    precedence: list[Precedence]


class Proxy(TypedDict):
    """A proxy met. kinds: of the requests it got; "asked": none was ever answered. hidden: TLS connections to it that show no request."""

    proxy: str
    name: str | None
    method: Method | None
    kinds: list[str]
    sources: int
    requests: int
    failed: int
    hidden: int
    inspected: bool | None


class PlaneAnswer(TypedDict):
    """A group's answer for one plane."""

    asked: str | None
    winner: str | None
    outcome: Outcome | None


class Group(TypedDict):
    """Sources with the same answer."""

    sources: list[str]
    defender: Seen
    answer: str
    planes: dict[str, PlaneAnswer]


class DirectRow(TypedDict):
    """Flows of one source past the proxies."""

    client_ip: str | None
    server: str
    protocol: str | None
    host: str | None
    service: str | None
    state: str | None
    flows: list[str]


class Direct(TypedDict):
    """Past the proxies, by what came of it."""

    allowed: list[DirectRow]
    blocked: list[DirectRow]
    unknown: list[DirectRow]


class Finding(TypedDict):
    """Something a person should know. client_ip and service: null where it has several."""

    code: str
    severity: Severity
    confidence: Confidence
    client_ip: str | None
    client_ips: list[str]
    proxy: str | None
    service: str | None
    services: list[str]
    text: str
    advice: str
    first_seen: str | None
    last_seen: str | None
    flows: list[str]


class Capture(TypedDict):
    """One input: its damage as the reader counted it."""

    path: str
    sha256: str | None
    packets: int
    first_seen: str | None
    last_seen: str | None
    damage: list[dict[str, Any]]


class Verdict(TypedDict):
    """The whole document. reason: why there are no sources; legs: what came out behind the proxies (verdict/forwarding.py)."""

    schema: Literal[2]
    made_by: MadeBy
    window: list[str | None]
    captures: list[Capture]
    reason: str | None
    groups: list[Group]
    sources: list[Source]
    proxies: list[Proxy]
    legs: list[dict[str, Any]]
    direct: Direct
    findings: list[Finding]
