"""Purpose: a process and a firewall's action are shown as the capture has them, and as text that can be printed."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.packets.labels import ACTIONS, Label, described, label_of, labels_of, process_in_comment
from tests.build import wrappings
from tests.packets.shapes import TCP_4, framed
from tests.packets.twin import decoded, frame_row


def test_what_pf_did() -> None:
    for number, name in enumerate(ACTIONS):
        assert label_of(117, wrappings.pflog(TCP_4, action=number), b"") == Label(action=name.encode())
    assert label_of(117, wrappings.pflog(TCP_4, action=99), b"") == Label(action=b"99")
    assert ACTIONS[:2] == ("pass", "block")


@pytest.mark.parametrize(
    ("name", "pid", "told"),
    [
        (b"wdavdaemon", 501, b"wdavdaemon (501)"),
        (b"", 501, b"501"),
        (b"kernel_task", 0, b"kernel_task"),
        (b"", -1, b""),
        (b"a\x1b[31m", 7, b"a\\x1b[31m (7)"),
        (b"\xff", 7, b"\\xff (7)"),
    ],
)
def test_the_process_that_pktap_names(name: bytes, pid: int, told: bytes) -> None:
    assert label_of(258, wrappings.pktap(TCP_4, name=name, pid=pid), b"").process == told
    assert label_of(149, wrappings.pktap(TCP_4, name=name, pid=pid), b"").process == told


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        (b"\1\0\x08\0PID=1234\0\0\0\0", b"1234"),
        (b"PID=1234 ProcessName=MsSense.exe", b"MsSense.exe (1234)"),
        (b"pid=4", b"4"),
        (b"VSPID=12", b""),
        (b"PID=", b""),
        (b"PID=12345678901", b""),
        (b"", b""),
    ],
)
def test_the_process_that_a_comment_names(comment: bytes, told: bytes) -> None:
    assert process_in_comment(comment) == told


def test_a_name_without_a_number_and_the_reverse() -> None:
    assert (described(b"x", 0), described(b"", 3), described(b"", 0)) == (b"x", b"3", b"")


def test_each_label_once_and_each_packet_its_own() -> None:
    frames = [framed(117, wrappings.pflog(TCP_4, action=action)) for action in (0, 1, 0)] + [
        framed(101, TCP_4),
        framed(258, wrappings.pktap(TCP_4, 101, name=b"", pid=-1)),
    ]
    buf, packets = decoded(frames)
    at, rows = 64, []
    for frame in frames:
        rows.append(frame_row(frame, at))
        at += len(frame.data) + 64
    assert labels_of(buf, np.concatenate(rows), packets) == [Label(action=b"pass"), Label(action=b"block")]
    assert packets["note"].tolist() == [1, 2, 1, 0, 0]
