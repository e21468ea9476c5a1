"""scapy's sniffer as a tool: the same packets as tcpdump sees, and a clear end."""

from __future__ import annotations

import signal
import struct
import subprocess
import time
from pathlib import Path

from analyzer.capture import live
from analyzer.capture.live import SCAPY
from analyzer.capture.selection import CaptureFilter
from analyzer.capture.sniffer import file_header, packet_record
from tests.build import pcap
from tests.capture.wire import wire
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.engine import reading, stream


def test_a_record_is_cut_and_tells_how_long_it_was() -> None:
    record = packet_record(b"abcdef", 1_700_000_000_123_456_789, 4)
    assert struct.unpack("<IIII", record[:16]) == (1_700_000_000, 123_456_789, 4, 6) and record[16:] == b"abcd"
    capture = reading(stream(file_header(1, 4096) + record)).captures[0]
    assert (capture["packets"], capture["first_seen"]) == (1, 1_700_000_000_123_456_789)


def test_no_such_interface_is_one_line() -> None:
    command = live.command(SCAPY, "wpnone", CaptureFilter("tcp"))
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("wpnone: ") and len(ended.stderr.splitlines()) == 1


def test_it_captures_what_matches(tmp_path: Path) -> None:
    sent = tmp_path / "sent.pcap"
    sent.write_bytes(pcap(tunnel().frames))
    with wire() as line:
        command = live.command(SCAPY, line.far, CaptureFilter("host 172.16.11.92"))
        process = line.inside(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None and process.stderr is not None
        head = process.stdout.read(24)
        line.replay(sent)
        time.sleep(0.3)
        process.send_signal(signal.SIGUSR1)
        told = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    n = len(tunnel().frames)
    assert told == b"%d packets captured, %d packets received by filter, 0 packets dropped by kernel\n" % (n, n)
    columns = ["client_port", "server_ip", "packets_out", "packets_in", "bytes_in", "sni", "requested_host", "state"]
    assert reading(stream(head + rest)).flows.select(columns).equals(reading(sent).flows.select(columns))
