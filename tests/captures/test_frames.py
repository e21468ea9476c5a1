"""Frame numbers and Community IDs, as Wireshark has them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engine import engine_rows

CAPTURES = sorted((ROOT / "captures").glob("*.pcapng"))
FIELDS = ("frame.number", "frame.time_epoch", "communityid", "icmp.type", "icmpv6.type")


def first_frames(capture: Path) -> dict[str, int]:
    """Community ID → number of the first frame that has it."""
    options = [argument for field in FIELDS for argument in ("-e", field)]
    command = ["tshark", "-n", "-r", str(capture), "--enable-protocol", "communityid", "-T", "fields", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, tuple[float, int]] = {}
    for number, time, community_id, *icmp in (line.split("\t") for line in done.stdout.splitlines()):
        if community_id and not any(icmp):
            found[community_id] = min(found.get(community_id, (float("inf"), 0)), (float(time), int(number)))
    return {community_id: number for community_id, (_, number) in found.items()}


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_wireshark_counts_alike(path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is missing: apt-get install tshark")
    theirs, mine = first_frames(path), {}
    for row in engine_rows(path):
        mine.setdefault(row["community_id"], row["first_frame"])
    assert mine == {community_id: number for community_id, number in theirs.items() if community_id in mine}
    assert len(mine) > 5
