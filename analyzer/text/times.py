"""Times as people write and read them: RFC 3339 in and out, nanoseconds since 1970 in between.

Times of Arrow columns are converted only here. Arrow's own conversion to Python objects needs pandas for fractions of a microsecond,
and gives other objects where pandas is loaded than where it isn't (tests/test_tree.py checks this).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import Unusable

NS_PER_S = 1_000_000_000

# Times without an offset, in a given zone: 2026-11-23 16:15:40, the seconds and their fraction may be left out.
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?(?:\.\d{1,9})?", re.ASCII)

# RFC 3339 5.6; a space for the T is allowed there, a missing offset is not: local time at a gateway is a guess.
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_time(text: str, where: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time.

    where   the option or key the text was given for, named in the error
    Errors  Unusable: not RFC 3339, no such day, or no offset
    Source  RFC 3339 5.6
    """
    remedy = "write it as 2024-05-01T12:00:00Z or 2024-05-01T14:00:00.5+02:00"
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        raise Unusable(f"{text!r} is not an RFC 3339 time", where, remedy)
    day, clock, fraction, offset = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    except ValueError as error:
        raise Unusable(f"{text!r} is no time that exists ({error})", where, remedy) from error
    since_1970 = whole - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970.days * 86_400 + since_1970.seconds) * NS_PER_S + int((fraction or "").ljust(9, "0"))


def zone_of(name: str, where: str = "--tz") -> tzinfo | None:
    """The zone of this name; None for `local`, this machine's own. Errors: Unusable, there is none."""
    if name in ("local", "UTC"):
        return UTC if name == "UTC" else None
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # not found; no name of a zone; a folder of zones
        close = difflib.get_close_matches(name, available_timezones(), n=1, cutoff=0.8)
        remedy = f"did you mean {close[0]}?" if close else "write UTC, local, or a name such as Europe/Berlin"
        raise Unusable(f"{name!r} is no time zone known here", where, remedy) from error


def own_zone(link: str = "/etc/localtime") -> str | None:
    """The name of this machine's own zone: $TZ, else by the target of the link; None where neither names one."""
    from zoneinfo import available_timezones

    if os.environ.get("TZ"):
        named = os.environ["TZ"].removeprefix(":")
    else:
        _, _, named = os.path.realpath(link).partition("/zoneinfo/")
    return named if named in available_timezones() else None


def is_clock(text: str) -> bool:
    """Whether the text is a time of day: 16:15."""
    return _CLOCK.fullmatch(text.strip()) is not None


def local_time(text: str, zone: tzinfo | None, where: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time, or of a time without an offset in the zone (None: this machine's own)."""
    match = _LOCAL.fullmatch(text.strip())
    if match is None:
        return parse_time(text, where)
    day, minute, second, fraction = match.groups()
    try:
        meant = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}")
    except ValueError as error:
        raise Unusable(f"{text!r} is no time that exists ({error})", where, "write it as 2024-05-01 12:00:00") from error
    since_1970 = (meant.astimezone() if zone is None else meant.replace(tzinfo=zone)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970.days * 86_400 + since_1970.seconds) * NS_PER_S + int((fraction or "").ljust(9, "0"))


def day_of(time_ns: int, zone: tzinfo | None) -> date:
    """The day of this moment in the zone."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).astimezone(zone).date()


def window_ns(start: str | None, end: str | None, where: tuple[str, str] = ("--start", "--end")) -> tuple[int | None, int | None]:
    """Both ends of a window as nanoseconds since 1970, None where open.

    where   what the two were given for, named in errors
    Errors  Unusable: an end that is no RFC 3339 time, or that doesn't come after the start
    """
    start_ns = None if start is None else parse_time(start, where[0])
    end_ns = None if end is None else parse_time(end, where[1])
    check_window(start_ns, end_ns, where)
    return start_ns, end_ns


def check_window(start_ns: int | None, end_ns: int | None, where: tuple[str, str] = ("--start", "--end")) -> None:
    """Nothing. Errors: Unusable, the end doesn't come after the start."""
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        raise Unusable("the window ends before it starts", where[1], f"give {where[1]} later than {where[0]}")


def rfc3339(time_ns: int) -> str:
    """The time in UTC with nine digits of the second and a Z."""
    seconds, nanoseconds = divmod(time_ns, NS_PER_S)
    return f"{_to_the_second(seconds)}.{nanoseconds:09d}Z"


@lru_cache(maxsize=4096)  # neighbouring times share their second, and strftime is most of the cost
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def rfc3339_column(column: pa.Array) -> pa.Array:
    """UTC nanosecond timestamps as RFC 3339 with nine digits and a Z. (Casting with the zone is ten times slower.)"""
    text = column.cast(pa.timestamp("ns")).cast(pa.string())
    return pc.binary_join_element_wise(pc.utf8_replace_slice(text, 10, 11, "T"), "Z", "")


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as dicts; times, at whatever depth, in nanoseconds since 1970."""
    found: list[dict[str, Any]] = table.cast(pa.schema([field.with_type(_in_numbers(field.type)) for field in table.schema])).to_pylist()
    return found


def values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The values of a column as Python objects; times, at whatever depth, in nanoseconds since 1970."""
    found: list[Any] = column.cast(_in_numbers(column.type)).to_pylist()
    return found


def span_of(first: pa.ChunkedArray, last: pa.ChunkedArray) -> tuple[int | None, int | None]:
    """(the earliest of the first times, the latest of the last) in nanoseconds since 1970; None where there is none."""
    ends = (find(column.cast(pa.int64())) for find, column in ((pc.min, first), (pc.max, last)))
    begin, end = (found.as_py() for found in ends)
    return begin, end


def _in_numbers(kind: pa.DataType) -> pa.DataType:
    """The type with int64 in place of timestamps."""
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_list(kind):
        return pa.list_(_in_numbers(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_numbers(field.type)) for field in kind])
    return kind


