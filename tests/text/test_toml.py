"""Files that can't be read, with their remedies."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs.file import load_job
from analyzer.routes.topology import load_topology
from analyzer.studies.file import load_plan
from analyzer.text.toml import basic_string, read_toml
from tests.studies.laboratory import CATALOGUE


def read(path: str | Path) -> dict[str, object]:
    return read_toml(path, "study", name="name one", form="write tables")[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[", "not UTF-8 text at byte 0; save the study as UTF-8"),
        (b"\xff\xfea\0=\x001\0", "not UTF-8 text at byte 0; save the study as UTF-8"),
        (b"\xd4\xc3\xb2\xa1\2\0\4\0", "it is no text, but binary data, as a capture is; write tables"),
        (b"test = [", "not valid TOML: .*; write tables"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply; write tables"),
    ],
)
def test_what_is_no_toml(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(content)
    with pytest.raises(Unusable, match=said):
        read(path)


@pytest.mark.parametrize("path", ["absent.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_opened(path: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"can't read the study: .*; name one"):
        read(f"{tmp_path}/{path}")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(b"\xef\xbb\xbftitle = 'x'")
    assert read(path) == {"title": "x"}


@pytest.mark.parametrize("load", [load_job, load_topology, lambda path: load_plan(path, CATALOGUE)])
def test_jobs_topologies_and_studies_are_read_so(load: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(b"a = " + b"[" * 5000)
    with pytest.raises(Unusable, match="nested too deeply"):
        load(path)


def test_a_topology_that_notepad_saved(tmp_path: Path) -> None:
    path = tmp_path / "topology.toml"
    path.write_bytes(b'\xef\xbb\xbf[[workstation]]\nname = "PC"\naddress = "10.0.0.1"\n')
    assert load_topology(path).workstation_name("10.0.0.1") == "PC"


@pytest.mark.parametrize("text", ["", "a b", "\"'\\", "\x00\x1f\x7f\x80\n\t", "ü€😀\ufffe"])
def test_a_text_in_quotes_is_read_back_as_it_was(text: str) -> None:
    assert tomllib.loads(f"x = {basic_string(text)}") == {"x": text}


def test_a_text_that_toml_can_not_hold_is_told() -> None:
    with pytest.raises(Unusable, match="isn't UTF-8"):
        basic_string("a\udcff")
