"""messages → facts: which message holds each of a flow's facts."""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import prefetch
from analyzer.facts.amounts import measure
from analyzer.facts.chosen import (
    AGENT,
    ALERTED,
    BY_ITSELF,
    CERTIFICATE_ISSUER,
    CONNECT_FIELD,
    FETCH,
    FIELD,
    GOING_ON,
    HELLO,
    N_CHOSEN,
    STYLE,
    TUNNEL,
    VERSION,
)
from analyzer.facts.host import source_by_itself
from analyzer.flows.coverage import behind
from analyzer.flows.layout import (
    ABSOLUTE,
    ALERT,
    ANSWER,
    CLIENT_HELLO,
    CONNECT,
    DATAGRAM,
    DNS_ANSWER,
    DNS_QUESTION,
    HAS_BASE,
    ISSUER,
    N_MESSAGES,
    ORIGIN,
    SENT_SYN_ACK,
    SERVER_HELLO,
    SHAPE_BARE,
    SOCKS4,
    SOCKS5,
    SOCKS_ANSWER,
    WENT_ON,
)
from analyzer.flows.messages import as_answer
from analyzer.readers.states import SOCKS_REFUTED

# How many flows ahead messages are prefetched: one flow's are scattered over their table.
FLOWS_AHEAD: Final = 4


@kernel
def settle(tables, n_flows, flow_of, heads, starts, order, clients, first_ns, packets, chosen, answers, asked, amounts):
    """Decide who opened each flow, and which message holds which of its facts.

    flow_of    int32[n_records]           the flow of each record
    heads      int32[n_flows]             the record each flow's counts are added up in
    starts     int64[n_flows + 2], all 0  where each flow's messages begin in `order`
    order      int64[n_messages]          rows of Tables.messages by flow, in the order of their streams
    clients    int64[n_flows]             the side that opened the flow
    first_ns   int64[n_flows]             the flow's earliest time
    packets    int64[n_flows]             how many packets it has, both directions
    chosen     int64[n_flows, N_CHOSEN], all -1    which messages hold the flow's facts
    answers    int64[n_messages]          of a request, its answer's row, -1: none
    asked      uint8[n_messages], all 0   1 for a request to a proxy
    amounts    int64[n_flows, N_AMOUNTS], all -1   see amounts.py
    """
    group_messages(tables.messages, tables.counts[N_MESSAGES], n_flows, flow_of, starts, order, answers)
    for flow in range(n_flows):
        if flow + FLOWS_AHEAD < n_flows:
            for i in range(starts[flow + FLOWS_AHEAD], starts[flow + FLOWS_AHEAD + 1]):
                prefetch(tables.messages, order[i])
        first_ns[flow] = (tables.records + heads[flow]).first_ns
        packets[flow] = (tables.sides + 2 * heads[flow]).packets + (tables.sides + 2 * heads[flow] + 1).packets
        choose_client(tables, flow, heads, starts, order, clients)
        choose_messages(tables, flow, starts, order, clients, chosen, answers, asked)
    measure(tables, n_flows, flow_of, heads, starts, order, clients, answers, asked, amounts)


def group_messages(messages, n_messages, n_flows, flow_of, starts, order, room):
    """Fill `order` with the messages' rows by flow, then side, then arrival, and starts[flow] with the index of each flow's first.

    room   int64[n_messages], all -1: a buffer for the messages' flows and sides, because the rows themselves are long
    """
    for m in range(n_messages):
        flow = flow_of[(messages + m).record]
        room[m] = 2 * flow + (messages + m).side
        starts[flow + 2] += 1
    for f in range(2, n_flows + 2):
        starts[f] += starts[f - 1]
    for side in range(2):
        for m in range(n_messages):
            if room[m] & 1 == side:
                flow = room[m] >> 1
                order[starts[flow + 1]] = m
                starts[flow + 1] += 1
    for m in range(n_messages):
        room[m] = -1


def sort_by_stream(messages, sides, head, order, start, end):
    """Sort a flow's messages in stream order, side 0 before side 1; they nearly are."""
    for i in range(start + 1, end):
        m = order[i]
        k = i
        while k > start and comes_before(messages + m, messages + order[k - 1], sides + 2 * head + (messages + m).side):
            order[k] = order[k - 1]
            k -= 1
        order[k] = m


def comes_before(message, other, side):
    """True when `message` comes before `other` in its side's stream."""
    if message.side != other.side:
        return message.side < other.side
    if side.seen & HAS_BASE:
        return behind(message.seq, side.base) < behind(other.seq, side.base)
    return message.seq < other.seq


def choose_client(tables, flow, heads, starts, order, clients):
    """Set clients[flow] to the side that opened the flow, and put its messages in stream order.

    The sender of the SYN; else the receiver of a SYN-ACK; else the sender of a request; else the side that didn't answer; else by the port.
    """
    records, sides, messages = tables.records, tables.sides, tables.messages
    head = heads[flow]
    start, end = starts[flow], starts[flow + 1]
    sort_by_stream(messages, sides, head, order, start, end)
    record = records + head
    asked, answered = -1, -1
    for i in range(start, end):
        kind = (messages + order[i]).kind
        if kind in (CONNECT, ABSOLUTE, ORIGIN, SOCKS4, SOCKS5, CLIENT_HELLO, DNS_QUESTION):
            if asked < 0:
                asked = (messages + order[i]).side
        elif kind in (ANSWER, SOCKS_ANSWER, SERVER_HELLO, DNS_ANSWER) and answered < 0:
            answered = (messages + order[i]).side
    if record.syn_side >= 0:
        clients[flow] = record.syn_side
    elif (sides + 2 * head).seen & SENT_SYN_ACK:
        clients[flow] = 1
    elif (sides + 2 * head + 1).seen & SENT_SYN_ACK:
        clients[flow] = 0
    elif asked >= 0:
        clients[flow] = asked
    elif answered >= 0:
        clients[flow] = 1 - answered
    elif record.a_port != record.b_port:
        clients[flow] = 0 if record.a_port > record.b_port else 1
    else:
        clients[flow] = 0