def to_the_second(time: str | None) -> str:
    """An RFC 3339 time of a table, shortened for display: `2024-05-01 12:00:00`, in the zone shown; "" where there is none."""
    if time is None:
        return ""
    zone, _ = _SHOWN.get()
    if zone is UTC:
        return time[:19].replace("T", " ")
    return f"{datetime.fromisoformat(f'{time[:19]}+00:00').astimezone(zone):%Y-%m-%d %H:%M:%S}"


def clock(time_ns: int) -> str:
    """The time of day in the zone shown, `16:16:14`; within `spanning` several days with the day before it."""
    return moment(time_ns) if _SEVERAL_DAYS.get() else moment(time_ns)[11:]


def moment(time_ns: int) -> str:
    """Nanoseconds since 1970, in the form of to_the_second."""
    zone, _ = _SHOWN.get()
    if zone is UTC:
        return _to_the_second(time_ns // NS_PER_S).replace("T", " ")
    return f"{datetime.fromtimestamp(time_ns // NS_PER_S, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def shown_zone() -> tzinfo | None:
    """The zone of the times shown; None: this machine's own."""
    return _SHOWN.get()[0]


def offsets_shown(first_s: int, last_s: int) -> list[tuple[int, int]]:
    """(second since 1970, seconds ahead of UTC from then on) in the zone shown: at first_s, and at each change until last_s."""
    zone, _ = _SHOWN.get()

    def ahead(second: int) -> int:
        there = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
        return 0 if there is None else int(there.total_seconds())

    found = [(first_s, ahead(first_s))]
    step = max(86_400, (last_s - first_s) // 4_000)  # no zone goes forward and back within a day
    low = first_s
    while low < last_s:
        high = min(low + step, last_s)
        if ahead(high) != found[-1][1]:
            before, after = low, high
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if ahead(middle) == found[-1][1] else (before, middle)
            found.append((after, ahead(after)))
        low = high
    return found


def shown_column(column: pa.Array) -> pa.Array:
    """UTC nanosecond timestamps for display, with nine digits, in the zone shown; without an offset."""
    zone, _ = _SHOWN.get()
    if zone is UTC:
        return rfc3339_column(column)
    return pa.array([None if time is None else _local_text(time, zone) for time in values(column)], pa.string())


def _local_text(time_ns: int, zone: tzinfo | None) -> str:
    seconds, nanoseconds = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(zone):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}"


def zone_name() -> str:
    """The name of the zone of the times shown, for a heading: UTC, or as given."""
    return _SHOWN.get()[1]


_SHOWN: ContextVar[tuple[tzinfo | None, str]] = ContextVar("_SHOWN", default=(UTC, "UTC"))


@contextmanager
def shown_in(zone: tzinfo | None, name: str) -> Iterator[None]:
    """While it is entered, displayed times are in the zone (None: this machine's own); machine-readable output stays in UTC."""
    before = _SHOWN.set((UTC, "UTC") if name == "UTC" else (zone, "local time" if zone is None else name))
    try:
        yield
    finally:
        _SHOWN.reset(before)


_SEVERAL_DAYS: ContextVar[bool] = ContextVar("_SEVERAL_DAYS", default=False)


@contextmanager
def spanning(first_ns: int | None, last_ns: int | None) -> Iterator[None]:
    """While it is entered, `clock` writes the day too if these two are on different days in the zone shown: a time of day alone would
    then be of any of them."""
    apart = first_ns is not None and last_ns is not None and moment(first_ns)[:10] != moment(last_ns)[:10]
    before = _SEVERAL_DAYS.set(apart)
    try:
        yield
    finally:
        _SEVERAL_DAYS.reset(before)
