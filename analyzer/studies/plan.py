"""What a study file says, checked: the tests to run, with what was configured, done and expected in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.client_analyzer.results import Results
    from analyzer.routes.topology import Topology
    from analyzer.studies.expectations import Expectations

Span = tuple[int, int]
"""[start, end) in nanoseconds since 1970."""

OpenSpan = tuple[int | None, int | None]
"""As Span; None: since before, or until after, everything that was captured."""


@dataclass(frozen=True)
class PlannedTest:
    """One [[test]].

    captures  as written, URLs without what opens them; paths: the same, seen from where the program runs
    sessions  (logon, logoff); marks: (time, what was done); analyzer: when the Client Analyzer ran
    client_analyzer  its results, read
    """

    title: str
    captures: tuple[str, ...]
    paths: tuple[str, ...]
    start_ns: int | None = None
    end_ns: int | None = None
    configured: tuple[str, ...] = ()
    user_logged_on: bool | None = None
    sessions: tuple[OpenSpan, ...] = ()
    marks: tuple[tuple[int, str], ...] = ()
    analyzer: tuple[Span, ...] = ()
    client_analyzer: Results | None = None
    expect: Expectations | None = None


@dataclass(frozen=True)
class Plan:
    """The whole file."""

    path: str
    title: str
    topology: Topology
    tests: tuple[PlannedTest, ...] = field(default=())
