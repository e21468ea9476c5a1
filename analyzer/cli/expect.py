"""`--expect`: what should hold, and one line for each thing that doesn't."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import Unusable
from analyzer.report.labels import PLANES, ProxyLabel, source_label

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue

NONE = "none"


def load_expectations(path: str, catalogue: Catalogue) -> dict[str, str]:
    """The `winner` table of [test.expect]: service slug or "plane:NAME" → a method, a proxy's name, ip:port or "none".

    Errors  Unusable: no such file, no TOML, no such table, a key that names no service or plane, a value that is no text,
            or live_response, which only a study can judge
    """
    expect = _expect_table(path)
    if "live_response" in expect:
        raise Unusable("live_response can't be judged by this version", f"{path}: [test.expect]", "leave it out; winner is checked")
    unknown = sorted(set(expect) - {"winner"})
    if unknown:
        raise Unusable(f"unknown key {unknown[0]!r}", f"{path}: [test.expect]", 'write winner = { "edr-command-and-control" = "static" }')
    winner = expect.get("winner")
    if not isinstance(winner, dict) or not winner:
        raise Unusable("no winner to expect", f"{path}: [test.expect]", 'write winner = { "edr-command-and-control" = "static" }')
    for key, value in winner.items():
        _check_key(key, catalogue, path)
        if not isinstance(value, str) or not value:
            raise Unusable(f"{value!r} is no winner", f"{path}: winner, {key}", 'write a method, a proxy\'s name, "ip:port" or "none"')
    return dict(winner)


def _expect_table(path: str) -> Mapping[str, Any]:
    remedy = "write a [test.expect] table"
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"can't be read: {error.strerror or error}", path, "name a TOML file with --expect") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise Unusable(f"not TOML: {error}", path, remedy) from error
    test = document.get("test")
    if isinstance(test, list):
        if len(test) != 1:
            raise Unusable(f"{len(test)} tests in one file", path, "--expect takes one: [test.expect]")
        test = test[0]
    expect = test.get("expect") if isinstance(test, dict) else None
    if not isinstance(expect, dict):
        raise Unusable("no [test.expect] table", path, remedy)
    return expect


def _check_key(key: str, catalogue: Catalogue, path: str) -> None:
    plane = key.removeprefix("plane:")
    known = [f"plane:{name}" for name in PLANES] if plane != key else list(catalogue.services)
    if key in known:
        return
    close = difflib.get_close_matches(key, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "whichproxy services lists them; a plane is written plane:sensor"
    raise Unusable(f"{key!r} is no service or plane", f"{path}: winner", remedy)


def unmet(expected: Mapping[str, str], verdict: Mapping[str, Any]) -> list[str]:
    """One line for each expectation and source that doesn't hold; empty when all do.

    A winner is expected of every source that showed the service or plane, and at least one must have shown it;
    "none" holds where the service has no winner or wasn't seen.
    """
    lines = []
    for key, value in expected.items():
        seen = list(_seen(key, verdict["sources"]))
        if not seen and value.casefold() != NONE:
            lines.append(f"expected {value} to win {key}, but it wasn't seen")
        for source, entry in seen:
            if not _holds(value, entry):
                winner = str(ProxyLabel(entry["winner"], entry["winner_name"], entry["method"])) if entry["winner"] else "none"
                reason = f" ({entry['reason']})" if entry["reason"] else ""
                lines.append(f"expected {value} to win {key}, but {source} shows {winner}{reason}")
    return lines


def _seen(key: str, sources: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    kind = "planes" if key.startswith("plane:") else "services"
    name = key.removeprefix("plane:")
    return [
        (source_label(source["client_ip"], source["name"]), entry)
        for source in sources
        for entry in source[kind]
        if entry[kind[:-1]] == name
    ]


def _holds(value: str, entry: Mapping[str, Any]) -> bool:
    if entry["winner"] is None:
        return value.casefold() == NONE
    return value.casefold() in {str(name).casefold() for name in (entry["winner"], entry["winner_name"], entry["method"]) if name}
