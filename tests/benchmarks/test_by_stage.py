"""A profile is divided into stages completely."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

import pytest

from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from tests.benchmarks import initials
from tests.benchmarks.by_stage import KERNELS, STAGES, seconds_of


def test_every_stage_of_a_pass_is_found_and_together_they_are_all(tmp_path: Path) -> None:
    capture = tmp_path / "initials.pcap"
    initials.write(capture, 50)
    profile = cProfile.Profile()
    profile.runcall(read, [str(capture)], topology=load_topology(None), catalogue=load_catalogue(), digests=False, workers=1)
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    seconds = seconds_of([(*key, own, everything) for key, (_, _, own, everything, _) in found.items()])
    assert set(seconds) == {"copied", *KERNELS.values(), *STAGES.values(), "the rest", "all"}
    assert all(each > 0 for stage, each in seconds.items())
    assert sum(each for stage, each in seconds.items() if stage != "all") == pytest.approx(seconds["all"])
