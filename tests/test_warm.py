"""What is read to compile the kernels are real captures, and that it was done is remembered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analyzer import warm
from analyzer.kernels import all_digests
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
from analyzer.packets.decode import decode_frames
from analyzer.warm import load
kernels = [count_packets, decode_frames]
before = [len(kernel.signatures) for kernel in kernels]
load()
print(before, all(kernel.signatures for kernel in kernels))
"""


def test_what_every_packet_needs_is_loaded_before_the_first() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[0, 0] True\n"


def test_it_is_remembered_for_these_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    assert not warm.is_warm()
    warm.warm()
    assert warm.is_warm()
    assert [path.name for path in (tmp_path / "kernels").glob("warm-*")] == [f"warm-{all_digests()}"]
    monkeypatch.setattr(warm, "all_digests", lambda: "of-other-sources")
    assert not warm.is_warm()
