"""Times and amounts, per source and service or plane: the values in which sources that are alike differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from analyzer.routes.requests import NO_TIME, Ints
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Evidence

NEVER: Final = np.iinfo(np.int64).max
"""Later than every time: the initial value of a minimum. A maximum starts with NO_TIME, which is earlier than all."""


class Amounts(NamedTuple):
    """A row for each service (or plane) of each source that asked only one proxy.

    at      client code → its first row; a client's rows are consecutive, in the order of the codes of its services
    first last   of the requests, else of the flows, as texts of the document
    share_first share_last share_bytes   of the requests and the flows to the proxy
    """

    at: dict[int, int]
    first: list[str | None]
    last: list[str | None]
    share_first: list[str | None]
    share_last: list[str | None]
    share_bytes: list[int]


def amounts_of(evidence: Evidence, clients: Iterable[int], *, of_planes: bool) -> Amounts:
    """The amounts of these sources, per plane or per service."""
    wanted = np.zeros(len(evidence.client.values) + 1, np.bool_)
    wanted[list(clients)] = True
    of_row, of_request = (evidence.plane, evidence.request_plane) if of_planes else (evidence.service, evidence.request_service)
    client, what = evidence.client.codes, of_row.codes
    mine = wanted[client] & (what >= 0)
    asked = np.flatnonzero(evidence.asks_proxy & (of_request.codes >= 0) & wanted[client[evidence.requests.row]])
    rows, direct = (np.flatnonzero(mine & (evidence.route == route)) for route in (PROXY, DIRECT))
    base = len(of_row.values) + 1
    of_asked = client[evidence.requests.row[asked]] * base + of_request.codes[asked]
    keys = np.concatenate([of_asked, *(client[own] * base + what[own] for own in (rows, direct))])
    known, place = np.unique(keys, return_inverse=True)
    at_asked, at_row, at_direct = np.split(place, np.cumsum([len(asked), len(rows)]))
    n = len(known)
    begun, first, last = evidence.begun[asked], evidence.first, evidence.last
    asks = np.bincount(at_asked, minlength=n) > 0
    firsts, lasts = ends_of(n, (at_asked, begun, begun))
    began, began_last = ends_of(n, (at_row, first[rows], first[rows]), (at_direct, first[direct], first[direct]))
    share_first, share_last = ends_of(n, (at_asked, begun, begun), (at_row, first[rows], last[rows]))
    sizes = np.zeros(n, np.int64)
    np.add.at(sizes, at_row, evidence.bytes[rows])
    of_client = known // base
    return Amounts(
        at=dict(zip(*(part.tolist() for part in np.unique(of_client, return_index=True)), strict=True)),
        first=_texts(np.where(asks, firsts, began)),
        last=_texts(np.where(asks, lasts, began_last)),
        share_first=_texts(share_first),
        share_last=_texts(share_last),
        share_bytes=sizes.tolist(),
    )


def ends_of(n: int, *seen: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints]:
    """(the earliest start, the latest end) of each of n places; `seen`: (places, starts, ends)."""
    first, last = np.full(n, NEVER), np.full(n, NO_TIME)
    for place, starts, ends in seen:
        np.minimum.at(first, place, np.where(starts == NO_TIME, NEVER, starts))
        np.maximum.at(last, place, ends)
    return first, last


def _texts(times: Ints) -> list[str | None]:
    texts: list[str | None] = np.strings.add(np.datetime_as_string(times.astype("datetime64[ns]")), "Z").tolist()
    for at in np.flatnonzero((times == NEVER) | (times == NO_TIME)).tolist():
        texts[at] = None
    return texts
