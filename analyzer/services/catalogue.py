"""The catalogue: every rule that assigns a host name to Defender, and an index to find rules quickly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from analyzer.services.built_in import FILE, built_in
from analyzer.services.hosts import label_expression, regional_expression, written_name
from analyzer.services.rules import OWN, PATH, PLATFORM, SHARED, Consolidated, ContextHost, Lookalike, Rows, Rule, Service, frozen

_YEAR_DAYS = 366

NO_PLANE = "none"
"""The value of a rule's `plane` where the host doesn't show the plane, although its service has one."""

# Within one pattern: a matching path is more specific than the host; own evidence goes before platform, and platform before shared.
_BEFORE = {PATH: 0, OWN: 1, PLATFORM: 2, SHARED: 3}


class _Node:
    """One label in the tree of names, which is walked from a name's last label to its first."""

    __slots__ = ("below", "exact", "regional", "under")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.exact: list[Rule] = []
        self.regional: dict[re.Pattern[str], list[Rule]] = {}
        self.under: list[Rule] = []


class Catalogue:
    """Rules, context hosts and lookalikes of one or more catalogue files.

    services      slug → Service
    rules         every Rule, in file order
    context       host or "*.x" → ContextHost
    consolidated  wildcard pattern → the meanings of its hosts' leading labels
    lookalikes    every Lookalike, in file order
    as_of         the day on which its lists were last read, from the topmost file that gives one; None: none does
    sha256        of its files' bytes, one file after the other from the built-in one on; None: no file
    """

    def __init__(
        self,
        services: Iterable[Service],
        rules: Iterable[Rule],
        context: Iterable[ContextHost] = (),
        consolidated: Iterable[Consolidated] = (),
        lookalikes: Iterable[Lookalike] = (),
        *,
        as_of: str | None = None,
        sha256: str | None = None,
    ) -> None:
        self.services = {service.slug: service for service in services}
        self.rules = tuple(rules)
        self.context = {row.host: row for row in context}
        self.consolidated: dict[str, list[Consolidated]] = {}
        for row in consolidated:
            self.consolidated.setdefault(row.pattern, []).append(row)
        self.lookalikes = tuple(lookalikes)
        self.as_of = as_of
        self.sha256 = sha256
        self._first = {rule.pattern: at for at, rule in reversed(list(enumerate(self.rules)))}
        self._root = _Node()
        for rule in sorted(self.rules, key=lambda r: (_BEFORE[r.evidence], -len(r.url_path or ""))):
            self._plant(rule)

    def _plant(self, rule: Rule) -> None:
        labels = rule.pattern.removeprefix("*.").split(".")
        if rule.is_regional:  # at the labels right of its last "*"
            labels = labels[max(at for at, label in enumerate(labels) if "*" in label) + 1 :]
        node = self._root
        for label in reversed(labels):
            node = node.below.setdefault(label, _Node())
        if rule.is_regional:
            node.regional.setdefault(re.compile(regional_expression(rule.pattern)), []).append(rule)
        else:
            (node.under if rule.is_wildcard else node.exact).append(rule)

    def is_a_year_old_on(self, day: date) -> bool:
        """Whether the lists were last read more than a year before this day."""
        return self.as_of is not None and (day - date.fromisoformat(self.as_of)).days > _YEAR_DAYS

    def levels(self, name: str) -> list[list[Rule]]:
        """The rules whose pattern matches `name`, grouped by pattern: exact, then regional, then suffixes, longest first.

        name  as hosts.dns_name returns it. Within a group: path rules (longest url_path first), own, platform, shared; then file order.
        """
        under: list[list[Rule]] = []
        regional: list[list[Rule]] = []
        node: _Node | None = self._root
        for label in reversed(name.split(".")):
            node = node.below.get(label) if node else None
            if node is None:
                break
            if node.under:
                under.append(node.under)
            if node.regional:
                regional.extend(rules for shape, rules in node.regional.items() if shape.fullmatch(name))
        exact = [node.exact] if node is not None and node.exact else []
        regional.sort(key=lambda rules: (-len(rules[0].pattern), self._first[rules[0].pattern]))
        return [*exact, *regional, *reversed(under)]

    def context_of(self, name: str) -> ContextHost | None:
        """The context host of that name, else of its longest suffix; name as hosts.dns_name returns it."""
        found = self.context.get(name)
        while found is None and name:
            found = self.context.get(f"*.{name}")
            name = name.partition(".")[2]
        return found

    @cached_property
    def shapes(self) -> re.Pattern[str]:
        """All lookalike patterns as one expression, with a group for each in the order of `lookalikes`.

        Compiled on first use, which most runs never reach; one expression, since every unknown name is matched against it.
        """
        return re.compile("|".join(f"({label_expression(row.pattern)})" for row in self.lookalikes) or r"(?!)")


def load_catalogue(paths: Iterable[str | Path] = ()) -> Catalogue:
    """The built-in catalogue overlaid with the users' own files, the last one on top.

    A file's rules replace all rules of the same pattern below it; its context hosts replace the context host and the exact rules of the
    same name; its services replace those of the same slug.

    Errors  Mistakes (an Unusable) with every mistake of every file
    """
    rows, sha256 = built_in()
    layers: list[tuple[Rows, str | None]] = [(rows, None)]
    paths = list(paths)
    if paths:
        import hashlib

        # importing pydantic takes longer than reading the built-in catalogue; a test validates that one with the same models
        from analyzer.services.own_file import read_own_files

        digest = hashlib.sha256(FILE.read_bytes())
        for path, (content, own) in zip(paths, read_own_files(paths, rows), strict=True):
            digest.update(content)
            layers.append((own, str(path)))
        sha256 = digest.hexdigest()
    return _stack(layers, sha256)


def _stack(layers: list[tuple[Rows, str | None]], sha256: str) -> Catalogue:
    services: dict[str, Service] = {}
    rules: list[tuple[dict[str, Any], str | None]] = []
    context: dict[str, ContextHost] = {}
    consolidated: list[Consolidated] = []
    lookalikes: list[Lookalike] = []
    as_of = None
    for rows, origin in layers:
        services |= {row["slug"]: Service(**row) for row in rows.get("service", ())}
        own = [({**row, "pattern": written_name(row["pattern"])}, origin) for row in rows.get("rule", ())]
        hosts = [ContextHost(**{**row, "host": written_name(row["host"])}) for row in rows.get("context", ())]
        replaced = {row["pattern"] for row, _ in own} | {host.host for host in hosts}
        rules = [(row, old) for row, old in rules if row["pattern"] not in replaced] + own
        context |= {host.host: host for host in hosts}
        consolidated = [Consolidated(**frozen(row)) for row in rows.get("consolidated", ())] + consolidated
        lookalikes += [Lookalike(**row) for row in rows.get("lookalike", ())]
        as_of = rows.get("as_of", as_of)
    return Catalogue(
        services.values(),
        [_rule(row, services[row["service"]], origin) for row, origin in rules],
        context.values(),
        consolidated,
        lookalikes,
        as_of=as_of,
        sha256=sha256,
    )


def _rule(row: Mapping[str, Any], service: Service, origin: str | None) -> Rule:
    written = frozen({"plane": service.plane, **row})
    if written["plane"] == NO_PLANE:
        written["plane"] = None
    return Rule(**written, group=service.group, catalogue=origin)
