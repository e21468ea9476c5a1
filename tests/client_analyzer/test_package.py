"""Packages, folders and files as they come, in every encoding; and packages that no analyzer makes."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from analyzer.client_analyzer import package as limits
from analyzer.client_analyzer.package import MAX_FILE, MAX_MEMBERS, decoded, read_results
from analyzer.errors import Unusable

TEXT = "Proxy config: Method=Direct, address=\r\nà\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode(),
        TEXT.encode("cp1252"),
        TEXT.replace("P", "\0P").encode(),
    ],
)
def test_every_encoding_gives_the_same_text(data: bytes) -> None:
    assert decoded(data) == TEXT


def test_any_bytes_are_some_text() -> None:
    for data in (b"", b"\xff\xfe\x00", b"\x81\x8d", bytes(range(256))):
        assert isinstance(decoded(data), str)


def package(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, data in members.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it stands: the constructor would turn backslashes around
            info.compress_type = compression
            made.writestr(info, data)
    return path


def test_members_have_backslashes_and_the_wanted_come_in_order(tmp_path: Path) -> None:
    members = {
        "MDEClientAnalyzerResult\\SystemInfoLogs\\MDEClientAnalyzer.xml": b"<a/>",
        "MDEClientAnalyzerResult\\Tools\\URLCheckLog.txt": b"b",
        "MDEClientAnalyzerResult\\SystemInfoLogs\\MDEClientAnalyzer.txt": TEXT.encode("utf-16"),
        "MDEClientAnalyzerResult\\MDEClientAnalyzer.htm": b"<html>",
    }
    files = read_results(package(tmp_path / "r.zip", members))
    assert [file.base for file in files] == ["mdeclientanalyzer.txt", "urlchecklog.txt", "mdeclientanalyzer.xml"]
    assert files[0].name == "MDEClientAnalyzerResult/SystemInfoLogs/MDEClientAnalyzer.txt" and files[0].text == TEXT


@pytest.mark.parametrize(
    "name", ["MDEClientAnalyzerResult.txt", "mdatpclientanalyzerresult.TXT", "WDATPConnectivityAnalyzer.txt", "psexeclog.txt"]
)
def test_every_name_it_ever_had_is_found_in_a_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "SystemInfoLogs").mkdir()
    (tmp_path / "SystemInfoLogs" / name).write_text(TEXT, encoding="utf-8")
    (tmp_path / "elsewhere.txt").write_text("x", encoding="utf-8")
    assert [file.name for file in read_results(tmp_path)] == [f"SystemInfoLogs/{name}"]


def test_a_single_file_may_have_any_name_and_links_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pasted").write_text(TEXT, encoding="utf-8")
    assert read_results(tmp_path / "pasted")[0].name == "pasted"
    (tmp_path / "MDEClientAnalyzer.txt").symlink_to("/etc/hostname")
    with pytest.raises(Unusable, match="holds no result"):
        read_results(tmp_path)


@pytest.mark.parametrize("name", ["..\\evil.txt", "a/../../b.txt", "/etc/cron.d/x", "C:\\Windows\\x.dll", "\\\\host\\share"])
def test_a_package_that_climbs_out_of_itself_is_refused_whole(name: str, tmp_path: Path) -> None:
    path = package(tmp_path / "r.zip", {"MDEClientAnalyzer.txt": TEXT.encode(), name: b"x"})
    with pytest.raises(Unusable, match="a member leads out of the package"):
        read_results(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.zip"]


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"unpacks from .* no log of the Client Analyzer does"):
        read_results(package(tmp_path / "r.zip", {"MDEClientAnalyzer.txt": bytes(12 << 20)}))
    stored = package(tmp_path / "s.zip", {"MDEClientAnalyzer.txt": bytes(MAX_FILE + 1)}, zipfile.ZIP_STORED)
    with pytest.raises(Unusable, match="unpacks from"):
        read_results(stored)
    (tmp_path / "MDEClientAnalyzer.txt").write_bytes(bytes(MAX_FILE + 1))
    with pytest.raises(Unusable, match="more than"):
        read_results(tmp_path / "MDEClientAnalyzer.txt")


def test_a_member_that_lies_about_its_size_is_caught_while_it_is_read(tmp_path: Path) -> None:
    path = package(tmp_path / "r.zip", {"MDEClientAnalyzer.txt": bytes(12 << 20)})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)  # the uncompressed size, as the central directory says it
    path.write_bytes(data)
    try:
        (file,) = read_results(path)
        assert len(file.text) <= 1000
    except Unusable as error:
        assert "zip" in str(error)


def test_too_many_members_a_password_and_a_cut_package_are_refused(tmp_path: Path) -> None:
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as made:
        for number in range(MAX_MEMBERS + 1):
            made.writestr(f"{number}", b"")
    (tmp_path / "many.zip").write_bytes(many.getvalue())
    with pytest.raises(Unusable, match="10,001 members"):
        read_results(tmp_path / "many.zip")
    path = package(tmp_path / "locked.zip", {"MDEClientAnalyzer.txt": TEXT.encode()})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + offset] |= 1  # general purpose flag: encrypted
    path.write_bytes(data)
    with pytest.raises(Unusable, match="can't be read"):
        read_results(path)
    path.write_bytes(bytes(data)[:60])
    with pytest.raises(Unusable, match="can't be read"):
        read_results(path)


@pytest.mark.parametrize("name", ["absent", "a\0b"])
def test_what_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't be read"):
        read_results(f"{tmp_path}/{name}")


def test_the_files_of_a_package_are_not_too_large_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PACKAGE", 1000)
    members = {f"Logs{n}\\MDEClientAnalyzer.txt": b"x" * 250 for n in range(4)}
    assert len(read_results(package(tmp_path / "just.zip", members))) == 4
    members["more\\urlchecklog.txt"] = b"y"
    with pytest.raises(Unusable, match="more than 1,000 bytes of logs"):
        read_results(package(tmp_path / "more.zip", members))
    for n in range(5):
        (tmp_path / "folder" / str(n)).mkdir(parents=True)
        (tmp_path / "folder" / str(n) / "mdeclientanalyzer.txt").write_bytes(b"x" * 250)
    with pytest.raises(Unusable, match="more than 1,000 bytes of logs"):
        read_results(tmp_path / "folder")


def test_a_folder_of_too_many_files_is_none_of_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 3)
    for n in range(4):
        (tmp_path / f"{n}.txt").touch()
    with pytest.raises(Unusable, match="more than 3 files"):
        read_results(tmp_path)
