"""The catalogue: every rule by which a host name is called Defender's, and the index that finds them fast."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from analyzer.errors import Unusable
from analyzer.services.hosts import dns_name, label_expression
from analyzer.services.rules import Consolidated, ContextHost, Lookalike, Rule, Service, frozen

BUILT_IN = Path(__file__).with_name("catalogue.toml")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""A catalogue file as tomllib gives it: table name to rows."""

# Within one pattern: a path that fits says more than the host, and own evidence more than shared.
_BEFORE = {"path": 0, "own": 1, "shared": 2}


class _Node:
    """One label of the tree that is read from a name's last label to its first."""

    __slots__ = ("below", "exact", "under")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.exact: list[Rule] = []
        self.under: list[Rule] = []


class Catalogue:
    """Rules, context hosts and lookalikes of one or more catalogue files.

    services      slug → Service
    rules         every Rule, in file order
    context       host → ContextHost
    consolidated  wildcard pattern → what its hosts' leading labels tell
    lookalikes    every Lookalike, in file order
    """

    def __init__(
        self,
        services: Iterable[Service],
        rules: Iterable[Rule],
        context: Iterable[ContextHost] = (),
        consolidated: Iterable[Consolidated] = (),
        lookalikes: Iterable[Lookalike] = (),
    ) -> None:
        self.services = {service.slug: service for service in services}
        self.rules = tuple(rules)
        self.context = {row.host: row for row in context}
        self.consolidated: dict[str, list[Consolidated]] = {}
        for row in consolidated:
            self.consolidated.setdefault(row.pattern, []).append(row)
        self.lookalikes = tuple(lookalikes)
        self._root = _Node()
        for rule in sorted(self.rules, key=lambda r: (_BEFORE[r.evidence], -len(r.url_path or ""))):
            self._plant(rule)

    def _plant(self, rule: Rule) -> None:
        node = self._root
        for label in reversed(rule.pattern.removeprefix("*.").split(".")):
            node = node.below.setdefault(label, _Node())
        (node.under if rule.is_wildcard else node.exact).append(rule)

    def levels(self, name: str) -> list[list[Rule]]:
        """The rules whose pattern takes in `name`, in groups of one pattern: the exact one first, then suffixes, longest first.

        name  as hosts.dns_name gives it. Within a group: path rules (longest url_path first), own, shared.
        """
        found: list[list[Rule]] = []
        node: _Node | None = self._root
        for label in reversed(name.split(".")):
            node = node.below.get(label) if node else None
            if node is None:
                break
            if node.under:
                found.append(node.under)
        if node is not None and node.exact:
            found.append(node.exact)
        found.reverse()
        return found

    @cached_property
    def shapes(self) -> re.Pattern[str]:
        """All lookalike patterns as one, with a group for each in the order of `lookalikes`.

        Compiled when first asked for, which most runs never do; one expression, since every unknown name is put to it.
        """
        return re.compile("|".join(f"({label_expression(row.pattern)})" for row in self.lookalikes) or r"(?!)")

    def required_rules(self, *, cloud: str, geo: str, connectivity_model: str) -> list[Rule]:
        """Rules that Microsoft calls required for such a device: of its own geography and of "WW".

        cloud commercial, GCC, GCCH, DoD · geo US, EU, UK, AU, UAE, USGov … · connectivity_model standard, streamlined
        Errors  Unusable for a value that no rule has, naming those there are
        """
        _known("cloud", cloud, {value for rule in self.rules for value in rule.cloud})
        _known("geo", geo, {rule.geo for rule in self.rules})
        _known("connectivity_model", connectivity_model, {value for rule in self.rules for value in rule.connectivity_model})
        return [
            rule
            for rule in self.rules
            if rule.category == "required"
            and cloud in rule.cloud
            and rule.geo in (geo, "WW")
            and connectivity_model in rule.connectivity_model
        ]


def _known(what: str, value: str, known: set[str]) -> None:
    if value not in known:
        raise Unusable(f"no rule has {what} {value!a}", remedy=f"use one of {', '.join(sorted(known))}")


def load_catalogue(paths: Iterable[str | Path] = ()) -> Catalogue:
    """The built-in catalogue with the users' own files laid over it, the last one on top.

    A file's rules replace all rules of the same pattern below it; its context hosts replace the context host and the
    exact rules of the same name; its services replace those of the same slug.
    Errors  Mistakes (an Unusable) with every mistake of every file
    """
    layers: list[tuple[Rows, str | None]] = [(tomllib.loads(BUILT_IN.read_text("utf-8")), None)]
    paths = list(paths)
    if paths:
        # pydantic costs more to import than the built-in catalogue to read; a test holds the built-in file to the same models
        from analyzer.services.own_file import read_own_files

        layers += [(rows, str(path)) for path, rows in zip(paths, read_own_files(paths, layers[0][0]), strict=True)]
    return _stack(layers)


def _stack(layers: list[tuple[Rows, str | None]]) -> Catalogue:
    services: dict[str, Service] = {}
    rules: list[tuple[dict[str, Any], str | None]] = []
    context: dict[str, ContextHost] = {}
    consolidated: list[Consolidated] = []
    lookalikes: list[Lookalike] = []
    for rows, origin in layers:
        services |= {row["slug"]: Service(**row) for row in rows.get("service", ())}
        own = [({**row, "pattern": written_name(row["pattern"])}, origin) for row in rows.get("rule", ())]
        hosts = [ContextHost(**{**row, "host": written_name(row["host"])}) for row in rows.get("context", ())]
        replaced = {row["pattern"] for row, _ in own} | {host.host for host in hosts}
        rules = [(row, old) for row, old in rules if row["pattern"] not in replaced] + own
        context |= {host.host: host for host in hosts}
        consolidated = [Consolidated(**frozen(row)) for row in rows.get("consolidated", ())] + consolidated
        lookalikes += [Lookalike(**row) for row in rows.get("lookalike", ())]
    return Catalogue(
        services.values(),
        [_rule(row, services[row["service"]], origin) for row, origin in rules],
        context.values(),
        consolidated,
        lookalikes,
    )


def _rule(row: Mapping[str, Any], service: Service, origin: str | None) -> Rule:
    return Rule(**frozen({"plane": service.plane, **row}), group=service.group, catalogue=origin)


def written_name(pattern: str) -> str:
    """A pattern or host of a catalogue file as hosts.dns_name would write it; "*." stays. Unchanged when it is no name."""
    lead = "*." if pattern.startswith("*.") else ""
    name = dns_name(pattern.removeprefix("*."))
    return pattern if name is None else lead + name
