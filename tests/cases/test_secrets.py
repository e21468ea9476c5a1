"""No user and no password reaches any output, wherever in a capture they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import pcap
from tests.cases.outputs import holders, outputs
from tests.cases.secrets import SECRETS, frames


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "with-secrets.pcap"
    path.write_bytes(pcap(list(frames())))
    return path


def test_the_capture_holds_each_of_them(capture: Path) -> None:
    assert len(holders(iter([("capture", capture.read_bytes())]), SECRETS)) == len(SECRETS)


def test_no_output_holds_a_secret(capture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = holders(outputs(capture, tmp_path, capfd), SECRETS)
    assert not found, "\n".join(found)
