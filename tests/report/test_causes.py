"""Findings that state a moment are one cause where they say the same; others stay apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.report.causes import OF_A_MOMENT, SEVERITIES, Finding, causes, span, to_do
from analyzer.report.model import build
from tests.conftest import ROOT
from tests.report.fleets import fleet

TWENTY = sorted([*(ROOT / "captures").glob("T*.pcapng"), *(ROOT / "captures" / "proof").glob("*.pcapng")])
TWENTY += sorted((ROOT / "captures" / "situations").glob("*.pcapng"))[: 20 - len(TWENTY)]


def finding(code: str, proxy: str | None, text: str) -> Finding:
    return Finding("problem", code, "certain", text, None, "", "", (), proxy=proxy)


def test_what_is_the_same_at_several_moments_is_put_together() -> None:
    every = [finding("fallback", "a:1", "one"), finding("fallback", "b:1", "two"), finding("fallback", "a:1", "three")]
    first, second = causes(every)
    assert (first.text, first.more, second.text, second.more) == ("one", "and 1 more like it", "two", "")
    assert [other.text for other in first.alike] == ["three"]


def test_other_findings_are_causes_each() -> None:
    assert len(causes([finding("proxy-error", "a:1", "502"), finding("proxy-error", "a:1", "503")])) == 2


def test_what_is_to_be_done_about_several_proxies_is_said_once() -> None:
    every = [replace(finding("tls-inspected", proxy, "opened"), way=proxy) for proxy in ("a:1", "b:1", "c:1")]
    (cause,) = to_do([*every, replace(every[0], severity="info")])
    assert (cause.text, cause.more) == ("opened", "and the same through b:1 and c:1")
    assert len(to_do([*every, replace(every[0], advice="Something else.")])) == 2


def test_what_is_to_be_done_for_a_site_is_said_once() -> None:
    verdict = fleet(40)
    fallback = {**verdict["findings"][0], "code": "fallback", "severity": "problem", "proxy": "172.16.12.12:3128"}
    verdict["findings"] = [fallback | {"text": f"{n}", "client_ip": f"10.0.0.{n}", "client_ips": [f"10.0.0.{n}"]} for n in range(15)]
    report = build(verdict)
    (cause,) = report.to_do()
    assert cause.more == "and 14 more like it" and "1 problem" in report.summary and len(report.findings) == 15


@pytest.mark.parametrize("capture", TWENTY, ids=lambda path: path.stem)
def test_each_cause_is_stated_once(capture: Path) -> None:
    """Of 20 captures: as many findings as causes, which are (code, proxy, outcome), and (code, source, moment) where one is stated."""
    found = analyzer.read(capture, topology=ROOT / "captures" / "topology.toml").verdict.to_dict()["findings"]
    keys = [_key(one) for one in found]
    assert len(keys) == len(set(keys)) and {one["severity"] for one in found} <= set(SEVERITIES)


def _key(one: dict[str, Any]) -> tuple[object, ...]:
    if one["code"] in OF_A_MOMENT:
        return one["code"], one["proxy"], one["client_ip"], one["first_seen"]
    return one["code"], one["proxy"], _what(one)


def _what(one: dict[str, Any]) -> str:
    """What tells two causes of one code and proxy apart: the outcome, which stands in the text without its numbers and hosts."""
    return "".join(letter for letter in str(one["text"]).partition("(")[0] if not letter.isdigit())


def test_spans_say_the_day_once() -> None:
    assert span("2024-05-01T12:00:00.000000000Z", "2024-05-01T12:20:00.000000000Z") == "2024-05-01 12:00:00 to 12:20:00"
    assert span(None, None) == ""
