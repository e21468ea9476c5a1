"""What should hold, of a study's [test.expect] and of `report --expect`: one table, read and judged the same way."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from analyzer.errors import Mistakes, Unusable
from analyzer.studies.places import Place, Places
from analyzer.text.labels import PLANES, ProxyLabel, source_label

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue
    from analyzer.studies.document import Expectation, LiveResponse

NONE: Final = "none"
OUTCOMES: Final = ("success", "timeout", "none")
WINNER_EXAMPLE: Final = 'write winner = { "edr-command-and-control" = "static" }'
LIVE_EXAMPLE: Final = 'write live_response = "success", "timeout" or "none"'


@dataclass(frozen=True)
class Expectations:
    """[test.expect].

    winner         service slug or "plane:NAME" → a method, a proxy's name, ip:port or "none"
    live_response  success, timeout or none; None: nothing is expected of it
    """

    winner: dict[str, str] = field(default_factory=dict)
    live_response: str | None = None


def load_expectations(path: str, catalogue: Catalogue) -> Expectations:
    """The one [test.expect] table of a file.

    Errors  Unusable: no such file, no TOML, no such table or several; Mistakes: all that is wrong in the table
    """
    from analyzer.toml_file import read_toml

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
    """A table without mistakes as Expectations."""
    return Expectations(dict(table.get("winner", {})), table.get("live_response"))


def expectation_mistakes(table: object, catalogue: Catalogue) -> Iterator[tuple[Place, str, str]]:
    """Each mistake in a [test.expect] table as (place in it, what, remedy)."""
    if not isinstance(table, Mapping):
        yield (), f"{table!r} is no table", f"{WINNER_EXAMPLE} under [test.expect]"
        return
    if not table:
        yield (), "nothing to expect", WINNER_EXAMPLE
    for key, value in table.items():
        if key == "winner":
            yield from _winner_mistakes(value, catalogue)
        elif key == "live_response":
            if value not in OUTCOMES:
                yield (key,), f"{value!r} is no outcome", LIVE_EXAMPLE
        else:
            close = difflib.get_close_matches(key, ("winner", "live_response"), n=1)
            yield (key,), f"unknown key {key!r}", f"did you mean {close[0]}?" if close else f"{WINNER_EXAMPLE}, or {LIVE_EXAMPLE[6:]}"


def _winner_mistakes(winner: object, catalogue: Catalogue) -> Iterator[tuple[Place, str, str]]:
    if not isinstance(winner, Mapping) or not winner:
        yield ("winner",), "no winner to expect", WINNER_EXAMPLE
        return
    for key, value in winner.items():
        plane = key.removeprefix("plane:")
        known = [f"plane:{name}" for name in PLANES] if plane != key else list(catalogue.services)
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "whichproxy services lists them; a plane is written plane:sensor"
            yield ("winner", key), f"{key!r} is no service or plane", remedy
        if not isinstance(value, str) or not value:
            yield ("winner", key), f"{value!r} is no winner", 'write a method, a proxy\'s name, "ip:port" or "none"'


def judged(expected: Expectations, verdict: Mapping[str, Any], live_response: LiveResponse | None = None) -> list[Expectation]:
    """Every expectation and whether it holds.

    A winner is expected of every source that showed the service or plane, and at least one must have shown it;
    "none" holds where the service has no winner or wasn't seen.
    live_response  as judged; needed where it is expected
    """
    lines = [line for key, value in expected.winner.items() for line in _winner_lines(key, value, verdict)]
    if expected.live_response is not None and live_response is not None:
        lines.append(_live_line(expected.live_response, live_response))
    return lines


def unmet(lines: Sequence[Expectation]) -> list[str]:
    """A sentence for each expectation that doesn't hold."""
    return [line["text"] for line in lines if not line["held"]]


def _winner_lines(key: str, value: str, verdict: Mapping[str, Any]) -> Iterator[Expectation]:
    kind = "planes" if key.startswith("plane:") else "services"
    name = key.removeprefix("plane:")
    seen = [(source, entry) for source in verdict["sources"] for entry in source[kind] if entry[kind[:-1]] == name]
    if not seen:
        held = value.casefold() == NONE
        text = f"nothing won for {name}, as expected: it wasn't seen" if held else f"expected {value} to win for {name}, but it wasn't seen"
        yield _line("winner", key, value, "not seen", held, None, text)
    for source, entry in seen:
        winner = str(ProxyLabel(entry["winner"], entry["winner_name"], entry["method"])) if entry["winner"] else NONE
        held, who = _holds(value, entry), source_label(source["client_ip"], source["name"])
        reason = f" ({entry['reason']})" if entry["reason"] else ""
        text = (
            f"{winner if entry['winner'] else 'nothing'} won for {name} of {who}, as expected"
            if held
            else f"expected {value} to win for {name}, but {who} shows {winner}{reason}"
        )
        yield _line("winner", key, value, winner, held, source["client_ip"], text)


def _live_line(wanted: str, live: LiveResponse) -> Expectation:
    seen = live["outcome"]
    held = wanted == seen
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


def _holds(value: str, entry: Mapping[str, Any]) -> bool:
    if entry["winner"] is None:
        return value.casefold() == NONE
    return value.casefold() in {str(name).casefold() for name in (entry["winner"], entry["winner_name"], entry["method"]) if name}
