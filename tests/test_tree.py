"""The shape of the project: what may lie where, what may import what, and what a test run may leave out."""

from __future__ import annotations

import ast
import os
import re
import struct
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import LONG, ROOT

PACKAGE = ROOT / "analyzer"
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = sorted([*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "captures").rglob("*.py")])

# Modules that do something and yet have no file of tests, with the reason.
UNTESTED = {
    "errors.py": "their texts are tested where they are raised",
}

TOP_LEVEL = {
    "analyzer": "the package",
    "captures": "the committed captures and the laboratory that records them",
    "notebooks": "the worked examples, run by the tests",
    "tests": "mirrors analyzer/, and the benchmarks",
    "requirements.txt": "what it runs on",
    "README.md": "the question, two commands, the stages",
    "CHANGELOG.md": "what changed for its users",
    "CONTRIBUTING.md": "how to add what people add, and which files each touches",
    "SECURITY.md": "whom to tell",
    "LICENSE": "MIT",
    "NOTICE": "licences of what is used, and where the data comes from",
    "pyproject.toml": "how it is installed and checked",
    "setup.py": "how its kernels are built",
    "MANIFEST.in": "what else is in the source archive",
    "Makefile": "what can be done here",
    "Dockerfile": "the container image",
    ".dockerignore": "what an image is made of",
    "docs": "what the README is too short for",
    ".ci": "what CI runs",
    ".gitignore": "what git leaves alone",
    ".pre-commit-config.yaml": "what git runs before a commit, once it is installed",
}

# The rooms of the house (folders, and files beside them), from the ground up: each may import from those above it in this list only.
ROOMS = (
    # what every stage says things with
    *("version", "errors", "tables", "findings", "arrow", "spill", "parquet_footer", "parquet", "text"),
    # how hot code is compiled and handed its rows
    *("compiled", "room", "ahead"),
    # who is who, and what hosts mean: rules and files, of no capture
    *("services", "routes"),
    # from bytes to columns
    *("packets", "capture", "flows", "readers", "streams", "facts"),
    # packets in, flows out
    *("decoded", "feeding", "window", "parts", "engine"),
    # what is judged of them, and the one screen with all stages
    *("read_again", "side_by_side", "verdict", "pipeline"),
    # the same stages over what isn't read in one piece
    *("row_files", "workers", "reading", "growing"),
    # what else is asked of them
    *("client_analyzer", "studies", "second_opinion", "pac", "fleet"),
    # to people
    *("report", "proposal", "slices", "jobs", "proxy_lists", "traffic", "study_result", "fleet_result", "__init__", "cli", "__main__"),
)

# Words that make a reader guess who says what to whom, and what to write. Columns and codes have names of their own: "can't tell" is one.
RIDDLES = {
    r"(?<!fore)told": "who is told, by whom? say: shown, listed, reported, counted, named, recognised by, distinguished",
    r"(?:is|are|was|were) said of": "say who says it: the report says, the topology names",
    r"what stands behind": "say which bytes, or which machine",
    r"nobody tells": "say what doesn't show it",
    r"speaks? for (?:it|them|him)": "say: the reasons for it",
}
# Whatever acts in the code is a program, a machine, a user or a function, and has a name.
PERSONS = re.compile(r"\b(?:nobody|somebody|anybody|whoever)\b", re.IGNORECASE)
# Slow to import, or with needs of their own: they load where they are used.
LAZY = ("pandas", "scapy", "pyshark", "matplotlib")
# What opens or unpacks captures. pyshark's own reader is the second opinion's whole point.
OPENERS = {"mmap", "gzip", "bz2", "lzma", "lz4", "zstandard", "memmap", "fromfile", "rdpcap", "PcapReader", "RawPcapReader", "FileCapture"}
OPENS_CAPTURES = ("capture/", "second_opinion/dissect.py")
MAPS_ITS_OWN = "spill.py"


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module; several tests look through them all."""
    return tuple(ast.walk(tree_of(path)))


def place(path: Path, node: ast.AST) -> str:
    """file:line of something in a module."""
    return f"{name_of(path)}:{getattr(node, 'lineno', '?')}"


def imported(node: ast.AST) -> list[str]:
    """The modules and names that an import statement brings in, whole and by their last part."""
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in (alias.name, alias.name.split(".")[0])]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, node.module.split(".")[0], *(alias.name for alias in node.names)]
    return []


def run_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: not those in functions, nor those for the type checker alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


MODULE_NAMES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}


@cache
def imports_of(path: Path) -> frozenset[Path]:
    """The modules of the package that this one imports anywhere: at its top, in a function, or for the type checker."""
    names = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULE_NAMES else node.module for name in inside}
    return frozenset(MODULE_NAMES[name] for name in names if name in MODULE_NAMES)


def room_of(path: Path) -> str:
    """The folder in the package, or the file where it lies beside them."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_every_room_has_its_place() -> None:
    assert len(set(ROOMS)) == len(ROOMS)
    assert {room_of(path) for path in MODULES} == set(ROOMS)


