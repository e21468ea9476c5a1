"""The kept QUIC Initials → ClientHellos, added to the messages.

A part file contains ClientHellos in place of Initials where they are complete; the other Initials are read when all parts are merged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.compiled import compiled, kernel
from analyzer.flows.concatenate import concatenated
from analyzer.flows.grow import grown, without_rows
from analyzer.flows.layout import CLIENT_HELLO, CURSOR, DATAGRAM, N_MESSAGES, POOL_USED, TRAIT_QUIC, Tables
from analyzer.flows.messages import CLIENT_HELLO_ROW, DATAGRAM_ROW, as_datagram
from analyzer.flows.retire import pack_texts
from analyzer.readers.initial import fill_room, read_initials_of, room
from analyzer.readers.quic import hello_in_datagrams
from analyzer.readers.states import NOT
from analyzer.readers.tls import keep_client_hello
from analyzer.streams.reassembly import has_room


def read_initials(tables: Tables) -> Tables:
    """The same tables, with a ClientHello for each side of a flow whose QUIC Initials contain one, unless it has one already."""
    rows, starts = sides_of(tables.messages[: int(tables.counts[N_MESSAGES])])
    n = len(starts) - 1
    left = np.ones(n, np.uint8)
    if n and compiled("streams") is not None:
        free, done = room(), 0
        fill_room(free)
        while done < n:
            tables = grown(tables)
            done = read_sides(tables, rows, starts, done, n, left, free)
    for k in np.flatnonzero(left).tolist():
        own = tables.messages[rows[starts[k] : starts[k + 1]]]
        datagrams = [bytes(tables.pool[at : at + size]) for at, size in own.view(DATAGRAM_ROW)[["payload_at", "payload_size"]].tolist()]
        hello = hello_in_datagrams(datagrams)
        if hello is not None:
            tables = grown(tables)
            tables.cursor[0] = np.zeros(1, CURSOR)[0]
            for name in ("record", "side", "ts_ns"):
                tables.cursor[name] = own[name][0]
            body = np.frombuffer(hello, np.uint8).copy()
            keep_client_hello(tables, body, 4, len(body), tables.cursor, 0)
    return tables


@kernel
def read_sides(tables, rows, starts, first, n, left, room):
    """The number of sides of [first, n) that were read; fewer than all when the tables must grow first.

    rows, starts   from sides_of;  left   is set to 0 for sides that are done; quic.py reads the others
    """
    for k in range(first, n):
        if not has_room(tables):
            return k
        size = hello_of(tables, rows, starts[k], starts[k + 1], room)
        if size > 0:
            kept, cursor = tables.messages + rows[starts[k]], tables.cursor
            cursor.record = kept.record
            cursor.side = kept.side
            cursor.ts_ns = kept.ts_ns
            cursor.seq = 0
            cursor.ack = 0
            keep_client_hello(tables, room.hello, 4, size, cursor, 0)
            left[k] = 0
    return n


def hello_of(tables, rows, start, stop, room):
    """The size of the ClientHello in the datagrams rows[start:stop], which is then in room.hello; NOT where this reader finds none."""
    version, id_at, n_packets, used, n_pieces, size = 0, 0, 0, 0, 0, NOT
    for i in range(start, stop):
        kept = as_datagram(tables.messages + rows[i])
        version, id_at, n_packets, used, n_pieces, size = read_initials_of(
            room, tables.pool, kept.payload_at, kept.payload_at + kept.payload_size, version, id_at, n_packets, used, n_pieces
        )
        if size > 0 or n_packets < 0:
            break
    return size


def sides_of(messages: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(rows, starts) of the QUIC Initials of sides without a known ClientHello, side by side; starts has each side's first, and the end."""
    kept = np.flatnonzero(messages["kind"] == DATAGRAM)
    if not len(kept):
        return kept, np.zeros(1, np.int64)
    hellos = messages[(messages["kind"] == CLIENT_HELLO) & (messages.view(CLIENT_HELLO_ROW)["traits"] & TRAIT_QUIC != 0)]
    of_hellos, sides = (2 * of["record"].astype(np.int64) + of["side"] for of in (hellos, messages[kept]))
    unknown = ~np.isin(sides, of_hellos)
    kept, sides = kept[unknown], sides[unknown]
    order = np.argsort(sides, kind="stable")
    borders = np.flatnonzero(np.diff(sides[order])) + 1
    return kept[order], np.concatenate([[0], borders, [len(kept)]]).astype(np.int64)


def with_hellos_read(tables: Tables) -> Tables:
    """The tables, copied where they change, with ClientHellos in place of the Initials that contain them whole."""
    n = int(tables.counts[N_MESSAGES])
    if not (tables.messages["kind"][:n] == DATAGRAM).any():
        return tables
    tables = read_initials(concatenated(tables, without_rows())._replace(recent=tables.recent.copy()))
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    read = np.unique(messages["record"][n:])
    gone = (messages["kind"] == DATAGRAM) & np.isin(messages["record"], read)
    kept = messages[~gone].copy()
    pool = pack_texts(tables.pool, kept)
    tables.messages[: len(kept)] = kept
    tables.counts[N_MESSAGES], tables.counts[POOL_USED] = len(kept), len(pool)
    return tables._replace(pool=pool)
