"""Ring files: which are finished, in what order, and which are deleted; how the tools are started."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture.live import DUMPCAP, TCPDUMP
from analyzer.capture.selection import EVERYTHING, CaptureFilter
from analyzer.errors import Unusable
from analyzer.jobs import ring
from analyzer.jobs.ring import choose_ring_tool, command, finished, prefix_of, ring_files, size_of, to_delete

OLD = ["000001-20261125T101500Z_00001_20261125101500.pcapng", "000001-20261125T101500Z_00002_20261125091000.pcapng"]
NEW = [f"000002-20261125T090000Z-{name}" for name in ("1764061200.pcap", "1764061200.pcap1", "1764061200.pcap2", "1764061260.pcap")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in [*reversed(OLD), *reversed(NEW), "notes.txt", "000003-x.pcapng"]:
        (tmp_path / name).write_bytes(bytes(10))
    return tmp_path


def test_files_come_by_run_and_place_whatever_the_clock_said(folder: Path) -> None:
    assert [file.name for file in ring_files(folder)] == [*OLD, *NEW]


def test_only_the_newest_of_the_run_at_work_is_not_finished(folder: Path) -> None:
    files = ring_files(folder)
    assert [file.name for file in finished(files, 2)] == [*OLD, *NEW[:3]]
    assert [file.name for file in finished(files, 1)] == [OLD[0], *NEW]
    assert finished(files, 9) == finished(files, None) == files


def test_packets_go_by_size_and_age_the_oldest_first_and_never_unread(folder: Path) -> None:
    files = ring_files(folder)
    done = {file.name: float(i) for i, file in enumerate(files[:4])}
    assert [file.name for file in to_delete(files, done, 40, None)] == OLD
    assert [file.name for file in to_delete(files, done, 0, None)] == [*OLD, *NEW[:2]]
    assert [file.name for file in to_delete(files, done, 1000, 1.5)] == OLD
    assert to_delete(files, {}, 0, 99.0) == []
    assert size_of(folder / "gone") == 0


def test_a_prefix_begins_the_names_that_are_known(tmp_path: Path) -> None:
    (tmp_path / f"{prefix_of(12)}_00001_20261125101500.pcapng").touch()
    assert [file.run for file in ring_files(tmp_path)] == [12]


def test_how_the_tools_are_started(tmp_path: Path) -> None:
    chosen = CaptureFilter("tcp port 3128", tagged=True, snap_bytes=4096)
    dumpcap = command(DUMPCAP, "eth0", chosen, tmp_path, "000001-x", 64_000_000, 60)
    assert dumpcap[dumpcap.index("-b") : dumpcap.index("-b") + 4] == ["-b", "filesize:64000", "-b", "duration:60"]
    assert dumpcap[-2:] == ["-f", chosen.filter]
    tcpdump = command(TCPDUMP, "eth0", chosen, tmp_path, "000001-x", 64_000_000, 60)
    assert tcpdump[tcpdump.index("-G") : tcpdump.index("-G") + 4] == ["-G", "60", "-C", "64"]
    assert tcpdump[-2:] == ["--", chosen.filter]
    assert "-f" not in command(DUMPCAP, "eth0", EVERYTHING, tmp_path, "000001-x", 1, 1)


def test_which_tool_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "find_program", lambda tool: None if tool == "dumpcap" else f"/usr/bin/{tool}")
    monkeypatch.setattr(ring, "choose_tool", lambda: TCPDUMP)
    assert choose_ring_tool(None) == choose_ring_tool("tcpdump") == TCPDUMP
    monkeypatch.setattr(ring, "choose_tool", lambda: DUMPCAP)
    assert choose_ring_tool(None) == DUMPCAP
    with pytest.raises(Unusable, match="dumpcap isn't installed"):
        choose_ring_tool("dumpcap")
    monkeypatch.setattr(ring, "choose_tool", lambda: "scapy")
    with pytest.raises(Unusable, match="ring files need dumpcap or tcpdump"):
        choose_ring_tool(None)
