"""--start and --end as people write them; a window outside of the capture is an error that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli.window import rfc3339_or_none, span_of, window
from analyzer.errors import Unusable
from analyzer.text.times import NS_PER_S, parse_time
from tests.build import Conversation, pcap
from tests.cli.conftest import Whichproxy

FIRST = parse_time("2026-11-23T22:30:00Z", "")
MINUTE = 60 * NS_PER_S


@pytest.fixture
def night(tmp_path: Path) -> str:
    """A connection every half an hour, from 22:30 to 02:00 the next day."""
    frames = [
        frame for n in range(8) for frame in Conversation(("10.0.0.1", 50_000 + n), start_ns=FIRST + n * 30 * MINUTE).handshake().frames
    ]
    path = tmp_path / "night.pcap"
    path.write_bytes(pcap(frames, nanosecond=True))
    return str(path)


@pytest.mark.parametrize(
    ("start", "end", "tz", "wanted"),
    [
        ("2026-11-23T22:40:00Z", None, "UTC", ("2026-11-23T22:40:00Z", None)),
        ("2026-11-23 22:40", "2026-11-24 00:10:00", "UTC", ("2026-11-23T22:40:00Z", "2026-11-24T00:10:00Z")),
        ("23:00", "01:00", "UTC", ("2026-11-23T23:00:00Z", "2026-11-24T01:00:00Z")),
        ("01:15", None, "UTC", ("2026-11-24T01:15:00Z", None)),
        ("00:10", "00:50", "Europe/Berlin", ("2026-11-23T23:10:00Z", "2026-11-23T23:50:00Z")),
        ("22:00", None, "UTC", ("2026-11-23T22:00:00Z", None)),  # before they begin, and not behind it
        (None, "22:45", "UTC", (None, "2026-11-23T22:45:00Z")),
        ("23:00", "12:00", "UTC", ("2026-11-23T23:00:00Z", "2026-11-24T12:00:00Z")),
    ],
)
def test_moments(start: str | None, end: str | None, tz: str, wanted: tuple[str | None, str | None], night: str) -> None:
    assert window(start, end, tz, [night]) == tuple(None if text is None else parse_time(text, "") for text in wanted)


def test_a_time_of_day_needs_a_day(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap([]))
    with pytest.raises(Unusable, match="no packet here has a time; leave them out"):
        window("16:15", None, "UTC", [str(empty)])
    with pytest.raises(Unusable, match="write the date too"):
        window("16:15", None, "UTC", ["-"])


def test_the_span(night: str) -> None:
    first, last = span_of([night])
    assert first == FIRST and FIRST + 210 * MINUTE < last < FIRST + 211 * MINUTE
    assert rfc3339_or_none(first) == "2026-11-23T22:30:00.000000000Z" and rfc3339_or_none(None) is None


LATER = ["--start", "2027-01-01T00:00:00Z"]
EARLIER = ["--end", "2026-11-23T22:00:00Z"]
BETWEEN = ["--start", "2026-11-23T22:40:00Z", "--end", "2026-11-23T22:41:00Z"]


@pytest.mark.parametrize("verb", [["report"], ["flows"], ["slice", "--cut", "-o", "OUT"], ["report", "--json", "--tz", "Asia/Tokyo"]])
@pytest.mark.parametrize("given", [LATER, EARLIER, BETWEEN])
def test_a_window_without_a_packet_is_told(verb: list[str], given: list[str], night: str, tmp_path: Path, whichproxy: Whichproxy) -> None:
    arguments = [str(tmp_path / "out.pcapng") if word == "OUT" else word for word in verb]
    ended = whichproxy(*arguments, night, *given)
    assert ended.code == 2 and ended.out == ""
    (line,) = ended.lines
    assert "holds no packet of the inputs; they go from 2026-11-23T22:30:00.000000000Z to 2026-11-24T02:00:00" in line


def test_a_window_of_a_capture_without_packets_is_no_mistake(tmp_path: Path, whichproxy: Whichproxy) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap([]))
    assert whichproxy("flows", empty, "--start", "2027-01-01T00:00:00Z").code == 0


def test_what_is_in_the_window(night: str, whichproxy: Whichproxy) -> None:
    ended = whichproxy("flows", night, "--format", "jsonl", "--start", "23:00", "--end", "00:00")
    assert ended.code == 0 and len(ended.out.splitlines()) == 2
