"""The types of the history document, as plain data. docs/history.schema.json is written from them.

Every key is always there; null where something isn't known. Times are RFC 3339 in UTC, nine digits and a Z, from packets.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # typing's own isn't read by pydantic before Python 3.12

from analyzer.verdict import types
from analyzer.verdict.types import Confidence, Count, End, MadeBy, Method, Outcome, Seen, Time

SCHEMA = 1

Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
"""A day in UTC."""


class Read(TypedDict):
    """What was read. forms: of files, by the form that their rows are of; timeless: rows of which no packet has a time."""

    files: Count
    bytes: Count
    rows: Count
    days: Count
    timeless: Count
    forms: dict[str, Count]


class Era(TypedDict):
    """A stretch of time with one winner. days: on which it was heard; tunnels: carried requests; failed: as in the verdict."""

    proxy: End | None
    name: str | None
    method: Method | None
    asked: End | None
    first_seen: Time | None
    last_seen: Time | None
    days: Count
    requests: Count
    tunnels: Count
    failed: Count
    outcome: Outcome | None
    confidence: Confidence | None


class Plane(TypedDict):
    """Who won for a plane of a source: its last era, and all of them. since: when that era began, at the latest."""

    plane: str
    winner: End | None
    winner_name: str | None
    method: Method | None
    since: Time | None
    outcome: Outcome | None
    confidence: Confidence | None
    first_seen: Time | None
    last_seen: Time | None
    eras: list[Era]


class Service(TypedDict):
    """The same for a service. plane: of its hosts at this gateway, null where they have several."""

    service: str
    plane: str | None
    winner: End | None
    winner_name: str | None
    method: Method | None
    since: Time | None
    outcome: Outcome | None
    confidence: Confidence | None
    first_seen: Time | None
    last_seen: Time | None
    eras: list[Era]


class Source(TypedDict):
    """A source that asked for something of Defender's or of a plane. days: on which anything of it was seen."""

    client_ip: str
    name: str | None
    defender: Seen
    first_seen: Time | None
    last_seen: Time | None
    days: Count
    planes: list[Plane]
    services: list[Service]


class Winner(TypedDict):
    """For how many sources of a gateway a proxy wins in a plane. since: of half of them at least, it has won since then."""

    proxy: End | None
    name: str | None
    method: Method | None
    sources: Count
    since: Time | None
    works: Count


class PlaneSum(TypedDict):
    """A plane at a gateway: who wins, for the most sources first."""

    plane: str
    winners: list[Winner]


class Day(TypedDict):
    """A day in a line. winners: by plane, for how many sources each proxy won."""

    date: Date
    rows: Count
    sources: Count
    requests: Count
    failed: Count
    winners: dict[str, dict[str, Count]]


class Direct(TypedDict):
    """What went past the proxies, by day, service (null: hosts of none) and what came of it."""

    date: Date
    kind: Literal["allowed", "blocked"]
    service: str | None
    sources: Count
    flows: Count


class Gateway(TypedDict):
    """A gateway over time. state: silent where nothing of it is there while others go on."""

    gateway: str
    state: Literal["reporting", "silent"]
    first_seen: Time | None
    last_seen: Time | None
    days: Count
    rows: Count
    bytes: Count
    planes: list[PlaneSum]
    timeline: list[Day]
    direct: list[Direct]
    sources: list[Source]


class Proxy(TypedDict):
    """A proxy that was asked, over all gateways and days."""

    proxy: End
    name: str | None
    method: Method | None
    gateways: list[str]
    sources: Count
    requests: Count
    failed: Count
    first_seen: Time | None
    last_seen: Time | None


class Finding(types.Finding):
    """As in the verdict, with the gateways it was seen at."""

    gateways: list[str]


class History(TypedDict):
    """The whole document. window: the first and the last packet of all rows; answers: what a person reads first."""

    schema: Literal[1]
    made_by: MadeBy
    window: list[Time | None]
    read: Read
    answers: list[str]
    gateways: list[Gateway]
    proxies: list[Proxy]
    findings: list[Finding]
