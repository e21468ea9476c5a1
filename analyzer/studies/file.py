"""Reads and checks a study file: reports all mistakes at once, each with its place and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from analyzer.errors import Mistakes, Unusable
from analyzer.routes.topology import Topology, load_topology, topology_from
from analyzer.routes.topology_file import Method
from analyzer.services.catalogue import Catalogue
from analyzer.studies.expectations import expectation_mistakes, expectations_from
from analyzer.studies.places import Place, Places
from analyzer.studies.plan import Plan, PlannedTest
from analyzer.text.globs import expanded
from analyzer.text.times import NS_PER_S, parse_time, rfc3339
from analyzer.text.toml import read_toml
from analyzer.text.urls import is_url, shown

if TYPE_CHECKING:
    from analyzer.client_analyzer.results import Results

TIME_EXAMPLE: Final = "2024-05-01T12:00:00Z"
EXAMPLES: Final = {
    "topology": 'topology = "topology.toml", or [[proxy]] and [[workstation]] tables in this file',
    "title": 'title = "Only the WinHTTP proxy is configured", a text in quotes',
    "test": "[[test]] with double brackets, once per test",
    "captures": 'captures = ["gateway.pcapng"], a list of paths beside this file',
    "start": f"start = {TIME_EXAMPLE}",
    "end": f"end = {TIME_EXAMPLE}",
    "at": f"at = {TIME_EXAMPLE}",
    "logon": f"logon = {TIME_EXAMPLE}",
    "logoff": f"logoff = {TIME_EXAMPLE}",
    "what": 'what = "live response started"',
    "configured": 'configured = ["static", "winhttp"], of "winhttp", "wininet", "static", "pac" and "other"',
    "user_logged_on": "user_logged_on = true or false, without quotes",
    "session": "[[test.session]] with double brackets, once per session",
    "mark": "[[test.mark]] with double brackets, once per mark",
    "analyzer": "[[test.analyzer]] with double brackets, once per run",
    "client_analyzer": 'client_analyzer = "MDEClientAnalyzerResult.zip", a path beside this file',
    "expect": "[test.expect] with single brackets",
}


def _time(value: object) -> int:
    """Nanoseconds since 1970 of a TOML date-time with an offset, or of RFC 3339 text (TOML readers keep microseconds only)."""
    if isinstance(value, str):
        try:
            return parse_time(value, "")
        except Unusable as error:
            raise PydanticCustomError("time", "{what}", {"what": error.what}) from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("time", "{value} is no time", {"value": str(value)})
    if value.tzinfo is None:
        what = f"{value.isoformat()} has no offset: whose clock it is isn't said"
        raise PydanticCustomError("time", "{what}", {"what": what})
    since_1970 = value - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970.days * 86_400 + since_1970.seconds) * NS_PER_S + since_1970.microseconds * 1000


TimeText = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$")]
"""The form of a time in the file, for JSON Schema."""

Time = Annotated[int, BeforeValidator(_time, json_schema_input_type=TimeText)]
Text = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SessionTable(_Table):
    """[[test.session]]"""

    logon: Time | None = None
    logoff: Time | None = None


class MarkTable(_Table):
    """[[test.mark]]"""

    at: Time
    what: Text


class RunTable(_Table):
    """[[test.analyzer]]"""

    start: Time
    end: Time


class OneTest(_Table):
    """[[test]]"""

    title: Text
    captures: Annotated[list[Text], Field(min_length=1)]
    start: Time | None = None
    end: Time | None = None
    configured: list[Method] = []
    user_logged_on: bool | None = None
    session: list[SessionTable] = []
    mark: list[MarkTable] = []
    analyzer: list[RunTable] = []
    client_analyzer: Text | None = None
    expect: Any = None  # checked by expectations.py, as for report --expect


class StudyTables(_Table):
    """The whole file; proxy, workstation and gateway are the topology's tables, checked as those."""

    title: Text | None = None
    topology: Text | dict[str, Any] | None = None
    proxy: Any = None
    workstation: Any = None
    gateway: Any = None
    test: Annotated[list[OneTest], Field(min_length=1)]


TOPOLOGY_TABLES: Final = ("proxy", "workstation", "gateway")
_MODELS: Final[dict[tuple[str, ...], type[_Table]]] = {
    (): StudyTables,
    ("test",): OneTest,
    ("test", "session"): SessionTable,
    ("test", "mark"): MarkTable,
    ("test", "analyzer"): RunTable,
}

