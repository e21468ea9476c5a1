"""What is compiled is what the sources say: types, names and numbers."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.capture.pcapng import CLOCK
from analyzer.compiled import UNIT_OF, units
from analyzer.flows import layout, messages
from analyzer.flows.grow import empty_tables
from analyzer.packets.layout import FRAME, PACKET
from analyzer.readers.initial import room
from tests.conftest import ROOT

C_TYPES = {"uint8_t": "u1", "uint16_t": "u2", "uint32_t": "u4", "uint64_t": "u8", "int8_t": "i1", "int32_t": "i4", "int64_t": "i8"}
ROWS: dict[str, np.dtype[Any]] = {"Packet": PACKET, "Frame": FRAME, "Clock": CLOCK} | {
    name.capitalize(): getattr(layout, name)
    for name in ("KEY", "RECORD", "SIDE", "PAUSE", "HOLE", "SEGMENT", "MESSAGE", "RECENT", "SIGHTING", "HELD", "FIRST", "CURSOR", "HELLO")
}
ROWS |= {
    "".join(word.capitalize() for word in name.removesuffix("_ROW").split("_")): row
    for name, row in vars(messages).items()
    if name.endswith("_ROW")
}
STRUCT = re.compile(r"^cdef struct (\w+):\n((?:    .+\n)+)", re.M)
PARTS = sorted({path for stage in units.UNITS for path in units.parts_of(stage)})


def test_rows_lie_in_c_as_in_the_arrays() -> None:
    found = {name: body.split("\n") for path in PARTS for name, body in STRUCT.findall(units.text_of(path))}
    bundles: dict[str, Any] = {"Tables": empty_tables(), "Room": room()}
    assert set(found) == {*ROWS, *bundles}
    for name in ROWS:
        fields = [(words[1], C_TYPES[words[0]]) for line in found[name] if (words := line.split())]
        assert np.dtype(fields, align=True) == ROWS[name], name
    for bundle, arrays in bundles.items():
        kinds = {words[1]: words[0] for line in found[bundle] if (words := line.split())}
        assert {name.removeprefix("len_") for name in kinds} <= set(arrays._fields)
        for name, array in arrays._asdict().items():
            kind = kinds[name].removesuffix("*") if name in kinds else ""
            assert name not in kinds or array.dtype in (ROWS.get(kind), C_TYPES.get(kind)), name


@pytest.mark.parametrize("path", PARTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_declaration_has_its_function_with_the_same_arguments(path: Path) -> None:
    functions = {node.name: [a.arg for a in node.args.args] for node in units.functions_in(path.with_suffix(".py"))}
    for name, kernel in units.declarations_in(units.text_of(path)):
        assert functions.get(name) == [argument for _, argument in kernel.arguments]


def test_what_has_no_annotations_has_its_types_in_c() -> None:
    """mypy leaves functions without them alone in the rooms of kernels."""
    for path in sorted(units.PACKAGE.rglob("*.py")):
        for node in ast.walk(units.tree_of(path)):
            if isinstance(node, ast.FunctionDef) and node.returns is None:
                declared = path.with_suffix(".pxd")
                assert declared.exists(), f"{path}: {node.name}"
                assert re.search(rf"\b{node.name}\(", units.text_of(declared)), f"{path}: {node.name}"


def test_make_builds_again_when_a_room_of_kernels_changes() -> None:
    kernels = next(line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line.startswith("KERNELS"))
    assert set(kernels.rpartition(",")[2].rstrip(")").split()) == {"compiled", *UNIT_OF}


def test_every_part_of_a_room_that_is_compiled_is_in_a_unit() -> None:
    assert set(units.PACKAGE.rglob("*.pxd")) == set(PARTS)


def test_what_a_unit_takes_from_other_rooms_is_among_what_it_is_made_of() -> None:
    """Else a change there wouldn't make it a unit of other sources."""
    for stage in units.UNITS:
        parts = units.modules_of(stage)
        for module in (path.with_suffix(".py") for path in units.parts_of(stage)):
            kernels = dict(units.declarations_in(units.text_of(module.with_suffix(".pxd"))))
            read = {name for f in units.functions_in(module) if f.name in kernels for name in units.constants_of(f, module)}
            for node in units.tree_of(module).body:
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analyzer.") and read & {a.name for a in node.names}:
                    assert units.module_of(node) in parts, f"{module.name} reads {node.module}"


def in_folder(monkeypatch: pytest.MonkeyPatch, folder: Path, **modules: tuple[str, str]) -> None:
    """Let the unit `stage` be made of these modules: (source, declarations)."""
    (folder / "stage").mkdir(exist_ok=True)
    for name, (source, declarations) in modules.items():
        (folder / "stage" / f"{name}.py").write_text(source, encoding="utf-8")
        (folder / "stage" / f"{name}.pxd").write_text(declarations, encoding="utf-8")
    monkeypatch.setattr(units, "PACKAGE", folder)
    monkeypatch.setattr(units, "UNITS", {"stage": ("stage",)})
    monkeypatch.setattr(units, "NUMBERS_FROM", {})
    for kept in (units.functions_in, units.tree_of, units.value_of):
        kept.cache_clear()


