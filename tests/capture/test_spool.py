"""Streams become files that can be read twice, under their own names; nothing is left behind."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import sys
import threading
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from analyzer.capture.spool import Spool
from analyzer.errors import Unusable


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"bytes")))
    with Spool() as spool:
        (stream,) = spool.inputs(["-"])
        assert stream.name == "-"  # type: ignore[union-attr]
        assert stream.read() == b"bytes"  # type: ignore[union-attr]
        spool.rewind()
        assert stream.read() == b"bytes"  # type: ignore[union-attr]
        place = Path(spool.paths["-"])
        assert place.read_bytes() == b"bytes"
    assert not place.exists() and not place.parent.exists()


def test_a_named_pipe_is_kept_and_files_stay_where_they_are(tmp_path: Path) -> None:
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_bytes(b"file")
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"piped"))
    writer.start()
    with Spool() as spool:
        kept, same, missing = spool.inputs([str(pipe), file, "/nowhere\0"])
        assert (same, missing) == (file, "/nowhere\0")
        assert Path(spool.paths[str(pipe)]).read_bytes() == b"piped" == kept.read()  # type: ignore[union-attr]
    writer.join()


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with Spool() as spool, pytest.raises(Unusable, match="No space left on device; set TMPDIR"):
        spool.inputs([io.BytesIO(b"x")])


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_compressed_captures_are_unpacked(tmp_path: Path, pack: object) -> None:
    packed, plain = tmp_path / "packed", tmp_path / "plain"
    packed.write_bytes(pack(b"inside" * 1000))  # type: ignore[operator]
    plain.write_bytes(b"plain")
    with Spool() as spool:
        assert Path(spool.uncompressed(str(packed))).read_bytes() == b"inside" * 1000
        assert spool.uncompressed(str(plain)) == str(plain)


def test_of_a_broken_one_what_can_be_had(tmp_path: Path) -> None:
    packed = tmp_path / "cut.gz"
    packed.write_bytes(gzip.compress(Random(1).randbytes(100_000))[:50_000])
    with Spool() as spool:
        Path(spool.uncompressed(str(packed)))
