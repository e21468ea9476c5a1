"""The types of the history document, as plain data; the source of docs/history.schema.json.

Every key is always present; null: unknown. Times are RFC 3339 in UTC, nine digits and a Z, from packets.
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
    """Numbers of what was read. forms: form of the rows → files; timeless: rows without a time."""

    files: Count
    bytes: Count
    rows: Count
    days: Count
    timeless: Count
    forms: dict[str, Count]


class Era(TypedDict):
    """A stretch of time with one winner. days: number of days with its packets; tunnels: carried requests; failed: as in the verdict."""

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
    """The winner for a plane of a source, as of its last era, and all eras. since: the latest time at which the last era began."""

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
    """As Plane, for a service. plane: of its hosts at this gateway, null: they have none or several."""

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
    """A source that used a service or plane. days: number of days with its packets."""

    client_ip: str
    name: str | None
    defender: Seen
    first_seen: Time | None
    last_seen: Time | None
    days: Count
    planes: list[Plane]
    services: list[Service]


class Winner(TypedDict):
    """A proxy that wins in a plane at a gateway. sources: number of sources; since: it has won for at least half of them since then."""

    proxy: End | None
    name: str | None
    method: Method | None
    sources: Count
    since: Time | None
    works: Count


class PlaneSum(TypedDict):
    """A plane at a gateway: its winners, the one with the most sources first."""

    plane: str
    winners: list[Winner]


class Day(TypedDict):
    """The sums of a day. winners: plane → proxy → number of sources for which it won."""

    date: Date
    rows: Count
    sources: Count
    requests: Count
    failed: Count
    winners: dict[str, dict[str, Count]]


class Direct(TypedDict):
    """Traffic past the proxies, by day, service (null: none) and outcome (kind)."""

    date: Date
    kind: Literal["allowed", "blocked"]
    service: str | None
    sources: Count
    flows: Count


class Gateway(TypedDict):
    """A gateway over time. state: silent if it has no more rows while other gateways do."""

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
    """As in the verdict, with the gateways that show it."""

    gateways: list[str]


class History(TypedDict):
    """The whole document. window: the first and the last packet of all rows; answers: the first sentences of the page."""

    schema: Literal[1]
    made_by: MadeBy
    window: list[Time | None]
    read: Read
    answers: list[str]
    gateways: list[Gateway]
    proxies: list[Proxy]
    findings: list[Finding]
