"""Packets dissected by Wireshark → conversations, each with its facts and the frames that show them.

Written for the second opinion alone: it shares no code with the stages it is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Fields = Mapping[str, Sequence[str]]
"""One packet: field name → its values, in the order of the packet's headers."""

End = tuple[str, int]

SYN: Final = 0x02
ACK: Final = 0x10
CLIENT_HELLO: Final = "1"
SERVER_HELLO: Final = "2"
TLS_VERSIONS: Final = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}

# A copy of a packet follows within a second where an IP id distinguishes it from a retransmission, within 5 ms where there is none.
COPY_NS: Final = 1_000_000_000
COPY_WITHOUT_ID_NS: Final = 5_000_000
FORGET_EVERY: Final = 1 << 14

NS_PER_S: Final = 1_000_000_000
_EPOCH = re.compile(r"(-?\d+)(?:\.(\d+))?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
_AUTHORITY = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


@dataclass
class Request:
    """One HTTP request: its fields, the frame that completed it, and its answer."""

    frame: int
    side: int
    method: str
    uri: str
    host: str | None
    agent: str | None
    status: int | None = None
    status_frame: int | None = None


@dataclass
class Conversation:
    """One TCP or UDP stream as Wireshark numbers it. Sides: 0 sends from ends[0], 1 from ends[1]."""

    protocol: str
    stream: int
    ends: tuple[End, End]
    first_ns: int | None = None
    last_ns: int | None = None
    frames: list[int] = field(default_factory=lambda: [0, 0])  # the first and the last
    packets: list[int] = field(default_factory=lambda: [0, 0])
    copies: list[int] = field(default_factory=lambda: [0, 0])
    opener: int | None = None  # the side that sent a SYN, or received a SYN-ACK
    opener_frame: int | None = None
    requests: list[Request] = field(default_factory=list)
    facts: dict[str, tuple[Any, list[int]]] = field(default_factory=dict)

    def note(self, name: str, value: Any, frame: int) -> None:
        """Keep a fact the first time it is seen."""
        if value is not None and value != "":
            self.facts.setdefault(name, (value, [frame]))


class Conversations:
    """All conversations of one capture; `add` each packet in the order of the file."""

    def __init__(self) -> None:
        self._by_stream: dict[tuple[str, int], Conversation] = {}
        self._recent: dict[tuple[Any, ...], tuple[int | None, str]] = {}

    def add(self, fields: Fields) -> None:
        """Add one packet; one without a TCP or UDP header of its own is ignored."""
        found = transport_of(fields)
        if found is None:
            return
        protocol, stream, src, dst, inside = found
        talk = self._by_stream.setdefault((protocol, stream), Conversation(protocol, stream, (src, dst)))
        side = 0 if talk.ends[0] == src and (src != dst or not talk.packets[0]) else 1
        frame, ts_ns = int(fields["frame.number"][0]), time_ns(fields.get("frame.time_epoch", ("",))[0])
        self._count(talk, side, frame, ts_ns, fields)
        if protocol == "tcp":
            _note_opener(talk, side, frame, fields)
            if "tls" not in inside[: inside.index("http")] if "http" in inside else False:
                _note_http(talk, side, frame, fields)
            if "socks" in inside:
                _note_socks(talk, frame, fields)
        if _shows_hello(protocol, inside):
            _note_tls(talk, frame, fields)

    def _count(self, talk: Conversation, side: int, frame: int, ts_ns: int | None, fields: Fields) -> None:
        talk.packets[side] += 1
        talk.frames = [talk.frames[0] or frame, frame]
        if self._is_copy(talk, side, ts_ns, fields):
            talk.copies[side] += 1
        if ts_ns is not None:
            talk.first_ns = ts_ns if talk.first_ns is None else min(talk.first_ns, ts_ns)
            talk.last_ns = ts_ns if talk.last_ns is None else max(talk.last_ns, ts_ns)

    def _is_copy(self, talk: Conversation, side: int, ts_ns: int | None, fields: Fields) -> bool:
        """Whether this packet is a copy of one captured a moment before, at another place or interface."""
        parts = (
            "tcp.seq_raw",
            "tcp.ack_raw",
            "tcp.flags",
            "tcp.window_size_value",
            "tcp.checksum",
            "tcp.len",
            "udp.length",
            "udp.checksum",
        )
        ip_id = _last(fields, "ip.id")
        hops = _last(fields, "ip.ttl") + "/" + _last(fields, "ipv6.hlim")
        key = (talk.protocol, talk.stream, side, ip_id, *(_last(fields, name) for name in parts))
        before = self._recent.get(key)
        if before is not None and _copied(before, ts_ns, hops, has_id=ip_id != "" and int(ip_id, 0) != 0, fields=fields):
            return True
        self._recent[key] = (ts_ns, hops)
        if len(self._recent) > 2 * FORGET_EVERY:
            self._recent = dict(list(self._recent.items())[FORGET_EVERY:])
        return False

    def all(self) -> list[dict[str, Any]]:
        """Every conversation as plain data, in the order of their first packets."""
        return [as_plain(talk) for talk in self._by_stream.values()]


def _copied(before: tuple[int | None, str], ts_ns: int | None, hops: str, *, has_id: bool, fields: Fields) -> bool:
    then, hops_then = before
    if ts_ns is None or then is None:
        return has_id
    gap = abs(ts_ns - then)
    if has_id:
        return gap <= COPY_NS
    marked = int(_last(fields, "tcp.flags") or "0", 0) & 0x07 != 0
    return gap <= COPY_WITHOUT_ID_NS and (payload_bytes(fields) > 0 or marked or hops != hops_then)


def transport_of(fields: Fields) -> tuple[str, int, End, End, list[str]] | None:
    """(protocol, stream, source, destination, the layers inside) of the innermost TCP or UDP header; None without one.

    Headers that an ICMP error quotes don't count.
    """
    layers = fields.get("frame.protocols", ("",))[-1].split(":")
    places = [i for i, layer in enumerate(layers) if layer in ("tcp", "udp")]
    if not places or "icmp" in layers or "icmpv6" in layers:
        return None
    place = places[-1]
    protocol = layers[place]
    version = next((layer for layer in reversed(layers[:place]) if layer in ("ip", "ipv6")), None)
    if version is None:
        return None
    nth = layers[:place].count(version) - 1
    try:
        addresses = [fields[f"{version}.{end}"][nth] for end in ("src", "dst")]
        ports = [int(fields[f"{protocol}.{end}port"][-1]) for end in ("src", "dst")]
        stream = int(fields[f"{protocol}.stream"][-1])
    except (KeyError, IndexError):  # cut off inside the header
        return None
    return protocol, stream, (addresses[0], ports[0]), (addresses[1], ports[1]), layers[place + 1 :]


def payload_bytes(fields: Fields) -> int:
    """The number of bytes behind the transport header."""
    if "tcp.len" in fields:
        return int(fields["tcp.len"][-1])
    return max(0, int(_last(fields, "udp.length") or 0) - 8)


def _last(fields: Fields, name: str) -> str:
    values = fields.get(name)
    return values[-1] if values else ""


def time_ns(text: str) -> int | None:
    """Nanoseconds since 1970 of frame.time_epoch; None where there is none.

    Seconds with a fraction, or ISO 8601 in UTC: what -T ek prints since Wireshark 4.2 and -T json since 4.6.
    """
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        nanoseconds = int((epoch[2] or "").ljust(9, "0")[:9])
        return int(epoch[1]) * NS_PER_S + (-nanoseconds if text.startswith("-") else nanoseconds)
    iso = _ISO.fullmatch(text)
    if iso is None:
        return None
    from datetime import UTC, datetime

    since = datetime.fromisoformat(f"{iso[1]}+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_S + int((iso[2] or "").ljust(9, "0")[:9])


def _note_opener(talk: Conversation, side: int, frame: int, fields: Fields) -> None:
    flags = int(_last(fields, "tcp.flags") or "0", 0)
    if not flags & SYN:
        return
    sent_syn = not flags & ACK
    if talk.opener is None or (sent_syn and talk.facts.get("opened by") is None):
        talk.opener, talk.opener_frame = (side if sent_syn else 1 - side), frame
        if sent_syn:
            talk.facts["opened by"] = ("syn", [frame])


def _note_http(talk: Conversation, side: int, frame: int, fields: Fields) -> None:
    methods = fields.get("http.request.method", ())
    for i, method in enumerate(methods):
        texts = (fields.get(name, ()) for name in ("http.request.uri", "http.host", "http.user_agent"))
        uri, host, agent = (values[i] if len(values) == len(methods) else values[0] if values and i == 0 else None for values in texts)
        talk.requests.append(Request(frame, side, method, uri or "", host, agent))
    codes, asked_in = fields.get("http.response.code", ()), fields.get("http.request_in", ())
    for i, code in enumerate(codes):
        if int(code) < 200 and code != "101":
            continue
        known = int(asked_in[i]) if len(asked_in) == len(codes) else None
        waiting = [r for r in talk.requests if r.status is None and r.side != side]
        request = next((r for r in waiting if r.frame == known), waiting[0] if waiting and known is None else None)
        if request is not None:
            request.status, request.status_frame = int(code), frame


def _note_socks(talk: Conversation, frame: int, fields: Fields) -> None:
    """Note the first request and the first answer: in later frames Wireshark repeats their values."""
    if "socks.command" in fields:
        name = next((fields[f][0] for f in ("socks.remote_name", "socks.v4a_dns_name", "socks.dst", "socks.dstV6") if fields.get(f)), None)
        port = next((fields[f][0] for f in ("socks.port", "socks.dstport") if fields.get(f)), None)
        if name is not None and port is not None and "request" not in talk.facts:
            talk.note("request", f"socks{_last(fields, 'socks.version') or 5}", frame)
            talk.note("requested_host", name, frame)
            talk.note("requested_port", int(port), frame)
    if "socks.results" in fields:
        talk.note("proxy_status", int(fields["socks.results"][0], 0), frame)


def _shows_hello(protocol: str, inside: Sequence[str]) -> bool:
    return "tls" in inside and (protocol == "tcp" or "quic" in inside)


def _note_tls(talk: Conversation, frame: int, fields: Fields) -> None:
    kinds = fields.get("tls.handshake.type", ())
    if CLIENT_HELLO in kinds and "client_random" not in talk.facts:
        talk.note("client_random", _first(fields, "tls.handshake.random").replace(":", "").lower(), frame)
        talk.note("sni", _first(fields, "tls.handshake.extensions_server_name"), frame)
    elif SERVER_HELLO in kinds and talk.protocol == "tcp":
        version = _first(fields, "tls.handshake.extensions.supported_version") or _first(fields, "tls.handshake.version")
        talk.note("tls_version", TLS_VERSIONS.get(int(version or "0", 0)), frame)


def _first(fields: Fields, name: str) -> str:
    values = fields.get(name)
    return values[0] if values else ""


def as_plain(talk: Conversation) -> dict[str, Any]:
    """The conversation as plain data, its requests turned into facts: columns of the flow table, each with [value, frames]."""
    facts = {name: [value, frames] for name, (value, frames) in talk.facts.items() if name != "opened by"}
    facts |= {name: [value, frames] for name, (value, frames) in http_facts(talk.requests, tunnelled="request" in facts).items()}
    return {
        "protocol": talk.protocol,
        "stream": talk.stream,
        "ends": [list(end) for end in talk.ends],
        "opener": talk.opener,
        "opener_frame": talk.opener_frame,
        "first_ns": talk.first_ns,
        "last_ns": talk.last_ns,
        "frames": talk.frames,
        "packets": talk.packets,
        "copies": talk.copies,
        "facts": facts,
    }


def http_facts(requests: Sequence[Request], *, tunnelled: bool) -> dict[str, tuple[Any, list[int]]]:
    """The requests' facts: of the last CONNECT, else of the first absolute-form request; Host of the first that is no CONNECT.

    tunnelled   the conversation began as a SOCKS tunnel: then none of these requests was made to the proxy
    """
    facts: dict[str, tuple[Any, list[int]]] = {}
    connects = [r for r in requests if r.method == "CONNECT"]
    inside = tunnelled
    absolute, to_proxy = None, []
    for request in requests:
        if request.method == "CONNECT":
            inside = inside or request.status is None or 200 <= request.status < 300
            to_proxy.append(request)
        elif not inside and _ABSOLUTE.match(request.uri):
            absolute = absolute or request
            to_proxy.append(request)
    asked = connects[-1] if connects else absolute
    if asked is not None and not (tunnelled and not connects):
        text = asked.uri if connects else _ABSOLUTE.match(asked.uri)[1].rpartition("@")[2]  # type: ignore[index]
        host, port = split_authority(text)
        facts["request"] = ("connect" if connects else "absolute", [asked.frame])
        facts["requested_host"] = (host, [asked.frame])
        facts["requested_port"] = (port or (80 if not connects and asked.uri.lower().startswith("http:") else None), [asked.frame])
        if asked.status is not None and asked.status_frame is not None:
            facts["proxy_status"] = (asked.status, [asked.status_frame])
    others = [r for r in requests if r.method != "CONNECT" and r.host]
    named = others[:1] or [r for r in connects if r.host][-1:]
    for request in named:
        facts["http_host"] = (split_authority(request.host or "")[0], [request.frame])
    for request in [*(r for r in to_proxy if r.agent), *(r for r in requests if r.agent)][:1]:
        facts["user_agent"] = (request.agent, [request.frame])
    return {name: fact for name, fact in facts.items() if fact[0] is not None and fact[0] != ""}


def split_authority(text: str) -> tuple[str, int | None]:
    """(host without brackets, port or None) of host, host:port, [v6]:port; an address with bare colons is all host."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, None
    found = _AUTHORITY.match(text)
    assert found is not None  # the pattern matches the empty text
    host = found[1] if found[1] is not None else found[2]
    return host, int(found[3]) if found[3] else None
