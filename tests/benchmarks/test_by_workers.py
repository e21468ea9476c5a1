"""A read by simulated workers gives the table of a real one, and starts no thread that isn't simulated."""

from __future__ import annotations

import threading
from pathlib import Path
from unittest.mock import patch

import pytest

from analyzer import side_by_side
from tests.benchmarks import initials
from tests.benchmarks.build_capture import Built
from tests.benchmarks.by_workers import seconds_of


def test_simulated_workers_read_the_same_without_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = tmp_path / "initials.pcap"
    initials.write(capture, 200)
    built = Built(capture, capture)
    _, alone = seconds_of(built, 1)
    monkeypatch.setattr(side_by_side, "SPAN_BYTES", 1 << 14)
    monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("a thread was started"))
    with patch.object(side_by_side, "read_side_by_side", wraps=side_by_side.read_side_by_side) as shared:
        seconds, table = seconds_of(built, 4)
    assert seconds > 0
    assert len(shared.call_args.args[1]) == 4
    assert table.equals(alone)