def choose_messages(tables, flow, starts, order, clients, chosen, answers, asked):
    """Fill, for one flow, the messages of its facts, every request's answer, and which requests were made to a proxy."""
    messages, sides = tables.messages, tables.sides
    start, end = starts[flow], starts[flow + 1]
    if start == end:
        return
    side = asking_side(messages, order, start, end, clients[flow])
    pair_answers(messages, order, start, end, side, answers)
    row = flow * N_CHOSEN
    inside = False
    has_proxy_agent = False
    for i in range(start, end):
        m = order[i]
        message = messages + m
        kind = message.kind
        if kind in (SERVER_HELLO, ISSUER):
            chosen[row + (VERSION if kind == SERVER_HELLO else CERTIFICATE_ISSUER)] = m
        if kind == ALERT and (chosen[row + ALERTED] < 0 or message.ts_ns < (messages + chosen[row + ALERTED]).ts_ns):
            chosen[row + ALERTED] = m
        if message.side != side:
            continue
        if kind == WENT_ON:
            chosen[row + GOING_ON] = m
            continue
        if kind == CLIENT_HELLO:
            if chosen[row + HELLO] < 0:
                chosen[row + HELLO] = m
            continue
        if source_by_itself(tables.records + message.record, message) >= 0:
            if chosen[row + BY_ITSELF] < 0:
                chosen[row + BY_ITSELF] = m
            continue
        if kind in (SOCKS4, SOCKS5):
            if refuted(sides + 2 * message.record + side):
                continue
            chosen[row + TUNNEL] = m
            asked[m] = 1
            inside = True
            continue
        if kind not in (CONNECT, ABSOLUTE, ORIGIN):
            continue
        if message.shape & SHAPE_BARE and kind == CONNECT and answers[m] < 0 and not hello_follows(messages, order, i, end):
            continue
        to_proxy = kind == CONNECT or (kind == ABSOLUTE and not inside)
        if kind == CONNECT:
            chosen[row + TUNNEL] = m
            if message.field_size > 0:
                chosen[row + CONNECT_FIELD] = m
            inside = answers[m] < 0 or 200 <= as_answer(messages + answers[m]).status < 300
        else:
            if chosen[row + FIELD] < 0 and message.field_size > 0:
                chosen[row + FIELD] = m
            if to_proxy and chosen[row + FETCH] < 0:
                chosen[row + FETCH] = m
        asked[m] = to_proxy
        if message.agent_size > 0 and (chosen[row + AGENT] < 0 or (to_proxy and not has_proxy_agent)):
            chosen[row + AGENT] = m
            has_proxy_agent = to_proxy
        if chosen[row + STYLE] < 0 or (to_proxy and not asked[chosen[row + STYLE]]):
            chosen[row + STYLE] = m


def hello_follows(messages, order, at, end):
    """True when the same side sent a ClientHello behind order[at]."""
    i = at + 1
    while i < end and not ((messages + order[i]).kind == CLIENT_HELLO and (messages + order[i]).side == (messages + order[at]).side):
        i += 1
    return i < end


def asking_side(messages, order, start, end, client):
    """The client, unless only the other side sent requests."""
    for i in range(start, end):
        message = messages + order[i]
        if message.side == client and message.kind in (CONNECT, ABSOLUTE, ORIGIN, SOCKS4, SOCKS5, CLIENT_HELLO, DATAGRAM, DNS_QUESTION):
            return client
    for i in range(start, end):
        if (messages + order[i]).kind in (CONNECT, ABSOLUTE, ORIGIN, SOCKS4, SOCKS5, CLIENT_HELLO):
            return (messages + order[i]).side
    return client


def refuted(side):
    """True when an apparent SOCKS request was none: the other end answered in another protocol."""
    return side.asked_socks == SOCKS_REFUTED


def pair_answers(messages, order, start, end, side, answers):
    """Give each HTTP and SOCKS request the row of its answer: in order, but no answer sent before the request was received."""
    question = next_message(messages, order, start, end, side)
    for i in range(start, end):
        message = messages + order[i]
        if message.side == side or (message.kind != ANSWER and message.kind != SOCKS_ANSWER):
            continue
        while question < end and ((messages + order[question]).kind in (SOCKS4, SOCKS5)) != (message.kind == SOCKS_ANSWER):
            question = next_message(messages, order, question + 1, end, side)
        if question >= end:
            return
        asked = messages + order[question]
        if behind(message.ack, asked.seq) <= 0 and message.ack != 0:
            continue
        answers[order[question]] = order[i]
        question = next_message(messages, order, question + 1, end, side)


def next_message(messages, order, at, end, side):
    """The index in `order`, from `at` on, of the next request of this side; `end` without one."""
    while at < end:
        message = messages + order[at]
        if message.side == side and message.kind in (CONNECT, ABSOLUTE, ORIGIN, SOCKS4, SOCKS5):
            return at
        at += 1
    return end
