"""Conversations that may be joined differently than one pass would have read them: they are read again from the border on, or the whole
file in one pass.

Payload that a piece holds back for a conversation that may have begun before it is read at the border as if it arrived there. The result
may differ where it exceeds what is kept, where a connection begins again with the same sequence number, and where a port is reused with
SOCKS, or an older connection goes on beside the newest (parts/partial.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import DONE, GIVEN_UP, HAS_BASE, HELD_BACK, N_HELD, N_MESSAGES, N_RECORDS, SOCKS4, SOCKS5, Tables
from analyzer.flows.retire import hashes_of

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[Any]


def doubtful(pieces: Sequence[Tables]) -> Hashes:
    """The sorted hashes of these conversations. pieces: in order of time, each with the conversations that borders may have cut."""
    rows = [records_of(number, tables) for number, tables in enumerate(pieces)]
    every = np.concatenate([np.zeros(0, RECORD), *rows])
    found = [begun_again(every)]
    for number in range(1, len(pieces)):
        earlier, own = every[every["piece"] < number], every[every["piece"] == number]
        given_up = np.unique(own["conversation"][own["given_up"]])
        settled = np.setdiff1d(earlier["conversation"][earlier["done"]], earlier["conversation"][~earlier["done"]])
        found.append(np.setdiff1d(given_up, settled))
        held = every[np.isin(every["conversation"], own["conversation"][own["held"]])]
        strays = older_beside(earlier, own, pieces[number])
        found.append(np.intersect1d(used_again(held), np.union1d(strays, held["conversation"][held["socks"]])))
    return np.unique(np.concatenate(found))


RECORD = np.dtype(
    [
        ("conversation", "u8"),
        ("piece", "i4"),
        ("syn_side", "i4"),
        ("isn", "u4"),
        ("base", "u4", (2,)),  # of its sides
        ("has_base", "?", (2,)),
        ("data", "?"),  # has payload
        ("done", "?"),  # nothing more is read on either side
        ("held", "?"),  # it may have begun before its piece
        ("given_up", "?"),  # has more payload than is kept
        ("socks", "?"),
    ]
)


def records_of(piece: int, tables: Tables) -> Rows:
    """RECORD[n] of a piece."""
    n = int(tables.counts[N_RECORDS])
    sides = tables.sides[: 2 * n].reshape(n, 2)
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    rows = np.zeros(n, RECORD)
    rows["conversation"], rows["piece"] = hashes_of(tables), piece
    rows["syn_side"], rows["isn"] = tables.records["syn_side"][:n], tables.records["isn"][:n]
    rows["base"], rows["has_base"] = sides["base"], sides["seen"] & HAS_BASE != 0
    rows["data"] = (sides["distinct"] > 0).any(axis=1)
    rows["done"] = (sides["state"] == DONE).all(axis=1)
    rows["held"] = (sides["seen"] & (HELD_BACK | GIVEN_UP) != 0).any(axis=1)
    rows["given_up"] = (sides["seen"] & GIVEN_UP != 0).any(axis=1)
    rows["socks"] = (sides["asked_socks"] != 0).any(axis=1)
    rows["socks"][messages["record"][np.isin(messages["kind"], (SOCKS4, SOCKS5))]] = True
    return rows


def begun_again(every: Rows) -> Hashes:
    """Conversations that begin with the same sequence number in two pieces, and carry payload in both."""
    rows = every[(every["syn_side"] >= 0) & every["data"]]
    rows = rows[np.lexsort((rows["piece"], rows["isn"], rows["syn_side"], rows["conversation"]))]
    same = np.ones(max(0, len(rows) - 1), np.bool_)
    for column in ("conversation", "syn_side", "isn"):
        same &= rows[column][1:] == rows[column][:-1]
    result: Hashes = np.unique(rows["conversation"][1:][same & (rows["piece"][1:] != rows["piece"][:-1])])
    return result


def used_again(rows: Rows) -> Hashes:
    """Conversations that have more than one connection."""
    known, n = np.unique(rows["conversation"][rows["syn_side"] >= 0], return_counts=True)
    result: Hashes = known[n > 1]
    return result


def older_beside(earlier: Rows, own: Rows, piece: Tables) -> Hashes:
    """Conversations of which the piece keeps payload from before the newest connection that earlier pieces have.

    own   the piece's records, in their order
    """
    held = piece.held[: int(piece.counts[N_HELD])]
    latest = earlier[::-1]
    known, newest = np.unique(latest["conversation"], return_index=True)
    if not len(held) or not len(known):
        return np.zeros(0, np.uint64)
    conversation = own["conversation"][held["record"]]
    place = np.minimum(np.searchsorted(known, conversation), len(known) - 1)
    record, side = latest[newest[place]], held["side"].astype(np.int64)
    of = np.arange(len(held))
    before = (held["seq"] - record["base"][of, side]).astype(np.int32) < 0
    result: Hashes = np.unique(conversation[(known[place] == conversation) & record["has_base"][of, side] & before])
    return result
