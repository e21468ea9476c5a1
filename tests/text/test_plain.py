"""What a terminal without our marks is given."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from analyzer.text.plain import NAME, NEAREST, nearest, register
from tests.conftest import ROOT


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_every_mark_is_something_that_the_terminal_has(encoding: str) -> None:
    register()
    sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=NAME)
    sink.write("".join(NEAREST))
    sink.flush()
    assert b"\\u" not in sink.buffer.getvalue()  # type: ignore[attr-defined]


def test_what_was_shortened_stays_as_wide_and_sentences_have_dots() -> None:
    register()
    assert "▶ edr-comma…-control".encode("ascii", NAME) == b"> edr-comma~-control"
    assert "… and 3 more: x…".encode("ascii", NAME) == b"... and 3 more: x..."
    assert "★ ü".encode("ascii", NAME) == rb"\u2605 \xfc"
    assert all(len(instead) == 1 for instead in NEAREST.values())


def test_no_line_becomes_longer_than_the_screen() -> None:
    register()
    assert "  → told …    \n…".encode("ascii", NAME) == b"  > told ...  \n..."
    assert "told …  ".encode("ascii", NAME) == b"told ..." and "told … \nmore".encode("ascii", NAME) == b"told ...\nmore"
    assert "told … and so on ".encode("ascii", NAME) == b"told ... and so on "


def test_it_is_for_writing_only() -> None:
    with pytest.raises(UnicodeDecodeError):
        nearest(UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"))


def test_a_report_on_a_terminal_of_ascii() -> None:
    command = [sys.executable, "-m", "analyzer", "report", "captures/T4-static.pcapng", "--topology", "captures/topology.toml"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout.decode("ascii")
    assert "\\u" not in said and "\\x" not in said and "> 12" in said and "-----" in said
    assert max(map(len, said.splitlines())) <= 80
