"""What is shown while a capture goes on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from analyzer.report.causes import Finding
from analyzer.report.live import LiveReport, News, Status, duration, finding_line
from analyzer.report.model import build
from tests.report.verdicts import fifth_test

STATUS = Status("eth0\x1b[2J", 83.2, 1234, 56.7, 8_000, 45, 3, "7 dropped by the kernel, 0 by the interface")


def test_the_numbers_are_on_one_inert_line() -> None:
    expected = (
        r"eth0\x1b[2J · 1:23 min · 1,234 packets (57/s, 8.0 kB/s) · 45 conversations, 3 open · 7 dropped by the kernel, 0 by the interface"
    )
    assert str(STATUS) == expected


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0 s"), (59.9, "59 s"), (60, "1:00 min"), (3599, "59:59 min"), (3661, "1:01:01 h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_finding_is_one_inert_line() -> None:
    finding = Finding("problem", "proxy-denied", "certain", "evil\n\x1b]0;x\x07", None, "W\u202e", "", ())
    assert finding_line(finding).plain == r"problem  proxy-denied · W\u202e · evil\x0a\x1b]0;x\x07"


def test_only_new_findings_are_news() -> None:
    def finding(code: str, text: str) -> dict[str, object]:
        return {"code": code, "client_ip": "10.0.0.1", "proxy": None, "service": None, "text": text}

    news = News()
    assert news.among([finding("nat", "1"), finding("fallback", "2")]) == [0, 1]
    assert news.among([finding("fallback", "3"), finding("mid-stream", "1"), finding("nat", "9")]) == [1]


@pytest.mark.parametrize("height", [5, 12, 200])
def test_it_fits_on_the_screen(height: int) -> None:
    sink = io.StringIO()
    console = Console(file=sink, width=100, height=height, color_system=None, force_terminal=True, legacy_windows=False)
    console.print(LiveReport(STATUS, build(fifth_test())))
    lines = sink.getvalue().splitlines()
    assert len(lines) <= height
    assert "56.7" not in lines[0] and "57/s" in lines[0]
    assert ("more line" in lines[-1]) == (height < 200)