Mistake = tuple[Place, str, str]
"""(place, what is wrong, what to write instead)"""


def load_plan(path: str | Path, catalogue: Catalogue, topology: Topology | None = None) -> Plan:
    """The plan in a study file.

    topology  replaces the file's own
    Errors    Mistakes, with one cause for each mistake in the file: table, key, line, and what to write instead
    """
    text, data = read_toml(path, "study", name="name a TOML file", form="a study is a list of [[test]] tables")
    return check_plan(data, text, Path(path), catalogue, topology)


def check_plan(data: Mapping[str, Any], text: str, path: Path, catalogue: Catalogue, topology: Topology | None) -> Plan:
    """The plan of parsed tables. Errors: Mistakes."""
    places = Places(text, data)
    found, tables = _validated(data)
    mistakes = [Unusable(what, _where(path, places, place), remedy) for place, what, remedy in found]
    named, of_topology = _topology(data, path, topology)
    mistakes += of_topology
    tests = data.get("test")
    results: dict[int, Results | None] = {}
    for number, table in enumerate(tests if isinstance(tests, list) else ()):
        if isinstance(table, Mapping):
            results[number], of_test = _results(table.get("client_analyzer"), path)
            checked = None if tables is None else tables.test[number]
            of_test += _test_mistakes(table, checked, path, catalogue, None if of_topology else named)
            mistakes += [Unusable(what, _where(path, places, ("test", number, *place)), remedy) for place, what, remedy in of_test]
    if mistakes:
        raise Mistakes(mistakes)
    assert tables is not None
    title = tables.title or path.stem
    return Plan(str(path), title, named, tuple(_planned(table, path, results.get(number)) for number, table in enumerate(tables.test)))


def _validated(data: Mapping[str, Any]) -> tuple[list[Mistake], StudyTables | None]:
    try:
        return [], StudyTables.model_validate(dict(data))
    except ValidationError as error:
        return [_in_words(details) for details in error.errors(include_url=False)], None


def _where(path: Path, places: Places, place: Place) -> str:
    text = places.text(place)
    return f"{path}: {text}" if text else str(path)


def _in_words(details: ErrorDetails) -> Mistake:
    """(place, what is wrong, what to write instead) of one pydantic error."""
    place = tuple(part for part in details["loc"] if part not in ("str", "dict[str,any]"))  # pydantic adds the branches of a union
    names = tuple(str(part) for part in place if isinstance(part, str))
    kind, key = details["type"], names[-1] if names else ""
    example = EXAMPLES.get(key, EXAMPLES.get(names[-2], "") if len(names) > 1 else "")
    if kind == "extra_forbidden":
        known = sorted(_MODELS[names[:-1]].model_fields) if names[:-1] in _MODELS else []
        close = difflib.get_close_matches(key, known, n=1)
        return place, f"unknown key {key!r}", f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"
    if kind == "missing":
        return place, "missing", f"write {example}"
    if kind == "time":
        return place, str(details["msg"]), f"write {example}"
    if kind in ("too_short", "string_too_short"):
        return place, "empty", f"write {example}"
    given = details["input"]
    what = "wrong kind of table" if isinstance(given, dict | list) else f"{given!r} can't be used"
    return place, what, f"write {example}"


def _topology(data: Mapping[str, Any], path: Path, given: Topology | None) -> tuple[Topology, list[Unusable]]:
    """The topology from --topology, the file's own tables or the file that it names; and the mistakes in it."""
    inline = {key: data[key] for key in TOPOLOGY_TABLES if key in data}
    named = data.get("topology")
    if given is not None:
        return given, []
    if inline and named is not None:
        return Topology(), [Unusable("names a topology and holds its tables too", f"{path}: topology", "keep one of them")]
    try:
        if isinstance(named, str) and named:
            return load_topology(path.parent / named), []
        if isinstance(named, dict):
            return topology_from(named, f"{path}: [topology]"), []
        return (topology_from(inline, str(path)) if inline else Topology()), []
    except Unusable as error:
        return Topology(), [Unusable(line) for line in str(error).splitlines()]


