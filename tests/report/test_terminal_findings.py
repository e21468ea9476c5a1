"""Findings on a terminal."""

from __future__ import annotations

from analyzer.report.model import build
from analyzer.report.terminal import plain_text
from tests.report.verdicts import fifth_test


def test_what_to_change_is_said_once_for_findings_that_need_the_same() -> None:
    verdict = fifth_test()
    setting = dict.fromkeys(("name", "system", "where", "change", "why", "source", "date"), "netsh winhttp")
    setting["change"] = "netsh winhttp set proxy HOST:PORT"
    first = {**verdict["findings"][0], "severity": "problem", "code": "not-a-proxy", "settings": [setting]}
    verdict["findings"] = [first | {"proxy": f"10.0.0.{n}:3128", "text": f"{n}"} for n in range(3)]
    for text in (plain_text(build(verdict), 80), plain_text(build(verdict), 80, verbose=True)):
        assert text.count("set proxy HOST:PORT") == 1 and text.count("what to change: as above") == 2
