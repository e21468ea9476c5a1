"""Other systems, simulated: what Windows and macOS don't have is taken away from a Python here, and every verb is run in it.

No such machine can be had in a test. What these tests can't show (paths with drive letters, consoles, Wireshark's own installers) is
said in docs/platforms.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.fleet.fleets import WINHTTP, small

# What os, signal and the standard library lack on Windows, as docs.python.org says of each ("Availability: Unix"), as far as anything
# here could ask for it. multiprocessing and others that look at these when they are imported come first.
WINDOWS = """
import json, os, signal, sys, subprocess, tempfile, shutil, multiprocessing, socket, asyncio
import numpy, pyarrow, jinja2, rich, typer, pydantic, matplotlib, platformdirs
platformdirs.user_cache_path("whichproxy")  # what it looks up there is Windows' own
for name in ("fcntl", "pwd", "grp", "termios", "tty", "pty", "resource", "syslog"):
    sys.modules[name] = None
for name in ("geteuid", "getuid", "getegid", "getgid", "killpg", "setsid", "fork", "mkfifo", "readv", "writev", "pwrite", "pread",
             "fchmod", "fchown", "chown", "getxattr", "setxattr", "listxattr", "getpgid", "setpgid", "posix_fadvise", "sched_getaffinity",
             "getloadavg", "statvfs", "sysconf"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGPIPE", "alarm", "setitimer", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)
if hasattr(socket, "AF_PACKET"):
    del socket.AF_PACKET
"""

MACOS = """
import json, os, sys, socket
for name in ("getxattr", "setxattr", "listxattr", "sched_getaffinity", "posix_fadvise"):
    delattr(os, name)
del socket.AF_PACKET
import numpy, pyarrow, jinja2, rich, typer, pydantic, matplotlib, subprocess, multiprocessing
"""

RUN = """
from analyzer.cli.run import run
codes = {}
for name, args in json.loads(sys.argv[1]).items():
    sys.stderr.write(f"== {name}\\n")
    sys.stderr.flush()
    if args[1:2] == ["-"]:
        os.dup2(os.open(os.environ["STREAM"], os.O_RDONLY), 0)
    codes[name] = run(args)
sys.stdout.write("CODES " + json.dumps(codes))
"""


def verbs(folder: Path) -> dict[str, list[str]]:
    """Every verb that needs no interface, with what it needs."""
    capture, study, job = str(folder / "a.pcap"), str(folder / "study.toml"), str(folder / "job.toml")
    (folder / "a.pcap").write_bytes(pcap(tunnel().frames))
    (folder / "study.toml").write_text(f"[[test]]\ntitle = 'one'\ncaptures = [{json.dumps(capture)}]\n", encoding="utf-8")
    small(folder / "fleet", {"gw1": lambda source, day: WINHTTP}, 2, sources=1)
    (folder / "job.toml").write_text(f"interface = 'eth0'\nresults = '{folder}/results'\n", encoding="utf-8")
    return {
        "report": ["report", capture],
        "html": ["report", capture, "-o", str(folder / "a.html")],
        "flows": ["flows", capture, "-o", str(folder / "a.parquet")],
        "stream": ["report", "-"],
        "watch a stream": ["watch", "-"],
        "study": ["study", study],
        "study init": ["study", "init", capture, "-o", str(folder / "new.toml")],
        "topology": ["topology", capture, "-o", str(folder / "topology.toml")],
        "verify": ["verify", capture],
        "slice": ["slice", capture, "--proxy", "172.16.12.10:3128", "-o", str(folder / "out.pcapng")],
        "services": ["services", "winatp-gw-neu.microsoft.com"],
        "catalogue": ["catalogue", "show"],
        "job init": ["job", "init", "-o", str(folder / "new-job.toml")],
        "job status": ["job", "status", job],
        "job history": ["job", "history", job],
        "job check": ["job", "check", job],
        "doctor": ["doctor"],
        "a part": ["flows", "--partial", capture, "-o", str(folder / "a.part")],
        "merge": ["merge", str(folder / "a.part"), "-o", str(folder / "merged.parquet")],
        "history": ["history", str(folder / "fleet"), "-o", str(folder / "fleet.html")],
        "history again": ["history", str(folder / "fleet"), "--json"],
        "tickets": ["report", capture, "--tickets", str(folder / "tickets")],
        "no verb": [capture],
        "workers": ["report", capture, "--workers", "2"],
    }


LIVE = {"watch": ["watch", "eth0"], "capture": ["capture", "JOB"]}


def ended(prelude: str, args: dict[str, list[str]], folder: Path, **environment: str) -> tuple[dict[str, int], dict[str, str]]:
    """The exit code of each run, and what it said on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", prelude + RUN, json.dumps(args)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "STREAM": str(folder / "a.pcap"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "CODES " in done.stdout, done.stderr
    said = dict(part.split("\n", 1) for part in done.stderr.split("== ")[1:])
    return json.loads(done.stdout.rpartition("CODES ")[2]), said


@pytest.mark.parametrize("prelude", [WINDOWS, MACOS], ids=["Windows", "macOS"])
def test_no_verb_fails_for_lack_of_what_only_linux_has(prelude: str, tmp_path: Path) -> None:
    wanted = verbs(tmp_path)
    on_macos = ("report", "watch a stream", "verify", "history", "workers", "job status", "job check", "doctor")
    if prelude == MACOS:  # for the rest of the code it is the same as Linux
        wanted = {name: wanted[name] for name in on_macos}
    live = {name: [arg.replace("JOB", str(tmp_path / "job.toml")) for arg in args] for name, args in LIVE.items()}
    codes, said = ended(prelude, {**wanted, **(live if prelude == WINDOWS else {})}, tmp_path)
    excused = {"doctor": (0, 1), "job check": (0, 2), "job history": (0, 2), **dict.fromkeys(LIVE, (2,))}
    wrong = {name: (code, said[name]) for name, code in codes.items() if code not in excused.get(name, (0,))}
    assert wrong == {}
    assert not any("Traceback" in text for text in said.values())
    if prelude == WINDOWS:
        assert "needs Linux" in said["watch"] and "dumpcap -i INTERFACE -w - | whichproxy watch -" in said["watch"]
        assert "needs Linux" in said["capture"]