def _test_mistakes(
    data: Mapping[str, Any], table: OneTest | None, path: Path, catalogue: Catalogue, topology: Topology | None
) -> Iterator[Mistake]:
    """Mistakes across several keys, on disk or in the catalogue; table None: the test has other mistakes, and times aren't checked."""
    if "expect" in data:
        for place, what, remedy in expectation_mistakes(data["expect"], catalogue):
            yield ("expect", *place), what, remedy
    yield from _missing_files(data, path)
    yield from _methods_without_proxy(data.get("configured"), topology)
    if table is not None:
        yield from _clashing_times(table)


def _missing_files(data: Mapping[str, Any], path: Path) -> Iterator[Mistake]:
    captures = data.get("captures")
    for number, name in enumerate(captures if isinstance(captures, list) else ()):
        if isinstance(name, str) and name:
            if name == "-":
                yield ("captures", number), "standard input", "save the capture to a file and name that: tests may share it"
            elif not is_url(name) and not _exists(path.parent / name):
                yield ("captures", number), f"no such capture: {path.parent / name}", "paths are relative to the study file"


def _results(named: object, path: Path) -> tuple[Results | None, list[Mistake]]:
    """The Client Analyzer's results that a test names, and the mistakes in them."""
    if not isinstance(named, str) or not named:
        return None, []
    from analyzer.client_analyzer.results import load_results

    try:
        return load_results(path.parent / named), []
    except Unusable as error:
        where = "" if error.where is None else f"{error.where}: "
        return None, [(("client_analyzer",), f"{where}{error.what}", error.remedy or "name other results")]


def _exists(path: Path) -> bool:
    try:
        return path.exists() or bool(expanded(str(path)))
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def _methods_without_proxy(configured: object, topology: Topology | None) -> Iterator[Mistake]:
    """A mistake for each configured method that no proxy of the topology has."""
    known = sorted({method for proxy in topology.proxies for method in proxy.methods}) if topology else []
    for number, method in enumerate(configured if isinstance(configured, list) else ()):
        if known and isinstance(method, str) and method not in known:
            remedy = f'give that proxy method = "{method}" there, or write one of {", ".join(known)}'
            yield ("configured", number), f"no proxy of the topology has the method {method!r}", remedy


def _clashing_times(table: OneTest) -> Iterator[Mistake]:
    if table.start is not None and table.end is not None and table.end <= table.start:
        yield ("end",), "the test ends before it starts", "give end later than start"
    if table.user_logged_on is not None and table.session:
        yield ("user_logged_on",), "says once what [[test.session]] says with times", "keep one of them"
    for number, run in enumerate(table.analyzer):
        if run.end <= run.start:
            yield ("analyzer", number, "end"), "the run ends before it starts", "give end later than start"
    before: int | None = None
    for number, session in enumerate(table.session):
        place: Place = ("session", number)
        if session.logon is None and session.logoff is None:
            yield place, "neither logon nor logoff", f"write {EXAMPLES['logon']}, or user_logged_on = true for the whole test"
        if session.logon is not None and session.logoff is not None and session.logoff <= session.logon:
            yield (*place, "logoff"), "the user logs off before logging on", "give logoff later than logon"
        if number and (before is None or session.logon is None or session.logon < before):
            yield (
                (*place, "logon"),
                "begins before the session above has ended",
                "write the sessions in order, each after the other's logoff",
            )
        before = session.logoff
    for number, mark in enumerate(table.mark):
        if (table.start is not None and mark.at < table.start) or (table.end is not None and mark.at >= table.end):
            yield ("mark", number, "at"), f"{rfc3339(mark.at)} is outside of the test", "give a time between its start and end"


def _planned(table: OneTest, path: Path, results: Results | None) -> PlannedTest:
    return PlannedTest(
        title=table.title,
        captures=tuple(shown(name) for name in table.captures),
        paths=tuple(name if is_url(name) else str(path.parent / name) for name in table.captures),
        start_ns=table.start,
        end_ns=table.end,
        configured=_each_once(table.configured),
        user_logged_on=table.user_logged_on,
        sessions=tuple((session.logon, session.logoff) for session in table.session),
        marks=tuple(sorted((mark.at, mark.what) for mark in table.mark)),
        analyzer=tuple(sorted((run.start, run.end) for run in table.analyzer)),
        client_analyzer=results,
        expect=None if table.expect is None else expectations_from(table.expect),
    )


def _each_once(methods: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(methods))
