"""The types of the verdict document: the contract's JSON as plain data. docs/verdict.schema.json is written from them.

Every key is always there; null where something isn't known. Times are RFC 3339 in UTC, nine digits and a Z.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict  # typing's own isn't read by pydantic before Python 3.12

SCHEMA = 2

Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")]
"""RFC 3339, UTC, nine digits."""

End = Annotated[str, Field(pattern=r"^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]):\d{1,5}$")]
"""ip:port, or [v6]:port."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FlowId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0)]

Method = str
"""winhttp, wininet, static, pac or other; several of one proxy are joined by "/"."""

Confidence = Literal["certain", "likely", "unclear"]
Severity = Literal["info", "warning", "problem"]
Evidence = Literal["own", "platform"]
Outcome = Literal["works", "partly", "broken", "authentication", "denied", "failed", "unanswered", "hidden", "unseen", "direct", "blocked"]
Seen = Literal["seen", "hidden", "not-seen"]
State = Literal["carried", "failed", "hidden", "possible", "unseen"]


class CatalogueMade(TypedDict):
    """The catalogue that was used."""

    as_of: str | None
    sha256: Digest | None


class TopologyMade(TypedDict):
    """The topology file, if any."""

    path: str | None
    sha256: Digest | None


class MadeBy(TypedDict):
    """What made this document."""

    version: str
    catalogue: CatalogueMade
    topology: TopologyMade
    options: dict[str, Any]


class Share(TypedDict):
    """One proxy's counts. tunnels: carried requests of any kind; failed: authentication, denied, failed or unanswered."""

    proxy: End
    name: str | None
    method: Method | None
    asked: Count
    tunnels: Count
    worked: Count
    broken: Count
    unseen: Count
    failed: Count
    bytes: Count
    first_seen: Time | None
    last_seen: Time | None


class Era(TypedDict):
    """A stretch of time with one answer. proxy: the winner, null where there was none; asked: the proxy that most requests were sent to."""

    proxy: End | None
    name: str | None
    method: Method | None
    asked: End | None
    first_seen: Time | None
    last_seen: Time | None
    tunnels: Count
    failed: Count
    outcome: Outcome | None
    confidence: Confidence | None


class Service(TypedDict):
    """One service of one source; asked, winner, outcome and confidence are those of the last era."""

    service: str
    group: str | None
    plane: str | None
    evidence: Evidence | None
    asked: End | None
    asked_name: str | None
    asked_method: Method | None
    outcome: Outcome | None
    winner: End | None
    winner_name: str | None
    method: Method | None
    confidence: Confidence | None
    reason: str
    eras: list[Era]
    by_proxy: list[Share]


class Plane(TypedDict):
    """One plane of one source. split: its services have different winners."""

    plane: str
    asked: End | None
    asked_name: str | None
    asked_method: Method | None
    outcome: Outcome | None
    winner: End | None
    winner_name: str | None
    method: Method | None
    confidence: Confidence | None
    split: bool
    reason: str
    eras: list[Era]
    by_proxy: list[Share]


class Required(TypedDict):
    """The state of a service that Microsoft requires. through: proxies, "direct" last."""

    service: str
    state: State
    through: list[str]


class Precedence(TypedDict):
    """The method that was asked, and the available method over which it took precedence."""

    plane: str
    confidence: Confidence
    over: str
    under: str
    services: list[str]
    evidence: list[FlowId]


class TalkBy(TypedDict):
    """The evidence for a family, and the number of its flows."""

    what: str
    flows: Count


class TalkPlane(TypedDict):
    """A plane of the hosts, and the number of its flows."""

    plane: str
    flows: Count


class Talk(TypedDict):
    """A source's clients at one proxy: a family, the evidence for it, the planes of the hosts, user agents and fingerprints."""

    proxy: End
    name: str | None
    family: str
    flows: Count
    by: list[TalkBy]
    planes: list[TalkPlane]
    user_agents: list[str]
    ja4: list[str]


class Process(TypedDict):
    """A process of a source and a proxy that it used, where the capture names processes. proxy: null past the proxies."""

    process: str
    proxy: End | None
    name: str | None
    flows: Count
    services: list[str]


class Device(TypedDict):
    """The kind of device that a source looks like, by its own traffic, else by its neighbours' traffic.

    system        Windows, macOS or Linux, or "macOS or Linux"; null: not known
    geo           WW: not known
    connectivity  by its own hosts: standard, streamlined, or mixed; null: it used none of either
    old_hosts     hosts of the standard list that it still uses and that a streamlined device doesn't
    new_services  services that worked for it on streamlined hosts
    """

    cloud: str
    geo: str
    system: str | None
    connectivity: Literal["standard", "mixed", "streamlined"] | None
    old_hosts: list[str]
    new_services: list[str]


