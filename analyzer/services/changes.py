"""The differences between Microsoft's page and the catalogue, and an own catalogue file that adds them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from analyzer.services.catalogue import NO_PLANE, Catalogue
from analyzer.services.match import lookalike, match_host
from analyzer.services.published import OPTIONAL, PORTAL, REQUIRED, Published, PublishedList
from analyzer.services.required import EVERYWHERE
from analyzer.services.rules import OWN, PATH, SHARED, Rule
from analyzer.text.toml import schema_line

NEW, CHANGED, GONE = "new", "changed", "gone"

_LISTED: Final = "device-connectivity-urls"
"""Part of the source of rules that come from such a page: only their absence from a page is meaningful."""

# Keys of a rule in the order of writing, with the default that is left out.
_WRITTEN: Final[dict[str, Any]] = {
    "pattern": None,
    "service": None,
    "evidence": OWN,
    "plane": None,
    "also": (),
    "published_name": None,
    "category": "required",
    "cloud": ("commercial",),
    "geo": "WW",
    "port": (443,),
    "connectivity_model": ("standard",),
    "os": ("Windows",),
    "url_path": None,
    "source": None,
    "date": None,
    "date_is": "text",
    "notes": None,
}


class Change(NamedTuple):
    """One difference between the page and the catalogue.

    kind   new: on the page, not in the catalogue's list · changed · gone: in the catalogue's list, not on the page
    what   in words
    row    of the page; None: gone
    rules  of that pattern in the catalogue's list, or the one that is gone; empty: new
    """

    kind: str
    pattern: str
    what: str
    row: Published | None
    rules: tuple[Rule, ...] = ()


def changes(catalogue: Catalogue, page: PublishedList) -> list[Change]:
    """Every difference, in the page's order, then missing rules in the catalogue's. A rule newer than the page isn't missing."""
    found: list[Change] = []
    seen: set[int] = set()
    for row in _once_each(catalogue, page.rows):
        rules = [rule for rule in _rules_of(catalogue, row) if _is_in(rule, page.connectivity_model, row.cloud)]
        seen.update(map(id, rules))
        if not rules:
            known = match_host(catalogue, row.pattern.removeprefix("*."), row.path)
            what = f"{row.category}, {row.geo}, {', '.join(row.cloud)}: {row.description or 'no description'}"
            found.append(Change(NEW, row.pattern, f"{what} ({_known_as(known.service, known.rule, known.possible)})", row))
        elif differences := list(_differences(row, rules)):
            differences += [f"the catalogue's text is newer, of {day}" for day in [rules[0].date] if day and _is_newer(rules[0], page)]
            found.append(Change(CHANGED, row.pattern, "; ".join(differences), row, tuple(rules)))
    for rule in catalogue.rules:
        published = rule.category in (REQUIRED, OPTIONAL) and _LISTED in (rule.source or "") and not _is_newer(rule, page)
        if published and id(rule) not in seen and _is_in(rule, page.connectivity_model, page.cloud):
            found.append(Change(GONE, rule.pattern, f"{rule.service} ({rule.category}, {rule.geo})", None, (rule,)))
    return found


def own_catalogue(catalogue: Catalogue, page: PublishedList, found: Iterable[Change]) -> str:
    """A catalogue file that, overlaid on `catalogue`, agrees with the page; what the page leaves open is a comment in it."""
    found = list(found)
    lines = [
        f"# What {_inert(page.source)} says and the catalogue didn't: read it through, then give it with --catalogue.",
        schema_line("catalogue"),
    ]
    lines += [f'as_of = "{page.day.isoformat()}"'] if page.day else []
    touched = dict.fromkeys(change.pattern for change in found if change.row is not None)
    rows = _once_each(catalogue, page.rows)
    for pattern in touched:
        lines += _written(catalogue, page, pattern, [row for row in rows if row.pattern == pattern])
    gone = [change for change in found if change.kind == GONE]
    if gone:
        lines += ["", "# No longer on the page, and still in the catalogue: a [[context]] row of that name takes a host out of it."]
        lines += [f"#   {change.pattern}  {change.what}" for change in gone]
    return "\n".join(lines) + "\n"


