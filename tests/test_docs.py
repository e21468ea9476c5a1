"""The documentation keeps its word: what it shows is what is printed now, and every code, column and option is described."""

from __future__ import annotations

import ast
import gzip
import importlib
import inspect
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_type_hints

import pytest
import typer

import analyzer
from analyzer.cli.run import run as run_here
from analyzer.findings import CODES
from analyzer.jobs.carry import LIMITS
from analyzer.jobs.drift import DRIFT_CODES
from analyzer.jobs.file import JobTables, load_job
from analyzer.jobs.systemd import units
from analyzer.packets.link_types import LINK_TYPES
from analyzer.packets.outer import OUTER_NAMES
from analyzer.services.catalogue import load_catalogue
from analyzer.services.match import match_host
from analyzer.studies.document import StudyDocument
from analyzer.studies.document import Test as StudyTest
from analyzer.studies.file import load_plan
from analyzer.tables import FLOW_COLUMNS, REQUEST
from docs.build import DOCS, PAGES, REQUEST_KEYS, STAGES, verbs
from tests.conftest import ROOT
from tests.fleet import fleets
from tests.fleet.fleets import small
from tests.services import pages
from tests.services.lists import write_lists

DOCS_BY_HAND = (
    *("capture", "fleet", "catalogue", "faq", "glossary", "jobs", "limits", "looked-at"),
    *("recipes", "platforms", "second-opinion", "slices", "study", "urls", "troubleshooting", "verdict"),
)
PAGES_BY_HAND = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "captures/README.md",
    "captures/proof/README.md",
    "captures/situations/README.md",
    *(f"docs/{name}.md" for name in DOCS_BY_HAND),
    *(path.relative_to(ROOT).as_posix() for path in sorted(DOCS.glob("decisions/*.md"))),
]
PROMPT, LEFT_OUT = "$ ", "..."
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

STUDY = """topology = "topology.toml"
[[test]]
title = "Which one wins? WinINET or WinHTTP?"
captures = ["gateway.pcapng"]
configured = ["winhttp", "wininet"]
"""


class Block(NamedTuple):
    """A fenced block: its language, its lines, and why it isn't run (None: it is)."""

    language: str
    lines: list[str]
    why: str | None


def blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(found["language"], found["text"].splitlines(), found["why"]) for found in BLOCK.finditer(text)]


def shown() -> Iterator[tuple[str, list[str]]]:
    """Each command of the README's console blocks, with the output shown below it."""
    for block in blocks("README.md"):
        if block.language == "console":
            assert block.lines[0].startswith(PROMPT), block.lines[0]
            command, output = "", list[str]()
            for line in block.lines:
                if line.startswith(PROMPT):
                    if command:
                        yield command, output
                    command, output = line.removeprefix(PROMPT), []
                else:
                    output.append(line)
            yield command, output


