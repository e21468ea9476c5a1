"""Packets as Wireshark's fields: what `dissect` hands to `Conversations`, made from plain arguments."""

from __future__ import annotations

from typing import Any

CLIENT, SERVER = ("172.16.11.92", 50_000), ("172.16.12.10", 3128)


def tcp(frame: int, *, back: bool = False, flags: int = 0x18, layers: str = "", **more: Any) -> dict[str, list[str]]:
    """A TCP packet from the client (back: to it); `more` are fields, with _ for the dot that follows the protocol."""
    (src, src_port), (dst, dst_port) = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    fields = {
        "frame.number": frame,
        "frame.time_epoch": f"{1_700_000_000 + frame}.000000001",
        "frame.protocols": f"eth:ethertype:ip:tcp{layers}",
        "ip.src": src,
        "ip.dst": dst,
        "ip.id": hex(frame),
        "tcp.stream": 0,
        "tcp.srcport": src_port,
        "tcp.dstport": dst_port,
        "tcp.flags": hex(flags),
        "tcp.len": 100,
        "tcp.seq_raw": 1000 * frame,
    } | {name.replace("_", ".", 1): value for name, value in more.items()}
    return {name: [str(v) for v in value] if isinstance(value, list) else [str(value)] for name, value in fields.items()}


def http(frame: int, method: str, uri: str, host: str | None = None, agent: str | None = None) -> dict[str, list[str]]:
    """A request."""
    more: dict[str, Any] = {"http.request.method": method, "http.request.uri": uri, "http.host": host, "http.user_agent": agent}
    return tcp(frame, layers=":http") | {name: [value] for name, value in more.items() if value is not None}


def answer(frame: int, status: int, to: int | None = None) -> dict[str, list[str]]:
    """An answer; to: the frame of its request, by Wireshark's field."""
    fields = tcp(frame, back=True, layers=":http") | {"http.response.code": [str(status)]}
    return fields | ({} if to is None else {"http.request_in": [str(to)]})
