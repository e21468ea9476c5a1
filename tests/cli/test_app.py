"""What the command itself understands: verbs, help, version; and that it starts without loading what it doesn't need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import analyzer
from analyzer.cli.app import VERBS
from analyzer.version import VERSION
from tests.cli.conftest import Whichproxy
from tests.conftest import ROOT

NAMES = [
    "report",
    "flows",
    "merge",
    "study",
    "study init",
    "topology",
    "verify",
    "slice",
    "watch",
    "capture",
    "history",
    "services",
    "doctor",
    "job",
    "catalogue",
]
OF_SEVERAL = ["job", "catalogue"]
COMPLETED = ["study ", "study i", "study init ", "study init --o", "job ", "job un", "job init --o", "job uninstall --f"]


def test_it_offers_the_verbs_of_this_version_and_no_other(whichproxy: Whichproxy) -> None:
    assert [*VERBS] == NAMES
    ended = whichproxy("--help")
    rows = [line for line in ended.out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines() if line[2:3].isalpha()]
    assert ended.code == 0 and [row[2:12].rstrip() for row in rows] == NAMES
    assert all(VERBS[name][1].startswith(row[14:]) for name, row in zip(NAMES, rows, strict=True))
    assert whichproxy().out == ended.out


@pytest.mark.parametrize("verb", [verb for verb in NAMES if verb not in OF_SEVERAL])
def test_every_verb_has_help_with_examples(verb: str, whichproxy: Whichproxy) -> None:
    ended = whichproxy(verb, "--help")
    assert ended.code == 0 and ended.err == ""
    assert f"\n    whichproxy {verb}" in ended.out.partition("Examples:")[2]


def test_a_verb_of_two_words_takes_them_apart(whichproxy: Whichproxy) -> None:
    assert whichproxy("study", "init", "--help").out == whichproxy("study init", "--help").out
    assert "Usage: whichproxy study init [OPTIONS]" in whichproxy("study", "init", "--help").out
    assert "Usage: whichproxy study [OPTIONS]" in whichproxy("study", "--help").out
    assert "./init: can't read the study" in whichproxy("study", "./init").err


def test_without_a_verb_what_exists_is_reported_on(capture: Path, monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    report = whichproxy("report", capture, "--json")
    assert report.code == 0 and whichproxy(capture, "--json") == report
    assert whichproxy(capture, "--help").out == whichproxy("report", "--help").out
    monkeypatch.chdir(capture.parent)
    for named in ("*.pcap", ".", capture.name):
        assert json.loads(whichproxy(named, "--json").out)["captures"][0]["packets"] == 10, named


def test_a_verb_goes_before_a_file_of_its_name(capture: Path, monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    monkeypatch.chdir(capture.parent)
    (capture.parent / "services").write_bytes(capture.read_bytes())
    assert whichproxy("services", "wdcp.microsoft.com").out.startswith("wdcp.microsoft.com")
    assert "won for" in whichproxy("./services").out


@pytest.mark.parametrize(("word", "meant"), [("reprot", "'report'"), ("flosw", "'flows'"), ("absent.pcap", ""), ("absent/*.pcap", "")])
def test_what_is_neither_verb_nor_file_is_said(word: str, meant: str, whichproxy: Whichproxy) -> None:
    ended = whichproxy(word)
    assert ended.code == 2 and len(ended.lines) == 1 and word in ended.err and "see whichproxy --help" in ended.err.lower()
    assert ("Did you mean" in ended.err) == bool(meant) and meant in ended.err


@pytest.mark.parametrize("words", COMPLETED)
def test_the_shell_completes_every_verb(words: str) -> None:
    environment = {**os.environ, "_WHICHPROXY_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"whichproxy {words}"}
    ended = subprocess.run([sys.executable, "-m", "analyzer"], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    wanted = {"study ": "_files", "study i": "_files", "study init ": "_files", "job ": "uninstall", "job un": "uninstall"}
    assert ended.stderr == "" and wanted.get(words, "--output" if words.endswith("--o") else "--folder") in ended.stdout, ended.stdout


@pytest.mark.parametrize("verb", ["report", "flows"])
def test_shared_options_are_everywhere(verb: str, whichproxy: Whichproxy) -> None:
    text = whichproxy(verb, "--help").out
    assert all(option in text for option in ("--topology", "--catalogue", "--start", "--end", "--workers", "--quiet"))


def test_version_is_the_packages(whichproxy: Whichproxy) -> None:
    assert whichproxy("-V") == whichproxy("--version")
    assert whichproxy("--version").out == f"whichproxy {analyzer.__version__}\n"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"] and "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "analyzer.version.VERSION"}
    assert analyzer.__version__ == VERSION


def test_only_the_verb_that_is_wanted_is_built() -> None:
    code = "import sys; from analyzer.cli.app import built; from analyzer.cli.run import run; run(sys.argv[1:])"
    code += "; print(built.cache_info().currsize)"
    command = [sys.executable, "-c", code, "services", "wdcp.microsoft.com"]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()[-1] == "1"


@pytest.mark.parametrize("args", [["--version"], ["report", "--help"], ["services", "wdcp.microsoft.com"]])
def test_start_up_loads_nothing_heavy(args: list[str]) -> None:
    code = f"import sys\nfrom analyzer.cli.run import run\nassert run({args!r}) == 0\nprint(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(ended.stderr.split())
    assert not loaded & {"pandas", "pyarrow", "numpy", "matplotlib", "scapy", "pyshark", "rich", "jinja2"}


def test_making_rows_loads_nothing_that_rows_dont_need() -> None:
    """numpy.unique of plain numbers would bring numpy.ma, which takes as long to load as a small capture to read."""
    args = ["flows", "captures/T5-all-three.pcapng", "--format", "csv", "-q"]
    code = f"import sys\nfrom analyzer.cli.run import run\nassert run({args!r}) == 0\nprint(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(ended.stderr.split()) & {"numpy.ma", "pandas", "matplotlib", "scapy", "pyshark", "rich", "jinja2", "cryptography"}
