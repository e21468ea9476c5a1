"""Of every capture in ../shared/cases the rows, the verdict and all outputs hold what its line of expected.jsonl says.

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

NOT_YET = {
    "t03_ccs_before_hello.pcap": "a hello behind another record is not read",
    "k11_socks5_gssapi_1500.pcap": "GSSAPI inside SOCKS5 is not passed over",
    "e01_erspan_ttag.pcap": "the wrapping is not opened",
    "l01_gre_wccp2.pcap": "the wrapping is not opened",
    "l03_tzsp.pcap": "the wrapping is not opened",
    "v31_tzsp_dot1q_inside.pcap": "the wrapping is not opened",
    "l05_enc.pcap": "the link type is not opened",
    "l06_pktap.pcap": "the link type is not opened",
    "l07_juniper_ether.pcap": "the link type is not opened",
    "v10_pflog_61.pcap": "the link type is not opened",
    "v15_pflog_blocked_syns.pcap": "the link type is not opened",
    "l12_etherip.pcap": "the wrapping is not opened",
    "l18_arista_ts.pcap": "the wrapping is not opened",
    "l25_jmirror.pcap": "the wrapping is not opened",
    "v40_ah_v4_transport.pcap": "the wrapping is not opened",
    "v03_wccp_one_way.pcap": "packets behind a WCCP redirect are not opened",
}

LINES = [json.loads(line) for line in (CASES / "expected.jsonl").read_text(encoding="utf-8").splitlines()] if CASES.is_dir() else []


def case(line: dict[str, Any]) -> Any:
    marks = [pytest.mark.xfail(strict=True, reason=NOT_YET[line["file"]])] if line["file"] in NOT_YET else []
    return pytest.param(line, id=line["file"], marks=marks)


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


@needs_cases
def test_what_is_listed_as_not_yet_right_is_a_case() -> None:
    assert set(NOT_YET) <= {line["file"] for line in LINES}
