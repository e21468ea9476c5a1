"""The flow table compared with Wireshark's dissectors, capture by capture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from analyzer.routes.requests import times_ns
from analyzer.second_opinion.ask import ask
from analyzer.second_opinion.compare import NAMES, FlowOpinion, Row, Talk, compare, filter_of, unseen_by_wireshark, with_second_look
from analyzer.second_opinion.tshark import Tshark, find_tshark

COLUMNS: Final = ("id", "captures", "protocol", "client_ip", "client_port", "server_ip", "server_port", "outer")
TIMES: Final = ("first_seen", "last_seen")

DEFAULT_LIMIT: Final = 1_000_000
"""Frames of one capture that are dissected: at about 5,000 a second this many take three minutes."""

MOST_STREAMS: Final = 2_000
"""Streams that one display filter names; for more, the second look reads the whole capture."""

Progress = Callable[[str, int, int | None], None]
"""Called with a capture's name, the frame that the dissectors reached, and the number of its frames (None: unknown)."""


@dataclass
class Looked:
    """How much of one capture was dissected."""

    capture: str
    frames: int = 0
    complaint: str | None = None
    capped: bool = False
    left_out: int = 0  # flows that begin or continue behind the cap


@dataclass
class Opinion:
    """The comparison of every flow, and how much of each capture was dissected."""

    tshark: Tshark
    flows: list[FlowOpinion] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    in_several: int = 0  # flows in more than one capture, which are not compared

    @property
    def differences(self) -> int:
        """The number of facts that differ."""
        return sum(len(flow.differences) for flow in self.flows)


@dataclass(frozen=True)
class Capture:
    """One capture for the dissectors: its name in the flow table, its path, the number of its packets."""

    name: str
    path: str
    packets: int | None = None


def verify(
    flows: pa.Table,
    captures: Sequence[Capture],
    *,
    only: Collection[str] | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    limit: int = DEFAULT_LIMIT,
    vxlan_ports: Sequence[int] = (),
    progress: Progress | None = None,
) -> Opinion:
    """Every flow (or those with the ids in `only`) compared with Wireshark's dissectors.

    flows            the flow table of all captures together
    start_ns end_ns  the window of the flow table
    limit            frames of each capture that are dissected, from its beginning
    vxlan_ports      UDP ports that carry VXLAN, from the topology
    Errors           Unusable: no tshark. DissectorFailed
    """
    opinion = Opinion(find_tshark())
    rows = rows_of(flows)
    tunnels = {f"udp.port=={port}": "vxlan" for port in vxlan_ports}
    window = {
        "tshark": opinion.tshark.path,
        "version": opinion.tshark.version,
        "start_ns": start_ns,
        "end_ns": end_ns,
        "limit": limit,
        "decode_as": tunnels,
    }
    opinion.in_several = sum(len(row["captures"]) > 1 for row in rows if only is None or row["id"] in only)
    for capture in captures:
        here = [row for row in rows if row["captures"] == [capture.name]]
        chosen = here if only is None else [row for row in here if row["id"] in only]
        if only is None or chosen:
            opinion.flows += _look(capture, here, chosen if only is not None else None, window, opinion, progress)
    return opinion


def rows_of(flows: pa.Table) -> list[Row]:
    """The compared columns, a dict for each flow; times in nanoseconds."""
    rows: list[dict[str, Any]] = flows.select([*COLUMNS, "packets_out", "packets_in", *NAMES]).to_pylist()
    for name in TIMES:
        valid = flows.column(name).is_valid().to_pylist()
        for row, value, there in zip(rows, times_ns(flows.column(name)).tolist(), valid, strict=True):
            row[name] = value if there else None
    return list(rows)


