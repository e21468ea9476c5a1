"""The rows, the verdict and all outputs of every capture in ../shared/cases match its line of expected.jsonl.

What doesn't yet is listed here with what is wrong; a case that holds has to leave the list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import judge
from analyzer.report.rows import json_lines
from analyzer.routes.topology import load_topology
from tests.cases.holds import amiss
from tests.cases.outputs import holders, outputs
from tests.conftest import CASES, ROOT, needs_cases
from tests.engine import reading

LINES = [json.loads(line) for line in (CASES / "expected.jsonl").read_text(encoding="utf-8").splitlines()] if CASES.is_dir() else []


def case(line: dict[str, Any]) -> Any:
    return pytest.param(line, id=line["file"])


@needs_cases
@pytest.mark.parametrize("line", [case(line) for line in LINES])
def test_what_a_case_says_holds(line: dict[str, Any]) -> None:
    options = {"topology": load_topology(ROOT / "captures" / "topology.toml")} if line.get("topology") else {}
    read = reading(str(CASES / line["file"]), **options)
    rows = [json.loads(row) for row in b"".join(json_lines(read.flows)).splitlines()]
    found = amiss(line, rows, judge(read))
    assert not found, "\n".join(found)


@needs_cases
@pytest.mark.parametrize("line", [case(line) for line in LINES if "absent" in line])
def test_what_may_stand_nowhere_stands_in_no_output(line: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = holders(outputs(CASES / line["file"], tmp_path, capfd), line["absent"])
    assert not found, "\n".join(found)
