"""The child process that runs a PAC file's code: `python -I child.py`, a job on its standard input, answers on its output.

The engine (QuickJS) has no files, no network and only the clock it is given. Its memory and time are bounded, and so are the
process's: where the engine doesn't check the time, the system ends the process. Answers are written one by one, so those before
such an end are kept.

in   {"text", "functions", "now_ms", "addresses": {name: [address]}, "questions": [[url, host, ip]], "seconds", "megabytes"}
out  a line for each question: {"returns": text or null, "error": text or null, "unknown": [name], "by_ip": bool, "by_clock": bool}
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

CUT_OFF = "cut off: it didn't end"
GRACE_S = 0.2
"""Seconds that the system waits longer than the engine."""

ASK = """(() => {
  __noted.unknown = {}; __noted.ip = false; __noted.clock = false;
  const answer = FindProxyForURL(__url, __host);
  return JSON.stringify({returns: typeof answer === "string" ? answer : null, kind: String(typeof answer)});
})()"""


def main() -> None:
    """Answer every question, or give the reason why not."""
    asked = json.loads(sys.stdin.buffer.read())
    seconds, megabytes = asked["seconds"], asked["megabytes"]
    _bound(seconds)
    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(megabytes << 20)
    context.set_max_stack_size(512 << 10)
    context.set_time_limit(seconds)
    given = {"__now": asked["now_ms"], "__addresses": asked["addresses"], "__noted": {}, "__ip": "", "__url": "", "__host": ""}
    for name, value in given.items():
        context.eval(f"globalThis.{name} = {json.dumps(value)}; 0")
    context.eval(asked["functions"])
    failed = _error_of(lambda: context.eval(f"{asked['text']}\n;0"))
    for url, host, ip in asked["questions"]:
        if failed is None:
            context.eval(f"__url = {json.dumps(url)}; __host = {json.dumps(host)}; __ip = {json.dumps(ip)}; 0")
            line = _answered(context)
            failed = CUT_OFF if line["error"] == CUT_OFF else None
        else:
            line = {"returns": None, "error": failed, "unknown": [], "by_ip": False, "by_clock": False}
        _write(line)


def _bound(seconds: float) -> None:
    """Let the system end this process where the engine doesn't: an endlessly backtracking regular expression never checks the time."""
    if os.name != "posix":
        return  # here the parent ends it
    import resource
    import signal

    signal.setitimer(signal.ITIMER_PROF, seconds + GRACE_S)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answered(context: Any) -> dict[str, Any]:
    answers: list[str] = []
    error = _error_of(lambda: answers.append(context.eval(ASK)))
    noted: dict[str, Any] = {"unknown": {}, "ip": False, "clock": False}
    if error != CUT_OFF:
        noted = json.loads(context.eval("JSON.stringify(__noted)"))
    found = json.loads(answers[0]) if answers else {"returns": None, "kind": ""}
    if error is None and found["returns"] is None:
        error = f"it returned {found['kind']}"
    known = {"unknown": sorted(noted["unknown"]), "by_ip": noted["ip"], "by_clock": noted["clock"]}
    return {"returns": found["returns"], "error": error, **known}


def _error_of(act: Callable[[], object]) -> str | None:
    """The error of the code in one line; None where it succeeded."""
    import quickjs

    try:
        act()
    except quickjs.JSException as error:
        text = str(error).splitlines()[0] if str(error) else "error"
        return CUT_OFF if "interrupted" in text else "out of memory" if text in ("null", "InternalError: out of memory") else text[:200]
    return None


def _write(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main()
