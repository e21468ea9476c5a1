"""The expectations in a study's [test.expect] and in the file of `report --expect`: one table, read and judged the same way."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from analyzer.errors import Mistakes, Unusable
from analyzer.findings import CODES
from analyzer.studies.places import Place, Places
from analyzer.text.labels import PLANES, ProxyLabel, source_label
from analyzer.verdict.winner import OTHER_OUTCOMES

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue
    from analyzer.studies.document import Expectation, LiveResponse

NONE: Final = "none"
ANY: Final = "any"
LIVE_OUTCOMES: Final = ("success", "timeout", "none")
PROXY_KEYS: Final = ("winner", "asked")
KEYS: Final = (*PROXY_KEYS, "outcome", "eras", "absent", "live_response")
WINNER_EXAMPLE: Final = 'write winner = { "edr-command-and-control" = "static" }'
EXAMPLES: Final = {
    "winner": WINNER_EXAMPLE,
    "asked": 'write asked = { "plane:sensor" = "static" }',
    "outcome": 'write outcome = { "plane:sensor" = "works" }',
    "eras": 'write eras = { "plane:sensor" = ["winhttp", "static"] }',
    "absent": 'write absent = { "tls-inspected" = "any" }',
    "live_response": 'write live_response = "success", "timeout" or "none"',
}
OUTCOMES: Final = ("works", "partly", *OTHER_OUTCOMES, "direct", "blocked", NONE)


@dataclass(frozen=True)
class Expectations:
    """[test.expect]. Keys of the tables are service slugs or "plane:NAME".

    winner asked   → a method, a proxy's name, ip:port or "none"
    outcome        → works, partly and so on, or "none"
    eras           → the winners one after the other, each as in winner; a single one if nothing changed
    absent         code of a finding → the proxy, as in winner, for which no harmful finding has the code, or "any"
    live_response  success, timeout or none; None: no expectation
    """

    winner: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    outcome: dict[str, str] = field(default_factory=dict)
    eras: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    live_response: str | None = None


def load_expectations(path: str, catalogue: Catalogue) -> Expectations:
    """The one [test.expect] table of a file.

    Errors  Unusable: no such file, no TOML, no such table or several; Mistakes: all mistakes in the table
    """
    from analyzer.text.toml import read_toml

    text, document = read_toml(path, "expectations", name="name a TOML file", form="write a [test.expect] table")
    tests = document.get("test")
    at: Place = ("test", "expect")
    if isinstance(tests, list):
        if len(tests) != 1:
            raise Unusable(f"{len(tests)} tests in one file", path, "--expect takes one: [test.expect]")
        tests, at = tests[0], ("test", 0, "expect")
    table = tests.get("expect") if isinstance(tests, dict) else None
    if table is None:
        raise Unusable("no [test.expect] table", path, "write a [test.expect] table")
    places = Places(text, document)
    mistakes = [
        Unusable(what, f"{path}: {places.text((*at, *place))}", remedy) for place, what, remedy in expectation_mistakes(table, catalogue)
    ]
    if mistakes:
        raise Mistakes(mistakes)
    return expectations_from(table)


def expectations_from(table: Mapping[str, Any]) -> Expectations:
    """The Expectations in a table without mistakes."""
    tables = {key: dict(table.get(key, {})) for key in (*PROXY_KEYS, "outcome", "eras", "absent")}
    return Expectations(**tables, live_response=table.get("live_response"))


def expectation_mistakes(table: object, catalogue: Catalogue) -> Iterator[tuple[Place, str, str]]:
    """(place in the table, what, remedy) of each mistake in a [test.expect] table."""
    if not isinstance(table, Mapping):
        yield (), f"{table!r} is no table", f"{WINNER_EXAMPLE} under [test.expect]"
        return
    if not table:
        yield (), "nothing to expect", WINNER_EXAMPLE
    for key, value in table.items():
        if key == "live_response":
            if value not in LIVE_OUTCOMES:
                yield (key,), f"{value!r} is no outcome", EXAMPLES[key]
        elif key == "absent":
            yield from _absent_mistakes(value)
        elif key in KEYS:
            yield from _table_mistakes(key, value, catalogue)
        else:
            close = difflib.get_close_matches(key, KEYS, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"{WINNER_EXAMPLE}, or {EXAMPLES['live_response'][6:]}"
            yield (key,), f"unknown key {key!r}", remedy


def _table_mistakes(name: str, table: object, catalogue: Catalogue) -> Iterator[tuple[Place, str, str]]:
    if not isinstance(table, Mapping) or not table:
        yield (name,), f"no {name} to expect", EXAMPLES[name]
        return
    for key, value in table.items():
        plane = key.removeprefix("plane:")
        known = [f"plane:{each}" for each in PLANES] if plane != key else list(catalogue.services)
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "whichproxy services lists them; a plane is written plane:sensor"
            yield (name, key), f"{key!r} is no service or plane", remedy
        if name == "outcome":
            if value not in OUTCOMES:
                yield (name, key), f"{value!r} is no outcome", f"one of {', '.join(OUTCOMES)}"
        elif name == "eras":
            if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
                yield (name, key), f"{value!r} are no eras", EXAMPLES[name]
        elif not isinstance(value, str) or not value:
            noun = "winner" if name == "winner" else "proxy"
            yield (name, key), f"{value!r} is no {noun}", 'write a method, a proxy\'s name, "ip:port" or "none"'


def _absent_mistakes(table: object) -> Iterator[tuple[Place, str, str]]:
    if not isinstance(table, Mapping) or not table:
        yield ("absent",), "no finding that should be absent", EXAMPLES["absent"]
        return
    for code, value in table.items():
        if code not in CODES:
            close = difflib.get_close_matches(code, list(CODES), n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "docs/findings.md lists them"
            yield ("absent", code), f"{code!r} is no finding", remedy
        if not isinstance(value, str) or not value:
            yield ("absent", code), f"{value!r} is no proxy", 'write a method, a proxy\'s name, "ip:port" or "any"'


def judged(expected: Expectations, verdict: Mapping[str, Any], live_response: LiveResponse | None = None) -> list[Expectation]:
    """Every expectation and whether it holds.

    An expected winner must be the winner of every source that showed the service or plane, and at least one source must show it;
    "none" holds if the service has no winner or wasn't seen.
    live_response  the judged one; without it live_response isn't checked
    """
    lines = [line for key, value in expected.winner.items() for line in _winner_lines(key, value, verdict)]
    lines += [line for key, value in expected.asked.items() for line in _lines("asked", key, value, verdict)]
    lines += [line for key, value in expected.outcome.items() for line in _lines("outcome", key, value, verdict)]
    lines += [line for key, value in expected.eras.items() for line in _lines("eras", key, value, verdict)]
    lines += [_absent_line(code, value, verdict) for code, value in expected.absent.items()]
    if expected.live_response is not None and live_response is not None:
        lines.append(_live_line(expected.live_response, live_response))
    return lines


def unmet(lines: Sequence[Expectation]) -> list[str]:
    """A sentence for each expectation that doesn't hold."""
    return [line["text"] for line in lines if not line["held"]]


