"""The study document: what `whichproxy study -o FILE.json` writes and `Study.to_dict()` gives, as types.

Each test contains a whole verdict document. Keys are always present; null: unknown, or none. Times are RFC 3339 in UTC with nine digits,
flows are ids of the flow table, proxies are ip:port. A `text` or `reason` is one or two sentences that may quote captured names: outputs
make it inert.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from typing_extensions import TypedDict  # typing's own isn't read by pydantic before Python 3.12

from analyzer.client_analyzer.document import ClientAnalyzer

SCHEMA: Final = 1

Way = Literal["proxy", "direct", "blocked"]
"""through a proxy · past the proxies, answered · past the proxies, dropped or rejected at the gateway"""


class ProxyEntry(TypedDict):
    """A [[proxy]] of the topology; `address` an address or CIDR, `port` null: any."""

    name: str
    address: str
    port: int | None
    method: str | None


class WorkstationEntry(TypedDict):
    """A [[workstation]] of the topology."""

    name: str
    address: str


class TopologyEntry(TypedDict):
    """The topology of the study."""

    proxies: list[ProxyEntry]
    workstations: list[WorkstationEntry]
    policy: str | None


class Session(TypedDict):
    """A user's session; logon null: before the test, logoff null: after the test."""

    logon: str | None
    logoff: str | None


class Mark(TypedDict):
    """An action during the test."""

    at: str
    what: str


class Stretch(TypedDict):
    """A time in which the traffic of one service (or plane, or neither) went one way: a bar of the timeline.

    It ends at a gap of 1/`timeline.GAP` of the window. A conversation is in each stretch that has one of its requests.

    plane service   null: unknown for the host
    proxy name method   null unless way is "proxy"
    requests        of this stretch, carried or not; connections if way isn't "proxy"
    failed          requests that weren't carried
    bytes           payload both ways, of conversations whose main service is this one
    """

    client_ip: str
    plane: str | None
    service: str | None
    way: Way
    proxy: str | None
    name: str | None
    method: str | None
    first_seen: str
    last_seen: str
    requests: int
    failed: int
    bytes: int
    flows: list[str]


class Silence(TypedDict):
    """A time in which no user was logged on, for one source.

    requests       requests and direct attempts for hosts that only Defender uses, in this time; silent: none
    other_flows    other conversations of this source that began in this time: the source was on, and captured
    resumed        the first Defender request after this time, null: none; resumed_proxy: its proxy
    seconds_until  from the end of this time to `resumed`
    flows          the flows of `requests`, else the flow of `resumed`
    """

    client_ip: str
    name: str | None
    start: str
    end: str
    silent: bool
    requests: int
    other_flows: int
    resumed: str | None
    resumed_proxy: str | None
    resumed_name: str | None
    seconds_until: float | None
    text: str
    flows: list[str]


class Backlog(TypedDict):
    """A burst of cached events; also the verdict's finding `backlog-flush`.

    services planes  of the burst; proxy name method: null if it used several proxies
    logon            the logon before the burst, null: unknown
    silent_s         time without requests of these planes before the burst, in seconds
    start end        first and last request of the burst
    requests bytes   of the burst; bytes both ways
    rate rate_after  requests per second in the burst, and after it up to the end; null: no request after it
    """

    client_ip: str
    services: list[str]
    planes: list[str]
    proxy: str | None
    name: str | None
    method: str | None
    logon: str | None
    silent_s: float
    start: str
    end: str
    requests: int
    bytes: int
    rate: float
    rate_after: float | None
    text: str
    flows: list[str]


class LiveResponse(TypedDict):
    """Whether a live response session could work, judged only by the command-and-control channel.

    outcome   success: a channel opened and TLS inside it went on; timeout: a mark or attempts, but no working channel; none: neither
    since     the mark of the session's start, null: no mark
    proxy name method   the proxy of the channel, null unless a success, or if the channel went past the proxies
    push      the state of push notifications: they prove nothing
    outcomes  one per session if marks start several; the other keys are the last session's, and reason names each session
    """

    outcome: Literal["success", "timeout", "none"]
    confidence: Literal["certain", "likely", "unclear"]
    since: str | None
    proxy: str | None
    name: str | None
    method: str | None
    reason: str
    push: str | None
    flows: list[str]
    outcomes: list[str]


class Precedence(TypedDict):
    """The documented order of methods on one plane, compared with the methods that this source used.

    documented   best first; source: the page that documents the order
    configured   the test's methods that the plane could use
    observed     methods that carried the plane, the winner first; passed_over: configured methods that carried nothing of it
    status       as documented · differs · not shown (no choice visible, or no traffic)
    """

    client_ip: str
    plane: str
    documented: list[str]
    source: str
    configured: list[str]
    observed: list[str]
    passed_over: list[str]
    status: Literal["as documented", "differs", "not shown"]
    text: str
    flows: list[str]


class AnalyzerRun(TypedDict):
    """A run of the Client Analyzer, whose traffic the verdict leaves out. how: known from the study, or by the traffic's shape."""

    start: str
    end: str
    how: Literal["study", "shape"]
    requests: int
    flows: list[str]


class Expectation(TypedDict):
    """One line of [test.expect] for one source (null: no source showed it, or it concerns none)."""

    what: Literal["winner", "asked", "outcome", "eras", "absent", "live_response"]
    key: str
    wanted: str
    seen: str
    held: bool
    client_ip: str | None
    text: str
    flows: list[str]


class Test(TypedDict):
    """One test of the study.

    captures          as in the study file
    start end         the window: the study's bounds, else the first and last packet; null: no packet has a time
    user_logged_on    as in the study file; null: unknown, or in `sessions`
    verdict           the verdict document of this test, without the Client Analyzer's own traffic
    """

    title: str
    captures: list[str]
    start: str | None
    end: str | None
    configured: list[str]
    user_logged_on: bool | None
    sessions: list[Session]
    marks: list[Mark]
    verdict: dict[str, Any]
    timeline: list[Stretch]
    silence: list[Silence]
    backlog: list[Backlog]
    live_response: LiveResponse
    precedence: list[Precedence]
    analyzer_runs: list[AnalyzerRun]
    client_analyzer: ClientAnalyzer | None
    expectations: list[Expectation]
    held: bool | None
    conclusion: str


class StudyDocument(TypedDict):
    """The whole document. held: every expectation held; null: no expectations."""

    schema: Literal[1]
    title: str
    topology: TopologyEntry
    held: bool | None
    tests: list[Test]
    conclusion: str
