"""The slow twin: from capture bytes to flow rows, written from the standards and the contract, simple enough to be plainly right.

It shares no code with analyzer/ and is compared with it, column by column. Rows are dicts with the columns of the stages
"flows" and "facts" (all but client_family and client_family_by); times are nanoseconds since 1970.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from pathlib import Path

from tests.reference import dns, quic, socks
from tests.reference.acks import acknowledged_columns, bytes_behind
from tests.reference.capture import NotACapture, read_capture
from tests.reference.dialogue import Dialogue, first_kind, listen
from tests.reference.flows import Flow, gather, last_data_and_end, tcp_state, udp_state
from tests.reference.labels import Label, first_label, label_of
from tests.reference.names import Row, chosen, name_columns, shaken_columns
from tests.reference.packets import ACK, RST, SYN, Fragments, Packet, address_text
from tests.reference.streams import Stream
from tests.reference.wrappings import peel

__all__ = ["NotACapture", "flows_of", "rows_of"]


def flows_of(*paths: str | Path) -> list[Row]:
    """The flow rows of capture files, read one after the other as if they were one."""
    return rows_of(*((str(path), Path(path).read_bytes()) for path in paths))


def rows_of(*captures: tuple[str, bytes]) -> list[Row]:
    """The flow rows of named captures, by first_seen (null last), then id.

    IP fragments are reassembled; of a packet with a missing fragment the first one counts as a packet of its own length, behind all others.
    """
    fragments = Fragments()
    packets: list[Packet | None] = []
    origin: list[str] = []  # by frame number, counted over all captures
    labels: list[Label] = []
    for name, data in captures:
        frames, before = read_capture(data), len(origin)
        labels += [label_of(frame) for frame in frames]
        origin += [name] * len(frames)
        packets += [peel(frames[place], before + place, fragments) for place in in_time([frame.ts_ns for frame in frames])]
    flows = gather(packet for packet in (*packets, *fragments.left_over()) if packet)
    answers = dns_answers(flows)
    rows = [{**flow_row(flow, answers), **capture_columns(flow, origin, labels)} for flow in flows]
    return sorted(rows, key=lambda row: (row["first_seen"] is None, row["first_seen"] or 0, row["id"]))


def in_time(times: list[int | None]) -> list[int]:
    """The indices of frames by time, except for frames too far back to be late: there a clock was set, and the order begins anew."""
    late, latest, began, keys = 50_000_000, None, 0, []
    for place, time in enumerate(times):
        if time is not None and latest is not None and latest - time > late:
            latest, began = None, place
        known = time if time is not None else keys[-1][1] if keys else 0
        latest = known if latest is None else max(latest, known)
        keys.append((began, known, place))
    return [place for _, _, place in sorted(keys)]


def capture_columns(flow: Flow, origin: list[str], labels: list[Label]) -> Row:
    names = list(dict.fromkeys(origin[packet.number] for _, packet in flow.packets))
    process, action = first_label(flow, labels)
    first = min((packet for _, packet in flow.packets), key=lambda packet: (packet.ts_ns is None, packet.ts_ns or 0))
    number = first.number - origin.index(origin[first.number]) + 1
    told = {"process": process, "firewall_action": action}
    return {"capture": names[0], "captures": names, "first_frame": number, **told}


Answer = tuple[int, str, bytes, bytes, int]  # time, requested name, client, address, end of validity
RESOLVERS = (53, 5353, 5355)


def dns_answers(flows: list[Flow]) -> list[Answer]:
    """Every address in an answer to a name, by time and name."""
    found = []
    for flow in flows:
        for way in (0, 1):
            for ts_ns, message in dns_messages(flow, way):
                if message.is_answer and message.name and ts_ns is not None:
                    until = ts_ns + max(message.ttl_s, 1) * 10**9
                    found += [(ts_ns, message.name.lower(), flow.ends[1 - way][0], address, until) for address in message.addresses]
    return sorted(found)


def dns_messages(flow: Flow, way: int) -> list[tuple[int | None, dns.Message]]:
    """One side's messages to or from a resolver, with their times."""
    if flow.protocol == "tcp":
        stream = Stream(flow.sent(way)) if 53 in (flow.ends[0][1], flow.ends[1][1]) else None
        if stream is None:
            return []
        found, at = [], stream.start
        for message, size in dns.read_stream(stream.bytes_from(stream.start)):
            found.append((stream.time_at(at), message))
            at += size
        return found
    if not {flow.ends[0][1], flow.ends[1][1]} & set(RESOLVERS):
        return []
    read = [(packet.ts_ns, dns.read_message(packet.payload)) for packet in flow.sent(way)]
    return [(ts_ns, message) for ts_ns, message in read if message]


