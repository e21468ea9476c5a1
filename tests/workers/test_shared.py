"""Captures too small to be divided aren't divided. test_run.py tests the results, tests/test_reading.py those of one file."""

from __future__ import annotations

from pathlib import Path

from analyzer.capture.inputs import open_inputs
from analyzer.workers.shared import read_shared_out
from tests.engine import knowledge
from tests.parts.rotated import files_of, talks


def test_what_is_small_is_left_to_one_process(tmp_path: Path) -> None:
    paths = [str(path) for path in files_of(talks(0, 6), 3, tmp_path, "gw")]
    for inputs, workers in ((paths, 4), (paths[:1], 4), (paths[:1], 2)):
        found = open_inputs(inputs)
        assert read_shared_out(found, *knowledge(), (None, None), workers, None, None, digests=False) is None
