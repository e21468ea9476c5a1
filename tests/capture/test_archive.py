"""Purpose: captures in a zip or tar archive are read as if they lay beside each other; nothing is unpacked to where its name says."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

import tests.build as build
from analyzer import read
from analyzer.capture import archive as module
from analyzer.capture.archive import head_of, kind_of_archive, located, members_of
from analyzer.capture.inputs import open_inputs
from analyzer.capture.spool import Spool
from analyzer.errors import Unusable


def capture(port: int) -> bytes:
    talk = build.Conversation(client=("10.0.0.1", port), server=("10.0.0.2", 3128))
    talk.handshake().send_client(build.connect("a.example:443")).send_server(build.ESTABLISHED).close()
    return build.pcap(talk.frames)


FILES = {"day/one.pcap": capture(1001), "day/readme.txt": b"what this is", "../../two.pcap.gz": gzip.compress(capture(1002)), "empty": b""}
KINDS = ("zip", "stored.zip", "tar", "tar.gz", "tar.bz2", "tar.xz")


def packed(path: Path, files: dict[str, bytes]) -> Path:
    if path.name.endswith("zip"):
        how = zipfile.ZIP_STORED if "stored" in path.name else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", how) as made:
            for name, data in files.items():
                made.writestr(name, data)
    else:
        with tarfile.open(path, "w:" + path.name.partition("tar.")[2]) as made_tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                made_tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_capture_in_an_archive(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = packed(folder / f"all.{kind}", FILES)
    flows = read(str(path)).flows
    assert sorted(zip(flows["client_port"], flows["capture"], strict=True)) == [
        (1001, f"{path}/day/one.pcap"),
        (1002, f"{path}/../../two.pcap.gz"),
    ]
    assert [entry for entry in tmp_path.rglob("*") if entry.is_file()] == [path], "nothing is unpacked, least of all outside"


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_or_broken(kind: str, tmp_path: Path) -> None:
    """Never another exception; what can be had is."""
    whole = packed(tmp_path / f"all.{kind}", FILES).read_bytes()
    for i, size in enumerate(range(0, len(whole), max(1, len(whole) // 40))):
        for data in (whole[:size], whole[:size] + b"\xff\xff\xff\xff" + whole[size + 4 :]):
            path = tmp_path / f"{i}.broken"
            path.write_bytes(data)
            found = open_inputs([str(path)])
            for source in found.sources:
                with contextlib.suppress(Unusable):
                    list(source.blocks())


def test_an_archive_without_a_capture(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"readme.txt": b"nothing to see here, nothing at all"})
    assert "begins like neither" in str(open_inputs([str(path)]).unusable[0])
    assert (open_inputs([str(tmp_path)]).skipped, len(open_inputs([str(packed(tmp_path / "b.zip", {}))]).unusable)) == (1, 1)


def test_the_same_archive_named_twice_is_read_once(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", FILES)
    assert len(open_inputs([str(path), str(tmp_path), str(path)]).sources) == 2


def test_an_archive_with_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    with pytest.raises(Unusable, match="more than 3 files"):
        members_of(packed(tmp_path / "a.zip", FILES), "zip", "a.zip")


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    for name, data in (("a", b""), ("b", capture(1)), ("c", gzip.compress(capture(1))), ("d", b"PK"), ("e", gzip.compress(b""))):
        (tmp_path / name).write_bytes(data)
        assert kind_of_archive(tmp_path / name, head_of(tmp_path / name)) is None


def test_a_member_is_found_by_its_name_and_put_on_disk_for_others(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", FILES)
    assert located(f"{path}/day/one.pcap") == (path, "tar", 0)
    assert located(f"{path}/nothing") is None and located(str(tmp_path / "no" / "file")) is None
    with Spool() as spool:
        assert Path(spool.uncompressed(f"{path}/day/one.pcap")).read_bytes() == FILES["day/one.pcap"]
        assert Path(spool.uncompressed(f"{path}/../../two.pcap.gz")).read_bytes() == capture(1002)
