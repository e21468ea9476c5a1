"""What is read to compile the kernels are real captures, and that it was done is remembered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer import warm
from analyzer.kernels import MADE_OF, all_digests, stage_folder
from tests.conftest import ROOT
from tests.engine import engine_rows
from tests.reference import rows_of
from tests.reference.agree import disagreements


@pytest.mark.parametrize("make", [warm.pcap, warm.pcapng])
def test_the_two_packets_are_a_request_and_its_answer(make: object) -> None:
    data = make()  # type: ignore[operator]
    (row,) = engine_rows(data)
    assert (row["request"], row["requested_host"], row["packets_out"], row["packets_in"]) == ("connect", "example.com", 1, 1)
    columns = ["protocol", "client_ip", "server_ip", "bytes_out", "bytes_in", "state", "http_host", "host"]
    assert disagreements([row], rows_of(("stream", data)), columns) == []


LOADED = """
from analyzer.flows.table import count_packets
from analyzer.names.read import read_offers
from analyzer.warm import load
kernels = [count_packets, read_offers]
before = [len(kernel.signatures) for kernel in kernels]
load()
print(before, all(kernel.signatures for kernel in kernels))
"""


def test_what_every_packet_needs_is_loaded_before_the_first() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[0, 0] True\n"


IS_WARM = "from analyzer.warm import is_warm, warm\nprint(is_warm())"


def said(code: str, folder: Path) -> str:
    """What the code prints in a process of its own, with compiled kernels kept in the folder."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_it_is_remembered_for_these_sources_and_only_vouched_for_where_it_loads(tmp_path: Path) -> None:
    warm.warm()  # a copy, so that nothing needs compiling
    folder = tmp_path / "kernels"
    folder.mkdir(mode=0o755)
    for stage in MADE_OF:
        shutil.copytree(stage_folder(stage), folder / stage_folder(stage).name)
    assert said(IS_WARM, folder) == "False\n"  # kept, but nobody said that all are
    assert said("from analyzer.warm import is_warm, warm\nwarm()\nprint(is_warm())", folder) == "True\n"
    assert [path.name for path in folder.glob("warm-*")] == [f"warm-{all_digests()}"]
    assert said(IS_WARM, folder) == "True\n"
    for path in folder.glob("flows-*/*.nbc"):  # which of them are called by others alone, Numba knows
        path.write_bytes(b"")
    assert said(IS_WARM, folder) == "False\n"
    folder.chmod(0o777)
    assert said("from analyzer.warm import is_warm, strangers\nprint(is_warm(), len(strangers()))", folder) == "False 1\n"


def test_other_sources_are_not_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "all_digests", lambda: "of-other-sources")
    assert not warm.is_warm()