def test_no_import_runs_back_up() -> None:
    """Wherever the import stands: one in a function or for the type checker binds two rooms as well as any."""
    arrows = [(path, other) for path in MODULES for other in imports_of(path)]
    assert len(arrows) > 1000
    up = [(path, other) for path, other in arrows if ROOMS.index(room_of(path)) < ROOMS.index(room_of(other))]
    assert sorted(f"{name_of(path)} imports {name_of(other)}" for path, other in up) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {path: set(imports_of(path)) - {path} for path in MODULES}
    while free := {path for path, needs in left.items() if not needs & left.keys()}:
        left = {path: needs for path, needs in left.items() if path not in free}
    # What remains is in a circle or above one; leaving off what no other module in it imports shows the circles alone.
    while above := left.keys() - {need for needs in left.values() for need in needs}:
        left = {path: needs for path, needs in left.items() if path not in above}
    assert sorted(map(name_of, left)) == []


def test_every_module_has_its_tests() -> None:
    def does_something(path: Path) -> bool:
        return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes_of(path))

    wanted = [
        (ROOT / "tests" / path.relative_to(PACKAGE).with_name(f"test_{path.name}")).relative_to(ROOT)
        for path in MODULES
        if path.name not in ("__init__.py", "__main__.py") and name_of(path) not in UNTESTED and does_something(path)
    ]
    assert len(wanted) > 100
    assert [str(path) for path in wanted if not (ROOT / path).is_file()] == []


def test_what_is_said_to_be_untested_is_there_and_is() -> None:
    for name in UNTESTED:
        assert (PACKAGE / name).is_file()
        assert not (ROOT / "tests" / name).with_name(f"test_{Path(name).name}").exists(), f"{name} has tests now"


def test_files_are_named_after_the_thing_or_the_act() -> None:
    vague = ("utils", "util", "helpers", "misc", "common")
    assert [str(path) for path in SOURCES if path.stem in vague] == []


def test_a_file_has_one_subject() -> None:
    sizes = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in sizes.items() if lines > 400} == {}, "past 400 lines look for the second subject"


def test_only_the_command_line_prints_and_exits() -> None:
    speaks = {"print", "exit", "quit", "SystemExit", "sys.exit", "sys.stdout", "sys.stderr", "os._exit", "stdout", "stderr"}
    offenders = []
    for path in MODULES:
        if name_of(path).startswith("cli/") or path.name == "__main__.py":
            continue
        for node in nodes_of(path):
            words = {written(node)} if isinstance(node, ast.Name | ast.Attribute) else set(imported(node))
            offenders += [f"{place(path, node)} uses {word}" for word in sorted(words & speaks)]
    assert offenders == []


def written(node: ast.Name | ast.Attribute) -> str:
    """A name as it is written, with the name it is an attribute of: sys.exit; "" of what is an attribute of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


def test_only_capture_opens_captures() -> None:
    offenders = []
    for path in MODULES:
        if name_of(path).startswith(OPENS_CAPTURES) or name_of(path) == MAPS_ITS_OWN:
            continue
        for node in nodes_of(path):
            words = {node.attr} if isinstance(node, ast.Attribute) else set(imported(node))
            offenders += [f"{place(path, node)} uses {word}" for word in sorted(words & OPENERS)]
    assert offenders == []


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every comment and docstring of a module, and of every line of a page."""
    if path.suffix == ".md":
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        return
    with path.open("rb") as file:
        yield from ((token.start[0], token.string) for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)
    for node in nodes_of(path):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from enumerate(node.value.value.splitlines(), node.lineno)


