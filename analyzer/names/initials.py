"""QUIC Initials that were kept → ClientHellos, among the other messages."""

from __future__ import annotations

import numpy as np

from analyzer.flows.grow import grown
from analyzer.flows.layout import DATAGRAM, N_MESSAGES, Tables
from analyzer.names.quic import read_client_hello
from analyzer.names.tls import keep_client_hello


def read_initials(tables: Tables) -> Tables:
    """The same tables, with a ClientHello for each side of a flow whose QUIC Initials hold one."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    kept = np.flatnonzero(messages["kind"] == DATAGRAM)
    sides: dict[tuple[int, int], list[int]] = {}
    for m in kept:
        sides.setdefault((int(messages["record"][m]), int(messages["side"][m])), []).append(int(m))
    for (record, side), rows in sides.items():
        datagrams = [bytes(tables.pool[at : at + size]) for at, size in messages[["host_at", "host_size"]][rows].tolist()]
        hello = read_client_hello(datagrams)
        if hello is None:
            continue
        tables = grown(tables)
        ts_ns = int(messages["ts_ns"][rows[0]])
        body = np.frombuffer(hello, np.uint8).copy()
        keep_client_hello(tables, body, 4, len(body), record, side, np.uint32(0), np.uint32(0), ts_ns, np.uint32(0), True)
    return tables
