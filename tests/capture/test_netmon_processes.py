"""Purpose: the process that Network Monitor notes for a frame comes into its flow's row; from a broken table no process does."""

from __future__ import annotations

import numpy as np
import pytest

import tests.build as build
from analyzer.capture.netmon_processes import MAX_PATH, processes_of
from tests.build.netmon import NO_PROCESS, Record, netmon, process
from tests.engine import reading

SENSE = process("C:\\Program Files\\Windows Defender Advanced Threat Protection\\MsSense.exe", 2312)
OTHER = process("svchost.exe", 900, b"")


def records(port: int, number: int) -> list[Record]:
    talk = build.Conversation(client=("10.0.0.1", port), server=("10.0.0.2", 3128))
    talk.handshake().send_client(build.connect("a.example:443")).send_server(build.ESTABLISHED)
    return [Record(ts, frame, 1, number) for ts, frame, *_ in talk.frames]


@pytest.mark.parametrize("minor", [1, 2, 3])
def test_each_flow_has_its_process(minor: int) -> None:
    data = netmon([*records(1001, 0), *records(1002, 1), *records(1003, NO_PROCESS), *records(1004, 7)], minor, processes=[SENSE, OTHER])
    rows = reading(data).flows.select(["client_port", "process", "requested_host"]).to_pylist()
    told = {1001: "MsSense.exe (2312)", 1002: "svchost.exe (900)"} if minor > 1 else {}
    assert {row["client_port"]: row["process"] for row in rows} == {port: told.get(port) for port in (1001, 1002, 1003, 1004)}
    assert {row["requested_host"] for row in rows} == {"a.example"}


def test_a_table_that_is_cut_tells_the_processes_before() -> None:
    whole = b"\1\0" + SENSE + OTHER
    for size in range(len(whole) + 1):
        found = processes_of(np.frombuffer(whole[:size] or b"\0", np.uint8), 0, 2)
        assert found == [b"PID=2312 Process=MsSense.exe", b"PID=900 Process=svchost.exe"][: len(found)]
        assert len(found) == (size >= 2 + len(SENSE)) + (size >= len(whole))


def test_sizes_that_cannot_be_true() -> None:
    for size in (MAX_PATH + 1, 2**31, 2**32 - 1):
        assert processes_of(np.frombuffer(b"\1\0" + size.to_bytes(4, "little") + bytes(400), np.uint8), 0, 1) == []
    assert processes_of(np.zeros(8, np.uint8), -128, 5) == processes_of(np.zeros(8, np.uint8), 7, 5) == []