def test_prose_is_plain() -> None:
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    paths = [*MODULES, *pages]
    for folder in ("docs", "tests", "captures"):
        paths += [path for kind in ("*.md", "*.py") for path in sorted((ROOT / folder).rglob(kind)) if path != Path(__file__).resolve()]
    patterns = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), instead) for words, instead in RIDDLES.items()]
    # Most files have none of these words anywhere: only the others have to be taken apart into code and prose.
    paths = [path for path in paths if any(pattern.search(path.read_text(encoding="utf-8")) for pattern, _ in patterns)]
    offenders = [
        f"{path.relative_to(ROOT)}:{line}: {found.group()} ({instead})"
        for path in paths
        for line, text in prose_of(path)
        for pattern, instead in patterns
        if (found := pattern.search(text))
    ]
    assert offenders == []


def test_no_comment_or_docstring_is_about_persons_without_a_name() -> None:
    written = [path for folder in ("docs", "tests", "captures") for path in sorted((ROOT / folder).rglob("*.py"))]
    offenders = [
        f"{path.relative_to(ROOT)}:{line}: {found.group()} (name the user, side, reader, sender, machine or program)"
        for path in [*MODULES, *written]
        if path != Path(__file__).resolve() and PERSONS.search(path.read_text(encoding="utf-8"))
        for line, text in prose_of(path)
        if (found := PERSONS.search(text))
    ]
    assert offenders == []


def test_slow_libraries_load_where_they_are_used() -> None:
    offenders = [
        f"{place(path, node)} imports {word} too early"
        for path in MODULES
        for node in run_at_import(tree_of(path))
        for word in sorted(set(imported(node)) & set(LAZY))
    ]
    assert offenders == []


def test_top_level_holds_what_people_expect() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {line.split("/")[0] for line in listed} <= set(TOP_LEVEL)


