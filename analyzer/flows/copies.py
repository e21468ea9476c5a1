"""Duplicate packets whose copies are in different parts: the second one is subtracted again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.flows.duplicates import digest_place, is_digest, same_packet
from analyzer.flows.layout import N_DUPLICATES, N_HELD, SOURCE_BITS, Tables
from analyzer.flows.stretches import set_stretches
from analyzer.packets.layout import ACK, FIN, NO_TIME, RST, SYN, TCP


def take_back_copies(tables: Tables, recent: npt.NDArray[Any], firsts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Subtract the packets among `firsts` that `recent` holds a copy of; returns the other packets of `firsts`.

    A record with all its packets among `firsts` gets its times and inputs from the remaining ones. In a record with more packets the
    copy's time isn't the latest, because copies come within a second.
    """
    packets = tables.sides["packets"]
    own, sent = np.unique(2 * firsts["record"].astype(np.int64) + firsts["side"], return_counts=True)
    whole_sides = own[packets[own] == sent]
    rows, counted = np.unique(firsts["record"], return_counts=True)
    whole = set(rows[packets[2 * rows] + packets[2 * rows + 1] == counted].tolist())
    subtract_copies(tables, recent, firsts, len(firsts))
    others: npt.NDArray[Any] = firsts[firsts["copy"] == 0]
    for row in np.unique(firsts["record"][firsts["copy"] != 0]).tolist():
        rest = others[others["record"] == row]
        if row in whole:
            set_stretches(tables, row, rest["ts_ns"].copy(), rest["payload_bytes"].copy(), rest["side"].copy(), len(rest))
            set_seen(tables.records[row : row + 1], rest)
        copies = firsts[(firsts["copy"] != 0) & (firsts["record"] == row)]
        for side in np.intersect1d(whole_sides, (2 * row, 2 * row + 1)).tolist():
            tables.sides["last_ns"][side] = rest["ts_ns"][rest["side"] == side - 2 * row].max(initial=NO_TIME)
        if tables.records["data_ns"][row] in copies["ts_ns"]:
            tables.records["data_ns"][row] = last_data(rest)
    return others


def leave_unread(tables: Tables, copies: npt.NDArray[Any], first: int) -> None:
    """Empty the kept payload of these packets, rows of Tables.held from `first` on: it was read before."""
    if not len(copies):
        return
    held = tables.held[first : int(tables.counts[N_HELD])]
    seq = copies["seq"] + (copies["flags"] & SYN != 0).astype(np.uint32)
    kept = set(zip(*(copies[name].tolist() for name in ("record", "side", "ts_ns")), seq.tolist(), strict=True))
    keys = zip(*(held[name].tolist() for name in ("record", "side", "ts_ns", "seq")), strict=True)
    held["size"][[key in kept for key in keys]] = 0


def set_seen(record: npt.NDArray[Any], firsts: npt.NDArray[Any]) -> None:
    """Set the times and inputs of the record, an array of one, to those of these packets."""
    timed = firsts[firsts["ts_ns"] != NO_TIME]
    first = timed[timed["ts_ns"].argmin()] if len(timed) else firsts[0] if len(firsts) else None
    record["first_source"] = -1 if first is None else first["source"]
    record["first_frame"] = 0 if first is None else first["number"]
    record["last_source"] = firsts["source"][-1] if len(firsts) else -1
    record["sources"] = sum(1 << s for s in set(firsts["source"].tolist()) if s < SOURCE_BITS)


def last_data(firsts: npt.NDArray[Any]) -> int:
    """The latest time of payload among a record's packets up to the first FIN or RST; NO_TIME without any."""
    ended = np.flatnonzero(firsts["flags"] & (FIN | RST))
    until = firsts[: ended[0] + 1] if len(ended) else firsts
    return int(until["ts_ns"][(until["payload_bytes"] > 0) & (until["flags"] & RST == 0)].max(initial=NO_TIME))


@kernel
def subtract_copies(tables, recent, firsts, n):
    """Mark the copies, and subtract them from their sides."""
    for i in range(n):
        first = firsts + i
        place = digest_place(first.digest)
        if not was_seen(first, recent + place) and not was_seen(first, recent + place + 1):
            continue
        first.copy = 1
        tables.counts[N_DUPLICATES] += 1
        side = tables.sides + 2 * first.record + first.side
        side.packets -= 1
        side.bytes -= first.payload_bytes
        if first.protocol != TCP or first.flags & RST:
            side.distinct -= first.payload_bytes
        record = tables.records + first.record
        if first.flags & (SYN | ACK) == SYN and record.syn_side == first.side and record.isn == first.seq:
            record.syn_side = -1  # the record began without it


def was_seen(first, before):
    """True when `before`, a packet of an earlier part, is the same packet."""
    return is_digest(before, first.digest) and same_packet(first.ts_ns, first.ip_id, first.payload_bytes, first.flags, first.ttl, before)
