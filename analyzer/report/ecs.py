"""The flow table with the names of the Elastic Common Schema, for Elastic, OpenSearch and other readers of ECS.

A field of ECS is filled only where it means the same as the column; all other columns are below `whichproxy.`, as ECS requires for custom
fields. Names are written with dots, which Elasticsearch takes for objects.

Source: ECS field reference 8.11, https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html, read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.text.times import values

ECS_VERSION: Final = "8.11.0"

Make = Callable[[pa.Table], Any]
"""A function from a flow table to a field's values, or to one value for all rows."""

FAILED: Final = pa.array(["refused", "unreachable", "no-answer"])


class Field(NamedTuple):
    """A field: its name, its function, and its source column or constant."""

    name: str
    make: Make
    meaning: str


def ecs_table(flows: pa.Table) -> pa.Table:
    """One row per flow, with the columns of FIELDS; a column without values is null."""
    flows = flows.combine_chunks()
    columns = {}
    for field in FIELDS:
        made = field.make(flows)
        columns[field.name] = made if isinstance(made, pa.Array | pa.ChunkedArray) else pa.repeat(pa.scalar(made), flows.num_rows)
    return pa.table(columns)


def _column(name: str, meaning: str, source: str) -> Field:
    return Field(name, lambda flows: flows[source], f"`{source}`{meaning and ': ' + meaning}")


def _sum(one: str, other: str) -> Make:
    return lambda flows: pc.add(flows[one], flows[other])


def _duration(flows: pa.Table) -> Any:
    return pc.subtract(flows["last_seen"].cast(pa.int64()), flows["first_seen"].cast(pa.int64()))


def _where(condition: Any, chosen: Any) -> Any:
    return pc.if_else(pc.fill_null(condition, False), chosen, pa.scalar(None, chosen.type))


def _family(flows: pa.Table) -> Any:
    return _either(pc.match_substring(flows["client_ip"], ":"), "ipv6", "ipv4")


def _either(condition: Any, one: str | None, other: str | None) -> Any:
    return pc.if_else(pc.fill_null(condition, False), pa.scalar(one, pa.string()), pa.scalar(other, pa.string()))


def _protocol(flows: pa.Table) -> Any:
    plain = _either(flows["http_host"].is_valid(), "http", None)
    over = _either(pc.equal(flows["protocol"], "udp"), "quic", "tls")
    return pc.if_else(flows["client_random"].is_valid(), over, plain)


def _outcome(flows: pa.Table) -> Any:
    """failure where nothing was answered or every request failed, success where something worked, else unknown."""
    worked = pc.or_(_any_request(flows, "worked"), pc.fill_null(pc.equal(flows["direct_outcome"], "answered"), False))
    turned_down = [_any_request(flows, outcome) for outcome in ("denied", "authentication", "failed", "unanswered", "broken")]
    failed = pc.or_(pc.is_in(flows["state"], FAILED), pc.fill_null(pc.equal(flows["direct_outcome"], "blocked"), False))
    for each in turned_down:
        failed = pc.or_(failed, each)
    return pc.if_else(worked, "success", pc.if_else(failed, "failure", "unknown"))


def _any_request(flows: pa.Table, outcome: str) -> Any:
    requests = flows["requests"].combine_chunks()
    parents = pc.list_parent_indices(requests)
    rows = parents.filter(pc.fill_null(pc.equal(pc.struct_field(pc.list_flatten(requests), "outcome"), outcome), False))
    return pc.is_in(pa.array(range(flows.num_rows), parents.type), rows)


def _lists(*names: str) -> Make:
    """For each row a list with the columns' values, without nulls."""

    def made(flows: pa.Table) -> Any:
        rows = zip(*(values(flows[name]) for name in names), strict=True)
        return pa.array([list(dict.fromkeys(value for value in row if value is not None)) for row in rows], pa.list_(pa.string()))

    return made


def _is_http(flows: pa.Table) -> Any:
    return pc.is_in(flows["request"], pa.array(["connect", "absolute"]))


CUSTOM: Final = (
    *("route", "direct_outcome", "same_as", "proxy", "proxy_name", "method", "host", "host_source", "service", "service_group"),
    *("service_evidence", "plane", "client_family", "ja4", "state", "pair", "inspected", "capture", "first_frame"),
)

FIELDS: Final = (
    _column("@timestamp", "", "first_seen"),
    Field("ecs.version", lambda _: ECS_VERSION, ECS_VERSION),
    _column("event.id", "", "id"),
    Field("event.kind", lambda _: "event", "event"),
    Field("event.category", lambda flows: pa.array([["network"]] * flows.num_rows, pa.list_(pa.string())), "network"),
    Field("event.type", lambda flows: pa.array([["connection"]] * flows.num_rows, pa.list_(pa.string())), "connection"),
    Field("event.dataset", lambda _: "whichproxy.flow", "whichproxy.flow"),
    _column("event.start", "", "first_seen"),
    _column("event.end", "", "last_seen"),
    Field("event.duration", _duration, "`last_seen` less `first_seen`, nanoseconds"),
    Field(
        "event.outcome",
        _outcome,
        "success where a request worked or a direct connection was answered, failure where none did and one was turned down or never "
        "answered; else unknown",
    ),
    _column("source.ip", "", "client_ip"),
    _column("source.port", "", "client_port"),
    _column("source.bytes", "", "bytes_out"),
    _column("source.packets", "", "packets_out"),
    _column("destination.ip", "", "server_ip"),
    _column("destination.port", "", "server_port"),
    _column("destination.bytes", "", "bytes_in"),
    _column("destination.packets", "", "packets_in"),
    Field(
        "destination.domain",
        lambda flows: _where(pc.not_equal(pc.fill_null(flows["route"], ""), "proxy"), flows["host"]),
        "`host`, where the destination is no proxy",
    ),
    _column("network.transport", "", "protocol"),
    Field("network.type", _family, "ipv4 or ipv6"),
    Field("network.protocol", _protocol, "tls, quic or http, where such a beginning was seen"),
    Field("network.bytes", _sum("bytes_out", "bytes_in"), "`bytes_out` and `bytes_in`"),
    Field("network.packets", _sum("packets_out", "packets_in"), "`packets_out` and `packets_in`"),
    _column("network.community_id", "", "community_id"),
    _column("tls.client.server_name", "", "sni"),
    _column("tls.version", "", "tls_version"),
    Field("tls.version_protocol", lambda flows: _either(flows["tls_version"].is_valid(), "tls", None), "tls, where there is a version"),
    _column("tls.server.issuer", "", "certificate_issuer"),
    _column("url.domain", "also where a proxy was asked for it", "host"),
    _column("url.port", "", "requested_port"),
    Field("http.request.method", lambda flows: _either(pc.equal(flows["request"], "connect"), "CONNECT", None), "CONNECT"),
    Field("http.response.status_code", lambda flows: _where(_is_http(flows), flows["proxy_status"]), "`proxy_status`, of HTTP"),
    _column("user_agent.original", "", "user_agent"),
    _column("process.name", "", "process"),
    Field("related.ip", _lists("client_ip", "server_ip"), "`client_ip` and `server_ip`"),
    Field("related.hosts", _lists("host", "sni", "requested_host"), "`host`, `sni` and `requested_host`"),
    *(_column(f"whichproxy.{name}", "", name) for name in CUSTOM),
)
