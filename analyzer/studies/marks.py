"""Live response sessions that marks say were started: when, on which machines, and until when each may be looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from analyzer.studies.plan import PlannedTest
from analyzer.verdict.evidence import Evidence

STARTED: Final = re.compile(r"live[ -]?response", re.IGNORECASE)
"""A mark with these words says that a session was started then, unless it says that none was."""
NOT_STARTED: Final = re.compile(
    r"not (?:available|started|possible|working)|isn'?t available|unavailable|fail(?:ed|s)? to (?:start|connect)|couldn'?t (?:be )?start"
    r"|could not (?:be )?start|no live[ -]?response|end(?:ed|s)|closed|disconnect",
    re.IGNORECASE,
)

END: Final = 1 << 62
"""Later than everything, ns since 1970."""


@dataclass(frozen=True)
class Wait:
    """A session that was started by hand, and how long its traffic is looked for.

    since until  ns since 1970: the mark that says so, and the next one that says so of the same sources
    named        the sources that the mark names; None: it names nobody that was seen
    captured     when the capture begins: what went on before can't be seen
    """

    since: int
    until: int
    named: frozenset[int] | None
    captured: int = 0


def waits_of(evidence: Evidence, test: PlannedTest, captured: int = 0) -> list[Wait]:
    """One for each mark that starts a session, in order of time. What names other machines ends nobody's.

    captured   when the capture begins, ns since 1970
    """
    marks = sorted((at, what) for at, what in test.marks if STARTED.search(what) and not NOT_STARTED.search(what))
    named = [_named(evidence, what) for _, what in marks]

    def ends(at: int, mine: frozenset[int] | None) -> int:
        return min(
            (t for (t, _), other in zip(marks, named, strict=True) if t > at and (not mine or not other or mine & other)), default=END
        )

    return [Wait(at, ends(at, mine), mine, captured) for (at, _), mine in zip(marks, named, strict=True)]


def _named(evidence: Evidence, mark: str) -> frozenset[int] | None:
    """The sources that the mark names, by name or address; None: it names nobody that was seen."""
    text = mark.casefold()
    found = set()
    for client, address in enumerate(evidence.client.values):
        names = [evidence.client_label(client), *evidence.names.addresses(address)]
        if any(re.search(rf"(?<![\w.:-]){re.escape(name.casefold())}(?![\w-]|[.:]\w)", text) for name in names):
            found.add(client)
    return frozenset(found) or None
