"""`whichproxy catalogue`: show, diff, update."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from analyzer.services.built_in import FILE as BUILT_IN
from analyzer.services.catalogue import load_catalogue
from tests.cli.conftest import Whichproxy
from tests.services.pages import markdown, row


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "streamlined.md"
    rows = [row("winatp-gw-swn.microsoft.com", geo="CH"), row("\x1b[31m"), row("new.example.com", description="\u202eold")]
    path.write_text(markdown(rows, "Streamlined connectivity URLs", day="2025-10-16"), encoding="utf-8")
    return path


def test_show_says_how_old_and_from_where(whichproxy: Whichproxy, tmp_path: Path) -> None:
    shown = whichproxy("catalogue", "show")
    assert (shown.code, shown.err) == (0, "")
    assert f"as of   {load_catalogue().as_of} (" in shown.out
    assert f"sha256  {hashlib.sha256(BUILT_IN.read_bytes()).hexdigest()}\nfiles   built-in\n" in shown.out
    counted = [int(line.split()[0]) for line in shown.out.partition("rules from\n")[2].splitlines()]
    assert sum(counted) == len(load_catalogue().rules)
    own = tmp_path / "own.toml"
    own.write_text('[[rule]]\npattern = "a.example"\nservice = "smartscreen"\n', encoding="utf-8")
    assert f"files   built-in, {own}\n" in whichproxy("catalogue", "show", "--catalogue", own).out


def test_diff_tells_each_difference_and_says_one(whichproxy: Whichproxy, page: Path) -> None:
    ended = whichproxy("catalogue", "diff", page)
    assert ended.code == 1 and ended.lines == ["not read as a host: \\x1b[31m"]
    first, *_, last = ended.out.splitlines()
    assert first.startswith("new      winatp-gw-swn.microsoft.com  required, CH, commercial: ")
    assert last.startswith("Streamlined connectivity URLs (2025-10-16): 2 hosts, 2 new")
    assert "\u202e" not in ended.out


def test_update_writes_a_catalogue_that_is_heard_and_overwrites_nothing(whichproxy: Whichproxy, page: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    assert whichproxy("catalogue", "update", page, "-o", own).code == 0
    said = whichproxy("services", "--catalogue", own, "winatp-gw-swn.microsoft.com").out
    assert "rule: winatp-gw-swn.microsoft.com (own); source: Streamlined connectivity URLs" in said
    again = whichproxy("catalogue", "update", page, "-o", own)
    assert (again.code, again.lines[-1]) == (2, f"whichproxy: {own}: is there already; name another file")
    unwritten = whichproxy("catalogue", "update", page, "-o", tmp_path / "no" / "own.toml")
    assert unwritten.code == 2 and "can't be written" in unwritten.lines[-1]


@pytest.mark.parametrize(
    ("model", "said"), [("x", "--model: 'x' is no connectivity model; standard or streamlined"), (None, "add --model standard or")]
)
def test_what_cannot_be_compared_is_said(whichproxy: Whichproxy, tmp_path: Path, model: str | None, said: str) -> None:
    path = tmp_path / "urls.md"
    path.write_text(markdown([row("a.example")], "URLs"), encoding="utf-8")
    ended = whichproxy("catalogue", "diff", path, *(["--model", model] if model else []))
    assert ended.code == 2 and said in ended.lines[-1]


def test_what_a_proxys_own_list_lacks(tmp_path: Path, whichproxy: Whichproxy) -> None:
    own = tmp_path / "allowed.txt"
    own.write_text(
        whichproxy("services", "--allow", "plain", "--geo", "EU").out.replace("winatp-gw-weu.microsoft.com\n", ""), encoding="utf-8"
    )
    ended = whichproxy("catalogue", "lacking", own, "--geo", "EU")
    assert (ended.code, ended.err) == (1, "")
    first, last = ended.out.splitlines()
    assert first.startswith("missing  winatp-gw-weu.microsoft.com  edr-command-and-control, port 443, ")
    assert last.endswith("entries, 1 required hosts missing")
    own.write_text(whichproxy("services", "--allow", "squid", "--geo", "EU").out, encoding="utf-8")
    assert whichproxy("catalogue", "lacking", own, "--geo", "EU").code == 0
    assert whichproxy("catalogue", "lacking", tmp_path / "none").code == 2
