"""Times with and without a user logged on."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.studies.plan import OpenSpan, PlannedTest, Span


def without_user(test: PlannedTest, window: Span) -> list[Span]:
    """Spans of the window in which no user was logged on; empty if the study has no sessions."""
    if test.user_logged_on is False:
        return [window] if window[1] > window[0] else []
    return _gaps(test.sessions, window) if test.sessions else []


def has_user(test: PlannedTest) -> bool | None:
    """Whether a user was logged on at any time of the test; None: unknown."""
    return True if test.sessions else test.user_logged_on


def logons(test: PlannedTest) -> list[int]:
    """Logon times, ns since 1970."""
    return [logon for logon, _ in test.sessions if logon is not None]


def _gaps(sessions: Sequence[OpenSpan], window: Span) -> list[Span]:
    gaps = []
    at = window[0]
    for logon, logoff in sorted(sessions, key=lambda session: window[0] if session[0] is None else session[0]):
        if logon is not None and min(logon, window[1]) > at:
            gaps.append((at, min(logon, window[1])))
        at = window[1] if logoff is None else max(at, logoff)
    return gaps + ([(at, window[1])] if at < window[1] else [])
