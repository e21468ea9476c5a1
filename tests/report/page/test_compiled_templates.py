"""Compiled templates: taken where they are of the same text, and only there; a page never depends on them."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from analyzer.report.page.compiled_templates import CHECKED, CompiledTemplates


class Case:
    """A folder of templates, whose module would lie beside them, and how often one was compiled."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.compiled = folder, 0
        self.module = folder / "page.py"
        self.module.write_text("made = 1\n", encoding="utf-8")
        (folder / "t.j2").write_text("{{ name }} is {{ 'here' }}", encoding="utf-8")

    def page(self) -> str:
        """The page, as a new process would make it."""
        case = self

        class Environment(jinja2.Environment):
            def compile(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
                case.compiled += 1
                return super().compile(*args, **kwargs)  # type: ignore[call-overload]

        environment = Environment(
            loader=jinja2.FileSystemLoader(self.folder), bytecode_cache=CompiledTemplates(self.module), autoescape=True
        )
        return environment.get_template("t.j2").render(name="<X>")

    def kept(self) -> list[Path]:
        return sorted(self.folder.rglob("*.jinja"))


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return Case(tmp_path)


def test_a_template_is_compiled_once(case: Case) -> None:
    assert case.page() == case.page() == "&lt;X&gt; is here"
    assert case.compiled == 1
    (kept,) = case.kept()
    assert kept.parent == case.folder / "__pycache__" and sys.implementation.cache_tag in kept.name


def test_another_text_or_module_is_compiled_anew(case: Case) -> None:
    case.page()
    (case.folder / "t.j2").write_text("{{ name }} left", encoding="utf-8")
    assert case.page() == "&lt;X&gt; left"
    case.module.write_text("made = 2\n", encoding="utf-8")
    case.page()
    assert case.compiled == 3 and len(case.kept()) == 1


@pytest.mark.parametrize("keep", [0, CHECKED - 1, CHECKED, CHECKED + 9, -1])
def test_what_was_cut_or_changed_isnt_read(case: Case, keep: int) -> None:
    page = case.page()
    (kept,) = case.kept()
    kept.write_bytes(kept.read_bytes()[:keep] + b"\x80" * 9)
    assert case.page() == page and case.compiled == 2
    assert case.page() == page and case.compiled == 2  # written whole again


def test_nothing_is_kept_where_python_keeps_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert case.page() == case.page() and case.compiled == 2 and case.kept() == []
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (case.folder / "__pycache__").write_text("a file", encoding="utf-8")  # as in a folder that can't be written to
    assert case.page() == case.page() and case.compiled == 4 and case.kept() == []


def test_it_is_kept_where_python_keeps_modules(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr(sys, "pycache_prefix", str(elsewhere))
    assert case.page() == case.page() and case.compiled == 1 and case.kept() == []
    assert len(list(elsewhere.rglob("*.jinja"))) == 1
