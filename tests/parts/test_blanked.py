"""What waits to be read is as long and reads the same without the secrets in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.parts.blanked import without_secrets
from analyzer.parts.file import read_part, write_part
from analyzer.parts.partial import merge
from tests.build import Conversation, connect, messy_capture, pcap
from tests.cases.secrets import BOTH, DIRECT, HOST, SECRETS, TO_PROXY, frames
from tests.pieces import Whole, collect_piece, differences, finish
from tests.streams.harness import client, names, read


@pytest.mark.parametrize("said", [part for one in (*TO_PROXY.values(), *DIRECT.values()) for part in one if part])
def test_the_length_stays_and_secrets_go(said: bytes) -> None:
    clean = without_secrets(said, [len(said)])
    assert len(clean) == len(said)
    assert [secret for secret in SECRETS if secret.encode() in clean] == []
    assert [m.host for m in read([client(clean)])] == [m.host for m in read([client(said)])]


def test_what_is_read_stays() -> None:
    said = connect(f"{HOST}:443", f"Host: {HOST}:443", "User-Agent: agent/1", "Proxy-Authorization: Negotiate YIIx", "X-Key: abcdef")
    clean = without_secrets(said, [len(said)])
    assert clean == said.replace(b"YIIx", b"xxxx").replace(b"abcdef", b"xxxxxx")
    assert names(read([client(clean)])) == [HOST.encode()]


def test_a_part_of_a_capture_cut_anywhere_gives_the_same(tmp_path: Path) -> None:
    whole = Whole(pcap(list(frames())))
    expected = whole.table()
    for cut in range(3, whole.n_frames, 17):
        left, right = whole.pieces([cut])
        write_part(left, tmp_path / "left")
        write_part(right, tmp_path / "right")
        assert differences(finish(merge(read_part(tmp_path / "left"), read_part(tmp_path / "right"))), expected) == []


@pytest.mark.parametrize("seed", range(3))
def test_messy_captures_are_read_the_same(seed: int, tmp_path: Path) -> None:
    whole = Whole(messy_capture(seed))
    left, right = whole.pieces([whole.n_frames // 3])
    write_part(right, tmp_path / "right")
    assert differences(finish(merge(left, read_part(tmp_path / "right"))), whole.table()) == []


def test_what_was_read_and_let_go_is_not_written(tmp_path: Path) -> None:
    """A head that came in two pieces waited, and lies in the arena still."""
    said = connect(f"{HOST}:443", f"Proxy-Authorization: Basic {BOTH}", "A: b")
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(Conversation().handshake().send_client(said, cuts=[70]).frames))
    source = Source(str(path), path)
    part = collect_piece(in_time_order([source]), [source])
    assert BOTH.encode() in part.tables.arena.tobytes()
    write_part(part, tmp_path / "part")
    assert BOTH.encode() not in read_part(tmp_path / "part").tables.arena.tobytes()
