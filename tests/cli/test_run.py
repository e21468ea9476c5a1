"""Exit codes to the letter, one line per cause on stderr, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import analyzer
from tests.cli.conftest import Whichproxy, apart


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'; see whichproxy --help"),
        (["report"], "Missing argument 'INPUT...'; see whichproxy report --help"),
        (["reprot", "x"], "Did you mean 'report'? See whichproxy --help"),
        (["--frobnicate"], "No such option: --frobnicate"),
        (["report", "x", "--workers", "0"], "Invalid value for '--workers'"),
        (["report", "x", "--workers", "many"], "Invalid value for '--workers'"),
        (["flows", "x", "--format", "xml"], "Invalid value for '--format'"),
        (["report", "x", "--start", "noon"], "--start: 'noon' is not an RFC 3339 time"),
        (["report", "x", "--start", "2024-05-01T12:00:00Z", "--end", "2024-05-01T11:00:00Z"], "--end: the window ends before it starts"),
        (["report", "x", "-o", "out.pdf"], "out.pdf: no report is written as .pdf; use .html, .md, .json or .ipynb"),
        (["report", "x", "-o", "/no/such/out.md"], "/no/such: no such directory"),
        (["report", "x", "--topology", "/no/such.toml"], "/no/such.toml: can't read the topology"),
        (["services", "--catalogue", "/no/such.toml"], "/no/such.toml"),
        (["report", "x", "--expect", "/no/such.toml"], "/no/such.toml: can't read the expectations"),
        (["flows", "x", "-o", "out.xlsx"], "out.xlsx: no table is written as .xlsx"),
        (["flows", "x", "-o", "out"], "out: no suffix says how to write it"),
    ],
)
def test_unusable_arguments_are_2_and_one_line(args: list[str], said: str, whichproxy: Whichproxy) -> None:
    ended = whichproxy(*args)
    assert ended.code == 2 and ended.out == ""
    assert len(ended.lines) == 1 and ended.lines[0].startswith("whichproxy: ") and said in ended.lines[0]


def test_each_mistake_of_a_file_has_its_line(tmp_path: Path, whichproxy: Whichproxy) -> None:
    topology = tmp_path / "t.toml"
    topology.write_text('[[proxy]]\nname = "A"\naddress = "nowhere"\nport = 0\n', encoding="utf-8")
    ended = whichproxy("report", "x", "--topology", topology)
    assert ended.code == 2
    assert len(ended.lines) == 2 and all(line.startswith(f"whichproxy: {topology}: [[proxy]] 1, ") for line in ended.lines)


def test_a_hostile_argument_is_inert_on_stderr(whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", "x", "--topology", "/\x1b[31m\u202e\nno.toml")
    assert ended.code == 2
    assert ended.err.replace("\n", "").isprintable() and r"\x1b[31m\u202e" in ended.err


def test_a_closed_pipe_is_success() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = apart("services", stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_a_full_disk_is_2_and_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = apart("services", stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.startswith(b"whichproxy: No space left") and err.count(b"\n") == 1


def test_interrupted_is_130() -> None:
    process = apart("report", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\xff\xff\x00\x00\x01\x00\x00\x00")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not _reads(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out.startswith(b"No proxy won")
    assert err.decode().splitlines() == ["whichproxy: interrupted: this is what was read until then"]


def _reads(pid: int) -> bool:
    """Whether the process waits for more on its stdin: asleep in the kernel's pipe read."""
    try:
        return "pipe" in Path(f"/proc/{pid}/wchan").read_text(encoding="ascii")
    except OSError:
        return False


@pytest.mark.parametrize("trace", ["", "1"])
def test_a_mistake_of_ours_is_70_and_says_what_to_report(trace: str) -> None:
    code = (
        "import analyzer.cli.services, sys\n"
        "import analyzer.services.catalogue as c\n"
        "c.load_catalogue = lambda paths: 1 / 0\n"
        "from analyzer.cli.run import run\n"
        "sys.exit(run(['services']))"
    )
    environment = os.environ | {"WHICHPROXY_TRACEBACK": trace}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    lines = ended.stderr.splitlines()
    what = "ZeroDivisionError: division by zero (<string>:3)"
    assert (ended.returncode, ended.stdout) == (70, "")
    assert lines[-2] == f"whichproxy: this is a mistake in whichproxy {analyzer.__version__}, not in your input: {what}"
    if trace:
        assert lines[0].startswith("Traceback") and lines[-1] == "whichproxy: please report it with the lines above"
    else:
        assert (
            lines[-1:]
            == lines[1:]
            == ["whichproxy: please report it with what the same command prints with WHICHPROXY_TRACEBACK=1 before it"]
        )


WHILE_LOADING = """
import builtins, os, signal, sys
before = builtins.__import__
def at(name, *more, **options):
    if name == {name!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return before(name, *more, **options)
builtins.__import__ = at
sys.argv = ["whichproxy", "report", {capture!r}]
from analyzer.cli import main
main()
"""


@pytest.mark.parametrize(
    "name", ["analyzer.cli.run", "typer", "analyzer.cli.app", "numpy", "pyarrow", "analyzer.pipeline", "analyzer.compiled"]
)
def test_interrupted_while_modules_load_is_130(name: str, root: Path) -> None:
    code = WHILE_LOADING.format(name=name, capture=str(root / "captures" / "T1-winhttp.pcapng"))
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "") and "Traceback" not in ended.stderr, ended.stderr


def test_garbage_is_looked_for_behind_start_up_and_not_at_the_end(root: Path) -> None:
    code = """
import gc, sys
from analyzer.cli import STARTING, leave_garbage_while_starting, main

before, looked = gc.get_threshold(), [one["collections"] for one in gc.get_stats()]
try:
    main()
except SystemExit as ended:
    assert not ended.code
print([one["collections"] for one in gc.get_stats()] == looked, gc.get_freeze_count() > 50_000)
many = [[] for _ in range(2 * STARTING)]
print([one["collections"] for one in gc.get_stats()] > looked, gc.get_threshold() == before, gc.callbacks)
"""
    command = [sys.executable, "-c", code, "flows", str(root / "captures/T1-winhttp.pcapng"), "-q", "-o", os.devnull, "--format", "parquet"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert ended.stdout.split("\n")[:2] == ["True True", "True True []"]


ENDED = """
import atexit, sys, threading, types
from analyzer.cli import process

class Kept:
    def __del__(self):
        print("taken apart")

sys.modules["held"] = types.ModuleType("held")
sys.modules["held"].kept = Kept()
atexit.register(lambda: print("called at the end"))
if sys.argv.pop(1) == "thread":
    threading.Thread(target=lambda: (threading.main_thread().join(), print("waited for"))).start()
process()
"""


@pytest.mark.parametrize(
    ("how", "args", "code", "printed"),
    [
        ("alone", ["--version"], 0, "called at the end"),
        ("alone", ["report"], 2, "called at the end"),
        ("thread", ["--version"], 0, "waited for called at the end taken apart"),
    ],
)
def test_a_process_ends_with_its_code_and_takes_nothing_apart(how: str, args: list[str], code: int, printed: str, root: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", ENDED, how, *args], cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ended.stdout.removeprefix(f"whichproxy {analyzer.__version__}\n").split() == printed.split()
    assert ended.stderr.startswith("whichproxy: Missing argument") or not code


def test_output_that_cant_be_written_ends_as_ever(root: Path) -> None:
    command = [sys.executable, "-c", "import sys\nfrom analyzer.cli import end_at_once\nprint('x')\nend_at_once(0)"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(command, cwd=root, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 120 and "No space left" in ended.stderr
