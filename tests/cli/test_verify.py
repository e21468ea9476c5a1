"""`whichproxy verify`: exit codes, streams, and what is said where."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from analyzer.second_opinion import verify as asked
from tests.cli.conftest import Whichproxy, apart
from tests.conftest import ROOT

T3A = ROOT / "captures" / "T3a-wininet-no-user.pcapng"


def test_no_difference_is_success(whichproxy: Whichproxy, capture: Path) -> None:
    ended = whichproxy("verify", capture)
    assert (ended.code, ended.err) == (0, "")
    assert "says the same: 1 flow," in ended.out and "tcp.stream eq 0" in ended.out


def test_a_difference_is_exit_code_1(whichproxy: Whichproxy, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = asked.rows_of
    monkeypatch.setattr(asked, "rows_of", lambda flows: [{**row, "sni": "planted.example"} for row in honest(flows)])
    ended = whichproxy("verify", capture, "--json")
    assert ended.code == 1
    (flow,) = json.loads(ended.out)["flows"]
    assert [fact for fact in flow["facts"] if not fact["agrees"]] == [
        {
            "fact": "sni",
            "whichproxy": "planted.example",
            "wireshark": "winatp-gw-neu.microsoft.com",
            "agrees": False,
            "frames": flow["facts"][-2]["frames"],
            "note": None,
        }
    ]


def test_without_tshark_one_line(whichproxy: Whichproxy, capture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = whichproxy("verify", capture)
    assert (ended.code, ended.out, len(ended.lines)) == (2, "", 1)
    assert "apt-get install tshark" in ended.err


def test_unknown_flows_and_files(whichproxy: Whichproxy, capture: Path) -> None:
    assert whichproxy("verify", capture, "--flow", "nonsense").lines == [
        "whichproxy: --flow: no flow has the id nonsense; whichproxy flows lists them with their ids"
    ]
    ended = whichproxy("verify", capture, "/nowhere.pcap")
    assert ended.code == 2 and "says the same" in ended.out


def test_standard_input_is_kept_and_read_by_both() -> None:
    with T3A.open("rb") as file:
        child = apart("verify", "-", "--json", stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (0, b"")
    said = json.loads(out)
    assert (
        said["captures"] == [{"path": "-", "frames": 20, "complete": True, "flows_left_out": 0, "complaint": None}]
        or said["captures"][0]["path"] == "-"
    )
    assert {flow["capture"] for flow in said["flows"]} == {"-"}
