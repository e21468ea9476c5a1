"""Live response sessions whose start is a mark: when, on which machines, and the end of the time in which each is searched for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from analyzer.studies.plan import PlannedTest
from analyzer.verdict.evidence import Evidence

STARTED: Final = re.compile(r"live[ -]?response", re.IGNORECASE)
"""A mark with these words is the start of a session, unless it matches NOT_STARTED."""
NOT_STARTED: Final = re.compile(
    r"not (?:available|started|possible|working)|isn'?t available|unavailable|fail(?:ed|s)? to (?:start|connect)|couldn'?t (?:be )?start"
    r"|could not (?:be )?start|no live[ -]?response|end(?:ed|s)|closed|disconnect",
    re.IGNORECASE,
)

END: Final = 1 << 62
"""Later than every packet, ns since 1970."""


@dataclass(frozen=True)
class Wait:
    """A session that was started by hand, and the time in which its traffic is searched for.

    since until  ns since 1970: the session's mark, and the next such mark for the same sources
    named        codes of the clients that the mark names; None: it names no source of the evidence
    captured     begin of the capture, ns since 1970: earlier traffic wasn't captured
    """

    since: int
    until: int
    named: frozenset[int] | None
    captured: int = 0


def waits_of(evidence: Evidence, test: PlannedTest, captured: int = 0) -> list[Wait]:
    """A Wait for each mark that starts a session, in order of time. A mark that names only other machines doesn't end it.

    captured   begin of the capture, ns since 1970
    """
    marks = sorted((at, what) for at, what in test.marks if STARTED.search(what) and not NOT_STARTED.search(what))
    named = [_named(evidence, what) for _, what in marks]

    def ends(at: int, mine: frozenset[int] | None) -> int:
        return min(
            (t for (t, _), other in zip(marks, named, strict=True) if t > at and (not mine or not other or mine & other)), default=END
        )

    return [Wait(at, ends(at, mine), mine, captured) for (at, _), mine in zip(marks, named, strict=True)]


def _named(evidence: Evidence, mark: str) -> frozenset[int] | None:
    """Codes of the clients that the mark names, by name or address; None: it names no source of the evidence."""
    text = mark.casefold()
    found = set()
    for client, address in enumerate(evidence.client.values):
        names = [evidence.client_label(client), *evidence.names.addresses(address)]
        if any(re.search(rf"(?<![\w.:-]){re.escape(name.casefold())}(?![\w-]|[.:]\w)", text) for name in names):
            found.add(client)
    return frozenset(found) or None
