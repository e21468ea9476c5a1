"""Reads a user's own catalogue file and reports all its mistakes at once: where, what, and what to write instead."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from analyzer.errors import Mistakes, Unusable, unreadable
from analyzer.services.hosts import dns_name, written_name
from analyzer.services.rules import Rows, is_regional
from analyzer.text.urls import check_local

Plane = Literal["sensor", "antivirus", "system", "user"]
PlaneOrNone = Literal["sensor", "antivirus", "system", "user", "none"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Text = Annotated[str, Field(min_length=1)]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
_ALONE = "a host name alone, without scheme, port, path or address"


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ValueError("write a day, as 2026-07-03") from error


def _host(value: str) -> str:
    if dns_name(value.removeprefix("*.")) is None or ":" in value:
        raise ValueError(f'write "name" or "*.name": {_ALONE}')
    return written_name(value)


def _pattern(value: str) -> str:
    if dns_name(value.removeprefix("*.").replace("*", "x")) is None or ":" in value or (is_regional(value) and not _is_of_regions(value)):
        raise ValueError(
            f'write "name", "*.name" or, where only regions differ, "gw-*.name": {_ALONE}, with one "*" in a label beside other characters'
        )
    return written_name(value)


def _is_of_regions(pattern: str) -> bool:
    """Whether it has at most one "*" per label (more would match slowly), beside other characters, and none in the last label."""
    *labels, last = pattern.removesuffix(".").split(".")
    return pattern.isascii() and "*" not in last and all(label.count("*") < 2 and label != "*" for label in labels)


def _label_shape(value: str) -> str:
    if dns_name(re.sub(r"[*?#]", "x", value)) is None:
        raise ValueError('write a host name in which "*", "?" and "#" replace letters and digits')
    return value


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Sourced(_Row):
    source: Text | None = None
    date: Date | None = None
    date_is: Literal["text", "read"] = "text"


class ServiceRow(_Row):
    slug: Slug
    group: Slug
    plane: Plane | None = None
    title: Text | None = None


class RuleRow(_Sourced):
    pattern: Annotated[str, AfterValidator(_pattern)]
    service: Slug
    evidence: Literal["own", "platform", "shared", "path"] = "own"
    plane: PlaneOrNone | None = None
    also: list[Slug] = []
    published_name: Text | None = None
    category: Slug = "required"
    cloud: Annotated[list[Text], Field(min_length=1)] = ["commercial"]
    geo: Text = "WW"
    port: Annotated[list[Annotated[int, Field(ge=1, le=65535)]], Field(min_length=1)] = [443]
    connectivity_model: Annotated[list[Literal["standard", "streamlined"]], Field(min_length=1)] = ["standard"]
    os: Annotated[list[Text], Field(min_length=1)] = ["Windows"]
    url_path: Text | None = None
    notes: Text | None = None

    @model_validator(mode="after")
    def _path_rule_has_a_path(self) -> RuleRow:
        if self.evidence == "path" and not re.fullmatch(r"/[^*?#]*\*?", self.url_path or ""):
            raise ValueError('evidence = "path" needs url_path = "/x" or "/x/*" (a query is never compared)')
        return self


class ContextRow(_Sourced):
    host: Annotated[str, AfterValidator(_host)]
    plane: Plane | None = None
    what: Text | None = None
    principal: Text | None = None
    why_listed: Text | None = None


class ConsolidatedRow(_Sourced):
    pattern: Annotated[str, AfterValidator(_pattern), Field(pattern=r"^\*\.")]
    labels: Annotated[str, AfterValidator(_label_shape)]
    plane: Plane
    also: list[Slug] = []


class LookalikeRow(_Row):
    pattern: Annotated[str, AfterValidator(_label_shape)]
    service: Slug
    why: Text | None = None


class CatalogueFile(_Row):
    """A whole catalogue file; a test validates the built-in one with this model."""

    as_of: Annotated[str, AfterValidator(_day)] | None = None
    service: list[ServiceRow] = []
    rule: list[RuleRow] = []
    context: list[ContextRow] = []
    consolidated: list[ConsolidatedRow] = []
    lookalike: list[LookalikeRow] = []


def read_own_files(paths: Iterable[str | Path], built_in: Rows) -> list[tuple[bytes, Rows]]:
    """The bytes of each file and their rows, checked. A file may use services of the built-in catalogue and of the files before it.

    Errors  Mistakes: those of all files
    """
    slugs = {row["slug"] for row in built_in["service"]}
    patterns = {row["pattern"] for row in built_in["rule"]}
    read: list[tuple[bytes, Rows]] = []
    mistakes: list[Unusable] = []
    for path in paths:
        check_local(path)
        try:
            content = Path(path).read_bytes()
            text = content.decode()
            rows: dict[str, Any] = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            mistakes.append(_unreadable(path, error))
            continue
        found = list(check_rows(rows, slugs, patterns))
        mistakes += [_mistake(path, text, rows, *one) for one in found]
        if not found:
            slugs |= {row["slug"] for row in rows.get("service", ())}
            patterns |= {written_name(row["pattern"]) for row in rows.get("rule", ())}
            read.append((content, rows))
    if mistakes:
        raise Mistakes(mistakes)
    return read


def _unreadable(path: str | Path, error: Exception) -> Unusable:
    if isinstance(error, OSError):
        return unreadable(
            error, f"can't be read ({error.strerror or type(error).__name__})", str(path), "give the path of a catalogue file (TOML)"
        )
    if isinstance(error, tomllib.TOMLDecodeError):
        return Unusable(f"not TOML: {ascii(str(error))[1:-1]}", str(path), "mend it there")
    if isinstance(error, UnicodeDecodeError):
        return Unusable(f"not UTF-8 at byte offset {error.start}", str(path), "save it as UTF-8")
    return Unusable("nested too deeply", str(path), "a catalogue is a list of [[rule]] tables")


Place = tuple[str | int, ...]


def check_rows(rows: Mapping[str, Any], slugs: set[str], patterns: set[str]) -> Iterator[tuple[Place, str, str]]:
    """Each mistake as (place, what, remedy); none when the rows are a valid catalogue.

    slugs patterns  of the services and rules known so far; the rows' own tables add to them
    """
    try:
        checked = CatalogueFile.model_validate(rows)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield tuple(detail["loc"]), *_in_words(detail)
        return
    yield from _unknown_services(checked, slugs | {service.slug for service in checked.service})
    yield from _repeated_rules(checked.rule)
    ruled = patterns | {rule.pattern for rule in checked.rule}
    for number, row in enumerate(checked.consolidated):
        if row.pattern not in ruled:
            yield ("consolidated", number, "pattern"), f"no rule has the pattern {row.pattern}", "add the [[rule]] that it refines"


def _unknown_services(checked: CatalogueFile, known: set[str]) -> Iterator[tuple[Place, str, str]]:
    named = [(("rule", number, "service"), [row.service]) for number, row in enumerate(checked.rule)]
    named += [(("rule", number, "also"), row.also) for number, row in enumerate(checked.rule)]
    named += [(("consolidated", number, "also"), row.also) for number, row in enumerate(checked.consolidated)]
    named += [(("lookalike", number, "service"), [row.service]) for number, row in enumerate(checked.lookalike)]
    for place, slugs in named:
        for slug in slugs:
            if slug not in known:
                yield place, f"no service is called {slug}", _nearest(slug, known, "describe it in a [[service]] table")


def _repeated_rules(rules: list[RuleRow]) -> Iterator[tuple[Place, str, str]]:
    """Duplicate rules: a host may occur once per list, and only a shared host may belong to several services."""
    seen: dict[tuple[str, str, str | None], int] = {}
    lists: dict[tuple[object, ...], int] = {}
    for number, rule in enumerate(rules):
        path = rule.url_path if rule.evidence == "path" else None
        first = seen.setdefault((rule.pattern, rule.evidence, path), number)
        other = first if rule.service != rules[first].service and rule.evidence != "shared" else None
        of_list = (*rule.cloud, "", *rule.connectivity_model, "", *rule.os, "", rule.geo)
        same = lists.setdefault((rule.pattern, rule.evidence, path, rule.service, *of_list), number)
        if other is None and same != number:
            other = same
        if other is not None:
            yield ("rule", number, "pattern"), f"same as [[rule]] {other + 1}", "keep one of them"


def _nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    close = get_close_matches(word, sorted(known), 1)
    return f"write {close[0]}, or {otherwise}" if close else otherwise


def _in_words(detail: ErrorDetails) -> tuple[str, str]:
    """One pydantic error as (what is wrong, what to write instead)."""
    kind, context = detail["type"], detail.get("ctx", {})
    given = ascii(detail["input"])[:60]
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        fields = _fields(detail["loc"])
        return "unknown key", _nearest(key, fields, f"use {', '.join(fields)}")
    if kind == "missing":
        return "missing", f"add {key} = ..."
    if kind == "literal_error":
        return f"is {given}", f"write {context['expected']}"
    if kind == "value_error":
        return f"is {given}" if isinstance(detail["input"], str) else "incomplete", str(context["error"])
    if kind == "string_pattern_mismatch":
        examples = {"date": "2026, 2026-07 or 2026-07-03", "pattern": "*.name"}
        return f"is {given}", f"write it like {examples.get(key, 'cloud-protection: small letters, digits and single hyphens')}"
    return f"is {given}", detail["msg"].lower()


_TABLES: dict[str, type[BaseModel]] = {
    "service": ServiceRow,
    "rule": RuleRow,
    "context": ContextRow,
    "consolidated": ConsolidatedRow,
    "lookalike": LookalikeRow,
}


def _fields(place: Place) -> list[str]:
    return list(_TABLES[str(place[0])].model_fields) if len(place) > 1 else list(CatalogueFile.model_fields)


def _mistake(path: str | Path, text: str, rows: Mapping[str, Any], place: Place, what: str, remedy: str) -> Unusable:
    table, *rest = place
    where = [str(path)]
    if rest and isinstance(rest[0], int):
        line = _line(text, str(table), rest[0], len(rows[str(table)]))
        where.append(f"[[{table}]] {rest[0] + 1}" + (f" (line {line})" if line else ""))
        rest = rest[1:]
    else:
        rest = [table, *rest]
    if rest:
        where.append(".".join(ascii(part)[1:-1] if isinstance(part, str) else str(part + 1) for part in rest))
    return Unusable(what, ": ".join(where), remedy)


def _line(text: str, table: str, number: int, n_rows: int) -> int | None:
    """Line of the row's [[table]] header; None where rows are written in another way, so that headers can't be counted."""
    headers = [match.start() for match in re.finditer(rf"^[ \t]*\[\[[ \t]*{re.escape(table)}[ \t]*\]\]", text, re.MULTILINE)]
    return text.count("\n", 0, headers[number]) + 1 if len(headers) == n_rows else None