def lazy_modules_after(code: str, *args: str) -> list[str]:
    """Which of the slow libraries are loaded once the code has run in an interpreter of its own."""
    report = f"\nimport sys\nsys.stderr.write('LOADED ' + ' '.join(sorted(set({LAZY!r}) & set(sys.modules))))"
    done = subprocess.run([sys.executable, "-c", code + report, *args], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "LOADED" in done.stderr, done.stderr
    return done.stderr.rpartition("LOADED")[2].split()


def test_the_pipeline_imports_no_slow_library() -> None:
    assert lazy_modules_after("import analyzer.pipeline") == []


NOT_FOR_A_RUN = (
    *("parts", "workers", "studies", "jobs", "fleet", "slices", "second_opinion", "proposal", "pac", "client_analyzer"),
    *("report.page", "report.plots", "row_files", "capture.live", "capture.remote", "growing", "warm"),
    *("services.allow_list", "services.no_inspection", "services.appliance_lists"),
    *(
        f"cli.{verb}"
        for verb in ("capture", "catalogue", "doctor", "history", "job", "merge", "services", "slice", "study", "topology", "watch")
    ),
)
"""Rooms and modules that a report of one capture, or its flows as Parquet, has no use for."""


@pytest.mark.parametrize("output", [("report", "out.json"), ("report", "out.md"), ("flows", "out.parquet")])
def test_a_run_imports_nothing_of_ours_that_it_has_no_use_for(output: tuple[str, str], tmp_path: Path) -> None:
    verb, name = output
    code = "import sys\nfrom analyzer.cli.run import run\nassert run(sys.argv[1:]) == 0\nprint(*sys.modules)"
    command = [sys.executable, "-c", code, verb, str(ROOT / "captures/T1-winhttp.pcapng"), "-q", "-o", str(tmp_path / name)]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    unused = [module for module in loaded for room in NOT_FOR_A_RUN if f"{module}.".startswith(f"analyzer.{room}.")]
    assert unused == ["analyzer.parts", "analyzer.parts.partial"]  # what an engine's state is as a value
    assert not {"multiprocessing.pool", "concurrent.futures.process", "distributed", "fsspec", "urllib.request"} & set(loaded)
    assert not {"cryptography.x509", "html.entities", "zipfile", "tarfile", "pydantic", "rich", "jinja2"} & set(loaded)


FROZEN_CLASSES = """
from dataclasses import fields, is_dataclass, MISSING
from functools import cached_property
for module in [module for name, module in sys.modules.items() if name.startswith("analyzer.")]:
    for kind in vars(module).values():
        if is_dataclass(kind) and isinstance(kind, type) and kind.__module__ == module.__name__:
            how, own = kind.__dataclass_params__, vars(kind)
            cached = any(isinstance(value, cached_property) for value in own.values())
            made = any(field.default_factory is not MISSING for field in fields(kind))
            if how.frozen and how.eq and not how.order and "__slots__" not in own and not cached and not made:
                print(f"{module.__name__}.{kind.__name__}")
"""
"""Frozen data classes for which a named tuple does the same."""


@pytest.mark.parametrize("output", [("report", "out.html"), ("flows", "out.parquet")])
def test_values_that_a_run_loads_are_named_tuples(output: tuple[str, str], tmp_path: Path) -> None:
    """A frozen data class takes 0.0007 s of every start, a named tuple 0.0002: of seventy that is a tenth of a small report's time."""
    verb, name = output
    code = f"import sys\nfrom analyzer.cli.run import run\nassert run(sys.argv[1:]) == 0\n{FROZEN_CLASSES}"
    command = [sys.executable, "-c", code, verb, str(ROOT / "captures/T1-winhttp.pcapng"), "-q", "-o", str(tmp_path / name)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() == []


@pytest.mark.parametrize("verb", ["flows", "report"])
def test_a_run_imports_no_slow_library(verb: str, tmp_path: Path) -> None:
    syn = struct.pack("!HHIIBBHHH", 49152, 3128, 1, 0, 0x50, 0x02, 64240, 0, 0)
    packet = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 40, 1, 0, 64, 6, 0, 172, 16, 11, 92, 172, 16, 12, 10) + syn
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)  # 101: raw IP
    capture = tmp_path / "syn.pcap"
    capture.write_bytes(header + struct.pack("<IIII", 1_700_000_000, 0, len(packet), len(packet)) + packet)
    code = "import sys\nfrom analyzer.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    out = tmp_path / ("out.parquet" if verb == "flows" else "out.json")
    assert lazy_modules_after(code, verb, str(capture), "-o", str(out)) == []
    assert out.stat().st_size > 0


@pytest.mark.parametrize(("require_all", "has_oracles", "failed"), [("1", True, 3), ("1", False, 2), ("", True, 0)])
def test_a_skip_is_a_failure_where_everything_has_to_run(tmp_path: Path, require_all: str, has_oracles: bool, failed: int) -> None:
    """Of three skips (in a test, of a module, for want of oracles) only the last may stay, and only where there are no oracles."""
    folder = tmp_path / "repo" / "tests"
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_one.py").write_text("import pytest\ndef test_it():\n    pytest.skip('no squid')\n", encoding="utf-8")
    (folder / "test_two.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8")
    (folder / "test_three.py").write_text(
        "import pytest, conftest\ndef test_it(oracles):\n    pytest.skip('whatever the reason')\ndef test_runs(): pass\n", encoding="utf-8"
    )
    if has_oracles:
        (tmp_path / "shared" / "oracles").mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if name != "WHICHPROXY_ORACLES"}
    results = tmp_path / "results.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", f"--junitxml={results}", str(folder)],
        cwd=folder,
        env=environment | {"WHICHPROXY_REQUIRE_ALL": require_all, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    suite = ElementTree.parse(results).getroot()[0]
    assert int(suite.get("failures", 0)) + int(suite.get("errors", 0)) == failed
    assert int(suite.get("skipped", 0)) == 3 - failed
    assert int(suite.get("tests", 0)) == 4


def test_files_that_begin_first_are_there() -> None:
    assert [name for name in LONG if not (ROOT / "tests" / f"{name}.py").is_file()] == []
