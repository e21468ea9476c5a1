"""Sources with equal evidence: their rows differ only in addresses, times and amounts, so the rest is computed once for all of them.

Two sources are alike if their flows and requests have the same values, equally often and in any order, in every column that decides a
source's row (COLUMNS, and the columns that evidence holds as numbers). A source that used several proxies is compared with no other,
because times decide its winner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.numbers import distinct
from analyzer.routes.requests import ABSOLUTE, Bools, Ints, Requests, one_array
from analyzer.routes.route import PROXY
from analyzer.verdict.columns import TORN_BY, torn
from analyzer.verdict.evidence import Coded, Evidence, coded, grouped, source_rows
from analyzer.verdict.outcome import Outcome
from analyzer.verdict.tally import sent_elsewhere
from analyzer.verdict.unread import unread_flows

MAX_FLOWS: Final = 64
"""Sources with more flows aren't compared: hardly two of them would be alike."""

COLUMNS: Final = ("service_rule", "service_possible", "client_family", "client_family_by", "user_agent", "ja4", "process")
"""Text columns of flows that decide a source's row, beside those that evidence holds as numbers."""

_OF_PROXIES: Final = ("proxy", "proxy_name", "method")

_OF_REQUESTS: Final = ("row", "kind", "status", "host", "location")
"""Columns of requests that are compared, or that the comparison depends on; the others are left empty."""

T = TypeVar("T")


class Alike(NamedTuple):
    """Which sources are alike.

    like   client code → the first client that is like it (itself where there is none before); every source, in order of codes
    each   the evidence of those first clients alone, in the same numbering; its table has only the compared columns
    """

    like: Mapping[int, int]
    each: Evidence

    def for_all(self, found: Mapping[int, T]) -> dict[int, T]:
        """The value found for the first client of each kind, for every client of that kind."""
        return {client: found[first] for client, first in self.like.items() if first in found}

    def followers(self) -> dict[int, list[int]]:
        """The first client of a kind → the other clients of that kind; only kinds with several clients."""
        found: dict[int, list[int]] = {}
        for client, first in self.like.items():
            if client != first:
                found.setdefault(first, []).append(client)
        return found


def alike_of(evidence: Evidence, *, compared: bool = True, reached: Sequence[int] = ()) -> Alike:
    """Which sources of the evidence are alike.

    compared   false: each source is alike only itself, as where rows name the flows that prove them
    reached    rows of flows to addresses that others asked DNS for (lookups.py)
    """
    rows = np.flatnonzero(source_rows(evidence))
    clients, counts = np.unique(evidence.client.codes[rows], return_counts=True)
    few = _in(evidence.client.codes, clients[counts <= (MAX_FLOWS if compared else 0)])
    rows = rows[few[rows] & ~_in(evidence.client.codes, _of_several_proxies(evidence))[rows]]
    first_of: dict[tuple[int, ...], int] = {}
    like = {client: client for client in clients.tolist()}
    kinds = np.zeros(evidence.flows.num_rows, np.int64)
    kinds[rows] = _numbered(zip(*(column[rows].tolist() for column in _facts(evidence, rows, reached)), strict=True))
    for (client,), own in grouped(rows, evidence.client.codes):
        like[client] = first_of.setdefault(tuple(sorted(kinds[own].tolist())), client)
    each = np.fromiter(set(like.values()), np.int64)
    return Alike(like, _of_rows(evidence, source_rows(evidence) & _in(evidence.client.codes, each)))


def _in(codes: Ints, wanted: Ints) -> Bools:
    """bool[n]: which codes are wanted; negative codes are not."""
    chosen = np.zeros(max(int(codes.max(initial=0)), int(wanted.max(initial=0))) + 2, np.bool_)
    chosen[wanted[wanted >= 0]] = True
    result: Bools = chosen[codes]  # -1 selects the last element, which no code has
    return result


