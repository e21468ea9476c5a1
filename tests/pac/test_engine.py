"""What PAC files return: as a browser's engine says, bounded, and without anything of this machine.

answers.json is what Chromium answered for every file in files/ that comes to an end; `python -m tests.pac.record` asks it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.pac import engine
from analyzer.pac.child import CUT_OFF
from analyzer.pac.engine import Answer, Question, answers_of

FILES = Path(__file__).with_name("files")
RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
HOSTILE = sorted(path.stem for path in FILES.glob("hostile-*.pac"))


def text_of(name: str) -> str:
    return (FILES / f"{name}.pac").read_text(encoding="utf-8")


def ask(text: str, *hosts: str, ip: str = "10.1.2.3", now_ms: int = 1_714_564_800_000, **addresses: list[str]) -> list[Answer]:
    questions = [Question(f"https://{host}/", host, ip) for host in hosts]
    return answers_of(text, questions, now_ms=now_ms, addresses={name.replace("_", "."): found for name, found in addresses.items()})


def test_every_file_was_asked_of_the_browser() -> None:
    assert sorted(RECORDED["answers"]) == sorted({path.stem for path in FILES.glob("*.pac")} - set(HOSTILE))
    assert len(RECORDED["answers"]) >= 20 and len(HOSTILE) >= 5


@pytest.mark.parametrize("name", RECORDED["answers"])
def test_it_returns_what_the_browser_does(name: str) -> None:
    """At the moment of the browser's first answer, which is the same for all of them to what these files look at."""
    recorded = RECORDED["answers"][name]
    addresses = {host: [] for host in recorded} | RECORDED["addresses"]
    questions = [Question(f"https://{host}/", host, RECORDED["ip"]) for host in recorded]
    found = answers_of(text_of(name), questions, now_ms=next(iter(recorded.values()))["now_ms"], addresses=addresses)
    wanted = [(one["returns"], one["error"] is None and one["returns"] is not None) for one in recorded.values()]
    assert [(answer.returns, answer.error is None) for answer in found] == wanted
    assert {name for answer in found for name in answer.unknown} <= {"300.1.2.3"}, "no address, so a name to be resolved"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_cut_off(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fifth of a second here, so that the tests are done sooner; a second is as any other number."""
    monkeypatch.setattr(engine, "SECONDS", 0.2)
    found = ask(text_of(name), "a.example", "b.example")
    assert [answer.returns for answer in found] == [None, None]
    reasons = {answer.error for answer in found}
    assert reasons <= {CUT_OFF, "out of memory", "InternalError: stack overflow"} and reasons


def test_what_was_answered_before_it_was_cut_off_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.2)
    text = 'function FindProxyForURL(url, host) { if (host === "b.example") for (;;) {} return "DIRECT"; }'
    assert [(answer.returns, answer.error) for answer in ask(text, "a.example", "b.example", "c.example")] == [
        ("DIRECT", None),
        (None, CUT_OFF),
        (None, CUT_OFF),
    ]


def test_names_that_the_capture_doesnt_know_are_named() -> None:
    text = 'function FindProxyForURL(url, host) { return isInNet(host, "10.0.0.0", "255.0.0.0") ? "DIRECT" : "PROXY p:1"; }'
    known, unknown = ask(text, "a.example", "B.example", a_example=["10.1.1.1"])
    assert (known.returns, known.unknown) == ("DIRECT", ())
    assert (unknown.returns, unknown.unknown) == ("PROXY p:1", ("b.example",))


def test_the_clock_is_the_one_it_is_given() -> None:
    text = "function FindProxyForURL(url, host) { return String(Date.now()) + ' ' + new Date().toISOString() + ' ' + Date().slice(0, 15); }"
    assert ask(text, "a.example")[0].returns == "1714564800000 2024-05-01T12:00:00.000Z Wed May 01 2024"
    late = answers_of(
        'function FindProxyForURL(u, h) { return timeRange(14) + " " + timeRange(12, "GMT") }',
        [Question("", "a.example", "")],
        now_ms=1_714_564_800_000,
        addresses={},
        zone="Europe/Berlin",
    )
    assert late[0].returns == "true true"


def test_it_has_nothing_but_the_language() -> None:
    names = (
        "require",
        "process",
        "std",
        "os",
        "fetch",
        "XMLHttpRequest",
        "WebSocket",
        "setTimeout",
        "importScripts",
        "scriptArgs",
        "print",
    )
    text = f"function FindProxyForURL(url, host) {{ return {json.dumps(names)}.filter((name) => name in globalThis).join(); }}"
    assert ask(text, "a.example")[0].returns == ""
    assert ask('function FindProxyForURL(u, h) { return import("/etc/passwd") }', "a.example")[0].error == "it returned object"


def test_code_that_is_none_and_answers_that_are_none_say_so() -> None:
    assert ask("function FindProxyForURL(", "a.example")[0].error.startswith("SyntaxError")  # type: ignore[union-attr]
    assert ask("var x = 1;", "a.example")[0].error == "ReferenceError: 'FindProxyForURL' is not defined"
    assert ask("function FindProxyForURL() { return 5; }", "a.example")[0].error == "it returned number"
    assert ask("", *()) == []


def test_without_the_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "is_there", lambda: False)
    with pytest.raises(Unusable, match=r"no JavaScript engine here to run it with; .*whichproxy\[pac\]"):
        ask("", "a.example")
