"""Files are whole or untouched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.text.files import check_writable, write_new, write_whole


def failing() -> Iterator[bytes]:
    yield b"half"
    raise KeyboardInterrupt


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    target.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, failing())
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_it_replaces_and_keeps_the_mode(tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    target.write_bytes(b"before")
    target.chmod(0o640)
    write_whole(target, [b"a", b"b"])
    assert target.read_bytes() == b"ab"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_users_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", [b"x"])
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_link_keeps_pointing_where_it_did(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", [b"x"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"x"


def test_a_device_is_written_straight() -> None:
    write_whole("/dev/null", [b"x"])
    assert Path("/dev/null").is_char_device()


def test_refusals_come_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no such directory"):
        check_writable(tmp_path / "nowhere" / "x.md")
    with pytest.raises(Unusable, match="is a directory"):
        check_writable(tmp_path)
    check_writable(tmp_path / "new.md")


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    capture = tmp_path / "a.csv"
    capture.write_bytes(b"x")
    (tmp_path / "link").symlink_to(capture)
    with pytest.raises(Unusable, match="is one of the inputs"):
        check_writable(tmp_path / "link", ["-", tmp_path / "absent", str(capture)])
    check_writable(tmp_path / "other.csv", [str(capture)])


def test_a_refusal_of_the_system_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't be written"):
        write_whole(tmp_path / "gone" / "x.md", [b"x"])


def test_a_new_file_never_takes_the_place_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "new.toml"
    write_new(place, "ü")
    assert place.read_bytes() == "ü".encode() and place.stat().st_mode & 0o600 == 0o600
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for taken in (place, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Unusable, match="is there already"):
            write_new(taken, "x")
    monkeypatch.setattr(Path, "exists", lambda path: False)  # as if it came between the look and the writing
    with pytest.raises(Unusable, match="is there already"):
        write_new(place, "x")
    assert place.read_bytes() == "ü".encode()
    with pytest.raises(Unusable, match="no such directory"):
        write_new(tmp_path / "no" / "x.toml", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.toml", "nowhere"]
