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

WAYS = ways()
QUICK = [way for way in WAYS if way.name != "verify"]
"""verify asks tshark, which takes seconds: tests/second_opinion holds it, and `make matrix`."""


def turns(captures: list[Path]) -> list[tuple[Path, Way]]:
    """Each capture with a way of its own."""
    return [(capture, QUICK[n % len(QUICK)]) for n, capture in enumerate(captures)]


def test_each_capture_one_way(tmp_path: Path) -> None:
    """In one process, which loads each library once."""
    pairs = turns(all_captures(tmp_path))
    ended = zip(pairs, tried_together(pairs), strict=True)
    bad = [f"{capture} × {way.name}: {ending.wrong}\n{ending.stderr}" for (capture, way), ending in ended if ending.wrong]
    assert not bad, "\n".join(bad)


def test_runs_in_one_process_end_as_those_in_their_own(tmp_path: Path) -> None:
    chosen = [path for path in all_captures(tmp_path) if path.stem in ("ns-wpad-dns", "no-packet")]
    other = tmp_path / "no-capture"
    other.write_bytes(b"no capture")
    pairs = [(capture, way) for capture in (*chosen, other) for way in WAYS if way.name in ("report", "flows .parquet", "watch -")]
    endings = tried_together(pairs)
    alone = [tried(way, capture) for capture, way in pairs]
    assert [(ending.code, ending.stdout, without_folder(ending.stderr)) for ending in endings] == [
        (ending.code, ending.stdout, without_folder(ending.stderr)) for ending in alone
    ]
    assert {ending.code for ending in endings} == {0, 2}


def without_folder(stderr: str) -> str:
    """Standard error without the folder that the run wrote in."""
    return re.sub(r"/\S*whichproxy-matrix-\w+(/\d+)?/", "", stderr)


NANOSECONDS = [name for name in BUILT if name.startswith("ns-wpad")]
PRINTING = ("report", "report --json", "flows --format table", "flows --format csv", "flows --format jsonl", "watch -")


def test_a_client_that_looks_for_a_proxy_between_microseconds(tmp_path: Path) -> None:
    captures = [path for path in all_captures(tmp_path) if path.stem in NANOSECONDS]
    assert len(captures) == len(NANOSECONDS)
    pairs = [(capture, way) for capture in captures for way in WAYS if way.name in ("report", "flows --format jsonl")]
    ended = zip(pairs, tried_together(pairs), strict=True)
    assert [(capture.stem, way.name, ending.stderr) for (capture, way), ending in ended if ending.code or ending.wrong] == []


def test_the_output_is_the_same_where_arrow_has_met_pandas(tmp_path: Path) -> None:
    """The command line doesn't load pandas (half a second of each run), and the output mustn't depend on it."""
    (capture,) = [path for path in all_captures(tmp_path) if path.stem == "ns-wpad-everything"]
    pairs = [(capture, way) for way in WAYS if way.name in PRINTING]
    assert len(pairs) == len(PRINTING)
    for (_, way), without, loaded in zip(pairs, tried_together(pairs), tried_together(pairs, pandas_first=True), strict=True):
        assert without.code == loaded.code == 0, (way.name, without.stderr, loaded.stderr)
        assert without.stdout == loaded.stdout and without.stdout.count(b"\n") > 3, way.name


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
