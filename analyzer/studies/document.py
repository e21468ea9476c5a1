"""The study document: what `whichproxy study -o FILE.json` writes and `Study.to_dict()` gives, as types.

It stands beside the verdict document: each test holds one whole. Keys are always there; null: unknown, or there is none. Times are
RFC 3339 in UTC with nine digits, flows are ids of the flow table, proxies are written ip:port. A `text` or `reason` is one or two
sentences for a person that may quote captured names: outputs make it inert.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from typing_extensions import TypedDict  # typing's own isn't read by pydantic before Python 3.12

from analyzer.client_analyzer.document import ClientAnalyzer

SCHEMA: Final = 1

Way = Literal["proxy", "direct", "blocked"]
"""through a proxy · past them, and answered · past them, and dropped or rejected at the gateway"""


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
    """Who is who, as the study says."""

    proxies: list[ProxyEntry]
    workstations: list[WorkstationEntry]
    policy: str | None


class Session(TypedDict):
    """A user's session; logon null: since before the test, logoff null: until after it."""

    logon: str | None
    logoff: str | None


class Mark(TypedDict):
    """Something the person did."""

    at: str
    what: str


class Stretch(TypedDict):
    """One service (or plane, or what has neither) going one way for a while: a bar of the timeline.

    It ends where nothing is seen for `timeline.GAP` of the window. A conversation lies in each stretch that a request of it does.

    plane service   null where the host doesn't tell
    proxy name method   null unless way is "proxy"
    requests        of this stretch, carried or not; connections where way isn't "proxy"
    failed          those that weren't carried
    bytes           payload both ways, of conversations that this row's service is the main one of
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

    requests       requests for what only Defender asks for, and direct attempts at it, in it; silent: there were none
    other_flows    conversations of this source that began in it all the same: it was on, and captured
    resumed        the first Defender request after it, null where none came; resumed_proxy: through whom
    seconds_until  from the end of the silence to it
    flows          those of `requests`, else the one that resumed
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
    """Cached events leaving in a burst; also the verdict's finding `backlog-flush`.

    services planes  of the burst; proxy name method: null where it went through several
    logon            the logon it followed, null where none is known
    silent_s         how long nothing of these planes was asked for before, in seconds
    start end        its first and last request
    requests bytes   of the burst; bytes both ways
    rate rate_after  requests per second in it, and after it up to the end; null where nothing came after
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
    """Whether a live response session could work, by the command-and-control channel alone.

    outcome   success: a channel opened and TLS inside it went on; timeout: it was wanted and none did; none: nothing wanted it
    since     the mark that says a session was started, else the test's start
    proxy name method   that carried the channel, null unless it is a success, and where it went past the proxies
    push      what push notifications did meanwhile: they prove nothing either way
    outcomes  of each session, where marks say that several were started: all the rest is the last one's, and reason names each
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
    """The documented order of methods on one plane beside what this source did.

    documented   best first; source: who says so
    configured   of the test, of the methods that the plane could use then
    observed     that carried the plane, the winner first; passed_over: that were there to be used and carried nothing of it
    status       as documented · differs · not shown (no choice to be seen, or no traffic)
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
    """A time whose test traffic was left out of the verdict. how: the study's word, or the shape of the traffic."""

    start: str
    end: str
    how: Literal["study", "shape"]
    requests: int
    flows: list[str]


class Expectation(TypedDict):
    """One line of [test.expect] and one source (null: no source showed it)."""

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

    captures          as the study writes them
    start end         the window: what was asked for, else the first and last packet; null where there is none
    user_logged_on    as the study says; null: not said, or in `sessions`
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
    """The whole. held: every expectation held; null: the study expects nothing."""

    schema: Literal[1]
    title: str
    topology: TopologyEntry
    held: bool | None
    tests: list[Test]
    conclusion: str