def _written(catalogue: Catalogue, page: PublishedList, pattern: str, rows: list[Published]) -> list[str]:
    """All rules of a pattern, because in an own file they replace the built-in ones: the page's, and those of other lists."""
    kept = [rule for rule in catalogue.rules if rule.pattern == pattern]
    added: list[tuple[Rule, str]] = []
    lines: list[str] = []
    for row in rows:
        about = _rules_of(catalogue, row)
        rule, remark = _row_for(catalogue, page, row, about)
        if rule is None:
            lines += ["", f"# new, and nothing shows which service it is for: {row.pattern}  {row.category}, {_inert(row.geo)}"]
            continue
        added.append((rule, remark))
        paths = {_path_of(rule) for rule in about}
        kept = [rest for rule in kept for rest in (_without(rule, page, row) if _path_of(rule) in paths else [rule])]
    if not added:
        return lines
    written = set()
    for rule, remark in [*added, *((rule, "") for rule in kept)]:
        if (key := _of_list(rule)) not in written:
            written.add(key)
            lines += ["", *([f"# {remark}"] if remark else []), *_table(catalogue, rule)]
    return lines


def _once_each(catalogue: Catalogue, rows: Iterable[Published]) -> list[Published]:
    """A row for each host, deciding path, cloud and geography: required where any of its rows is, with the ports of all."""
    together: dict[tuple[object, ...], Published] = {}
    for row in rows:
        about = _rules_of(catalogue, row)
        has_paths = any(rule.pattern == row.pattern and rule.evidence == PATH for rule in catalogue.rules)
        path = _path_of(about[0]) if about else row.path if has_paths else None
        key = (row.pattern, path, row.cloud, row.geo)
        other = together.get(key)
        if other is not None:
            category = min(row.category, other.category, key=(REQUIRED, OPTIONAL, PORTAL).index)
            row = other._replace(category=category, port=tuple(dict.fromkeys((*other.port, *row.port))))
        together[key] = row
    return list(together.values())


def _rules_of(catalogue: Catalogue, row: Published) -> list[Rule]:
    """The rules about the page's host: those whose path matches where the page gives a path that a rule has, else those without a path."""
    same = [rule for rule in catalogue.rules if rule.pattern == row.pattern]
    fitting = [rule for rule in same if rule.evidence == PATH and row.path is not None and _is_path_of(rule, row.path)]
    return fitting or [rule for rule in same if rule.evidence != PATH]


def _is_path_of(rule: Rule, path: str) -> bool:
    return rule.covers(path) or (rule.url_path or "").rstrip("/*").lower() == path.rstrip("/*").lower()


def _is_in(rule: Rule, model: str, cloud: tuple[str, ...]) -> bool:
    return model in rule.connectivity_model and bool(set(cloud) & set(rule.cloud))


def _is_newer(rule: Rule, page: PublishedList) -> bool:
    return page.day is not None and rule.date is not None and rule.date > page.day.isoformat()


def _differences(row: Published, rules: list[Rule]) -> Iterator[str]:
    if row.category != PORTAL and row.category not in {rule.category for rule in rules}:
        yield f"{row.category}, not {rules[0].category}"
    if not {row.geo, EVERYWHERE} & {rule.geo for rule in rules}:
        yield f"geography {row.geo}, not {rules[0].geo}"
    if more := set(row.port) - {port for rule in rules for port in rule.port}:
        yield f"port {', '.join(map(str, sorted(more)))} too"
    if fewer := set(row.cloud) - {cloud for rule in rules for cloud in rule.cloud}:
        yield f"for {', '.join(sorted(fewer))} too"


def _known_as(service: str | None, rule: str | None, possible: str | None) -> str:
    if service is not None:
        return f"{service} today, by {rule}"
    return f"perhaps {possible}" if possible else "unknown today"


