"""The slow twin: from capture bytes to flow rows, written from the standards and the contract, to be plainly right.

It shares nothing with analyzer/ and is compared with it, column by column. Rows are dicts with the columns of the stages
"flows" and "names" (all but client_family); times are nanoseconds since 1970.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.reference import dns, quic
from tests.reference.capture import NotACapture, read_capture
from tests.reference.dialogue import Dialogue, listen
from tests.reference.flows import Flow, gather, tcp_state, udp_state
from tests.reference.names import Row, name_columns
from tests.reference.packets import Fragments, Packet, address_text
from tests.reference.streams import Stream
from tests.reference.tunnels import peel

__all__ = ["NotACapture", "flows_of", "rows_of"]


def flows_of(*paths: str | Path, defragment: bool = False) -> list[Row]:
    """The flow rows of capture files, read one after the other as if they were one."""
    return rows_of(*((str(path), Path(path).read_bytes()) for path in paths), defragment=defragment)


def rows_of(*captures: tuple[str, bytes], defragment: bool = False) -> list[Row]:
    """The flow rows of named captures, by first_seen (null last), then id.

    defragment  put IP fragments together; without it a first fragment counts as a packet of its own length, the others as none
    """
    fragments = Fragments() if defragment else None
    packets: list[Packet] = []
    origin: list[str] = []  # by frame number, counted over all captures
    for name, data in captures:
        for frame in read_capture(data):
            packet = peel(frame, len(origin), fragments)
            origin.append(name)
            if packet:
                packets.append(packet)
    flows = gather(packets)
    answers = dns_answers(flows)
    rows = [{**flow_row(flow, answers), **capture_columns(flow, origin)} for flow in flows]
    return sorted(rows, key=lambda row: (row["first_seen"] is None, row["first_seen"] or 0, row["id"]))


def capture_columns(flow: Flow, origin: list[str]) -> Row:
    names = list(dict.fromkeys(origin[packet.number] for _, packet in flow.packets))
    return {"capture": names[0], "captures": names}


Answer = tuple[int, bytes, bytes, str]  # frame number, who asked, address, name asked for


def dns_answers(flows: list[Flow]) -> list[Answer]:
    """Every address that an answer from port 53 over UDP gave for a name."""
    found = []
    for flow in flows:
        for _, packet in flow.packets:
            message = dns.read_message(packet.payload) if flow.protocol == "udp" and packet.src[1] == 53 else None
            if message and message.is_answer and message.name:
                found += [(packet.number, packet.dst[0], address, message.name) for address in message.addresses]
    return sorted(found)


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
    return {
        "id": hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16],
        "protocol": flow.protocol,
        "client_ip": ends[0][0], "client_port": ends[0][1], "server_ip": ends[1][0], "server_port": ends[1][1],
        "first_seen": first_seen,
        "last_seen": max(times, default=None),
        "packets_out": len(out), "packets_in": len(back),
        "bytes_out": sum(p.payload_bytes for p in out), "bytes_in": sum(p.payload_bytes for p in back),
        "retransmitted": sum(s.payload_bytes - s.distinct_bytes for s in streams),
        "state": (tcp_state if flow.protocol == "tcp" else udp_state)(flow, client),
        "outer": ", ".join(flow.packets[0][1].outer) or None,
    }  # fmt: skip


def higher_port(flow: Flow) -> int:
    """Direction from the higher port; of equal ones, from the lower address."""
    return 1 if flow.ends[1][1] > flow.ends[0][1] else 0


def tcp_names(flow: Flow, answers: list[Answer]) -> tuple[int, Row]:
    """Who the client is, and what was said. Where the client asked nothing, what the server asked counts."""
    streams = [Stream(flow.sent(way)) for way in (0, 1)]
    said = [listen(streams[way], streams[1 - way]) for way in (0, 1)]
    client = flow.opener()
    if client is None:
        asking = [way for way in (0, 1) if not said[way].is_empty]
        answering = [way for way in (0, 1) if said[1 - way].answered]
        if len(asking) == 1:
            client = asking[0]
        elif not asking and len(answering) == 1:
            client = 1 - answering[0]
        else:
            client = higher_port(flow)
    asker = 1 - client if said[client].is_empty and not said[1 - client].is_empty else client
    return client, name_columns(said[asker], "t", resolved(flow, client, answers))


def udp_names(flow: Flow, answers: list[Answer]) -> tuple[int, Row]:
    """Who the client is, and the hello of a QUIC connection. A resolver's flow has the name of its first question."""
    hellos, questions, answering = [], [], []
    for way in (0, 1):
        conversation = quic.Conversation()
        for packet in flow.sent(way):
            conversation.feed(packet.payload)
        hellos.append(conversation.client_hello())
        messages = [dns.read_message(packet.payload) for packet in flow.sent(way)] if 53 in (flow.ends[0][1], flow.ends[1][1]) else []
        questions.append([m for m in messages if m and not m.is_answer])
        answering += [way] if any(m and m.is_answer for m in messages) else []
    asking = [way for way in (0, 1) if hellos[way] or questions[way]]
    client = asking[0] if len(asking) == 1 else 1 - answering[0] if not asking and len(answering) == 1 else higher_port(flow)
    to_resolver = bool(questions[client]) and flow.ends[1 - client][1] == 53
    host = questions[client][0].name if to_resolver else resolved(flow, client, answers)
    return client, name_columns(Dialogue(hello=hellos[client]), "q", host)


def resolved(flow: Flow, client: int, answers: list[Answer]) -> str | None:
    """The name whose answer last gave the client this server's address, ahead of the flow's first packet."""
    asker, server, begin = flow.ends[client][0], flow.ends[1 - client][0], flow.packets[0][1].number
    names = [name for number, to, address, name in answers if number < begin and to == asker and address == server]
    return names[-1] if names else None
