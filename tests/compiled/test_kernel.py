"""Compiled and as plain Python, kernels say the same; and which of the two runs is known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analyzer.capture.block import note_frames
from analyzer.compiled import PLAIN, STAGES, UNIT_OF, compiled, not_compiled
from analyzer.compiled.units import PACKAGE, UNITS
from analyzer.packets.decode import decode_frames
from analyzer.packets.layout import FRAME, PACKET
from tests.compiled.tables import of_damaged_captures, of_damaged_frames, of_damaged_streams, of_pieces
from tests.conftest import ROOT

TABLES = """
from tests.compiled.tables import of_damaged_captures, of_damaged_frames, of_damaged_streams, of_pieces
print(of_damaged_frames(), of_damaged_captures(), of_damaged_streams(), of_pieces())
"""


def said(code: str, folder: Path = ROOT, **environment: str) -> str:
    """What the code prints in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_everything_is_compiled_here() -> None:
    assert set(STAGES) == set(UNITS) and not_compiled() == {}
    assert all(compiled(stage) is not None for stage in STAGES)


def test_a_room_belongs_to_the_unit_that_has_it_whole() -> None:
    assert {part: stage for stage, parts in UNITS.items() for part in parts if (PACKAGE / part).is_dir()} == UNIT_OF


def test_plain_python_says_the_same() -> None:
    compiled_say = f"{of_damaged_frames()} {of_damaged_captures()} {of_damaged_streams()} {of_pieces()}"
    assert said(TABLES, **{PLAIN: "1"}) == compiled_say


def test_plain_python_stops_at_a_breakpoint() -> None:
    code = (
        "import sys\nfrom tests.packets.twin import decoded\nfrom tests.packets.shapes import TCP_4, framed\nlines = set()\n"
        "def trace(frame, event, _):\n    lines.add(frame.f_code.co_name)\n    return trace\n"
        "sys.settrace(trace)\ndecoded([framed(101, TCP_4)])\nsys.settrace(None)\nprint({'read_tcp', 'read_ipv4', 'u16'} <= lines)"
    )
    assert said(code, **{PLAIN: "1"}) == "True" and said(code) == "False"


def test_an_array_of_another_type_is_refused() -> None:
    frames, packets = np.zeros(1, FRAME), np.zeros(1, PACKET)
    with pytest.raises(TypeError, match="another type"):
        decode_frames(np.zeros(9, np.uint8), packets, 1, packets)
    with pytest.raises(TypeError, match="another type"):
        decode_frames(np.zeros(9, np.uint16), frames, 1, packets)
    with pytest.raises((ValueError, BufferError)):  # rows apart from each other
        note_frames(np.zeros(4, FRAME)[::2], 2, 0, 0, 0, 1)
    packets.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        decode_frames(np.zeros(9, np.uint8), frames, 1, packets)


WHY = "from analyzer.compiled import not_compiled\nprint(not_compiled())"


def test_other_sources_run_as_plain_python_and_say_why(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "analyzer", tmp_path / "analyzer", ignore=shutil.ignore_patterns("__pycache__"))
    assert said(WHY, tmp_path, PYTHONPATH="") == "{}"  # an installed package doesn't change
    shutil.copy(ROOT / "setup.py", tmp_path)
    assert said(WHY, tmp_path, PYTHONPATH="") == "{}"
    changed = tmp_path / "analyzer" / "packets" / "tags.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert said(WHY, tmp_path, PYTHONPATH="") == "{'packets': 'their sources changed since they were built'}"
    for path in (tmp_path / "analyzer" / "compiled").glob("_capture*"):
        path.unlink()
    assert "'capture': \"they weren't built\"" in said(WHY, tmp_path, PYTHONPATH="")
    assert "'capture': 'WHICHPROXY_PLAIN is set'" in said(WHY, tmp_path, **{PLAIN: "1"}, PYTHONPATH="")
