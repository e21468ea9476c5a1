"""The notebooks run, and what they show is what the code gives now. `pytest --update-golden` writes their outputs anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from analyzer.cli.run import run
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def this_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kernels import this checkout, use no settings of the user who runs the tests, and leave none of their own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    for name in ("WHICHPROXY_CAPTURE", "WHICHPROXY_TOPOLOGY"):
        monkeypatch.delenv(name, raising=False)


def executed(path: Path, folder: Path) -> Any:
    """The notebook after a run in that folder; a cell that fails fails the test."""
    notebook: Any = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return notebook


def shown(notebook: Any) -> Iterator[tuple[str, list[str]]]:
    """Each cell's code and the words of what it shows, richest form: other versions of the libraries set them in other markup."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell.source, [word for output in cell.outputs for word in words(output)]


def words(output: Any) -> list[str]:
    assert output.output_type != "error", output
    if output.output_type == "stream":
        return output.text.split()  # type: ignore[no-any-return]
    data = output.data
    if "image/svg+xml" in data:
        return re.findall(r"<(?:title|text)[^>]*>([^<]*)<", "".join(data["image/svg+xml"]))
    text = re.sub(r"<style.*?</style>", " ", "".join(data.get("text/html", data["text/plain"])), flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", text)).split()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_the_code_gives(path: Path, request: pytest.FixtureRequest) -> None:
    now = executed(path, path.parent)
    nbformat.validate(now)
    if request.config.getoption("--update-golden"):
        nbformat.write(now, path)
    kept = nbformat.read(path, as_version=4)
    for (code, seen), (_, stands) in zip(shown(now), shown(kept), strict=True):
        assert seen == stands, f"run pytest --update-golden {Path(__file__).name}: {code}"
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text and "dc:date" not in text


def test_pictures_and_tables_are_among_the_outputs() -> None:
    kept = nbformat.read(NOTEBOOKS[0], as_version=4)
    kinds = [kind for cell in kept.cells if cell.cell_type == "code" for output in cell.outputs for kind in output.data]
    assert kinds.count("image/svg+xml") == 5 and kinds.count("text/html") >= 4


def test_your_own_capture_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHICHPROXY_CAPTURE", str(ROOT / "captures" / "T4-static.pcapng"))
    monkeypatch.setenv("WHICHPROXY_TOPOLOGY", "")
    (own,) = [path for path in NOTEBOOKS if path.stem.startswith("02")]
    said = " ".join(word for _, found in shown(executed(own, own.parent)) for word in found)
    assert "172.16.12.12:3128 won for sensor" in said and "PROX" not in said


def test_a_written_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    name = 'it\'s "T5" $(touch owned) {x}.pcapng'
    (tmp_path / name).write_bytes((ROOT / "captures" / "T5-all-three.pcapng").read_bytes())
    assert run(["report", name, "--topology", str(ROOT / "captures" / "topology.toml"), "-o", "made.ipynb"]) == 0, capfd.readouterr().err
    said = " ".join(word for _, found in shown(executed(tmp_path / "made.ipynb", tmp_path)) for word in found)
    assert "PROX03 (static) won for sensor" in said and "Timeline of WORKSTATION (172.16.11.92)" in said
    assert not (tmp_path / "owned").exists()
