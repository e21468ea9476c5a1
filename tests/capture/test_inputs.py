"""Purpose: whatever a person names is found, each capture once, in the order of names; what is no capture gets a line."""

from __future__ import annotations

import gzip
import os
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

import tests.build as build
from analyzer.capture.inputs import open_inputs
from analyzer.capture.source import BEGINNING
from tests.capture.reading import frames_of
from tests.capture.web import Web, serving

FRAMES = [(1_700_000_000_000_000_000 + i * 1000, bytes([i]) * 20) for i in range(50)]
EXPECTED = [(when, 1, body) for when, body in FRAMES]
PCAP, PCAPNG = build.pcap(FRAMES), build.pcapng(FRAMES)


def names(folder: Path, *given: str) -> tuple[list[str], list[str], int]:
    """What was found, what was refused, and how many files were passed over; paths from the folder on."""
    found = open_inputs([str(folder / one) for one in given])
    return (
        [str(Path(source.name).relative_to(folder)) for source in found.sources],
        [str(error).replace(f"{folder}/", "") for error in found.unusable],
        found.skipped,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, data in {
        "b.pcap": PCAP,
        "in/a.dat": PCAPNG,
        "in/deep/c.pcapng.gz": gzip.compress(PCAPNG),
        "in/notes.txt": b"hello\n",
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_directories_globs_and_duplicates(folder: Path) -> None:
    assert names(folder, "in") == (["in/a.dat", "in/deep/c.pcapng.gz"], [], 1)
    assert names(folder, "*.pcap", "in/*.dat") == (["b.pcap", "in/a.dat"], [], 0)
    assert names(folder, "**/*.gz")[0] == ["in/deep/c.pcapng.gz"]
    (folder / "link").symlink_to(folder / "b.pcap")
    assert names(folder, "b.pcap", "link", "in/../b.pcap", "*.pcap") == (["b.pcap"], [], 0)
    assert names(folder, "in/a.dat", "in/deep/c.pcapng.gz", "in") == (["in/a.dat", "in/deep/c.pcapng.gz"], [], 1)
    (folder / "odd[1].pcap").write_bytes(PCAP)
    assert names(folder, "odd[1].pcap")[0] == ["odd[1].pcap"]


def test_what_is_no_capture(folder: Path) -> None:
    (folder / "empty").write_bytes(b"")
    (folder / "none").mkdir()
    (folder / "socket").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "none" / "pipe")
    found, refused, skipped = names(folder, "in/notes.txt", "empty", "none", "missing", "*.none", "socket", "b.pcap", "x" * 300, "a\0b")
    assert (found, skipped) == (["b.pcap"], 0)
    assert [text.split(":")[0] for text in refused] == ["in/notes.txt", "empty", "none", "missing", "*.none", "socket", "x" * 300, "a\0b"]
    assert "begins like neither pcap nor pcapng" in refused[0]
    assert "nothing is in it" in refused[1]
    assert refused[2].endswith("no capture in this directory")


def test_a_file_url_is_a_path(folder: Path) -> None:
    (folder / "with blank.pcap").write_bytes(PCAP)
    found = open_inputs([f"file://{folder}/with%20blank.pcap", f"file://{folder}/in", str(folder / "b.pcap")])
    assert [source.name for source in found.sources] == [
        str(folder / name) for name in ("with blank.pcap", "in/a.dat", "in/deep/c.pcapng.gz", "b.pcap")
    ]
    assert (found.unusable, found.skipped) == ([], 1)


def test_urls_are_read_as_paths_are() -> None:
    """Folders with all below them, globs, one object by two names, and what is no capture."""
    store = MemoryFileSystem()
    for name, data in {"b.pcap": PCAP, "in/a.dat": PCAPNG, "in/deep/c.pcapng.gz": gzip.compress(PCAPNG), "in/notes.txt": b"hello"}.items():
        store.pipe(f"/inputs/{name}", data)

    def named(*given: str) -> tuple[list[str], list[str], int]:
        found = open_inputs([f"memory://inputs/{one}" for one in given])
        for source in found.sources:
            assert frames_of(source.blocks()) == EXPECTED
            assert source.size is not None and source.taken() == source.size
        return [source.name.removeprefix("memory://inputs/") for source in found.sources], [str(e) for e in found.unusable], found.skipped

    assert named("in") == (["in/a.dat", "in/deep/c.pcapng.gz"], [], 1)
    assert named("*.pcap", "in/*.dat", "b.pcap") == (["b.pcap", "in/a.dat"], [], 0)
    assert named("i*") == (["in/a.dat", "in/deep/c.pcapng.gz"], [], 1)
    missing = ["memory://inputs/missing: no such object", "memory://inputs/*.none: no object fits it"]
    assert named("missing", "*.none", "b.pcap") == (["b.pcap"], missing, 0)
    assert "in/notes.txt: not a capture" in named("in/notes.txt")[1][0]
    store.pipe("/inputs/none/notes.txt", b"hello")
    assert named("none") == ([], ["memory://inputs/none: no capture in this directory"], 1)


def test_the_beginnings_of_many_objects_are_asked_for_together() -> None:
    """Otherwise a thousand rotated files cost a thousand times the way to the store and back before the first is read."""
    files = {f"day/{i:03}.pcap": PCAP for i in range(40)}
    together = threading.Barrier(8)
    with serving(files) as web:

        def wait_for_others(web: Web, request: BaseHTTPRequestHandler) -> bool:
            if request.command == "HEAD":
                together.wait(20)
            return False

        web.fault = wait_for_others
        found = open_inputs([web.url("day/")])
        assert [source.name for source in found.sources] == [web.url(name) for name in sorted(files)]
        assert not together.broken
        assert all(frames_of(source.blocks()) == EXPECTED for source in found.sources)
        assert sorted(web.gets()) == sorted([("/day/", None)] + [(f"/{name}", f"bytes=0-{len(PCAP) - 1}") for name in files])


@pytest.mark.parametrize(("frames", "room", "times"), [(1, 1 << 20, 1), (1, 0, 2), (1 + BEGINNING // 36, 1 << 20, 2)])
def test_a_small_file_is_opened_once_and_a_larger_one_again_when_its_turn_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: int, room: int, times: int
) -> None:
    opened: list[str] = []
    real = Path.open

    def counted(self: Path, *arguments: object, **more: object) -> object:
        opened.append(self.name)
        return real(self, *arguments, **more)  # type: ignore[call-overload]

    for n in range(3):
        (tmp_path / f"{n}.pcap").write_bytes(build.pcap([(1000 * n + i, bytes(20)) for i in range(frames)]))
    monkeypatch.setattr(Path, "open", counted)
    monkeypatch.setattr("analyzer.capture.inputs.KEPT", room)
    found = open_inputs([str(tmp_path)])
    assert sorted(opened) == ["0.pcap", "1.pcap", "2.pcap"]
    assert [source.first_time() for source in found.sources] == [0, 1000, 2000] and len(opened) == 3
    assert [len(frames_of(source.blocks())) for source in found.sources] == [frames] * 3
    assert sorted(opened) == [f"{n}.pcap" for n in range(3) for _ in range(times)]


@pytest.mark.parametrize("data", [PCAP, PCAPNG, gzip.compress(PCAPNG)])
def test_of_a_small_file_that_is_gone_or_another_since_it_was_looked_at_that_is_read_which_was_looked_at(
    tmp_path: Path, data: bytes
) -> None:
    for path in (tmp_path / "gone", tmp_path / "other"):
        path.write_bytes(data)
    gone, other = open_inputs([str(tmp_path)]).sources
    (tmp_path / "gone").unlink()
    (tmp_path / "other").write_bytes(build.pcap([]))
    assert frames_of(gone.blocks()) == frames_of(other.blocks()) == EXPECTED
