"""Who won: per source and service, and per source and plane, the proxy that carried most.

Winner: most carried requests, then most bytes, then the latest; a full tie has none. Only failures: none. Direct never wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analyzer.findings import Confidence
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Coded, Evidence, grouped, rfc3339

LIKELY_SHARE = (4, 5)
"""80 % of the carried requests, as a fraction of whole numbers: no rounding decides a confidence."""

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Share:
    """What one proxy did for one service (or plane) of one source.

    carried failed  requests; pages: those of the carried that were absolute-form
    unseen          requests whose answer wasn't captured
    bytes           of the flows whose scalar columns name this service
    first last      ns since 1970, or NO_TIME: of those flows, and of the requests on other flows
    """

    proxy: str
    label: str
    name: str | None
    method: str | None
    carried: int
    failed: int
    pages: int
    unseen: int
    bytes: int
    first: int
    last: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """What decides: most carried requests, then most bytes, then the latest."""
        return self.carried, self.bytes, self.last

    def to_dict(self) -> dict[str, Any]:
        """The row of by_proxy."""
        return {
            "proxy": self.proxy,
            "name": self.name,
            "method": self.method,
            "tunnels": self.carried,
            "failed": self.failed,
            "bytes": self.bytes,
            "first_seen": None if self.first == NO_TIME else rfc3339(self.first),
            "last_seen": None if self.last == NO_TIME else rfc3339(self.last),
        }


@dataclass
class Contest:
    """Everything that took part in one service (or plane) of one source.

    shares      per proxy, the best first
    failures    status of failed requests → how many; NO_STATUS: unanswered
    went_direct blocked_direct  flows past the proxies
    """

    shares: list[Share] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    went_direct: int = 0
    blocked_direct: int = 0

    @property
    def carriers(self) -> list[Share]:
        return [share for share in self.shares if share.carried]

    @property
    def winner(self) -> Share | None:
        """The proxy that carried most, None where none did or a tie is full."""
        carriers = self.carriers
        if not carriers or (len(carriers) > 1 and carriers[0].rank == carriers[1].rank):
            return None
        return carriers[0]

    @property
    def confidence(self) -> Confidence:
        """certain: one proxy carried all and every answer was seen; likely: it carried at least 80 %; else unclear."""
        winner = self.winner
        if winner is None:
            return "unclear"
        if len(self.carriers) == 1 and not any(share.unseen for share in self.shares):
            return "certain"
        part, whole = LIKELY_SHARE
        return "likely" if winner.carried * whole >= sum(share.carried for share in self.carriers) * part else "unclear"


def contests(evidence: Evidence, of_row: Coded, of_request: Coded) -> dict[tuple[int, int], Contest]:
    """Every contest, by (client code, code of the service or plane).

    of_row of_request  the service or the plane of rows and of requests, in one numbering
    """
    found: dict[tuple[int, int], Contest] = {}
    for client, what, share in _shares(evidence, of_row, of_request):
        found.setdefault((client, what), Contest()).shares.append(share)
    for contest in found.values():
        contest.shares.sort(key=lambda share: (*(-number for number in share.rank), share.proxy))
    client_of_request = evidence.client.codes[evidence.requests.row]
    failed = np.flatnonzero(evidence.outcome.failed & evidence.asks_proxy & (of_request.codes >= 0))
    for (client, what, status), positions in grouped(failed, client_of_request, of_request.codes, evidence.requests.status):
        found[client, what].failures[status] = len(positions)
    direct = np.flatnonzero((evidence.route == DIRECT) & (of_row.codes >= 0))
    for (client, what, blocked), rows in grouped(direct, evidence.client.codes, of_row.codes, evidence.blocked.astype(np.int64)):
        contest = found.setdefault((client, what), Contest())
        if blocked:
            contest.blocked_direct += len(rows)
        else:
            contest.went_direct += len(rows)
    return found


def _shares(evidence: Evidence, of_row: Coded, of_request: Coded) -> list[tuple[int, int, Share]]:
    """(client code, service or plane code, share) of every proxy that was asked, or has bytes, for it."""
    requests, outcome = evidence.requests, evidence.outcome
    asked = np.flatnonzero(evidence.asks_proxy & (of_request.codes >= 0))
    rows = np.flatnonzero((evidence.route == PROXY) & (of_row.codes >= 0))
    asked_row = requests.row[asked]
    flow = np.concatenate([asked_row, rows])
    what = np.concatenate([of_request.codes[asked], of_row.codes[rows]])
    shape = (len(evidence.client.values), len(of_row.values), len(evidence.proxy.values))
    if not len(flow):
        return []
    keys, group = np.unique(
        np.ravel_multi_index((evidence.client.codes[flow], what, evidence.proxy.codes[flow]), shape), return_inverse=True
    )
    of_asked, of_rows = group[: len(asked)], group[len(asked) :]

    def count(which: Bools) -> list[int]:
        numbers: list[int] = np.bincount(of_asked[which[asked]], minlength=len(keys)).tolist()
        return numbers

    # A request on a flow whose scalar columns name another service has no bytes or end of its own: it counts by its own time.
    elsewhere = of_row.codes[asked_row] != of_request.codes[asked]
    began = np.where(requests.first_seen[asked] == NO_TIME, evidence.first[asked_row], requests.first_seen[asked])[elsewhere]
    first = _extreme(np.minimum, len(keys), [(of_rows, evidence.first[rows]), (of_asked[elsewhere], began)])
    last = _extreme(np.maximum, len(keys), [(of_rows, evidence.last[rows]), (of_asked[elsewhere], began)])
    columns = [
        count(outcome.carried),
        count(outcome.failed),
        count(outcome.carried & (requests.kind == ABSOLUTE)),
        count(outcome.unseen),
        _sums(of_rows, evidence.bytes[rows], len(keys)),
        first,
        last,
    ]
    shares = []
    clients, whats, proxies = (part.tolist() for part in np.unravel_index(keys, shape))
    for client, thing, proxy_code, *numbers in zip(clients, whats, proxies, *columns, strict=True):
        proxy = evidence.proxy.values[proxy_code]
        name, method = evidence.proxy_names[proxy]
        shares.append((client, thing, Share(proxy, name or proxy, name, method, *numbers)))
    return shares


def _sums(group: Ints, values: Ints, n_groups: int) -> list[int]:
    total = np.zeros(n_groups, dtype=np.int64)
    np.add.at(total, group, values)
    sums: list[int] = total.tolist()
    return sums


def _extreme(choose: np.ufunc, n_groups: int, parts: list[tuple[Ints, Ints]]) -> list[int]:
    """The least or greatest time of each group; NO_TIME where it has none. NO_TIME is below every time, so maximum needs no care."""
    start = _NEVER if choose is np.minimum else NO_TIME
    best = np.full(n_groups, start, dtype=np.int64)
    for group, times in parts:
        known = times != NO_TIME
        choose.at(best, group[known], times[known])
    best[best == _NEVER] = NO_TIME
    extremes: list[int] = best.tolist()
    return extremes
