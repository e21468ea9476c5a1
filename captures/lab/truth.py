"""The truth file: the clients' activities, written by the clients, in the words of the flow table.

A connection's keys are flow-table columns with the same meaning wherever such a column exists, so that the two can be compared
key by key. None: the client can't know (curl doesn't say how its socket ended), or there is nothing to know.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = 1

FACTS = (  # compared with the flow table; a truth that is null in UNKNOWABLE is not compared
    *("protocol", "client_ip", "client_port", "server_ip", "server_port", "state", "route", "proxy", "proxy_name", "method"),
    *("request", "requested_host", "requested_port", "proxy_status", "requests", "user_agent", "http_host"),
    *("sni", "alpn", "tls_offered", "tls_version", "ech", "client_random"),
)
WHOSE = ("service", "service_evidence", "plane")
ASKED = ("challenges", "offers")
BECAME = ("outcomes", "direct_outcome")
OF_REQUESTS = {"outcomes": "outcome", "challenges": "challenge", "offers": "offered"}  # → what a request of the flow table calls it
UNKNOWABLE = frozenset({"state", "client_random", "tls_version"})
REQUEST_KEYS = ("kind", "host", "port", "path", "status")
OUTCOME_OF = {407: "authentication", 403: "denied"}
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Request:
    """A request to the proxy. path: absolute-form only, without query. status: None when no answer came."""

    kind: str  # connect · absolute
    host: str
    port: int
    path: str | None
    status: int | None = None


@dataclass
class Connection:
    """One transport conversation, as its client saw it."""

    protocol: str
    client_ip: str
    client_port: int
    server_ip: str
    server_port: int
    route: str | None  # proxy · direct; null: UDP other than 443
    proxy: str | None = None
    proxy_name: str | None = None
    method: str | None = None
    requests: list[Request] = field(default_factory=list)
    request: str | None = None
    requested_host: str | None = None
    requested_port: int | None = None
    proxy_status: int | None = None
    user_agent: str | None = None
    http_host: str | None = None
    sni: str | None = None
    alpn: list[str] | None = None  # None: no ClientHello was sent; []: one without ALPN
    tls_offered: str | None = None
    tls_version: str | None = None  # None also when the client could not tell
    ech: bool | None = None
    client_random: str | None = None
    state: str | None = None
    service: str | None = None  # as the name on the wire proves it; null when none went over the wire or it proves nothing
    service_evidence: str | None = None
    plane: str | None = None
    outcomes: list[str | None] = field(default_factory=list)  # what became of each request, in the contract's words
    challenges: list[list[str]] = field(default_factory=list)  # per request: schemes of Proxy-Authenticate in its answer
    offers: list[str | None] = field(default_factory=list)  # per request: scheme of its Proxy-Authorization
    direct_outcome: str | None = None
    # facts that no capture shows
    opened_at: str = ""  # client's clock, which is also the gateway's
    ended_at: str | None = None  # null: still open when the recording ended
    component: str = ""  # the program that the stand-in played
    played_plane: str = ""  # the plane of that component, whatever the host
    intended_host: str | None = None  # also of a connection that was never answered
    client: str = ""  # python · hand-made · curl · openssl
    shape: str | None = None  # the program whose CONNECT or GET it resembles: winhttp wininet chromium curl openssl
    hello: str | None = None  # library · tls12 · no-sni · chromium · schannel · curl · openssl
    sent_bytes: int | None = None  # payload on the connection, CONNECT and TLS included
    received_bytes: int | None = None
    outcome: str = ""  # answered · refused-by-proxy · no-answer · tls-broken · ...

    def ask(self, request: Request, http_host: str | None, user_agent: str | None, offer: str | None = None) -> None:
        """Note a request to the proxy in the list and in the scalar columns, by the flow table's rules."""
        self.requests.append(request)
        self.outcomes.append(None)
        self.challenges.append([])
        self.offers.append(offer)
        if request.kind == "connect" or self.request is None:
            self.request, self.requested_host, self.requested_port = request.kind, request.host, request.port
        if self.http_host is None or request.kind == "connect":
            self.http_host = http_host
        self.user_agent = self.user_agent or user_agent

    def answer(self, status: int, challenge: Sequence[str] = ()) -> None:
        """Note the proxy's status for the request asked last, and the schemes it challenged with."""
        self.requests[-1].status = status
        self.challenges[-1] = list(challenge)
        if self.requests[-1].kind == "connect" or len(self.requests) == 1:
            self.proxy_status = status


def request_outcome(request: Mapping[str, Any], outcome: str) -> str:
    """The outcome of a request whose connection ended with that outcome, where its client noted nothing else."""
    status = request["status"]
    if status is None:
        return "unanswered"
    if status in OUTCOME_OF:
        return OUTCOME_OF[status]
    if status >= 300 and (request["kind"] == "connect" or status >= 500 or status in REDIRECTS):  # only a portal redirects here
        return "failed"
    return "worked" if request["kind"] == "absolute" or outcome == "answered" else "broken"


