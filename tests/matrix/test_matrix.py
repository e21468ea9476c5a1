"""Each capture is read once here, verb and form taking turns; `make matrix` reads each in every way, each in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from analyzer.cli.app import app
from tests.matrix.captures import BUILT, all_captures
from tests.matrix.together import tried_together
from tests.matrix.trial import amiss, tried
from tests.matrix.ways import READS_NO_CAPTURE, Way, ways

AT_ONCE = 4
WAYS = ways()
QUICK = [way for way in WAYS if way.name != "verify"]
"""verify asks tshark, which takes seconds: tests/second_opinion holds it, and `make matrix`."""


def turns(captures: list[Path]) -> list[tuple[Path, Way]]:
    """Each capture with a way of its own."""
    return [(capture, QUICK[n % len(QUICK)]) for n, capture in enumerate(captures)]


@pytest.mark.parametrize("part", range(AT_ONCE))
def test_each_capture_one_way(part: int, tmp_path: Path) -> None:
    pairs = turns(all_captures(tmp_path))[part::AT_ONCE]
    told = zip(pairs, tried_together(pairs), strict=True)
    bad = [f"{capture} × {way.name}: {ending.wrong}\n{ending.stderr}" for (capture, way), ending in told if ending.wrong]
    assert not bad, "\n".join(bad)


def test_runs_in_one_process_end_as_those_in_their_own(tmp_path: Path) -> None:
    chosen = [path for path in all_captures(tmp_path) if path.stem in ("ns-wpad-dns", "no-packet")]
    other = tmp_path / "no-capture"
    other.write_bytes(b"no capture")
    pairs = [(capture, way) for capture in (*chosen, other) for way in WAYS if way.name in ("report", "flows .parquet", "watch -")]
    endings = tried_together(pairs)
    alone = [tried(way, capture) for capture, way in pairs]
    assert [(ending.code, without_folder(ending.stderr)) for ending in endings] == [
        (ending.code, without_folder(ending.stderr)) for ending in alone
    ]
    assert {ending.code for ending in endings} == {0, 2}


def without_folder(stderr: str) -> str:
    """What was said, without the folder that the run wrote in."""
    return re.sub(r"/\S*whichproxy-matrix-\w+(/\d+)?/", "", stderr)


NANOSECONDS = [name for name in BUILT if name.startswith("ns-wpad")]
SAID = ("report", "report --json", "flows --format table", "flows --format csv", "flows --format jsonl", "watch -")


@pytest.mark.parametrize("name", NANOSECONDS)
def test_a_client_that_looks_for_a_proxy_between_microseconds(name: str, tmp_path: Path) -> None:
    (capture,) = [path for path in all_captures(tmp_path) if path.stem == name]
    for way in QUICK:
        if way.name in ("report", "flows --format jsonl"):
            ending = tried(way, capture)
            assert ending.code == 0 and not ending.wrong, (way.name, ending.stderr)


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_is_the_same_where_arrow_has_met_pandas(name: str, tmp_path: Path) -> None:
    """The command line doesn't load pandas (half a second of each run), and it mustn't matter to what is said."""
    (capture,) = [path for path in all_captures(tmp_path) if path.stem == "ns-wpad-everything"]
    (way,) = [way for way in WAYS if way.name == name]
    without, loaded = tried(way, capture), tried(way, capture, pandas_first=True)
    assert without.code == loaded.code == 0, (without.stderr, loaded.stderr)
    assert without.stdout == loaded.stdout and without.stdout.count(b"\n") > 3


def test_every_verb_has_a_way() -> None:
    group = typer.main.get_command(app)
    verbs = set(group.list_commands(None)) if hasattr(group, "list_commands") else set()
    assert verbs and verbs - READS_NO_CAPTURE == {way.verb for way in WAYS}


@pytest.mark.parametrize(
    ("code", "stderr", "is_wrong"),
    [
        (0, "", False),
        (2, "whichproxy: x.pcap: no capture", False),
        (2, "", True),
        (1, "whichproxy: x", True),
        (70, "whichproxy: x", True),
        (-11, "", True),
        (0, "Traceback (most recent call last):", True),
        (2, "whichproxy: this is a mistake in whichproxy", True),
    ],
)
def test_what_is_wrong(code: int, stderr: str, is_wrong: bool) -> None:
    assert bool(amiss(WAYS[0], code, stderr)) is is_wrong
