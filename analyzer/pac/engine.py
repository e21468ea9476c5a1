"""A PAC file's results: its code runs in a child process that is bounded in time and memory and has neither files nor network.

Names resolve as in the capture, the client's address is the source's, and the clock is the packets'.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.errors import Unusable
from analyzer.pac.child import CUT_OFF

SECONDS: Final = 1
"""Seconds of processor time for all questions together: a browser gives up on a script that takes longer for one."""

MEGABYTES: Final = 32
WAIT_S: Final = 60
"""Seconds for a child that gets no processor time; SECONDS ends one that uses it."""

_HERE: Final = Path(__file__).parent


class Question(NamedTuple):
    """A host as a client would request it. ip: the client's own address."""

    url: str
    host: str
    ip: str


class Answer(NamedTuple):
    """The file's result for a question.

    returns   as written, "PROXY a:1; DIRECT"; None: nothing, for the reason in error
    unknown   names it resolved that the capture doesn't know: with their addresses the answer may differ
    by_ip     whether it read the client's own address
    by_clock  whether it read the time
    """

    returns: str | None
    error: str | None
    unknown: tuple[str, ...] = ()
    by_ip: bool = False
    by_clock: bool = False


def is_there() -> bool:
    """Whether the engine is installed: extra `pac`."""
    return importlib.util.find_spec("quickjs") is not None


def answers_of(
    text: str, questions: Sequence[Question], *, now_ms: int, addresses: Mapping[str, Sequence[str]], zone: str = "UTC"
) -> list[Answer]:
    """The answers to the questions, in order.

    addresses  name in lower case → its addresses;  zone: of the client's clock, for timeRange and similar functions
    Errors     Unusable: the engine isn't installed
    """
    if not is_there():
        raise Unusable("no JavaScript engine here to run it with", "--pac", f"{sys.executable} -m pip install 'whichproxy[pac]'")
    asked = {
        "text": text,
        "functions": (_HERE / "functions.js").read_text(encoding="utf-8"),
        "now_ms": now_ms,
        "addresses": {name: list(found) for name, found in addresses.items()},
        "questions": [list(question) for question in questions],
        "seconds": SECONDS,
        "megabytes": MEGABYTES,
    }
    command = [sys.executable, "-I", str(_HERE / "child.py")]
    environment = {"TZ": zone, "PATH": os.environ.get("PATH", "")}
    try:
        done = subprocess.run(
            command, input=json.dumps(asked).encode(), capture_output=True, env=environment, timeout=WAIT_S, check=False, cwd="/"
        )
        written, ended = done.stdout, CUT_OFF if done.returncode < 0 else f"the engine ended: {_last_line(done.stderr)}"
    except subprocess.TimeoutExpired as error:
        written, ended = error.stdout or b"", CUT_OFF
    lines = [json.loads(line) for line in written.split(b"\n")[:-1]]
    answers = [Answer(line["returns"], line["error"], tuple(line["unknown"]), line["by_ip"], line["by_clock"]) for line in lines]
    return answers + [Answer(None, ended)] * (len(questions) - len(answers))


def _last_line(text: bytes) -> str:
    return (text.decode("utf-8", "replace").splitlines() or ["without a word"])[-1][:200]
