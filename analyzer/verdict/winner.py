"""Asked and won: per source and service, and per source and plane, era by era.

Asked is the proxy that most requests were sent to, whatever came back: the setting in force. The winner is the proxy with the most worked
requests; where none worked, the most carried; then most bytes, then the latest. A full tie has no winner. Direct never wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

from analyzer.findings import Confidence
from analyzer.tables import OUTCOMES
from analyzer.text.times import rfc3339
from analyzer.verdict.outcome import CHALLENGED, UNSEEN, WORKED

LIKELY_SHARE = (4, 5)
"""80 % of the carried requests, as a fraction of integers, so that no rounding decides a confidence."""

WORKS_SHARE = (19, 20)
"""95 % of the requests."""

LEAST_CERTAIN = 4
"""Carried requests from which on one of several eras can be certain."""

OTHER_OUTCOMES = ("broken", "authentication", "denied", "failed", "unanswered", "hidden", "unseen")


T = TypeVar("T")


class computed_once(Generic[T]):
    """A property that is computed once: functools.cached_property without the lock that it takes before Python 3.12."""

    def __init__(self, of: Callable[[Any], T]) -> None:
        self._of = of
        self.__doc__ = of.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> T:
        value: T = self._of(instance)
        instance.__dict__[self._name] = value  # found there from now on, instead of this descriptor
        return value


COUNTS = ("asked", "worked", "broken", "unseen", "failed", "challenged", "carried", "pages", "lost", "bytes")
"""Counters of a share."""


@dataclass
class Share:
    """One proxy's counts for one service (or plane) of one source in one era.

    asked      requests; worked broken unseen failed challenged: their outcomes; carried: worked, broken, and unseen but let through
    pages      carried requests in absolute form
    lost       named flows to it without a request
    failures   status of the failed requests → how many
    bytes      of the flows whose scalar columns name this service
    first last ns since 1970, of its requests and flows; first_asked: of its first request; None: not known
    """

    proxy: str
    name: str | None
    method: str | None
    asked: int = 0
    worked: int = 0
    broken: int = 0
    unseen: int = 0
    failed: int = 0
    challenged: int = 0
    carried: int = 0
    pages: int = 0
    lost: int = 0
    bytes: int = 0
    first: int | None = None
    last: int | None = None
    first_asked: int | None = None
    failures: Counter[int] = field(default_factory=Counter)

    @property
    def label(self) -> str:
        """Its name, else its address."""
        return self.name or self.proxy

    @property
    def itself(self) -> tuple[str, str | None]:
        """The identity that all addresses of the same proxy share."""
        return self.label, self.method

    def saw(self, first: int | None, last: int | None) -> None:
        """Extend the time span by these."""
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last

    def add(self, other: Share, times: int = 1) -> None:
        """Add the other's counts, so many times."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))
        self.failures = self.failures + Counter({status: times * n for status, n in other.failures.items()})

    def to_dict(self) -> dict[str, Any]:
        """The row of `by_proxy`."""
        return {
            "proxy": self.proxy,
            "name": self.name,
            "method": self.method,
            "asked": self.asked,
            "tunnels": self.carried,
            "worked": self.worked,
            "broken": self.broken,
            "unseen": self.unseen,
            "failed": self.failed,
            "bytes": self.bytes,
            "first_seen": None if self.first is None else rfc3339(self.first),
            "last_seen": None if self.last is None else rfc3339(self.last),
        }