def assert_shows(expected: list[str], printed: str) -> None:
    """The printed lines are the expected ones; a line "..." matches any number of lines; only behind one at the end may others follow."""
    lines, at, may_skip = printed.rstrip("\n").split("\n"), 0, False
    for line in expected:
        if line == LEFT_OUT:
            may_skip = True
            continue
        if may_skip:
            assert line in lines[at:], f"not printed any more: {line}"
            at = lines.index(line, at)
        assert at < len(lines) and lines[at] == line, f"shown: {line}\nprinted: {lines[at] if at < len(lines) else 'nothing'}"
        at, may_skip = at + 1, False
    assert may_skip or at == len(lines), f"more is printed than shown: {lines[at]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader of the README is: gateway.pcapng, changed.pcapng, topology.toml and study.toml lie there."""
    shutil.copy(ROOT / "captures" / "T2-winhttp-wininet.pcapng", tmp_path / "gateway.pcapng")
    shutil.copy(ROOT / "captures" / "situations" / "setting-changed.pcapng", tmp_path / "changed.pcapng")
    shutil.copy(ROOT / "captures" / "topology.toml", tmp_path)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    """What the command prints; it must succeed and complain of nothing. `whichproxy` is this checkout's."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, complaints(ended.stderr)) == (0, []), ended.stderr
    return ended.stdout


def complaints(err: str) -> list[str]:
    """The lines of stderr but those that say what was written."""
    return [line for line in err.splitlines() if not line.startswith("whichproxy: wrote ")]


def test_the_catalogue_file_of_its_page_is_one(tmp_path: Path) -> None:
    (example,) = [block for block in blocks("docs/catalogue.md") if block.language == "toml"]
    own = tmp_path / "own.toml"
    own.write_text("\n".join(example.lines), encoding="utf-8")
    catalogue = load_catalogue([own])
    hosts = ("mde-relay.contoso.example", "winatp-gw-swn.microsoft.com", "relay-weu.contoso.example", "nav.smartscreen.microsoft.com")
    matches = [match_host(catalogue, host) for host in hosts]
    assert [(match.evidence, match.is_regional, match.plane) for match in matches] == [
        ("own", False, "sensor"),
        ("own", False, "sensor"),
        ("own", True, "sensor"),
        ("platform", False, None),
    ]
    assert match_host(catalogue, "am3p.wns.windows.com").service is None


def test_the_readme_shows_what_is_printed(folder: Path) -> None:
    commands = [(command, output) for command, output in shown() if not command.startswith("make")]
    assert commands
    for command, output in commands:
        assert_shows(output, run(["bash", "-c", command], folder))


def test_make_report_prints_what_the_readme_shows(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `make report` would run is run here: a process for each capture would take long."""
    outputs = [output for command, output in shown() if command == "make report"]
    recipe = subprocess.run(["make", "-n", "-o", ".venv/.installed", "report"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "for capture in captures/*.pcapng" in recipe
    assert "printf '\\n%s\\n' \"$capture\"" in recipe
    assert 'whichproxy report --topology captures/topology.toml "$capture"' in recipe
    monkeypatch.chdir(ROOT)
    printed = ""
    for capture in sorted(Path("captures").glob("*.pcapng")):
        assert run_here(["report", "--topology", "captures/topology.toml", str(capture)]) == 0
        out, err = capfd.readouterr()
        assert complaints(err) == []
        printed += f"\n{capture}\n{out}"
    heading = next(line for line in outputs[0] if line.startswith("captures/study.toml, "))
    assert f"mkdir -p build; printf '\\n{heading}\\n'" in recipe
    assert "whichproxy study captures/study.toml -o build/study.html" in recipe
    assert run_here(["study", "captures/study.toml", "-o", str(tmp_path / "study.html")]) == 0
    out, err = capfd.readouterr()
    assert complaints(err) == []
    printed += f"\n{heading}\n{out}"
    assert len(outputs) == 1
    assert_shows(outputs[0], printed)


def test_every_other_command_of_the_readme_succeeds(folder: Path) -> None:
    scripts = [block for block in blocks("README.md") if block.language == "sh" and block.why is None]
    assert scripts
    for block in scripts:
        run(["bash", "-e", "-c", "\n".join(block.lines)], folder)
    assert {"report.html", "flows.parquet"} <= {path.name for path in folder.iterdir()}


def test_the_readmes_python_prints_what_stands_below_it(folder: Path) -> None:
    here = blocks("README.md")
    programs = [(block, below) for block, below in itertools.pairwise(here) if block.language == "python"]
    assert programs
    for block, below in programs:
        assert below.language == "text"
        assert_shows(below.lines, run([sys.executable, "-c", "\n".join(block.lines)], folder))


def test_what_the_readme_does_not_run_needs_another_machine_or_installs() -> None:
    reasons = [block.why for block in blocks("README.md") if block.why is not None]
    assert reasons == ["it installs packages", "it needs a gateway to log on to"]


@pytest.mark.parametrize("page", PAGES)
def test_written_pages_are_as_the_program_would_write_them(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "write them anew with: python -m docs.build"


@pytest.mark.parametrize("page", ["captures/README.md", "captures/proof/README.md", "captures/situations/README.md"])
def test_the_reports_that_the_captures_pages_name_succeed(
    page: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"^whichproxy (report .*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert commands
    for command in commands:
        assert run_here(shlex.split(command)) == 0, capfd.readouterr().err


def test_the_readmes_picture_is_a_small_one() -> None:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    picture = (ROOT / name).read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < 200_000


def test_every_column_and_code_is_described() -> None:
    columns = (DOCS / "columns.md").read_text(encoding="utf-8")
    assert {column.stage for column in FLOW_COLUMNS} == set(STAGES)
    assert [field.name for field in REQUEST] == list(REQUEST_KEYS)
    assert all(f"| `{column.name}` |" in columns and column.meaning for column in FLOW_COLUMNS)
    findings = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert all(findings.count(f"| `{code}` |") == 1 for code in CODES)


def test_every_flag_is_explained() -> None:
    """By a sentence in the command's own help, which docs/commands.md repeats."""
    commands = (DOCS / "commands.md").read_text(encoding="utf-8")
    for words, callback in verbs().items():
        section = commands.partition(f"\n## whichproxy {' '.join(words)}\n")[2].partition("\n## ")[0]
        for name, parameter in inspect.signature(callback, eval_str=True).parameters.items():
            if parameter.annotation is typer.Context:  # passed by typer, not by the user
                continue
            option = parameter.annotation.__metadata__[0]
            assert option.help, f"{words}: {name}"
            assert all(flag in section for flag in option.param_decls or ()), f"{words}: {name}"


EXAMPLE = re.compile(r"^    (.*\bwhichproxy .*)$", re.MULTILINE)
EXPECTED = '[test.expect]\nwinner = { "plane:sensor" = "winhttp", "plane:user" = "wininet" }\n'
OURS = '[[service]]\nslug = "ours"\ngroup = "ours"\n\n[[rule]]\npattern = "sensor.contoso.example"\nservice = "ours"\n'


def test_the_examples_of_the_help_succeed(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run here, without what is piped into or out of them; reading stdin, interfaces and compiling the kernels have tests of their own."""
    shutil.copytree(ROOT / "captures", folder / "captures", ignore=lambda _, names: {*names} - {"T4-static.pcapng"})
    (folder / "monday.pcap.gz").write_bytes(gzip.compress((folder / "gateway.pcapng").read_bytes()))
    (folder / "expected.toml").write_text(EXPECTED, encoding="utf-8")
    (folder / "ours.toml").write_text(OURS, encoding="utf-8")
    (folder / "proxy.pac").write_text('function FindProxyForURL(url, host) { return "PROXY 172.16.12.10:3128"; }', encoding="utf-8")
    write_lists(folder)
    for model, suffix, set_as in (("streamlined", "md", pages.markdown), ("standard", "html", pages.page)):
        text = set_as(pages.of_catalogue(load_catalogue(), model), f"Microsoft Defender for Endpoint {model} connectivity URLs")
        (folder / f"{model}-device-connectivity-urls-commercial.{suffix}").write_text(text, encoding="utf-8")
    small(folder / "results", {"gw1": lambda source, day: fleets.WINHTTP}, days=2, sources=1)
    for name, capture in (("gw1-0001", "T1-winhttp"), ("gw1-0002", "T2-winhttp-wininet")):
        shutil.copy(ROOT / "captures" / f"{capture}.pcapng", folder / f"{name}.pcap")
    (folder / "monday").mkdir()
    assert run_here(["flows", "--partial", str(ROOT / "captures" / "T4-static.pcapng"), "-o", str(folder / "monday" / "1.part")]) == 0
    monkeypatch.chdir(folder)
    examples = EXAMPLE.findall((DOCS / "commands.md").read_text(encoding="utf-8"))
    assert len(examples) >= 15
    for example in examples:
        arguments = shlex.split(example[example.index("whichproxy ") :].partition(" | ")[0].partition(" > ")[0])[1:]
        if arguments[0] not in ("watch", "capture", "job") and "-" not in arguments and "--warm" not in arguments:
            assert run_here(arguments) == 0, (example, capfd.readouterr().err)
    assert {"report.html", "flows.parquet"} <= {path.name for path in folder.iterdir()}


def test_the_verdicts_keys_are_described() -> None:
    text = (DOCS / "verdict.md").read_text(encoding="utf-8")
    document = analyzer.read(ROOT / "captures" / "T5-all-three.pcapng", topology=ROOT / "captures" / "topology.toml").verdict.to_dict()
    missing = {key for key in keys_of(document) if f"`{key}`" not in text}
    assert not missing


def test_the_study_documents_keys_are_described() -> None:
    text = (DOCS / "study.md").read_text(encoding="utf-8")
    keys = set(get_type_hints(StudyDocument)) | set(get_type_hints(StudyTest))
    assert not {key for key in keys if f"`{key}`" not in text}


def test_the_study_that_is_shown_is_one(folder: Path) -> None:
    (example,) = [block for block in blocks("docs/study.md") if block.language == "toml"]
    (folder / "monday").mkdir()
    (folder / "gateway.pcapng").rename(folder / "monday" / "gateway.pcapng")
    with zipfile.ZipFile(folder / "MDEClientAnalyzerResult.zip", "w") as package:
        package.writestr("SystemInfoLogs\\MDEClientAnalyzer.txt", "Proxy config: Method=Direct, address=\r\n")
    (folder / "shown.toml").write_text("\n".join(example.lines), encoding="utf-8")
    (test,) = load_plan(folder / "shown.toml", load_catalogue()).tests
    assert test.sessions and test.marks and test.analyzer and test.expect


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


CONSTANT = re.compile(r"^\| `([a-z0-9_.]+)\.([A-Z0-9_]+)` \| ([0-9]+) \|", re.MULTILINE)


def test_the_job_that_is_shown_is_one(tmp_path: Path) -> None:
    (example,) = [block for block in blocks("docs/jobs.md") if block.language == "toml"]
    (tmp_path / "gw1.toml").write_text("\n".join(example.lines), encoding="utf-8")
    described = load_job(tmp_path / "gw1.toml")
    assert described.name == "gw1" and list(units(described)) == ["whichproxy-gw1.service", "whichproxy-gw1.timer"]


def test_every_key_of_a_job_and_of_a_difference_is_described() -> None:
    text = (DOCS / "jobs.md").read_text(encoding="utf-8")
    tables = [JobTables, *(field.annotation for field in JobTables.model_fields.values() if hasattr(field.annotation, "model_fields"))]
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()
    assert all(f"`{code}`" in text for code in DRIFT_CODES)
    assert f"{LIMITS.conversations:,} conversations" in text


def test_limits_are_the_sources_numbers() -> None:
    rows = CONSTANT.findall((DOCS / "limits.md").read_text(encoding="utf-8"))
    assert len(rows) >= 20
    for module, name, value in rows:
        assert getattr(importlib.import_module(f"analyzer.{module}"), name) == int(value), f"{module}.{name}"


def test_limits_name_the_link_types_that_are_read() -> None:
    table = (DOCS / "limits.md").read_text(encoding="utf-8").partition("## Link types")[2].partition("\n## ")[0]
    listed = {int(n) for row in re.findall(r"^\| ([0-9][0-9, ]*) \|", table, re.MULTILINE) for n in row.split(",")}
    assert listed == {number for numbers, _ in LINK_TYPES for number in numbers}


def test_limits_name_every_wrapping() -> None:
    text = (DOCS / "limits.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in OUTER_NAMES if name)


LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", [*PAGES_BY_HAND, *(f"docs/{page}" for page in PAGES)])
def test_links_lead_somewhere(page: str) -> None:
    for target in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        if not path.startswith("https://"):
            assert ((ROOT / page).parent / path).exists(), f"{page}: {target}"
            assert not heading, f"{page}: {target} names a heading, which nothing here checks"


def test_the_files_that_contributing_names_are_there() -> None:
    named = re.findall(r"`((?:analyzer|captures|docs|tests)/[\w/.]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


def test_the_templates_of_contributing_are_python_and_import_what_is_there() -> None:
    programs = ["\n".join(block.lines) for block in blocks("CONTRIBUTING.md") if block.language == "python"]
    assert len(programs) >= 5
    for program in programs:
        tree = ast.parse("def template():\n" + textwrap.indent(program, "    "))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == [], node.module


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    to_read = [ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        seen.add(page)
        links = [(page.parent / target).resolve() for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
        to_read += [path for path in links if path.suffix == ".md" and path not in seen]
    assert set(DOCS.rglob("*.md")) <= seen
