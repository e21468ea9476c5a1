"""Commands that lead from a sentence to its packets: what a shell makes of them, and that they do it."""

from __future__ import annotations

import shlex
from copy import deepcopy
from pathlib import Path

import pytest

import analyzer
from analyzer.cli.run import run
from analyzer.report.commands import finding_command, slice_command, topology_command
from tests.conftest import ROOT
from tests.report.verdicts import fifth_test, hostile


def test_a_path_is_one_word_and_never_an_option() -> None:
    verdict = deepcopy(fifth_test())
    verdict["captures"][0]["path"] = "-v $(id) it's.pcap"
    verdict["made_by"]["topology"]["path"] = "my topology.toml"
    assert shlex.split(slice_command(verdict)) == ["whichproxy", "slice", "./-v $(id) it's.pcap", "--topology", "my topology.toml"]


def test_what_cannot_be_typed_is_not_written() -> None:
    assert slice_command(hostile()).startswith("whichproxy slice INPUT...")
    many = deepcopy(fifth_test())
    many["captures"] *= 4
    assert topology_command(many) == "whichproxy topology INPUT... -o topology.toml"


def test_nothing_read_from_files_has_no_packets() -> None:
    verdict = deepcopy(fifth_test()) | {"captures": []}
    assert slice_command(verdict) == "" and finding_command(verdict, verdict["findings"][0]) == ""


def test_the_window_is_asked_for_again() -> None:
    verdict = deepcopy(fifth_test())
    verdict["made_by"]["options"] = {"start": "2024-05-01T12:00:00.000000000Z"}
    assert slice_command(verdict).endswith("--start 2024-05-01T12:00:00.000000000Z")


def test_each_command_of_a_report_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    capture = ROOT / "captures" / "proof" / "failures.pcapng"
    verdict = analyzer.read(capture).verdict.to_dict()
    commands = [(finding, command) for finding in verdict["findings"] if (command := finding_command(verdict, finding))]
    assert commands
    finding, command = max(commands, key=lambda pair: len(pair[1]))
    assert run(shlex.split(command)[1:]) == 0
    assert set(finding["flows"]) <= {flow["id"] for flow in analyzer.read(f"{finding['code']}.pcapng")}