@dataclass
class Contest:
    """All counts for one service (or plane) of one source, in one era.

    shares      per proxy
    outcomes    code of OUTCOMES → how many requests; failures: status of failed requests → how many
    mute        broken requests without a byte back in their tunnel; unused: broken requests whose tunnel the client never used
    on_itself   a worked request was named by more than a pattern for regions, and wasn't redirected to another host
    direct      flows past the proxies by outcome (answered, blocked, unknown)
    taken_over  answered direct flows that a transparent proxy relayed;  torn   those whose TLS handshake ended in an alert
    idle        whether a service of the plane had requests, none of which worked
    split       whether the plane's services have different winners
    one_of_many whether there are other eras
    unread      label of a proxy → how many of the source's requests to it can't be read, so that they may belong here
    first last  ns since 1970, of its requests, else of its flows; None: not known
    """

    shares: dict[str, Share] = field(default_factory=dict)
    outcomes: Counter[int] = field(default_factory=Counter)
    failures: Counter[int] = field(default_factory=Counter)
    mute: int = 0
    unused: int = 0
    on_itself: bool = False
    direct: Counter[str] = field(default_factory=Counter)
    taken_over: int = 0
    torn: int = 0
    shut: frozenset[str] = frozenset()
    idle: bool = False
    split: bool = False
    one_of_many: bool = False
    unread: Mapping[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    @computed_once
    def ranked(self) -> list[Share]:
        """The shares, the best first. Only valid when counting is finished, like everything below."""
        if len(self.shares) < 2:
            return list(self.shares.values())
        some_worked = any(share.worked for share in self.shares.values())
        return sorted(self.shares.values(), key=lambda share: (*(-number for number in _rank(share, some_worked)), share.proxy))

    @computed_once
    def by_name(self) -> list[Share]:
        """The shares with all addresses of one proxy merged, under the best of its addresses; the best first."""
        named: dict[tuple[str, str | None], list[Share]] = {}
        for share in self.ranked:
            named.setdefault(share.itself, []).append(share)
        if len(named) == len(self.shares):
            return self.ranked
        one = Contest({shares[0].proxy: _together(shares) for shares in named.values()})
        return one.ranked

    @computed_once
    def carriers(self) -> list[Share]:
        """The proxies that carried any request, the best first."""
        return [share for share in self.by_name if share.carried]

    @property
    def n_requests(self) -> int:
        return sum(self.outcomes.values())

    @computed_once
    def asked(self) -> Share | None:
        """The proxy that most requests were sent to; of equals, the one tried first; None: no request was seen."""
        tried = [share for share in self.by_name if share.asked]
        return min(tried, key=lambda share: (-share.asked, _late(share.first_asked), share.proxy), default=None)

    @computed_once
    def tied(self) -> list[Share]:
        """The shares that are equal to the best one in everything that decides, with it; empty where it is alone."""
        some_worked = any(share.worked for share in self.shares.values())
        equal = [share for share in self.carriers if _rank(share, some_worked) == _rank(self.carriers[0], some_worked)]
        return equal if len(equal) > 1 else []

    @computed_once
    def winner(self) -> Share | None:
        """The proxy that carried most; None where none did, on a full tie, or where the plane is split."""
        carriers = self.carriers
        return carriers[0] if carriers and not self.split and not self.tied else None

    @computed_once
    def confidence(self) -> Confidence | None:
        """certain: all went to one proxy, no other got a request that can't be read, every answer was seen, at least one worked;
        likely: it carried 80 %; else unclear."""
        winner = self.winner
        if winner is None:
            return None
        alone = all(not share.asked and not share.lost for share in self.shares.values() if share.itself != winner.itself)
        alone = alone and not self.elsewhere_unread
        few = self.one_of_many and winner.carried < LEAST_CERTAIN
        if alone and winner.worked and not self.outcomes[UNSEEN] and self.on_itself and not few:
            return "certain"
        part, whole = LIKELY_SHARE
        return "likely" if winner.carried * whole >= sum(share.carried for share in self.carriers) * part else "unclear"

    @property
    def elsewhere_unread(self) -> dict[str, int]:
        """The entries of `unread` for other proxies than the winner."""
        winner = self.winner
        return {label: n for label, n in self.unread.items() if winner is None or label != winner.label}

    @computed_once
    def outcome(self) -> str | None:
        """works, partly, else the most frequent outcome of its requests; direct or blocked without any; None: unknown."""
        worked, counted = self.outcomes[WORKED], self.n_requests - self.outcomes[CHALLENGED]
        part, whole = WORKS_SHARE
        if worked:
            return "works" if worked * whole >= counted * part and not self.idle else "partly"
        if counted and counted == self.unused:
            return "unseen"  # opened, and never put to use: whether they would have served can't be seen
        if counted:
            return max(OTHER_OUTCOMES, key=lambda name: self.outcomes[OUTCOMES.index(name)])
        if self.n_requests:
            return "unseen"  # challenges whose next request isn't in the capture
        if self.direct["answered"]:
            return "direct"
        return "blocked" if self.direct["blocked"] else None


def _together(shares: Sequence[Share]) -> Share:
    """The counts of all addresses of one proxy, as the first one's share."""
    whole = replace(shares[0])
    for share in shares[1:]:
        whole.add(share)
        whole.saw(share.first, share.last)
        whole.first_asked = min((at for at in (whole.first_asked, share.first_asked) if at is not None), default=None)
    return whole


def _rank(share: Share, some_worked: bool) -> tuple[int, int, int]:
    return share.worked if some_worked else share.carried, share.bytes, -1 if share.last is None else share.last


def _late(time: int | None) -> int:
    return 1 << 63 if time is None else time


class Era(NamedTuple):
    """A stretch of time with one answer.

    since       ns since 1970, this era's first request; None: from the beginning
    until       the last request of the era before it; None likewise
    earliest    over several sources: the first source's `until`; None: a single source
    """

    contest: Contest
    since: int | None = None
    until: int | None = None
    earliest: int | None = None


class Turned(NamedTuple):
    """A change to direct traffic or from it: all answered direct traffic is after all requests to proxies, or before them.

    until since   ns since 1970: the last request the old way, the first the new way
    to_direct     whether the new way is direct
    """

    until: int
    since: int
    to_direct: bool


class Answer(NamedTuple):
    """The answer of one service or plane of one source: its eras in order of time (at least one), and the whole.

    turned   the change to direct traffic or from it; None: there was none
    """

    eras: tuple[Era, ...]
    whole: Contest
    turned: Turned | None = None

    @property
    def last(self) -> Contest:
        """The last era, which decides the answer."""
        return self.eras[-1].contest

    @property
    def changed(self) -> bool:
        """Whether there are several eras."""
        return len(self.eras) > 1

    @property
    def shares(self) -> list[Share]:
        """Each proxy's counts over all eras, in the order of the last era."""
        order = [share.proxy for share in self.last.ranked]
        order += [share.proxy for share in self.whole.ranked if share.proxy not in self.last.shares]
        return [self.whole.shares[proxy] for proxy in order]