def _row_for(catalogue: Catalogue, page: PublishedList, row: Published, about: list[Rule]) -> tuple[Rule | None, str]:
    """The rule that agrees with the page, and a remark; None: the host's service is unknown."""
    of_list = [rule for rule in about if _is_in(rule, page.connectivity_model, row.cloud)]
    like, remark = next(iter([*of_list, *about]), None), ""
    if like is None:
        like, remark = _guessed(catalogue, page, row)
    if like is None:
        return None, remark
    day = page.day.isoformat() if page.day else None
    return (
        like._replace(
            pattern=row.pattern,
            category=row.category,
            cloud=row.cloud,
            geo=_inert(row.geo) or EVERYWHERE,
            port=row.port or like.port,
            connectivity_model=(page.connectivity_model,),
            os=like.os if of_list else row.os,
            source=_inert(page.source) or None,
            date=day,
            date_is="text",
            notes=None,
        ),
        remark,
    )


def _guessed(catalogue: Catalogue, page: PublishedList, row: Published) -> tuple[Rule | None, str]:
    """A rule for a host without one: from the pattern that matches it, its shape, or the page's similar rows."""
    name = row.pattern.removeprefix("*.")
    match = match_host(catalogue, name, row.path)
    if match.decided_by is not None and match.decided_by.evidence != PATH:
        by = match.decided_by
        return by._replace(
            published_name=_inert(row.description or "") or None, also=match.also, url_path=None
        ), f"new: {by.pattern} named it so far"
    shape = lookalike(catalogue, name)
    service = shape.service if shape else None
    if service is None and row.description is not None:
        others = [other.pattern for other in page.rows if other.description == row.description and other.pattern != row.pattern]
        known = {match_host(catalogue, other.removeprefix("*.")).service for other in others} - {None}
        service = known.pop() if len(known) == 1 else None
    service = service or match.possible
    if service is None:
        return None, ""
    group, plane = catalogue.services[service].group, catalogue.services[service].plane
    made = Rule(row.pattern, service, group, plane, evidence=SHARED, published_name=_inert(row.description or "") or None)
    if row.path is not None and any(rule.pattern == row.pattern for rule in catalogue.rules):  # its other paths belong to other services
        path = row.path.partition("*")[0]
        return made._replace(evidence=PATH, url_path=f"{path}*" if "*" in row.path else path), "new: a path that no rule had"
    if shape:
        return made._replace(evidence=OWN), f"new: its name has the shape of {service}'s"
    return made, "new: shared until it is known which other programs ask for it; then write own or platform"


def _without(rule: Rule, page: PublishedList, row: Published) -> list[Rule]:
    """The rule's content for other lists than the page's."""
    other_clouds = tuple(cloud for cloud in rule.cloud if cloud not in row.cloud)
    same_clouds = tuple(cloud for cloud in rule.cloud if cloud in row.cloud)
    other_models = tuple(model for model in rule.connectivity_model if model != page.connectivity_model)
    rest = [rule._replace(cloud=other_clouds)] if other_clouds else []
    return rest + ([rule._replace(cloud=same_clouds, connectivity_model=other_models)] if other_models and same_clouds else [])


def _of_list(rule: Rule) -> tuple[object, ...]:
    """Identifies an entry that a catalogue file may contain once."""
    return (rule.pattern, rule.evidence, _path_of(rule), rule.service, rule.cloud, rule.connectivity_model, rule.os, rule.geo)


def _path_of(rule: Rule) -> str | None:
    """The path that decides; None: the host decides."""
    return rule.url_path if rule.evidence == PATH else None


def _table(catalogue: Catalogue, rule: Rule) -> list[str]:
    lines = ["[[rule]]"]
    for key, nothing in _WRITTEN.items():
        value = getattr(rule, key)
        if key == "plane" and value != (default := catalogue.services[rule.service].plane):
            lines.append(f"plane = {_text(value or NO_PLANE)}")
        elif key == "plane" and value == default:
            continue
        elif value != nothing:
            lines.append(f"{key} = {_list(value) if isinstance(value, tuple) else _text(value)}")
    return lines


def _list(values: tuple[Any, ...]) -> str:
    return f"[{', '.join(str(value) if isinstance(value, int) else _text(value) for value in values)}]"


def _text(value: str) -> str:
    """A TOML basic string: JSON's, without characters that JSON leaves unescaped."""
    return json.dumps(_inert(value), ensure_ascii=False)


def _inert(text: str) -> str:
    """One line of printable characters: a page is untrusted text, and a comment ends with its line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
