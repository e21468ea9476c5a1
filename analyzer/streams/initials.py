"""QUIC Initials that were kept → ClientHellos, among the other messages.

A part that is put away has those that it holds whole read already: what remains of the Initials is read when all pieces are there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.concatenate import concatenated
from analyzer.flows.grow import empty_tables, grown
from analyzer.flows.layout import CLIENT_HELLO, DATAGRAM, N_MESSAGES, POOL_USED, TRAIT_QUIC, Tables
from analyzer.flows.retire import pack_texts
from analyzer.readers.quic import read_client_hello
from analyzer.readers.tls import keep_client_hello


def read_initials(tables: Tables) -> Tables:
    """The same tables, with a ClientHello for each side of a flow whose QUIC Initials hold one, unless it has one already."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    for (record, side), rows in sides_of(messages).items():
        datagrams = [bytes(tables.pool[at : at + size]) for at, size in messages[["host_at", "host_size"]][rows].tolist()]
        hello = read_client_hello(datagrams)
        if hello is None:
            continue
        tables = grown(tables)
        ts_ns = int(messages["ts_ns"][rows[0]])
        body = np.frombuffer(hello, np.uint8).copy()
        keep_client_hello(tables, body, 4, len(body), record, side, 0, 0, ts_ns, 0, True)
    return tables


def sides_of(messages: npt.NDArray[Any]) -> dict[tuple[int, int], list[int]]:
    """(record, side) → its QUIC Initials, rows of messages, where no ClientHello of it is known."""
    kept = np.flatnonzero(messages["kind"] == DATAGRAM)
    sides: dict[tuple[int, int], list[int]] = {}
    if not len(kept):
        return sides
    hellos = messages[(messages["kind"] == CLIENT_HELLO) & (messages["port"] & TRAIT_QUIC != 0)]
    known = set(zip(hellos["record"].tolist(), hellos["side"].tolist(), strict=True))
    for m in kept.tolist():
        side = int(messages["record"][m]), int(messages["side"][m])
        if side not in known:
            sides.setdefault(side, []).append(m)
    return sides


def with_hellos_read(tables: Tables) -> Tables:
    """The tables, copied where they change, with every ClientHello that Initials here hold whole instead of the flow's Initials."""
    n = int(tables.counts[N_MESSAGES])
    if not (tables.messages["kind"][:n] == DATAGRAM).any():
        return tables
    tables = read_initials(concatenated(tables, empty_tables())._replace(recent=tables.recent.copy()))
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    read = np.unique(messages["record"][n:])
    gone = (messages["kind"] == DATAGRAM) & np.isin(messages["record"], read)
    kept = messages[~gone].copy()
    pool = pack_texts(tables.pool, kept)
    tables.messages[: len(kept)] = kept
    tables.counts[N_MESSAGES], tables.counts[POOL_USED] = len(kept), len(pool)
    return tables._replace(pool=pool)
