"""Advice that was followed: the next capture meets the `expect` that came with the finding, and the one before doesn't."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import judge
from analyzer.proxy_lists import allow_list
from analyzer.report.expectation import expectation_file
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from analyzer.studies.expectations import judged, load_expectations, unmet
from captures.lab.situations.followed import FOLLOWS, LET_IN
from tests.conftest import ROOT
from tests.engine import reading

CAPTURES = ROOT / "captures"


@cache
def judged_of(path: str) -> dict[str, Any]:
    return judge(reading(CAPTURES / path, topology=load_topology(CAPTURES / "topology.toml")))


@pytest.mark.parametrize("name", FOLLOWS)
def test_the_next_capture_meets_what_came_with_the_finding(name: str, tmp_path: Path) -> None:
    followed = FOLLOWS[name]
    before, after = judged_of(followed.capture), judged_of(f"situations/{name}.pcapng")
    found = [one for one in before["findings"] if one["code"] == followed.code and followed.proxy in (None, one["proxy"])]
    assert len(found) == 1 and found[0]["settings"]
    path = tmp_path / "expect.toml"
    path.write_text(expectation_file(found[0]["expect"]), encoding="utf-8")
    expectations = load_expectations(str(path), load_catalogue())
    assert unmet(judged(expectations, after)) == []
    assert unmet(judged(expectations, before))
    assert not [one for one in after["findings"] if one["code"] == followed.code]


def test_the_list_that_the_proxy_was_given_is_what_is_written() -> None:
    before = reading(CAPTURES / FOLLOWS["let-in-without-authentication"].capture, topology=load_topology(CAPTURES / "topology.toml"))
    written = allow_list(before, "squid", ["PROX03"]).splitlines()
    assert [line for line in LET_IN.splitlines() if line not in written] == []
