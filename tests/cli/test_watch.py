"""`whichproxy watch`: from a stream and from a wire, interrupted, cut off, refused; always with the whole report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer.capture.live import HELD_S
from analyzer.cli.outcome import INTERRUPTED, UNUSABLE
from tests.build import pcap
from tests.capture.wire import Wire, wire
from tests.cli.conftest import Whichproxy, apart, tunnel
from tests.conftest import ROOT

TOPOLOGY = ROOT / "captures" / "topology.toml"
T5 = ROOT / "captures" / "T5-all-three.pcapng"


def document(text: bytes | str) -> dict[str, Any]:
    """The verdict without what names the file it came from."""
    found: dict[str, Any] = json.loads(text)
    for capture in found["captures"]:
        del capture["path"], capture["sha256"]
    return found


def wait_for_handlers(pid: int) -> None:
    """Until the process handles all three signals in a way of its own."""
    for _ in range(600):
        caught = int(Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1 and caught >> (signal.SIGHUP - 1) & 1:
            return
        time.sleep(0.05)
    raise AssertionError("no handler")


def watching(*args: str | Path) -> subprocess.Popen[bytes]:
    return apart("watch", "-", "--json", *args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_stream_gives_the_report_of_the_file(whichproxy: Whichproxy) -> None:
    process = watching("--topology", TOPOLOGY, "--quiet")
    out, err = process.communicate(T5.read_bytes(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert document(out) == document(whichproxy("report", T5, "--topology", TOPOLOGY, "--json").out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_reports_what_was_seen_and_marks_what_is_open(number: int, tmp_path: Path) -> None:
    """The stream goes on: it is never closed."""
    frames = tunnel().frames[:-3]
    target = tmp_path / "report.json"
    process = apart("watch", "-", "-o", target, "--for", "50", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(pcap(frames))
    process.stdin.flush()
    wait_for_handlers(process.pid)
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (INTERRUPTED, b"", b"")
    (source,) = json.loads(target.read_text())["sources"]
    assert source["services"][0]["winner"] == "172.16.12.10:3128"


@pytest.mark.parametrize("cut", [30, 200, -7])
def test_a_lost_pipe_ends_with_the_report(cut: int) -> None:
    process = watching()
    out, err = process.communicate(pcap(tunnel().frames)[:cut], timeout=60)
    assert (process.returncode, err) == (0, b"")
    damage = document(out)["captures"][0]["damage"]
    assert [each["code"] for each in damage] == ["capture-damaged"]


def test_the_time_is_up(tmp_path: Path) -> None:
    receiving, sending = os.pipe()
    os.write(sending, pcap(tunnel().frames))
    process = apart("watch", "-", "--json", "--for", "1.5", stdin=receiving, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    os.close(receiving)
    os.close(sending)
    assert process.returncode == 0
    assert document(out)["captures"][0]["packets"] == len(tunnel().frames)


def test_numbers_and_findings_come_as_lines_without_a_terminal() -> None:
    code = "from analyzer.cli import main, watch\nwatch.LINES_S = 0.3\nmain()"
    command = [sys.executable, "-c", code, "watch", "-"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write(pcap(tunnel(answer=b"HTTP/1.1 407 No\r\n\r\n").frames))
    process.stdin.flush()
    finding = numbers = ""
    while not finding.startswith("problem"):
        finding = process.stderr.readline().decode()
    while "1 conversation" not in numbers:
        numbers = process.stderr.readline().decode()
    out, _ = process.communicate(timeout=30)
    assert finding.startswith("problem  proxy-auth-required · ")
    assert "- · " in numbers and "1 conversation, 0 open · a stream does not say what was dropped" in numbers
    assert b"proxy-auth-required" in out


@pytest.mark.parametrize("name", ["-x", "a\0b"])
def test_a_name_that_is_no_interface_is_refused(whichproxy: Whichproxy, name: str) -> None:
    ended = whichproxy("watch", "--", name)
    assert ended.code == UNUSABLE and "no interface has such a name" in ended.err


def test_an_unknown_tool_is_refused(whichproxy: Whichproxy) -> None:
    ended = whichproxy("watch", "lo", "--tool", "rm")
    assert ended.code == UNUSABLE and "use tcpdump, dumpcap or scapy" in ended.err


def test_what_is_no_capture_is_refused() -> None:
    process = watching()
    out, err = process.communicate(b"this is no capture, whatever it is", timeout=60)
    assert (process.returncode, out) == (UNUSABLE, b"") and b"not a capture" in err


@pytest.mark.parametrize("tool", ["tcpdump", "dumpcap"])
def test_a_missing_interface_is_one_line(tool: str) -> None:
    with wire() as line:
        process = line.whichproxy("watch", "wpnone", "--quiet", "--tool", tool)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (UNUSABLE, b"")
    assert len(err.decode().splitlines()) == 1 and b"whichproxy: wpnone: " in err and b"device" in err.lower()


def started(line: Wire, tmp_path: Path, *args: str) -> subprocess.Popen[bytes]:
    """A watch on the wire that captures already, when this returns."""
    process = line.whichproxy("watch", line.far, "--topology", TOPOLOGY, "-o", tmp_path / "live.json", *args)
    for _ in range(600):
        sockets = subprocess.run(["ip", "netns", "exec", line.name, "cat", "/proc/net/packet"], capture_output=True, text=True, check=True)
        if len(sockets.stdout.splitlines()) > 1:
            wait_for_handlers(process.pid)
            time.sleep(0.5)
            return process
        time.sleep(0.05)
    raise AssertionError(process.communicate(timeout=5))


@pytest.mark.parametrize("tool", ["tcpdump", "dumpcap"])
def test_live_is_the_table_of_the_file_of_the_same_packets(tool: str, tmp_path: Path, whichproxy: Whichproxy) -> None:
    """Beside it another tool writes the same packets to a file; the kernel stamps both alike."""
    sent, beside = tmp_path / "sent.pcap", tmp_path / "beside.pcapng"
    subprocess.run(["editcap", "-F", "pcap", T5, sent], check=True, capture_output=True)
    with wire() as line:
        process = started(line, tmp_path, "--tool", tool, "--full")
        side = line.inside("dumpcap", "-q", "-i", line.far, "-w", beside, stderr=subprocess.PIPE)
        assert side.stderr is not None
        while b"File:" not in side.stderr.readline():
            assert side.poll() is None
        line.replay(sent)
        process.send_signal(signal.SIGINT)
        time.sleep(HELD_S["dumpcap"])
        side.send_signal(signal.SIGINT)
        side.communicate(timeout=20)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (INTERRUPTED, b"")
    assert "captures on wpfar every packet; whole" in err.decode()
    live, file = (
        document((tmp_path / "live.json").read_text()),
        document(whichproxy("report", beside, "--topology", TOPOLOGY, "--json").out),
    )
    assert live == file
    assert live["sources"][0]["planes"]


@pytest.mark.parametrize("tool", ["tcpdump", "dumpcap"])
def test_packets_that_were_dropped_are_told_to_the_packet(tool: str, tmp_path: Path) -> None:
    """The tool is held while four times what its buffer holds arrives."""
    sent, times = tmp_path / "sent.pcap", 500
    subprocess.run(["editcap", "-F", "pcap", T5, sent], check=True, capture_output=True)
    with wire() as line:
        process = started(line, tmp_path, "--tool", tool, "--full")
        line.replay(sent)
        child = capturing(line, tool)
        os.kill(child, signal.SIGSTOP)
        line.replay(sent, pps=0, times=times)
        os.kill(child, signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    (capture,) = json.loads((tmp_path / "live.json").read_text())["captures"]
    (dropped,) = [each["count"] for each in capture["damage"] if each["code"] == "packets-dropped"]
    assert dropped > 100_000
    assert capture["packets"] + dropped == 969 * (times + 1)


def capturing(line: Wire, tool: str) -> int:
    """The pid of the tool that captures on the wire."""
    pids = subprocess.run(["ip", "netns", "pids", line.name], capture_output=True, text=True, check=True).stdout.split()
    (child,) = [int(pid) for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == tool]
    return child


def test_a_killed_tool_is_told_and_what_it_gave_is_reported(tmp_path: Path) -> None:
    sent = tmp_path / "sent.pcap"
    sent.write_bytes(pcap(tunnel().frames))
    with wire() as line:
        process = started(line, tmp_path)
        line.replay(sent)
        time.sleep(HELD_S["tcpdump"])
        os.kill(capturing(line, "tcpdump"), signal.SIGKILL)
        _, err = process.communicate(timeout=30)
    assert process.returncode == UNUSABLE
    assert b"captures on wpfar packets that match, also behind VLAN tags: host 172.16.11.92 or " in err
    assert b"the capture broke off: tcpdump ended by itself (signal SIGKILL)" in err
    assert json.loads((tmp_path / "live.json").read_text())["sources"][0]["services"]


def test_the_live_path_imports_no_slow_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom analyzer.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "sys.stderr.write('LOADED ' + ' '.join({'pandas', 'scapy', 'pyshark', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "watch", "-", "-o", str(tmp_path / "r.json"), "--rows", str(tmp_path / "rows.parquet")]
    done = subprocess.run(command, cwd=ROOT, input=pcap(tunnel().frames), capture_output=True, check=False, timeout=60)
    assert done.stderr == b"LOADED ", done.stderr
    assert (tmp_path / "rows.parquet").stat().st_size > 0
