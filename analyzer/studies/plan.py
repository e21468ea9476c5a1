"""The checked content of a study file: the tests, with configured methods, marks and expectations of each."""

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
"""As Span; None: before the first, or after the last, captured packet."""


@dataclass(frozen=True)
class PlannedTest:
    """One [[test]].

    captures  as in the file, URLs without credentials; paths: the same, as the program opens them
    sessions  (logon, logoff); marks: (time, text); analyzer: spans in which the Client Analyzer ran. Times: ns since 1970
    client_analyzer  the Client Analyzer's parsed results
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
    """A study file: its path, title, topology and tests."""

    path: str
    title: str
    topology: Topology
    tests: tuple[PlannedTest, ...] = field(default=())