class Source(TypedDict):
    """One machine. client_ip: its first address in the topology; answer: its verdict as one line; device: null without Defender's
    services."""

    client_ip: str
    client_ips: list[str]
    name: str | None
    defender: Seen
    answer: str
    services: list[Service]
    planes: list[Plane]
    required: list[Required]
    device: Device | None
    talk: list[Talk]
    processes: list[Process]
    precedence: list[Precedence]


class Proxy(TypedDict):
    """A proxy that was found. kinds: of its requests; "asked": it never answered. hidden: TLS connections to it that show no request."""

    proxy: End
    name: str | None
    method: Method | None
    kinds: list[str]
    sources: Count
    requests: Count
    failed: Count
    hidden: Count
    inspected: bool | None


class PlaneAnswer(TypedDict):
    """A group's answer for one plane."""

    asked: End | None
    winner: End | None
    outcome: Outcome | None


class Group(TypedDict):
    """Sources with the same answer."""

    sources: list[str]
    defender: Seen
    answer: str
    planes: dict[str, PlaneAnswer]


class DirectRow(TypedDict):
    """Flows of one source past the proxies. http_status: of an answer that refused or redirected a blocked client; else null."""

    client_ip: str | None
    server: End
    protocol: str | None
    host: str | None
    service: str | None
    state: str | None
    http_status: int | None
    flows: list[FlowId]


class Direct(TypedDict):
    """Direct flows, by outcome."""

    allowed: list[DirectRow]
    blocked: list[DirectRow]
    unknown: list[DirectRow]


class Setting(TypedDict):
    """A setting that addresses a finding. system: Windows, macOS or Linux, or "proxy": the proxy's own; source: Microsoft's page, date: of
    its text."""

    name: str
    system: Literal["Windows", "macOS", "Linux", "proxy"]
    where: str
    change: str
    why: str
    source: Annotated[str, Field(pattern="^https://")]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class Finding(TypedDict):
    """One cause. client_ip and service: null where it has several. settings: what to change, in the order to try it; expect: the
    [test.expect] table that the next capture must meet, null where there is none."""

    code: str
    severity: Severity
    confidence: Confidence
    client_ip: str | None
    client_ips: list[str]
    proxy: End | None
    service: str | None
    services: list[str]
    text: str
    advice: str
    settings: list[Setting]
    expect: dict[str, dict[str, str | list[str]]] | None
    first_seen: Time | None
    last_seen: Time | None
    flows: list[FlowId]


class Damage(TypedDict):
    """Bytes or packets that couldn't be read: where, how much, how often; null: not known."""

    code: str
    offset: int | None
    bytes: int | None
    count: int | None
    text: str | None


class Capture(TypedDict):
    """One input, with the damage found in it."""

    path: str
    sha256: Digest | None
    packets: Count
    first_seen: Time | None
    last_seen: Time | None
    damage: list[Damage]


class Leg(TypedDict):
    """An origin leg behind a proxy, per source, proxy, host and server (verdict/forwarding.py).

    hello  same: the ClientHello is the client's, bit for bit; other: the proxy made one of its own; null: plain HTTP
    *_ms   medians in milliseconds; null where no tunnel has the times
    """

    client_ip: str | None
    proxy: End | None
    name: str | None
    service: str | None
    host: str | None
    server: End
    seen_from: str | None
    kind: Literal["tunnel", "fetch"]
    hello: Literal["same", "other"] | None
    confidence: Confidence
    legs: Count
    opening_ms: float | None
    first_byte_ms: float | None
    origin_answer_ms: float | None
    outward_ms: float | None
    inward_ms: float | None
    bytes_out: Count
    bytes_in: Count
    origin_bytes_out: Count
    origin_bytes_in: Count
    flows: list[FlowId]
    origin_flows: list[FlowId]
    text: str


class Pac(TypedDict):
    """A PAC file's result for a host, beside what the clients did.

    returns     as written; null where it failed (see error)
    unresolved  names that it resolves and whose addresses the capture doesn't have; the time, where it uses an unknown one
    asked       proxies, or "direct", the most frequent first
    state       null where the capture can't decide
    """

    file: str
    sha256: Digest
    host: str
    service: str
    returns: str | None
    error: str | None
    unresolved: list[str]
    asked: list[str]
    state: Literal["as-configured", "differs", "not-asked"] | None
    client_ips: list[str]


class Verdict(TypedDict):
    """The whole document. reason: why there are no sources; legs: origin legs behind the proxies; pac: filled by `--pac`."""

    schema: Literal[2]
    made_by: MadeBy
    window: Annotated[list[Time | None], Field(min_length=2, max_length=2)]
    captures: list[Capture]
    reason: str | None
    groups: list[Group]
    sources: list[Source]
    proxies: list[Proxy]
    legs: list[Leg]
    direct: Direct
    pac: list[Pac]
    findings: list[Finding]
