"""RFC 3339 in and out."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import Unusable
from analyzer.tables import TIME
from analyzer.text.times import (
    NS_PER_S,
    clock,
    day_of,
    is_clock,
    local_time,
    own_zone,
    parse_time,
    rfc3339,
    shown_column,
    shown_in,
    spanning,
    to_the_second,
    window_ns,
    zone_name,
    zone_of,
)
from tests.conftest import ROOT
from tests.text.converted import conversions, is_timeless

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


@pytest.mark.parametrize(
    ("text", "zone", "time_ns"),
    [
        ("2024-05-01 12:00:00", "UTC", NOON),
        ("2024-05-01T14:00", "Europe/Berlin", NOON),
        ("2024-05-01 08:00:00.000000007", "America/New_York", NOON + 7),
        ("2024-01-01 00:00", "Asia/Tokyo", 1_704_034_800_000_000_000),
        ("2024-05-01T12:00:00Z", "Asia/Tokyo", NOON),
    ],
)
def test_a_time_without_an_offset_is_meant_in_the_zone(text: str, zone: str, time_ns: int) -> None:
    assert local_time(text, zone_of(zone), "--start") == time_ns


def test_this_machines_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert local_time("2024-05-01 21:00", zone_of("local"), "--start") == NOON and day_of(NOON + 4 * 3600 * NS_PER_S, None).day == 2
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe", "a\0b"])
def test_no_zone(zone: str) -> None:
    with pytest.raises(Unusable, match=r"--tz: .* is no time zone known here; write UTC"):
        zone_of(zone)


def test_a_day_that_does_not_exist() -> None:
    with pytest.raises(Unusable, match="--end: '2024-02-30 12:00' is no time that exists"):
        local_time("2024-02-30 12:00", zone_of("UTC"), "--end")


@pytest.mark.parametrize(
    ("text", "clock"), [("16:15", True), ("16:15:40", True), (" 00:00:00.5 ", True), ("4:15", False), ("2024-05-01", False)]
)
def test_a_time_of_some_day(text: str, clock: bool) -> None:
    assert is_clock(text) is clock


def test_for_the_eye() -> None:
    assert to_the_second("2024-05-01T12:00:00.000000007Z") == "2024-05-01 12:00:00"
    assert to_the_second(None) == ""


TIMED = pa.schema([("a", pa.string()), ("at", TIME), ("many", pa.list_(pa.struct([("t", TIME), ("n", pa.int64())])))])


@pytest.mark.parametrize("before", ["", "import pandas, pyarrow as pa; pa.array([])\n"])
def test_times_in_rows_are_numbers_with_pandas_and_without(before: str) -> None:
    code = (
        "import pyarrow as pa\nfrom analyzer.arrow import leave_pandas_alone\nleave_pandas_alone()\nfrom analyzer.text.times import rows\n"
        "from tests.text.test_times import TIMED\n"
        "cells = [['x', None], [1_000_000_001, None], [[{'t': 7, 'n': 1}, {'t': None, 'n': 2}], None]]\n"
        "print(rows(pa.table([pa.array(c, f.type) for c, f in zip(cells, TIMED)], schema=TIMED)))"
    )
    done = subprocess.run([sys.executable, "-c", before + code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(
        [{"a": "x", "at": 1_000_000_001, "many": [{"t": 7, "n": 1}, {"t": None, "n": 2}]}, {"a": None, "at": None, "many": None}]
    ), done.stderr


PANDAS_OWN = "analyzer/report/frames.py"
"""A DataFrame is pandas' already, so that the times in it may be."""


def test_no_time_of_arrow_becomes_a_python_object_elsewhere() -> None:
    found = [line for path in sorted((ROOT / "analyzer").rglob("*.py")) for line in conversions(path, ROOT)]
    offenders = [line for line in found if not line.startswith((PANDAS_OWN, "analyzer/text/times.py"))]
    assert not offenders, "say which columns (select, column), or use analyzer.text.times.rows:\n" + "\n".join(offenders)


@pytest.mark.parametrize(
    ("made", "timeless"),
    [
        ("flows.column('host')", True),
        ("one_array(flows.column('host')).take(rows)", True),
        ("flows.select(['id', 'host'])", True),
        ("flows['host'][row]", True),
        ("texts.dictionary_encode().dictionary", True),
        ("pc.any(touched)", True),
        ("rfc3339_column(column)", True),
        ("pc.max(flows.column('last_seen')).cast('int64')", True),
        ("flows.column('last_seen').cast(pa.int64())", True),
        ("flows.column('last_seen').cast(TIME)", False),
        ("flows", False),
        ("found.take(rows)", False),
        ("flows.column(name)", False),
        ("flows.column('first_seen')", False),
        ("flows.column('requests')", False),
        ("flows.select(['id', 'last_seen'])", False),
        ("flows.select(SOME)", False),
        ("flows['first_seen'][row]", False),
        ("pc.min(flows['host'])", False),
    ],
)
def test_what_is_plainly_without_times(made: str, timeless: bool) -> None:
    expression = ast.parse(made, mode="eval").body
    assert is_timeless(expression, {"SOME": ("id", "first_seen")}) is timeless


def test_times_for_the_eye_are_in_the_zone_shown_and_only_there() -> None:
    noon = 1_714_564_800 * NS_PER_S  # 2024-05-01 12:00:00 UTC
    column = pa.array([noon, None], TIME)
    before = to_the_second("2024-05-01T12:00:00.000000000Z"), clock(noon), shown_column(column).to_pylist(), zone_name()
    assert before == ("2024-05-01 12:00:00", "12:00:00", ["2024-05-01T12:00:00.000000000Z", None], "UTC")
    with shown_in(zone_of("America/New_York"), "America/New_York"):
        assert to_the_second("2024-05-01T02:00:00.000000000Z") == "2024-04-30 22:00:00" and to_the_second(None) == ""
        assert (clock(noon), shown_column(column).to_pylist()) == ("08:00:00", ["2024-05-01T08:00:00.000000000", None])
        assert zone_name() == "America/New_York" and rfc3339(noon) == "2024-05-01T12:00:00.000000000Z"
        with shown_in(zone_of("UTC"), "UTC"):
            assert clock(noon) == "12:00:00"
    assert (clock(noon), zone_name()) == ("12:00:00", "UTC")
    with shown_in(None, "local"):
        assert zone_name() == "local time"


def test_the_name_of_this_machines_own_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert own_zone() == "Asia/Tokyo"
    monkeypatch.delenv("TZ")
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo-of-none/Europe/Berlin")
    assert own_zone(str(link)) is None
    (tmp_path / "zoneinfo" / "Europe").mkdir(parents=True)
    (tmp_path / "named").symlink_to(tmp_path / "zoneinfo" / "Europe" / "Berlin")
    assert own_zone(str(tmp_path / "named")) == "Europe/Berlin"


def test_a_time_of_day_has_its_day_where_there_are_several() -> None:
    day = 86_400 * NS_PER_S
    with spanning(NOON, NOON + day // 3):
        assert clock(NOON) == "12:00:00"
    with spanning(NOON, NOON + day):
        assert clock(NOON) == "2024-05-01 12:00:00"
        with shown_in(zone_of("Asia/Tokyo"), "Asia/Tokyo"):
            assert clock(NOON) == "2024-05-01 21:00:00"
    with shown_in(zone_of("Asia/Tokyo"), "Asia/Tokyo"), spanning(NOON, NOON + day // 3):
        assert clock(NOON + day // 3) == "2024-05-02 05:00:00", "days are those of the zone shown"
    with spanning(None, NOON):
        assert clock(NOON) == "12:00:00"