def flow_row(flow: Flow, answers: list[Answer]) -> Row:
    """All columns of one flow but its captures."""
    client, names = (tcp_names if flow.protocol == "tcp" else udp_names)(flow, answers)
    return {**transport_columns(flow, client), **names}


def transport_columns(flow: Flow, client: int) -> Row:
    times = [packet.ts_ns for _, packet in flow.packets if packet.ts_ns is not None]
    ends = [(address_text(address), port) for address, port in (flow.ends[client], flow.ends[1 - client])]
    out, back = flow.sent(client), flow.sent(1 - client)
    first_seen = min(times, default=None)
    parts = (flow.protocol, *ends[0], *ends[1], "" if first_seen is None else first_seen)
    streams = [Stream(out), Stream(back)] if flow.protocol == "tcp" else []
    last_data, end = last_data_and_end(flow) if flow.protocol == "tcp" else (None, None)
    return {
        "id": hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16],
        "protocol": flow.protocol,
        "client_ip": ends[0][0], "client_port": ends[0][1], "server_ip": ends[1][0], "server_port": ends[1][1],
        "first_seen": first_seen,
        "last_seen": max(times, default=None),
        "packets_out": len(out), "packets_in": len(back),
        "bytes_out": sum(p.payload_bytes for p in out), "bytes_in": sum(p.payload_bytes for p in back),
        "retransmitted": sum(s.payload_bytes - s.distinct_bytes for s in streams),
        "first_cut": streams[0].first_cut if streams and streams[0].payload_bytes else None,
        "resent_out": streams[0].payload_bytes - streams[0].distinct_bytes if streams else None,
        "resent_in": streams[1].payload_bytes - streams[1].distinct_bytes if streams else None,
        **acknowledged_columns(flow, client),
        "last_in": max((packet.ts_ns for packet in back if packet.ts_ns is not None), default=None),
        "state": (tcp_state if flow.protocol == "tcp" else udp_state)(flow, client),
        "last_data": last_data,
        "isn_out": flow.bases[client] if flow.any(SYN, without=ACK, direction=client) else None,
        "isn_in": flow.bases[1 - client] if flow.any(SYN | ACK, direction=1 - client) else None,
        "ended_by": ("client" if end[0] == client else "server") if end else None,
        "ended_with": ("rst" if end[1].flags & RST else "fin") if end else None,
        "ended_at": end[1].ts_ns if end else None,
        "active": stretches(flow, client),
        "community_id": community_id(flow),
        "outer": ", ".join(flow.packets[0][1].outer) or None,
    }  # fmt: skip


def stretches(flow: Flow, client: int) -> list[Row]:
    """Stretches without a gap of more than ten seconds. A packet without a time counts to the latest so far, or the first to come."""
    times = [packet.ts_ns for _, packet in flow.packets if packet.ts_ns is not None]
    found: list[Row] = []
    for ts_ns in sorted(times):
        if not found or ts_ns - found[-1]["end"] > 10 * 10**9:
            found.append({"start": ts_ns, "end": ts_ns, "bytes_out": 0, "bytes_in": 0})
        found[-1]["end"] = ts_ns
    latest = times[0] if times else 0
    for way, packet in flow.packets if times else []:
        latest = max(latest, packet.ts_ns if packet.ts_ns is not None else latest)
        at = latest if packet.ts_ns is None else packet.ts_ns
        row = next(row for row in found if row["start"] <= at <= row["end"])
        row["bytes_out" if way == client else "bytes_in"] += packet.payload_bytes
    return found


def community_id(flow: Flow) -> str:
    """Community ID version 1, seed 0."""
    (low, low_port), (high, high_port) = flow.ends
    protocol = 6 if flow.protocol == "tcp" else 17
    data = b"\0\0" + low + high + bytes([protocol, 0]) + low_port.to_bytes(2, "big") + high_port.to_bytes(2, "big")
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def higher_port(flow: Flow) -> int:
    """Direction from the higher port; of equal ones, from the lower address."""
    return 1 if flow.ends[1][1] > flow.ends[0][1] else 0