def direct_outcome(row: Mapping[str, Any]) -> str | None:
    """The outcome of a direct connection, as far as its client knows it; null for a connection to a proxy."""
    if row["route"] != "direct":
        return None
    return {"answered": "answered", "connected": "unknown", "remnant": "unknown"}.get(row["outcome"], "blocked")


def settled(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every outcome that follows from the rest."""
    noted = row.get("outcomes") or [None] * len(row["requests"])
    row["outcomes"] = [known or request_outcome(request, row["outcome"]) for known, request in zip(noted, row["requests"], strict=True)]
    row["direct_outcome"] = row.get("direct_outcome") or direct_outcome(row)
    return row


def rfc3339(ns: int) -> str:
    """UTC with nine digits, as the flow table's JSON has it."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def write(path: Path, about: Mapping[str, Any], connections: Sequence[Connection]) -> None:
    """Write a truth file: `about` at the top level, then the connections by opening time, one per line."""
    _write(path, about, [json.dumps(settled(asdict(c))) for c in sorted(connections, key=lambda c: c.opened_at)])


def rewrite(path: Path, told: Mapping[str, Any]) -> None:
    """Write a truth that was read and changed."""
    about = {key: value for key, value in told.items() if key not in ("schema", "connections")}
    _write(path, about, [json.dumps(row) for row in told["connections"]])


def _write(path: Path, about: Mapping[str, Any], rows: Sequence[str]) -> None:
    head = json.dumps({"schema": SCHEMA, **about}, indent=1)
    path.write_text(head.removesuffix("\n}") + ',\n "connections": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n")


def join(path: Path, truths: Sequence[Mapping[str, Any]], more: Mapping[str, Any]) -> None:
    """Write one truth file of several workstations' truths about the same play: the first one's head, `more`, and all connections."""
    head = {key: value for key, value in truths[0].items() if key not in ("schema", "connections")}
    head["ended_at"] = max(told["ended_at"] for told in truths)
    rows = sorted((row for told in truths for row in told["connections"]), key=lambda row: str(row["opened_at"]))
    _write(path, {**head, **more}, [json.dumps(row) for row in rows])


def read(path: Path) -> dict[str, Any]:
    """The truth file as plain data; ValueError when it is of another schema."""
    truth: dict[str, Any] = json.loads(path.read_text())
    if truth["schema"] != SCHEMA:
        raise ValueError(f"{path}: truth of schema {truth['schema']}, {SCHEMA} expected")
    return truth


def differences(connections: Iterable[Mapping[str, Any]], flows: Iterable[Mapping[str, Any]], keys: Sequence[str] = FACTS) -> list[str]:
    """One line per difference between a truth file's connections and a flow table's rows; empty when they agree.

    flows   rows as mappings with the flow table's columns (`table.to_pylist()`, or the jsonl); columns a row lacks are not compared
    keys    what to compare: FACTS, WHOSE, ASKED, BECAME or some of them
    A connection without a flow is a difference, and so is a flow of the same clients without a connection; flows of others
    (a proxy's own, where both legs were recorded) are left alone.
    """
    told = list(connections)
    clients = {connection["client_ip"] for connection in told}
    rows = {identity(flow): flow for flow in flows if flow["client_ip"] in clients}
    lines = []
    for connection in told:
        flow = rows.pop(identity(connection), None)
        name = " ".join(str(part) for part in identity(connection))
        if flow is None:
            lines.append(f"{name} ({connection['intended_host']}): no such flow")
            continue
        for key in keys:
            if (key not in flow and key not in OF_REQUESTS) or (key in UNKNOWABLE and connection[key] is None):
                continue
            wanted, got = comparable(connection[key]), comparable(of_flow(flow, key))
            if wanted != got:
                lines.append(f"{name} ({connection['intended_host']}): {key} is {got!r}, the client says {wanted!r}")
    return lines + [f"{' '.join(str(part) for part in key)}: a flow that no client opened" for key in rows]


def identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """A key that is unique within a truth file: the laboratory never uses a client port twice."""
    return tuple(row[key] for key in ("protocol", "client_ip", "client_port", "server_ip", "server_port"))


def of_flow(flow: Mapping[str, Any], key: str) -> Any:
    """The flow's value of that key; where requests have their own, one for each."""
    if key not in OF_REQUESTS:
        return flow[key]
    nothing = [] if key == "challenges" else None
    return [request[OF_REQUESTS[key]] or nothing for request in flow["requests"]]


def comparable(value: Any) -> Any:
    """The value, with requests cut down to the keys that a client knows."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [{key: item[key] for key in REQUEST_KEYS if key in item} for item in value]
    return value