def _look(
    capture: Capture, rows: list[Row], chosen: list[Row] | None, window: Mapping[str, Any], opinion: Opinion, progress: Progress | None
) -> list[FlowOpinion]:
    """The opinions on one capture's rows; chosen: on these alone, wherever in the capture they are."""
    job = {**window, "path": str(Path(capture.path).resolve()), "decode_as": {**window["decode_as"], **decode_as(rows)}}
    if chosen is not None:
        job |= {"filter": filter_for(chosen), "limit": None}
    answer = ask(job, None if progress is None else lambda frame: progress(capture.name, frame, capture.packets))
    looked = Looked(capture.name, answer["last_frame"], answer["complaint"])
    opinion.looked.append(looked)
    talks: list[Talk] = answer["conversations"]
    rows = rows if chosen is None else chosen
    if job["limit"] is not None and capture.packets is not None and capture.packets > job["limit"]:
        rows = _within_cap(rows, talks, looked)
    partly = chosen is not None or looked.capped
    opinions = _opinions(rows, talks, capture, partly=partly)
    doubtful = [o for o in opinions if unseen_by_wireshark(o)]
    if not doubtful:
        return opinions
    unseen = {o.id for o in doubtful}
    as_tls = tls_ports([row for row in rows if row["id"] in unseen])
    again = ask({**job, "filter": streams_filter(doubtful), "second_look": True, "decode_as": {**as_tls, **job["decode_as"]}})
    seen = {(talk["protocol"], talk["stream"]): talk for talk in again["conversations"]}
    talks = [with_second_look(talk, seen.get((talk["protocol"], talk["stream"]))) for talk in talks]
    return _opinions(rows, talks, capture, partly=partly)


def _within_cap(rows: list[Row], talks: list[Talk], looked: Looked) -> list[Row]:
    """The rows that ended before the last dissected packet."""
    looked.capped = True
    last_ns = max((talk["last_ns"] for talk in talks if talk["last_ns"] is not None), default=None)
    whole = [row for row in rows if row["last_seen"] is not None and last_ns is not None and row["last_seen"] < last_ns]
    looked.left_out = len(rows) - len(whole)
    return whole


def _opinions(rows: list[Row], talks: list[Talk], capture: Capture, *, partly: bool) -> list[FlowOpinion]:
    """The opinions; partly: flows that only Wireshark has are left out, because not all rows are compared."""
    return [o for o in compare(rows, talks, capture.name) if o.id is not None or not partly]


def streams_filter(opinions: Sequence[FlowOpinion]) -> str | None:
    """A display filter for these conversations; None (everything) where they are too many for one."""
    if len(opinions) > MOST_STREAMS:
        return None
    streams: dict[str, list[str]] = defaultdict(list)
    for opinion in opinions:
        streams[opinion.protocol].append(str(opinion.stream))
    return " or ".join(f"{protocol}.stream in {{{', '.join(numbers)}}}" for protocol, numbers in streams.items())


def filter_for(rows: Sequence[Row]) -> str | None:
    """A display filter for the packets between these rows' endpoints; None where they are too many for one."""
    if len(rows) > MOST_STREAMS // 10:
        return None
    return " or ".join(f"({filter_of(row, None)})" for row in rows)


def decode_as(rows: Sequence[Row]) -> dict[str, str]:
    """Ports with the protocol that Wireshark is to use there, by the flow table: SOCKS, which it knows on port 1080 alone, HTTP proxies,
    and HP's mirror, which it knows on no port.

    A port on which a connection begins with TLS is left out: with HTTP set, Wireshark wouldn't look for TLS.
    """
    kinds: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row["protocol"] == "tcp":
            kinds[row["server_port"]].update(_spoken(row))
    protocols = {
        port: "socks" if "socks" in spoken else "http"
        for port, spoken in kinds.items()
        if spoken & {"socks", "http"} and "tls" not in spoken
    }
    mirrored = any("hp-erm" in (row.get("outer") or "") for row in rows)
    return {f"tcp.port=={port}": protocol for port, protocol in sorted(protocols.items())} | (
        {"udp.port==7932": "hp_erm"} if mirrored else {}
    )


def tls_ports(rows: Sequence[Row]) -> dict[str, str]:
    """Ports on which Wireshark is to look for TLS: it binds some (8080) to another dissector."""
    direct = {row["server_port"] for row in rows if row["protocol"] == "tcp" and "tls" in _spoken(row)}
    return {f"tcp.port=={port}": "tls" for port in sorted(direct)}


def _spoken(row: Row) -> Iterator[str]:
    if row["request"] is not None:
        yield "socks" if row["request"].startswith("socks") else "http"
    elif row["client_random"] is not None or row["sni"] is not None:
        yield "tls"
