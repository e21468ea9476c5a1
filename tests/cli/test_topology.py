"""`topology`: a file to begin from, which loads again and never takes the place of another."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

from tests.cli.conftest import Whichproxy, apart, read_terminal


def test_it_goes_to_stdout_and_loads_again(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("topology", capture)
    assert (ended.code, ended.err) == (0, "") and "[[proxy]]" in ended.out and str(capture) in ended.out
    (tmp_path / "proposed.toml").write_text(ended.out, encoding="utf-8")
    document = json.loads(whichproxy("report", capture, "--topology", tmp_path / "proposed.toml", "--json").out)
    assert [(one["proxy"], one["name"]) for one in document["proxies"]] == [("172.16.12.10:3128", "PROXY01")]
    assert document["sources"][0]["planes"][0]["winner"] == "172.16.12.10:3128"


def test_a_file_that_is_there_is_left_as_it_is(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    out = tmp_path / "new.toml"
    ended = whichproxy("topology", capture, "-o", out)
    assert (ended.code, ended.out) == (0, "")
    assert ended.lines == [f"whichproxy: wrote {out}: 1 proxy; name them, and check what is marked as a guess"]
    text = out.read_text(encoding="utf-8")
    again = whichproxy("topology", tmp_path / "absent.pcap", "-o", out)  # refused before any capture is opened
    assert again.code == 2 and "is there already" in again.err and "absent" not in again.err and out.read_text(encoding="utf-8") == text
    assert whichproxy("topology", capture, "-q", "-o", tmp_path / "quiet.toml").err == ""


def test_a_report_without_a_topology_ends_with_the_proposal(capture: Path, topology: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", capture)
    assert f"whichproxy topology {capture} -o topology.toml" in " ".join(ended.out.split()[-40:]) and not ended.err
    assert "whichproxy topology" not in whichproxy("report", capture, "--topology", topology).out
    assert "whichproxy" not in said_on_a_terminal("report", capture)  # a slow machine may show a progress bar there


def said_on_a_terminal(*args: str | Path) -> str:
    """What a run says on stderr where that is a terminal."""
    master, terminal = pty.openpty()
    process = apart(*args, stdout=subprocess.DEVNULL, stderr=terminal, stdin=subprocess.DEVNULL)
    os.close(terminal)
    return read_terminal(master, process)
