"""Asked and won: per source and service, and per source and plane, era by era.

Asked is the proxy that most requests were sent to, whatever came back: the setting in force. The winner is the one with the most
worked requests; where none worked, the most carried; then most bytes, then the latest. A full tie has none. Direct never wins.
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
"""80 % of the carried requests, as a fraction of whole numbers: no rounding decides a confidence."""

WORKS_SHARE = (19, 20)
"""95 % of the requests."""

LEAST_CERTAIN = 4
"""Carried requests from which on one of several eras can be certain."""

COMMONEST = ("broken", "authentication", "denied", "failed", "unanswered", "hidden", "unseen")


T = TypeVar("T")


class once(Generic[T]):
    """A property that is worked out once, as functools.cached_property without the lock that this takes before Python 3.12."""

    def __init__(self, of: Callable[[Any], T]) -> None:
        self._of = of
        self.__doc__ = of.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> T:
        value: T = self._of(instance)
        instance.__dict__[self._name] = value  # found there from now on, before this
        return value


COUNTS = ("asked", "worked", "broken", "unseen", "failed", "challenged", "carried", "pages", "lost", "bytes")
"""What of a share is counted as one number."""


@dataclass
class Share:
    """What one proxy did for one service (or plane) of one source in one era.

    asked      requests; worked broken unseen failed challenged: what came of them; carried: worked, broken, unseen and let through
    pages      those of the carried that were absolute-form
    lost       flows to it that are named but show no request
    failures   status of the failed ones → how many
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
        """What it has in common with the other addresses of the same proxy."""
        return self.label, self.method

    def saw(self, first: int | None, last: int | None) -> None:
        """Widen its time by these."""
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last

    def add(self, other: Share, times: int = 1) -> None:
        """Count what the other did too, so many times."""
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
    """Everything that took part in one service (or plane) of one source, in one era.

    shares      per proxy
    outcomes    code of OUTCOMES → how many requests; failures: status of failed requests → how many
    mute        how many of the broken ones had no byte come back in their tunnel; unused: how many were never used by their client
    on_itself   a worked request was named by more than a pattern for regions, and wasn't sent on to another host
    direct      flows past the proxies by what came of them (answered, blocked, unknown)
    taken_over  how many of the answered ones a transparent proxy made anew
    shut        services that were tried past the proxies only, of which every try was blocked
    idle        whether a service of the plane had requests, none of which worked
    split       whether the plane's services have different winners
    one_of_many whether there are other eras
    unread      label of a proxy → how many of the source's requests to it can't be seen, so that this may have been among them
    first last  ns since 1970, of its requests, of its flows where there are none; None: not known
    """

    shares: dict[str, Share] = field(default_factory=dict)
    outcomes: Counter[int] = field(default_factory=Counter)
    failures: Counter[int] = field(default_factory=Counter)
    mute: int = 0
    unused: int = 0
    on_itself: bool = False
    direct: Counter[str] = field(default_factory=Counter)
    taken_over: int = 0
    shut: frozenset[str] = frozenset()
    idle: bool = False
    split: bool = False
    one_of_many: bool = False
    unread: Mapping[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    @once
    def ranked(self) -> list[Share]:
        """The shares, the best first. Asked for when all is counted, as everything below."""
        if len(self.shares) < 2:
            return list(self.shares.values())
        some_worked = any(share.worked for share in self.shares.values())
        return sorted(self.shares.values(), key=lambda share: (*(-number for number in _rank(share, some_worked)), share.proxy))

    @once
    def by_name(self) -> list[Share]:
        """The shares with those of one name put together, under the best of its addresses: one proxy. The best first."""
        named: dict[tuple[str, str | None], list[Share]] = {}
        for share in self.ranked:
            named.setdefault(share.itself, []).append(share)
        if len(named) == len(self.shares):
            return self.ranked
        one = Contest({shares[0].proxy: _together(shares) for shares in named.values()})
        return one.ranked

    @once
    def carriers(self) -> list[Share]:
        """The proxies that carried any, the best first."""
        return [share for share in self.by_name if share.carried]

    @property
    def n_requests(self) -> int:
        return sum(self.outcomes.values())

    @once
    def asked(self) -> Share | None:
        """The proxy that most requests were sent to, of equals the one tried first; None: no request was seen."""
        tried = [share for share in self.by_name if share.asked]
        return min(tried, key=lambda share: (-share.asked, _late(share.first_asked), share.proxy), default=None)

    @once
    def tied(self) -> bool:
        """Whether the two best are equal in everything that decides."""
        some_worked = any(share.worked for share in self.shares.values())
        best = self.carriers[:2]
        return len(best) == 2 and _rank(best[0], some_worked) == _rank(best[1], some_worked)

    @once
    def winner(self) -> Share | None:
        """The proxy that carried most; None where none did, a tie is full, or the plane is split."""
        carriers = self.carriers
        return carriers[0] if carriers and not self.split and not self.tied else None

    @once
    def confidence(self) -> Confidence | None:
        """certain: all went to one proxy, no other was asked for anything that can't be seen, every answer was seen, one worked at least;
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
        """Those of `unread` that went to another proxy than the winner."""
        winner = self.winner
        return {label: n for label, n in self.unread.items() if winner is None or label != winner.label}

    @once
    def outcome(self) -> str | None:
        """works, partly, else the commonest that came of its requests; direct or blocked without any; None: nothing can be said."""
        worked, counted = self.outcomes[WORKED], self.n_requests - self.outcomes[CHALLENGED]
        part, whole = WORKS_SHARE
        if worked:
            return "works" if worked * whole >= counted * part and not self.idle else "partly"
        if counted and counted == self.unused:
            return "unseen"  # opened, and never put to use: whether they would have served can't be seen
        if counted:
            return max(COMMONEST, key=lambda name: self.outcomes[OUTCOMES.index(name)])
        if self.n_requests:
            return "unseen"  # challenges whose answers aren't here
        if self.direct["answered"]:
            return "direct"
        return "blocked" if self.direct["blocked"] else None


def _together(shares: Sequence[Share]) -> Share:
    """What the addresses of one proxy did, as the first one's share."""
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


@dataclass(frozen=True)
class Era:
    """A stretch of time with one answer.

    since       ns since 1970, the first request that went the new way; None: from the beginning on
    until       the last request that went the old way before it; None likewise
    earliest    of several sources: when the first of them went the old way last; None: it is one source's
    """

    contest: Contest
    since: int | None = None
    until: int | None = None
    earliest: int | None = None


class Turned(NamedTuple):
    """Where everything that went past the proxies, and was answered, lies behind all requests to them, or before.

    until since   ns since 1970: the last one that went the old way, the first that went the new one
    to_direct     whether the new way is past the proxies
    """

    until: int
    since: int
    to_direct: bool


@dataclass(frozen=True)
class Answer:
    """Of one service or plane of one source: its eras in order of time (at least one), and everything together.

    turned   since when it goes past the proxies, or no longer does; None: it never turned
    """

    eras: tuple[Era, ...]
    whole: Contest
    turned: Turned | None = None

    @property
    def last(self) -> Contest:
        """The era that the answer is about."""
        return self.eras[-1].contest

    @property
    def changed(self) -> bool:
        """Whether there is more than one era."""
        return len(self.eras) > 1

    @property
    def shares(self) -> list[Share]:
        """What each proxy did in all eras together, in the order of the last one."""
        order = [share.proxy for share in self.last.ranked]
        order += [share.proxy for share in self.whole.ranked if share.proxy not in self.last.shares]
        return [self.whole.shares[proxy] for proxy in order]
