"""A flow's host, chosen last from its facts: the first name that is no address."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.memory import prefetch
from analyzer.facts.chosen import BY_ITSELF, CERTIFICATE_ISSUER, FETCH, FIELD, HELLO, N_CHOSEN, TUNNEL
from analyzer.flows.layout import CONNECT, DNS_QUESTION, SHAPE_ADDRESS, TRAIT_QUIC
from analyzer.flows.messages import as_certificate, as_client_hello
from analyzer.packets.layout import TCP
from analyzer.readers.dns import PORT_DNS

SOURCES: Final[list[str | None]] = ["connect", "socks", "absolute", "sni", "quic", "http", "certificate", "dns"]
BY_CONNECT: Final = 0
BY_SOCKS: Final = 1
BY_ABSOLUTE: Final = 2
BY_SNI: Final = 3
BY_QUIC: Final = 4
BY_HTTP: Final = 5
BY_CERTIFICATE: Final = 6
BY_DNS: Final = 7

Rows = npt.NDArray[np.int64]

# How many flows ahead messages are prefetched: they are scattered over their table.
FLOWS_AHEAD: Final = 4


def choose_hosts(
    records: npt.NDArray[Any], messages: npt.NDArray[Any], pool: npt.NDArray[np.uint8], chosen: npt.NDArray[np.int64], flows: Rows
) -> tuple[Any, Any, Any]:
    """(the host's offset in the pool, its size, its index in SOURCES), -1 as size and source where no name was seen.

    chosen   int64[, N_CHOSEN]: of every flow;  flows: the rows to name
    """
    n = len(flows)
    at, size, source = np.zeros(n, np.int64), np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    fill_hosts(records, messages, pool, chosen, flows, n, at, size, source)
    return at, size, source


def is_name(pool, at, size):
    """True for a text that is neither empty nor an IPv4 or IPv6 address."""
    colons, lettered, other = 0, False, False
    for k in range(size):
        c = pool[at + k]
        is_hex = 48 <= c <= 57 or 65 <= c <= 70 or 97 <= c <= 102
        if c == 58:
            colons += 1
        elif c != 46:
            lettered = lettered or not 48 <= c <= 57
            other = other or not is_hex
    return (other or (lettered and colons < 2)) and not (size == 1 and pool[at] == 42)


@kernel
def fill_hosts(records, messages, pool, chosen, flows, n, at, size, source):
    """Fill the results of choose_hosts; n: the number of flows."""
    for flow in range(n):
        row = flows[flow] * N_CHOSEN
        if flow + FLOWS_AHEAD < n:
            ahead = flows[flow + FLOWS_AHEAD] * N_CHOSEN
            prefetch(messages, chosen[ahead + TUNNEL])
            prefetch(messages, chosen[ahead + HELLO])
            prefetch(messages, chosen[ahead + FIELD])
        if chosen[row + TUNNEL] >= 0:
            m = messages + chosen[row + TUNNEL]
            if m.shape & SHAPE_ADDRESS == 0 and is_name(pool, m.host_at, m.host_size):
                at[flow], size[flow] = m.host_at, m.host_size
                source[flow] = BY_CONNECT if m.kind == CONNECT else BY_SOCKS
                continue
            if m.kind == CONNECT and is_name(pool, m.field_at, m.field_size):
                at[flow], size[flow], source[flow] = m.field_at, m.field_size, BY_CONNECT
                continue
        if chosen[row + FETCH] >= 0:
            m = messages + chosen[row + FETCH]
            if is_name(pool, m.host_at, m.host_size):
                at[flow], size[flow], source[flow] = m.host_at, m.host_size, BY_ABSOLUTE
                continue
        if chosen[row + HELLO] >= 0:
            hello = as_client_hello(messages + chosen[row + HELLO])
            if is_name(pool, hello.server_name_at, hello.server_name_size):
                at[flow], size[flow] = hello.server_name_at, hello.server_name_size
                source[flow] = BY_QUIC if hello.traits & TRAIT_QUIC else BY_SNI
                continue
        if chosen[row + FIELD] >= 0:
            m = messages + chosen[row + FIELD]
            if is_name(pool, m.field_at, m.field_size):
                at[flow], size[flow], source[flow] = m.field_at, m.field_size, BY_HTTP
                continue
        if chosen[row + CERTIFICATE_ISSUER] >= 0:
            leaf = as_certificate(messages + chosen[row + CERTIFICATE_ISSUER])
            if is_name(pool, leaf.subject_at, leaf.subject_size):
                at[flow], size[flow], source[flow] = leaf.subject_at, leaf.subject_size, BY_CERTIFICATE
                continue
        if chosen[row + BY_ITSELF] >= 0:
            m = messages + chosen[row + BY_ITSELF]
            if is_name(pool, m.host_at, m.host_size):
                at[flow], size[flow] = m.host_at, m.host_size
                source[flow] = source_by_itself(records + m.record, m)


def source_by_itself(record, message):
    """The source of a message that gives nothing but its flow's name, as its `host`; -1 for all others."""
    if message.kind == DNS_QUESTION and asks_resolver(record, message.side):
        return BY_DNS
    return -1


def asks_resolver(record, side):
    """True for a flow over UDP whose other end is a resolver. A flow over TCP doesn't get the name: it is a direct connection."""
    return record.protocol != TCP and (record.b_port if side == 0 else record.a_port) == PORT_DNS
