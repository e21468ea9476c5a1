"""The flows of a capture that are complete: both SYNs and every byte behind them captured, in time order, and no byte in two versions."""

from __future__ import annotations

from functools import lru_cache

from tests.reference.agree import Row
from tests.reference.capture import read_capture
from tests.reference.flows import Flow, gather
from tests.reference.packets import RST, address_text
from tests.reference.streams import Stream
from tests.reference.wrappings import peel

Key = tuple[str, frozenset[tuple[str, int]], int | None]
"""Protocol, both ends, first time: a key that doesn't depend on which end is the client."""


@lru_cache(maxsize=1)  # a capture is asked for by the engine's rows and by the twin's
def whole_flows(data: bytes) -> set[Key]:
    """The keys of the complete TCP flows, and of all UDP flows."""
    flows = gather(packet for i, frame in enumerate(read_capture(data)) if (packet := peel(frame, i, None)))
    return {key_of_flow(flow) for flow in flows if flow.protocol == "udp" or all(is_whole(flow, way) for way in (0, 1))}


def is_whole(flow: Flow, way: int) -> bool:
    """Whether this direction was captured from its SYN on: no gap, no cut, no other byte in a repetition, no step back in time."""
    packets = flow.sent(way)
    stream = Stream(packets)
    captured = [(stream.start, stream.start + stream.distinct_bytes)] if stream.distinct_bytes else []
    times = [packet.ts_ns or 0 for packet in packets]
    same = all(stream.bytes_from(at).startswith(packet.payload) for at, packet in stream.pieces if not packet.flags & RST)
    return stream.has_syn and stream.runs == captured and times == sorted(times) and same


def key_of_flow(flow: Flow) -> Key:
    times = [packet.ts_ns for _, packet in flow.packets if packet.ts_ns is not None]
    return flow.protocol, frozenset((address_text(address), port) for address, port in flow.ends), min(times, default=None)


def whole_only(rows: list[Row], data: bytes) -> list[Row]:
    """The rows of flows of which every byte was captured, in one version only."""
    whole = whole_flows(data)
    return [without_requests_in_tunnels(row) for row in rows if key_of(row) in whole]


def key_of(row: Row) -> Key:
    ends = frozenset([(row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])])
    return row["protocol"], ends, row["first_seen"]


def without_requests_in_tunnels(row: Row) -> Row:
    """The row without absolute-form requests behind a CONNECT, which aren't made to this proxy."""
    kinds = [request["kind"] for request in row["requests"]]
    opened = next(
        (i for i, request in enumerate(row["requests"]) if request["kind"] == "connect" and request["status"] in (200, None)), None
    )
    if opened is None or "absolute" not in kinds[opened:]:
        return row
    kept = [request for i, request in enumerate(row["requests"]) if i <= opened or request["kind"] != "absolute"]
    return row | {"requests": kept, "host": None, "host_source": None}
