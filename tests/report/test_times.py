"""RFC 3339 in and out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import Unusable
from analyzer.report.times import parse_time, rfc3339, to_the_second, window_ns

NOON = 1_714_564_800_000_000_000


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01t12:00:00z", NOON),
        ("2024-05-01 12:00:00Z", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T11:30:00-00:30", NOON),
        ("2024-05-01T12:00:00.000000001Z", NOON + 1),
        ("2024-05-01T12:00:00.5Z", NOON + 500_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_parse_time(text: str, time_ns: int) -> None:
    assert parse_time(text, "--start") == time_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-05-01",
        "2024-05-01T12:00:00",
        "2024-02-30T12:00:00Z",
        "2024-05-01T25:00:00Z",
        "2024-05-01T12:00:00.1234567890Z",
    ],
)
def test_parse_time_refuses_with_the_option_named_and_an_example(text: str) -> None:
    with pytest.raises(Unusable, match=r"^--start: .*; write it as 2024-05-01T12:00:00Z"):
        parse_time(text, "--start")


@settings(deadline=None)
@given(st.integers(0, 4_102_444_800_000_000_000))
def test_what_is_written_reads_back(time_ns: int) -> None:
    assert parse_time(rfc3339(time_ns), "x") == time_ns


def test_rfc3339_has_nine_digits_and_z() -> None:
    assert rfc3339(NOON + 7) == "2024-05-01T12:00:00.000000007Z"


def test_window() -> None:
    assert window_ns(None, None) == (None, None)
    assert window_ns("2024-05-01T12:00:00Z", "2024-05-01T12:00:01Z") == (NOON, NOON + 1_000_000_000)
    with pytest.raises(Unusable, match="ends before it starts"):
        window_ns("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z")


def test_for_the_eye() -> None:
    assert to_the_second("2024-05-01T12:00:00.000000007Z") == "2024-05-01 12:00:00"
    assert to_the_second(None) == ""
