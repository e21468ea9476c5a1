"""Stages as any scheduler runs them: a part for each file, merged in between, reported on at last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Whichproxy
from tests.conftest import ROOT
from tests.parts.rotated import files_of, talks


def test_the_stages_give_what_one_pass_gives(tmp_path: Path, whichproxy: Whichproxy) -> None:
    paths = files_of(talks(0, 8), 4, tmp_path, "ring")
    expected = whichproxy("flows", *paths, "--format", "csv").out
    for path in paths:
        assert whichproxy("flows", "--partial", path, "-o", path.with_suffix(".part"), "-q").code == 0
    assert whichproxy("merge", *(path.with_suffix(".part") for path in paths[:2]), "-o", tmp_path / "half.part", "-q").code == 0
    rest = [path.with_suffix(".part") for path in paths[2:]]
    assert whichproxy("merge", tmp_path / "half.part", *rest, "--format", "csv").out == expected
    assert whichproxy("flows", tmp_path / "half.part", *rest, "--format", "csv").out == expected
    one, other = (whichproxy("report", *some, "--json").out for some in (paths, [tmp_path / "half.part", *rest]))
    assert one == other


def test_the_stages_of_the_docs_run(tmp_path: Path) -> None:
    """docs/cluster.md's own lines for a shell, as GNU parallel, an array or an indexed job runs them."""
    files_of(talks(0, 4), 3, tmp_path / "captures", "gw1")
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    script = text.split("<!-- run by a test -->")[1].split("```sh\n")[1].split("```")[0]
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "whichproxy"
    tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m analyzer "$@"\n')
    tool.chmod(0o755)
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.json").stat().st_size > 0