FIRST = "LIMIT: Final = 1 << 40\nLEAST: Final = -(1 << 63)\n\n\n@kernel\ndef first(rows, n):\n    return LIMIT if n else LEAST\n"
DECLARED = "cdef int64_t first(const Row* rows, int64_t n) noexcept nogil\n"


def test_a_unit_has_kernels_numbers_and_ways_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_folder(monkeypatch, tmp_path, one=(FIRST + "\n\ndef python_only():\n    pass\n", DECLARED))
    unit = units.unit_of("stage")
    assert "def first(rows, n):" in unit.source and "def entry_first(rows, n):" in unit.source and "python_only" not in unit.source
    assert "place_of(rows, cython.sizeof(Row), False)" in unit.source and "with cython.nogil:" in unit.source
    assert 'int64_t LIMIT "(1099511627776LL)"' in unit.declarations and 'LEAST "(-9223372036854775807LL - 1)"' in unit.declarations
    before = units.digest_of("stage")
    assert before in unit.declarations
    (tmp_path / "stage" / "one.pxd").write_text(DECLARED + "# changed\n", encoding="utf-8")
    assert units.digest_of("stage") != before


def test_one_name_for_two_things_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = FIRST.replace("1 << 40", "2").replace("first", "second"), DECLARED.replace("first", "second")
    in_folder(monkeypatch, tmp_path, one=(FIRST, DECLARED), two=other)
    with pytest.raises(ValueError, match=r"LIMIT has another value in one\.py"):
        units.unit_of("stage")
    in_folder(monkeypatch, tmp_path, two=(FIRST, DECLARED))
    with pytest.raises(ValueError, match=r"first is a kernel of one\.pxd too"):
        units.unit_of("stage")


def test_bytes_and_rows_of_numbers_are_constants_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        'WORD: Final = b"a\\0"\nROW: Final = (1, 1 << 31)\nWIDE: Final = (1, 1 << 32)\n\n\ndef first(rows, n):\n'
        "    return WORD[n] + ROW[n] + WIDE[n]\n"
    )
    in_folder(monkeypatch, tmp_path, one=(source, DECLARED))
    declarations = units.unit_of("stage").declarations
    assert "static const uint8_t WORD[] = {97, 0, 0};" in declarations and "    const uint8_t* WORD\n" in declarations
    assert "static const uint32_t ROW[] = {1u, 2147483648u};" in declarations and "    const uint32_t* ROW\n" in declarations
    assert "WIDE" not in declarations


def test_one_declaration_serves_all_functions_of_a_family(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        "def after_one(buf, at):\n    return at + 1\n\n\ndef after_two(buf, at):\n    return at + 2\n\n\n"
        "def after_three(buf):\n    return 3\n\n\ndef before(buf, at):\n    return at\n"
    )
    family = "cdef int64_t after_*(const uint8_t* buf, int64_t at) noexcept nogil\n"
    in_folder(monkeypatch, tmp_path, one=(source, family + "cdef int32_t after_two(const uint8_t* buf, int32_t at) noexcept nogil\n"))
    found = dict(units.declarations_in(units.text_of(tmp_path / "stage" / "one.pxd")))
    assert {name: kernel.answer for name, kernel in found.items()} == {"after_one": "int64_t", "after_two": "int32_t"}
    unit = units.unit_of("stage")
    assert "def after_one(" in unit.source and "after_three" not in unit.source and "def before(" not in unit.source
    assert "cdef int64_t after_one(const uint8_t* buf, int64_t at) noexcept nogil\n" in unit.declarations and "*(" not in unit.declarations


def test_a_unit_has_ways_into_whole_rooms_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_folder(monkeypatch, tmp_path, one=(FIRST, DECLARED))
    monkeypatch.setattr(units, "UNITS", {"other": ("stage/one",)})
    unit = units.unit_of("other")
    assert "def first(rows, n):" in unit.source and "entry_first" not in unit.source


@pytest.mark.parametrize(
    ("text", "value"), [("1 << 3 | 1", 9), ("-(1 << 4)", -16), ("8 * 4 - 2 + 1", 31), ("'text'", None), ("(1, 2)", None), ("True", None)]
)
def test_whole_numbers(text: str, value: int | None) -> None:
    assert units.whole_number(ast.parse(text, mode="eval").body, Path("none.py")) == value


def test_a_unit_is_written_once(tmp_path: Path) -> None:
    source = units.write("packets", tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.p*")}
    assert len(times) == 4 and units.write("packets", tmp_path) == source
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.p*")} == times