Entry = Mapping[str, Any]


def _shown(key: str, verdict: Entry) -> tuple[str, list[tuple[Entry, Entry]]]:
    """The name of a service or plane, and (source, entry) for each source that showed it."""
    kind = "planes" if key.startswith("plane:") else "services"
    name = key.removeprefix("plane:")
    return name, [(source, entry) for source in verdict["sources"] for entry in source[kind] if entry[kind[:-1]] == name]


def _winner_lines(key: str, value: str, verdict: Entry) -> Iterator[Expectation]:
    name, seen = _shown(key, verdict)
    if not seen:
        held = value.casefold() == NONE
        text = f"nothing won for {name}, as expected: it wasn't seen" if held else f"expected {value} to win for {name}, but it wasn't seen"
        yield _line("winner", key, value, "not seen", held, None, text)
    for source, entry in seen:
        winner = str(ProxyLabel(entry["winner"], entry["winner_name"], entry["method"])) if entry["winner"] else NONE
        held, who = (
            _matches(value, entry["winner"], entry["winner_name"], entry["method"]),
            source_label(source["client_ip"], source["name"]),
        )
        reason = f" ({entry['reason']})" if entry["reason"] else ""
        text = (
            f"{winner if entry['winner'] else 'nothing'} won for {name} of {who}, as expected"
            if held
            else f"expected {value} to win for {name}, but {who} shows {winner}{reason}"
        )
        yield _line("winner", key, value, winner, held, source["client_ip"], text)