def _of_several_proxies(evidence: Evidence) -> Ints:
    """Clients with flows to more than one proxy."""
    rows = np.flatnonzero(evidence.route == PROXY)
    n_proxies = len(evidence.proxy.values)
    pairs = distinct(evidence.client.codes[rows] * n_proxies + evidence.proxy.codes[rows])
    return np.flatnonzero(np.bincount(pairs // n_proxies) > 1) if n_proxies else pairs


def _numbered(entries: Iterable[tuple[int, ...]]) -> list[int]:
    """The entries as numbers: equal entries get equal numbers, the first 0."""
    known: dict[tuple[int, ...], int] = {}
    return [known.setdefault(entry, len(known)) for entry in entries]


def _facts(evidence: Evidence, rows: Ints, reached: Sequence[int]) -> list[Ints]:
    """Columns, by row, that decide a source's row, without times and amounts."""
    flows = evidence.flows
    also = pc.binary_join(one_array(flows.column("service_also")), "\n")
    texts = [coded(flows.column(name)).codes for name in COLUMNS]
    named = [one.codes for one in (evidence.proxy, evidence.service, evidence.plane, evidence.host, evidence.state, coded(also))]
    flags = [flag.astype(np.int64) for flag in (evidence.hidden, evidence.own, evidence.taken_over, unread_flows(evidence), torn(evidence))]
    known = np.zeros(flows.num_rows, np.int64)
    known[list(reached)] = 1
    return [evidence.route, evidence.direct, *named, *texts, *flags, known, _asked(evidence, rows)]


def _asked(evidence: Evidence, rows: Ints) -> Ints:
    """By row: a number for the list of its requests; equal lists get equal numbers."""
    requests, outcome = evidence.requests, evidence.outcome
    wanted = np.zeros(evidence.flows.num_rows, np.bool_)
    wanted[rows] = True
    asked = np.flatnonzero(wanted[requests.row])
    facts = (
        evidence.request_service.codes,
        evidence.request_plane.codes,
        evidence.request_host.codes,
        evidence.request_own,
        outcome.code,
        outcome.through,
        outcome.mute,
        outcome.unused,
        requests.kind == ABSOLUTE,
        requests.status,
        evidence.weight,
        evidence.weak,
        sent_elsewhere(requests),
    )
    kinds = np.array(_numbered(zip(*(fact[asked].tolist() for fact in facts), strict=True)), np.int64)
    lists: dict[tuple[int, ...], int] = {(): 0}
    found = np.zeros(evidence.flows.num_rows, np.int64)
    row = requests.row[asked]
    starts = np.flatnonzero(np.append(True, row[1:] != row[:-1])[: len(row)])
    ends, texts = [*starts[1:].tolist(), len(row)], kinds.tolist()
    numbers = [lists.setdefault(tuple(texts[start:end]), len(lists)) for start, end in zip(starts.tolist(), ends, strict=False)]
    found[row[starts]] = numbers
    return found


def _of_rows(evidence: Evidence, kept: Bools) -> Evidence:
    """The evidence of these rows alone, in the same numbering."""
    rows = np.flatnonzero(kept)
    of_requests = kept[evidence.requests.row]
    row_of = np.cumsum(kept) - 1
    torn_by = [name for name in TORN_BY if name in evidence.flows.column_names]
    flows = evidence.flows.select([*COLUMNS, "service_also", *_OF_PROXIES, *torn_by]).filter(array(kept)).combine_chunks()
    requests: dict[str, Any] = {name: _taken(getattr(evidence.requests, name), of_requests) for name in _OF_REQUESTS}
    requests["row"] = row_of[requests["row"]]
    requests |= {field.name: getattr(evidence.requests, field.name)[:0] for field in fields(Requests) if field.name not in _OF_REQUESTS}
    own: dict[str, Any] = {
        name: _taken(getattr(evidence, name), rows) for name in ("route", "direct", "first", "last", "bytes", "hidden", "own")
    }
    own |= {name: _taken(getattr(evidence, name), of_requests) for name in ("request_own", "begun", "weight", "weak")}
    texts = {name: getattr(evidence, name) for name in ("client", "proxy", "service", "plane", "host", "state")}
    own |= {name: Coded(text.codes[rows], text.values) for name, text in texts.items()}
    asked = {name: getattr(evidence, name) for name in ("request_service", "request_plane")}
    own |= {name: Coded(text.codes[of_requests], text.values) for name, text in asked.items()}
    of_each = evidence.outcome
    flags = (of_each.through, of_each.mute, of_each.unused)
    outcome = Outcome(of_each.code[of_requests], *(flag[of_requests] for flag in flags))
    each = replace(evidence, flows=flows, copies=evidence.copies.slice(0, 0), requests=Requests(**requests), outcome=outcome, **own)
    vars(each)["proxy_names"] = evidence.proxy_names  # of every proxy, as `proxy` keeps its numbering
    vars(each)["taken_over"] = evidence.taken_over[rows]  # can't be derived from the remaining columns
    return each


def _taken(column: Ints | Bools | pa.Array, chosen: Ints | Bools) -> Ints | Bools | pa.Array:
    return column.filter(array(chosen)) if isinstance(column, pa.Array) else column[chosen]
