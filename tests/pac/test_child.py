"""The child process by itself: a line for each question, and nothing that it was not given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from analyzer.pac import child

FUNCTIONS = Path(child.__file__).with_name("functions.js").read_text(encoding="utf-8")


def test_it_answers_line_by_line_whatever_the_folder_and_the_environment(tmp_path: Path) -> None:
    asked = {
        "text": 'function FindProxyForURL(url, host) { return myIpAddress() + " " + url; }',
        "functions": FUNCTIONS,
        "now_ms": 0,
        "addresses": {},
        "questions": [["https://a.example/", "a.example", "10.0.0.1"], ["https://b\u2028\"';.example/", "b", "10.0.0.2"]],
        "seconds": 1,
        "megabytes": 16,
    }
    done = subprocess.run(
        [sys.executable, "-I", child.__file__], input=json.dumps(asked).encode(), capture_output=True, cwd=tmp_path, env={}, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["returns"] for line in lines] == ["10.0.0.1 https://a.example/", "10.0.0.2 https://b\u2028\"';.example/"]
    assert all(line["by_ip"] and line["error"] is None for line in lines) and done.stderr == b""


def test_what_is_in_the_way_of_the_language_stays_a_text() -> None:
    assert child.CUT_OFF and "FindProxyForURL" in child.ASK
