"""Times as people write and read them: RFC 3339 in and out, nanoseconds since 1970 in between."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from analyzer.errors import Unusable

NS_PER_S = 1_000_000_000

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


def window_ns(start: str | None, end: str | None, where: tuple[str, str] = ("--start", "--end")) -> tuple[int | None, int | None]:
    """Both ends of a window as nanoseconds since 1970, None where open.

    where   what the two were given for, named in errors
    Errors  Unusable: an end that is no RFC 3339 time, or that doesn't come after the start
    """
    start_ns = None if start is None else parse_time(start, where[0])
    end_ns = None if end is None else parse_time(end, where[1])
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        raise Unusable("the window ends before it starts", where[1], f"give {where[1]} later than {where[0]}")
    return start_ns, end_ns


def rfc3339(time_ns: int) -> str:
    """The time in UTC with nine digits of the second and a Z."""
    seconds, nanoseconds = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def to_the_second(time: str | None) -> str:
    """An RFC 3339 time of a table, shortened for the eye: `2024-05-01 12:00:00`; "" where there is none."""
    return "" if time is None else time[:19].replace("T", " ")
