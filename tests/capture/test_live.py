"""The child that captures: how it is started, its messages, and how its stream ends."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from analyzer.capture import live
from analyzer.capture.live import DUMPCAP, SCAPY, TCPDUMP, Drops, Recorder, Tap, command, drops_after, is_at_work, unread_bytes
from analyzer.capture.selection import EVERYTHING, CaptureFilter
from analyzer.errors import Unusable

# As printed by tcpdump 4.99.3 and dumpcap 4.0.17.
TCPDUMP_SIGUSR1 = "tcpdump: 903 packets captured, 917 packets received by filter, 1 packet dropped by kernel"
DUMPCAP_END = "Packets received/dropped on interface 'vb': 423997/215103 (pcap:215103/dumpcap:1/flushed:2/ps_ifdrop:7) (66.3%)"


@pytest.mark.parametrize(
    ("line", "drops"),
    [
        (TCPDUMP_SIGUSR1, Drops(1, 0)),
        ("0 packets dropped by kernel", Drops(0, 0)),
        (f"{TCPDUMP_SIGUSR1}, 12 packets dropped by interface", Drops(1, 12)),
        ("12 packets dropped by interface", Drops(None, 12)),
        (DUMPCAP_END, Drops(215_106, 7)),
        ("tcpdump: listening on vb, link-type EN10MB (Ethernet), snapshot length 262144 bytes", Drops()),
    ],
)
def test_what_the_tools_say_of_drops(line: str, drops: Drops) -> None:
    assert drops_after(line, Drops()) == drops


def test_drops_in_words() -> None:
    assert str(Drops()) == "? dropped by the kernel, ? by the interface"
    assert str(Drops(1200, 0)) == "1,200 dropped by the kernel, 0 by the interface"
    assert (Drops().total, Drops(3, 4).total) == (0, 7)


def test_the_filter_is_one_argument_and_no_option() -> None:
    chosen = CaptureFilter("-w /etc/passwd", snap_bytes=100)
    assert command(TCPDUMP, "eth0", chosen)[-2:] == ["--", "-w /etc/passwd"]
    assert command(DUMPCAP, "eth0", chosen)[-2:] == ["-f", "-w /etc/passwd"]
    assert command(SCAPY, "eth0", chosen)[-3:] == ["eth0", "100", "-w /etc/passwd"]
    assert "-f" not in command(DUMPCAP, "eth0", EVERYTHING) and command(TCPDUMP, "eth0", EVERYTHING)[-1] == "--"


def test_a_tap_ends_when_it_is_told_to() -> None:
    receiving, sending = os.pipe()
    with os.fdopen(receiving, "rb", buffering=0) as file:
        tap = Tap(file)
        os.write(sending, b"abc")
        assert tap.read(10) == b"abc"
        threading.Timer(0.05, tap.close_off).start()
        assert tap.read(10) == b""
        os.write(sending, b"late")
        assert tap.read(10) == b"late"  # what has come is given, even then
        os.close(sending)
        assert tap.read(10) == b""
        tap.close()


def fake(monkeypatch: pytest.MonkeyPatch, code: str) -> Recorder:
    """A Recorder whose tool is this Python code."""
    monkeypatch.setattr(live, "command", lambda *_: [sys.executable, "-u", "-c", code])
    return Recorder("eth9", EVERYTHING, TCPDUMP)


def test_a_tool_that_refuses_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "tcpdump: eth9: No such device exists\\n(No such device exists)"
    recorder = fake(monkeypatch, f"import sys; print('{said}', file=sys.stderr); sys.exit(1)")
    assert recorder.stream.read(1) == b""
    assert recorder.ended() == "tcpdump: No such device exists"


def test_a_tool_that_was_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = fake(monkeypatch, "import os; os.kill(os.getpid(), 9)")
    assert recorder.stream.read(1) == b""
    assert recorder.ended() == "tcpdump ended by itself (signal SIGKILL)"


def test_a_tool_that_does_not_stop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = fake(monkeypatch, "import signal, time; signal.signal(2, signal.SIG_IGN); print('x', end='', flush=True); time.sleep(60)")
    assert recorder.stream.read(1) == b"x"
    recorder.stop(wait_s=0.2)
    assert recorder.stream.read(1) == b""  # its 60 seconds aren't waited for: the stream ends with it
    assert recorder._process.wait(timeout=30) == -9
    assert recorder.ended() is None


def test_asking_for_drops_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        f"import signal, sys, time; signal.signal(10, lambda *_: print({TCPDUMP_SIGUSR1!r}, file=sys.stderr)); print('x'); time.sleep(60)"
    )
    recorder = fake(monkeypatch, code)
    assert recorder.stream.read(1) == b"x"
    assert recorder.drops(wait_s=5) == Drops(1, 0)
    recorder.kill()


def test_who_may_not_capture_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(live, "find_program", lambda tool: str(tmp_path / tool))
    monkeypatch.setattr(live, "_has_ambient", lambda: False)
    with pytest.raises(Unusable, match=r"may not capture.*setcap"):
        live.choose_tool()
    monkeypatch.setattr(live, "_has_privilege", lambda path: path.endswith("dumpcap"))
    assert live.choose_tool() == DUMPCAP


def test_root_captures_with_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for there, tool in (({"tcpdump", "dumpcap"}, TCPDUMP), ({"dumpcap"}, DUMPCAP), (set[str](), SCAPY)):
        monkeypatch.setattr(live, "find_program", lambda name, there=there: name if name in there else None)
        assert live.choose_tool() == tool


@pytest.mark.parametrize(("state", "at_work"), [("R", True), ("D", True), ("S", False), ("T", False), ("Z", False)])
def test_a_tool_that_works_differs_from_one_that_waits_for_packets(state: str, at_work: bool, tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (a tool) R (x) {state} 1 7 7 0 -1")
    assert is_at_work(7, tmp_path) == at_work
    assert not is_at_work(8, tmp_path), "what isn't known keeps nobody waiting"


def test_what_lies_in_a_pipe() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0) as pipe:
        assert unread_bytes(pipe) == 0
        os.write(into, b"packets")
        assert unread_bytes(pipe) == 7
        os.close(into)
        assert pipe.read(7) == b"packets" and unread_bytes(pipe) == 0
    assert unread_bytes(pipe) == unread_bytes(None) == 0
