"""Inputs that can't be read: said one by one, what can be read is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from analyzer.cli.reading import warn_uncompiled
from tests.build import ethernet, pcap
from tests.cli.conftest import Whichproxy, apart, tunnel


def test_a_terminal_is_no_capture() -> None:
    master, terminal = pty.openpty()
    process = apart("flows", "-", stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=60)
    os.close(master)
    os.close(terminal)
    assert process.returncode == 2 and b"standard input is a terminal" in err


def test_a_text_file_named_pcap_is_2_and_one_line(tmp_path: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "x.pcap").write_text("hello", encoding="ascii")
    ended = whichproxy("report", tmp_path / "x.pcap")
    assert ended.code == 2 and ended.out == ""
    assert len(ended.lines) == 1 and "x.pcap" in ended.lines[0]


def test_several_unusable_files_have_a_line_each(tmp_path: Path, whichproxy: Whichproxy) -> None:
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_text("hello", encoding="ascii")
    ended = whichproxy("report", tmp_path / "a.pcap", tmp_path / "b.pcap", tmp_path / "absent.pcap")
    assert ended.code == 2 and ended.out == ""
    assert [name in line for name, line in zip(("a.pcap", "b.pcap", "absent.pcap"), ended.lines, strict=True)] == [True] * 3


def test_unusable_among_usable_still_gives_the_results(tmp_path: Path, capture: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "x.pcap").write_text("hello", encoding="ascii")
    ended = whichproxy("flows", capture, tmp_path / "x.pcap")
    assert ended.code == 2
    assert [json.loads(line)["host"] for line in ended.out.splitlines()] == ["winatp-gw-neu.microsoft.com"]
    assert len(ended.lines) == 1 and "x.pcap" in ended.lines[0]


def test_a_directory_skips_what_is_no_capture_and_says_how_many(tmp_path: Path, capture: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="ascii")
    ended = whichproxy("flows", tmp_path)
    assert ended.code == 0 and len(ended.out.splitlines()) == 1
    assert ended.lines == ["whichproxy: 1 file in a directory is no capture and was skipped"]
    assert whichproxy("flows", tmp_path, "--quiet").err == ""


def test_a_directory_without_captures_is_2(tmp_path: Path, whichproxy: Whichproxy) -> None:
    assert whichproxy("report", tmp_path).code == 2


def test_a_header_without_packets_is_0(tmp_path: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "empty.pcap").write_bytes(pcap([]))
    ended = whichproxy("report", tmp_path / "empty.pcap")
    assert ended.code == 0 and ended.out.startswith("No proxy won: ")


def test_an_empty_file_is_2(tmp_path: Path, whichproxy: Whichproxy) -> None:
    (tmp_path / "empty.pcap").write_bytes(b"")
    assert whichproxy("report", tmp_path / "empty.pcap").code == 2


def test_a_cut_file_is_a_finding_and_0(tmp_path: Path, capture: Path, whichproxy: Whichproxy) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(capture.read_bytes()[:-10])
    ended = whichproxy("report", cut, "--json")
    assert ended.code == 0
    assert "capture-damaged" in [finding["code"] for finding in json.loads(ended.out)["findings"]]


def test_an_unknown_link_type_alone_is_2_and_a_finding_beside_others(tmp_path: Path, capture: Path, whichproxy: Whichproxy) -> None:
    odd = tmp_path / "odd.pcap"
    odd.write_bytes(pcap([(1_700_000_000_000_000_000, ethernet(bytes(40)))], link_type=147))
    assert whichproxy("report", odd).code == 2
    ended = whichproxy("report", odd, capture, "--json")
    assert ended.code == 0
    assert "capture-unreadable" in [finding["code"] for finding in json.loads(ended.out)["findings"]]


def test_a_capture_a_year_younger_than_the_catalogue_is_told_by_packet_times(tmp_path: Path, capture: Path, whichproxy: Whichproxy) -> None:
    """The built-in catalogue is younger than the test's capture; one that says that it is of 2001 lies over it."""
    own = tmp_path / "own.toml"
    own.write_text('as_of = "2001-02-03"\n', encoding="utf-8")
    assert whichproxy("flows", capture).err == ""
    warned = whichproxy("flows", capture, "--catalogue", own)
    assert warned.code == 0 and len(warned.lines) == 1
    assert warned.lines[0].startswith("whichproxy: the catalogue is of 2001-02-03, over a year older than the captures: ")
    assert whichproxy("flows", capture, "--catalogue", own, "--quiet").err == ""


def test_the_window_keeps_packets_from_start_to_before_end(capture: Path, whichproxy: Whichproxy) -> None:
    assert len(whichproxy("flows", capture, "--start", "2023-11-14T22:13:20Z").out.splitlines()) == 1
    assert whichproxy("flows", capture, "--end", "2023-11-14T22:13:20Z").out == ""


def test_stdin_is_an_input(capture: Path) -> None:
    with capture.open("rb") as stream:
        process = apart("flows", "-", stdin=stream, stdout=subprocess.PIPE)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and json.loads(out)["sni"] == "winatp-gw-neu.microsoft.com"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_change_nothing(workers: str, tmp_path: Path, whichproxy: Whichproxy) -> None:
    for number in range(3):
        (tmp_path / f"{number}.pcap").write_bytes(pcap(tunnel(number=number).frames))
    assert len(whichproxy("flows", tmp_path, "--workers", workers).out.splitlines()) == 3


def test_stages_that_run_as_plain_python_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("analyzer.compiled.not_compiled", lambda: dict.fromkeys(("packets", "capture", "flows"), "they weren't built"))
    warn_uncompiled()
    assert capsys.readouterr().err.startswith("whichproxy: SLOW: packets, capture and flows run as plain Python, 90 times slower (they")