def _lines(what: str, key: str, wanted: str | list[str], verdict: Entry) -> Iterator[Expectation]:
    """The lines for one key of asked, outcome or eras (what)."""
    name, seen = _shown(key, verdict)
    wanted_text = wanted if isinstance(wanted, str) else ", then ".join(wanted)
    subject = {
        "asked": f"{wanted_text} to be asked for {name}",
        "outcome": f"the outcome of {name} to be {wanted_text}",
        "eras": f"{wanted_text} for {name}",
    }[what]
    if not seen:
        held = wanted_text.casefold() == NONE
        text = f"{name} wasn't seen, as expected" if held else f"expected {subject}, but it wasn't seen"
        yield _line(what, key, wanted_text, "not seen", held, None, text)
    for source, entry in seen:
        found, held = _found(what, wanted, entry)
        who = source_label(source["client_ip"], source["name"])
        text = f"{what} of {name} of {who}: {found}, as expected" if held else f"expected {subject}, but {who} shows {found}"
        yield _line(what, key, wanted_text, found, held, source["client_ip"], text)


def _found(what: str, wanted: str | list[str], entry: Entry) -> tuple[str, bool]:
    """(value that the entry has, as text; whether it equals the wanted one)."""
    if isinstance(wanted, list):
        eras = [(era["proxy"], era["name"], era["method"]) for era in entry["eras"]]
        found = ", then ".join(str(ProxyLabel(*era)) if era[0] else NONE for era in eras)
        return found, len(eras) == len(wanted) and all(_matches(one, *era) for one, era in zip(wanted, eras, strict=True))
    if what == "outcome":
        return entry["outcome"] or NONE, wanted == (entry["outcome"] or NONE)
    asked = (entry["asked"], entry["asked_name"], entry["asked_method"])
    return str(ProxyLabel(*asked)) if entry["asked"] else NONE, _matches(wanted, *asked)


def _absent_line(code: str, value: str, verdict: Entry) -> Expectation:
    """The line for a code that no harmful finding of the proxy (value), or of any proxy, may have."""
    labels = {p["proxy"]: ProxyLabel(p["proxy"], p["name"], p["method"]) for p in verdict["proxies"]}
    found = [one for one in verdict["findings"] if one["code"] == code and one["severity"] != "info"]
    if value.casefold() != ANY:
        found = [one for one in found if one["proxy"] and _matches(value, one["proxy"], *_name_and_method(labels.get(one["proxy"])))]
    whose = "" if value.casefold() == ANY else f" of {value}"
    if not found:
        return _line("absent", code, value, "absent", True, None, f"no {code}{whose}, as expected")
    text = f"expected no {code}{whose}, but: {found[0]['text']}"
    return _line("absent", code, value, f"{len(found)} found", False, found[0]["client_ip"], text, found[0]["flows"])


def _name_and_method(label: ProxyLabel | None) -> tuple[str | None, str | None]:
    return (label.name, label.method) if label else (None, None)


def _live_line(wanted: str, live: LiveResponse) -> Expectation:
    outcomes = list(dict.fromkeys(live["outcomes"])) or [live["outcome"]]
    seen, held = ", then ".join(live["outcomes"]) if len(outcomes) > 1 else outcomes[0], outcomes == [wanted]
    what = f"live response: {seen}" if held else f"expected live response to be a {wanted}, but it is {seen}"
    text = f"{what}, as expected" if held else f"{what} ({live['reason']})"
    return _line("live_response", "live_response", wanted, seen, held, None, text, live["flows"])


def _line(
    what: Any, key: str, wanted: str, seen: str, held: bool, client_ip: str | None, text: str, flows: Sequence[str] = ()
) -> Expectation:
    return {
        "what": what,
        "key": key,
        "wanted": wanted,
        "seen": seen,
        "held": held,
        "client_ip": client_ip,
        "text": text,
        "flows": list(flows),
    }


def _matches(value: str, proxy: str | None, name: str | None, method: str | None) -> bool:
    """Whether value names the proxy: by its method (any of several), name or address; "none" matches a missing proxy (None)."""
    if proxy is None:
        return value.casefold() == NONE
    return value.casefold() in {str(one).casefold() for one in (proxy, name, method, *(method or "").split("/")) if one}
