"""The report as a notebook that reads the captures again."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest

from analyzer.errors import Unusable
from analyzer.report.ipynb import Invocation, check_asked, to_notebook

HOSTILE = '"""\nimport os; os.system("x") # \u202e<script>.pcap'


def cells(text: str, kind: str) -> list[str]:
    return [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == kind]


def arguments(text: str) -> dict[str, object]:
    """What the reading cell gives to analyzer.read, by name; the first is `inputs`."""
    (call,) = [node for node in ast.walk(ast.parse(cells(text, "code")[0])) if isinstance(node, ast.Call)]
    assert ast.unparse(call.func) == "analyzer.read" and len(call.args) == 1
    return {"inputs": ast.literal_eval(call.args[0])} | {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}


def test_it_is_a_valid_notebook_in_plain_ascii(tmp_path: Path) -> None:
    text = to_notebook(Invocation(("a.pcapng",)), tmp_path / "x.ipynb")
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert set(text) <= {chr(c) for c in range(0x20, 0x7F)} | {"\n"}
    for code in cells(text, "code"):
        ast.parse(code)


def test_everything_that_was_asked_is_asked_again(tmp_path: Path) -> None:
    asked = Invocation(
        (str(tmp_path / "a.pcapng"), str(tmp_path / "more" / "*.pcap")),
        str(tmp_path / "t.toml"),
        ("/c.toml",),
        "2024-05-01T12:00:00Z",
        None,
    )
    assert arguments(to_notebook(asked, tmp_path / "x.ipynb")) == {
        "inputs": ["a.pcapng", str(Path("more") / "*.pcap")],
        "topology": "t.toml",
        "catalogue": "/c.toml",
        "start": "2024-05-01T12:00:00Z",
    }


def test_files_elsewhere_keep_their_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert arguments(to_notebook(Invocation(("a.pcap",)), "here/x.ipynb"))["inputs"] == str(tmp_path / "a.pcap")
    assert arguments(to_notebook(Invocation(("a.pcap",)), "x.ipynb"))["inputs"] == "a.pcap"
    assert arguments(to_notebook(Invocation(("s3://bucket/a.pcap",)), "x.ipynb"))["inputs"] == "s3://bucket/a.pcap"


def test_a_name_is_only_a_name(tmp_path: Path) -> None:
    undecodable = b"caf\xe9.pcap".decode("utf-8", "surrogateescape")
    text = to_notebook(Invocation((str(tmp_path / HOSTILE), str(tmp_path / undecodable))), tmp_path / "x.ipynb")
    assert arguments(text)["inputs"] == [HOSTILE, undecodable]
    assert "<script>" not in cells(text, "markdown")[0] and "\\u202e" in cells(text, "code")[0]


def test_standard_input_cannot_be_read_again() -> None:
    with pytest.raises(Unusable, match="standard input again"):
        check_asked("x.ipynb", ["a.pcap", "-"])
    check_asked("x.ipynb", ["a.pcap"])