def may_ask_socks(flow: Flow, way: int) -> bool:
    """Whether this end's first bytes may be SOCKS: the opener's if it had received nothing by then, the other's if it isn't SOCKS4.

    Where the opener isn't known, either end's: SOCKS4 by name, or to its own port, and alone in its packet.
    """
    first = next((packet for packet in flow.sent(way) if packet.payload_bytes), None)
    if first is None:
        return False
    other = flow.bases.get(1 - way)
    received_nothing = other is None or not first.flags & ACK or first.ack == (other + 1) & 0xFFFFFFFF
    is_socks4 = first.payload[:1] == b"\x04"
    if flow.opener() is None:
        asked = socks.read_socks4(first.payload) if is_socks4 else None
        known = asked is not None and asked.end == len(first.payload) and (first.payload[4:7] == bytes(3) or first.dst[1] == 1080)
        return received_nothing and (known or not is_socks4)
    return received_nothing if flow.opener() == way else not is_socks4


def tcp_names(flow: Flow, answers: list[Answer]) -> tuple[int, Row]:
    """(the client's direction, the facts). Where the client sent no request, the server's requests count."""
    streams = [Stream(flow.sent(way)) for way in (0, 1)]
    said = [listen(streams[way], streams[1 - way], not may_ask_socks(flow, way)) for way in (0, 1)]
    client = flow.opener()
    if client is None:
        told = [[message for _, message in dns_messages(flow, way)] for way in (0, 1)]
        asking = [way for way in (0, 1) if not said[way].is_empty or any(not m.is_answer for m in told[way])]
        answering = [way for way in (0, 1) if said[1 - way].answered or any(m.is_answer for m in told[way])]
        if len(asking) == 1:
            client = asking[0]
        elif not asking and len(answering) == 1:
            client = 1 - answering[0]
        else:
            client = higher_port(flow)
    asker = 1 - client if said[client].is_empty and not said[1 - client].is_empty else client
    one = chosen(said[asker].asked)
    row = name_columns(said[asker], "t", resolved(flow, client, answers, (one.host or "") if one else None))
    end = last_data_and_end(flow)[1]
    to_proxy = [a for a in said[asker].asked if a.kind]
    tunnels = [a for a in to_proxy if a.kind != "absolute"]
    row["tunnel_out"] = bytes_behind(flow, asker, to_proxy[-1].end) if to_proxy and not (tunnels and tunnels[-1].cut) else None
    row["tunnel_in"] = bytes_behind(flow, 1 - asker, to_proxy[-1].answer_end) if to_proxy else None
    row["server_first"] = first_kind(streams[1 - client], streams[client], said[client])
    return client, {**row, **shaken_columns(said, asker, client, end is not None)}


def udp_names(flow: Flow, answers: list[Answer]) -> tuple[int, Row]:
    """(the client's direction, the facts of a QUIC connection's hello). A resolver's flow has the name of its first question."""
    hellos, questions, answering = [], [], []
    for way in (0, 1):
        conversation = quic.Conversation()
        for packet in flow.sent(way):
            conversation.feed(packet.payload)
        hellos.append(conversation.client_hello())
        messages = [message for _, message in dns_messages(flow, way)]
        questions.append([m for m in messages if not m.is_answer])
        answering += [way] if any(m.is_answer for m in messages) else []
    asking = [way for way in (0, 1) if hellos[way] or questions[way]]
    client = asking[0] if len(asking) == 1 else 1 - answering[0] if not asking and len(answering) == 1 else higher_port(flow)
    to_resolver = bool(questions[client]) and flow.ends[1 - client][1] == 53
    host = questions[client][0].name if to_resolver else resolved(flow, client, answers)
    row = name_columns(Dialogue(hello=hellos[client]), "q", host)
    row["tunnel_out"] = row["tunnel_in"] = None
    row["server_first"] = "other" if any(packet.payload_bytes for packet in flow.sent(1 - client)) else None
    return client, {**row, **shaken_columns([Dialogue(), Dialogue()], client, client, False)}


def resolved(flow: Flow, client: int, answers: list[Answer], asked: str | None = None) -> str | None:
    """The name of the latest answer that gave the client this address before the flow began, and was still valid then.

    asked   the host that the client requested from a proxy: then the address is that one, if it is one
    """
    times = [packet.ts_ns for _, packet in flow.packets if packet.ts_ns is not None]
    wanted = flow.ends[1 - client][0]
    if asked is not None:
        try:
            wanted = ipaddress.ip_address(asked).packed
        except ValueError:
            return None
    if not times:
        return None
    begin = min(times)
    names = [n for ts, n, to, address, until in answers if ts <= begin <= until and (to, address) == (flow.ends[client][0], wanted)]
    return names[-1] if names else None
