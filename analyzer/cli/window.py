"""--start and --end as times: with an offset, without one in --tz, or as a time of day on the inputs' days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from analyzer.errors import Unusable
from analyzer.text.times import check_window, day_of, is_clock, local_time, rfc3339, zone_of

if TYPE_CHECKING:
    from analyzer.capture.source import Input

Span = tuple[int, int]


def window(start: str | None, end: str | None, tz: str, inputs: Sequence[Input]) -> tuple[int | None, int | None]:
    """Both ends in nanoseconds since 1970, None where open.

    Errors  Unusable: an invalid time or zone, an end before its start, or a time of day for inputs without a date
    """
    zone = zone_of(tz)

    @cache
    def span() -> Span:
        return span_of(inputs)

    start_ns = None if start is None else _moment(start, zone, "--start", span, None)
    end_ns = None if end is None else _moment(end, zone, "--end", span, start_ns)
    check_window(start_ns, end_ns)
    return start_ns, end_ns


def _moment(text: str, zone: tzinfo | None, where: str, span: Callable[[], Span], after: int | None) -> int:
    """The time; for a time of day its first occurrence in the inputs after `after`, else that of the day on which they begin."""
    if not is_clock(text):
        return local_time(text, zone, where)
    first, last = span()
    begins = day_of(first, zone)
    days = range((day_of(last, zone) - begins).days + 1)
    moments = [local_time(f"{begins + timedelta(days=n)} {text.strip()}", zone, where) for n in days]
    earliest = first if after is None else after + 1
    return next((moment for moment in moments if earliest <= moment <= last), None) or next(
        (moment for moment in moments if after is None or moment > after), moments[-1]
    )


def span_of(inputs: Sequence[Input]) -> Span:
    """The first and last time in the inputs. Errors: Unusable, none has a time, or one is a stream, which can be read only once."""
    from analyzer.capture.inputs import open_inputs
    from analyzer.capture.source import STDIN

    if STDIN in inputs:
        raise Unusable("the day of a stream isn't known before it is read", "--start and --end", "write the date too: 2026-11-23 16:15")
    sources = open_inputs(inputs).sources
    for source in sources:
        for _ in source.blocks():
            pass
    times = [time for source in sources for time in (source.first_ns, source.last_ns) if time is not None]
    if not times:
        raise Unusable("no packet here has a time", "--start and --end", "leave them out")
    return min(times), max(times)


def rfc3339_or_none(time_ns: int | None) -> str | None:
    """The time as RFC 3339, for a notebook that reads the captures again."""
    return None if time_ns is None else rfc3339(time_ns)
