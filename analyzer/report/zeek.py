"""The flow table as a log in Zeek's format: tab-separated, with lines for its fields and types, for readers of conn.log.

The first fields are those of Zeek's conn.log, filled only where they mean the same; columns without a Zeek field follow under the flow
table's own names. There is no #open and #close, which would come from a clock. Byte counts include retransmissions.

Sources, read 2026-11-27: https://docs.zeek.org/en/lts/scripts/base/frameworks/logging/writers/ascii.zeek.html (the form) and
https://docs.zeek.org/en/lts/scripts/base/protocols/conn/main.zeek.html (the fields, and the meaning of each conn_state).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.text.times import values

UNSET: Final = "-"
EMPTY: Final = "(empty)"
HEADER: Final = ("#separator \\x09", "#set_separator\t,", f"#empty_field\t{EMPTY}", f"#unset_field\t{UNSET}", "#path\tconn")

STATES: Final = {"no-answer": "S0", "refused": "REJ", "closed": "SF", "open": "S1", "mid-stream": "OTH"}
"""TCP's states by Zeek's names. The flow table doesn't have the side that reset a connection, and Zeek has no `unreachable`: both are
unset."""

NS: Final = 10**9
PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b"\\#,")
"""Bytes that need no escape; others are written as \\xNN, and a backslash twice."""


class Field(NamedTuple):
    """A field: its name, its type in Zeek, the function for its texts (None: unset), and its source."""

    name: str
    kind: str
    make: Callable[[pa.Table], list[str | None]]
    meaning: str


def zeek_lines(flows: pa.Table) -> Iterator[bytes]:
    """The header lines, and one line for each flow; ASCII only, and inert: whatever a name contains, a row is one line."""
    yield "\n".join((*HEADER, "\t".join(("#fields", *(field.name for field in FIELDS))))).encode() + b"\n"
    yield "\t".join(("#types", *(field.kind for field in FIELDS))).encode() + b"\n"
    columns = [field.make(flows) for field in FIELDS]
    for row in zip(*columns, strict=True):
        yield "\t".join([UNSET if value is None else value for value in row]).encode("ascii") + b"\n"


def escaped(text: str) -> str:
    """The text as Zeek writes one that isn't plain."""
    if text in ("", UNSET, EMPTY):
        return EMPTY if not text else f"\\x{ord(text[0]):02x}{text[1:]}"
    plain = (chr(byte) if byte in PLAIN else "\\\\" if byte == 0x5C else f"\\x{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
    return "".join(plain)


def _column(name: str, kind: str, source: str, meaning: str = "") -> Field:
    def made(flows: pa.Table) -> list[str | None]:
        return [None if value is None else escaped(str(value)) for value in values(flows[source])]

    return Field(name, kind, made, f"`{source}`{meaning and ': ' + meaning}")


def _seconds(ns: int | None) -> str | None:
    return None if ns is None else f"{ns // NS}.{ns % NS // 1000:06d}"


def _time(flows: pa.Table) -> list[str | None]:
    return [_seconds(ns) for ns in values(flows["first_seen"].cast(pa.int64()))]


def _duration(flows: pa.Table) -> list[str | None]:
    return [_seconds(ns) for ns in values(pc.subtract(flows["last_seen"].cast(pa.int64()), flows["first_seen"].cast(pa.int64())))]


def _service(flows: pa.Table) -> list[str | None]:
    rows: Any = zip(values(flows["protocol"]), values(flows["client_random"]), values(flows["http_host"]), strict=True)
    return ["quic" if protocol == "udp" and hello else "ssl" if hello else "http" if http else None for protocol, hello, http in rows]


def _state(flows: pa.Table) -> list[str | None]:
    rows: Any = zip(values(flows["protocol"]), values(flows["state"]), values(flows["packets_in"]), strict=True)
    return [STATES.get(state) if protocol == "tcp" else {True: "SF", False: "S0"}[bool(back)] for protocol, state, back in rows]


CUSTOM: Final = (
    *("state", "route", "direct_outcome", "proxy", "proxy_name", "method", "requested_host", "sni", "ja4", "host", "host_source"),
    *("service_group", "plane", "pair"),
)

FIELDS: Final = (
    Field("ts", "time", _time, "`first_seen`, to the microsecond"),
    _column("uid", "string", "id"),
    _column("id.orig_h", "addr", "client_ip"),
    _column("id.orig_p", "port", "client_port"),
    _column("id.resp_h", "addr", "server_ip"),
    _column("id.resp_p", "port", "server_port"),
    _column("proto", "enum", "protocol"),
    Field("service", "string", _service, "ssl or quic where a hello was read, http where a request was"),
    Field("duration", "interval", _duration, "`last_seen` less `first_seen`"),
    _column("orig_bytes", "count", "bytes_out", "what was sent again included"),
    _column("resp_bytes", "count", "bytes_in", "what was sent again included"),
    Field(
        "conn_state",
        "string",
        _state,
        "S0, REJ, SF, S1 or OTH by `state`; UDP: SF where an answer came, else S0; unset where a connection was reset or unreachable",
    ),
    _column("orig_pkts", "count", "packets_out"),
    _column("resp_pkts", "count", "packets_in"),
    _column("community_id", "string", "community_id"),
    _column("defender_service", "string", "service", "Zeek's `service` is the protocol"),
    *(_column(name, "string", name) for name in CUSTOM),
)
