"""A host's service, its plane, and the reason.

The order of rules, as in the contract:
1) own evidence beats platform, platform beats shared; a path rule counts, as platform or own, only when a visible URL path matches it 2)
the exact name beats a regional pattern (a "*" inside a label), that a suffix, a longer suffix a shorter one; "*.x" also matches x 3) an
exact context host beats every wildcard, regional patterns too: such a host has no service, and its plane is the context's 4) a shared rule
alone only gives a possible service. It doesn't give the plane either: login.live.com serves push
   notifications of SYSTEM and the user's browser alike. A context's plane is kept beside a shared rule.
5) a platform rule names the service and never proves Defender: its plane is system, user or none

An exact own or platform rule beats a context host of the same name. Remaining ties go by the order of the file.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from analyzer.services.catalogue import Catalogue
from analyzer.services.hosts import dns_name
from analyzer.services.rules import OWN, PATH, PLATFORM, PLATFORM_PLANES, SHARED, Consolidated, ContextHost, Lookalike, Rule


class Match(NamedTuple):
    """The catalogue's result for one host: the flow table's service columns, and the rows that decided."""

    decided_by: Rule | None = None
    possible_by: Rule | None = None
    context: ContextHost | None = None
    consolidated: Consolidated | None = None

    @property
    def service(self) -> str | None:
        return self.decided_by.service if self.decided_by else None

    @property
    def group(self) -> str | None:
        return self.decided_by.group if self.decided_by else None

    @property
    def rule(self) -> str | None:
        """The pattern that set the service."""
        return self.decided_by.pattern if self.decided_by else None

    @property
    def evidence(self) -> str | None:
        """own or platform, of the rule that set the service."""
        return self.decided_by.counts_as if self.decided_by else None

    @property
    def is_regional(self) -> bool:
        """Whether a pattern for regions that no list prints set the service: the result is then at most likely."""
        return self.decided_by is not None and self.decided_by.is_regional

    @property
    def also(self) -> tuple[str, ...]:
        if self.consolidated:
            return self.consolidated.also
        return self.decided_by.also if self.decided_by else ()

    @property
    def possible(self) -> str | None:
        return self.possible_by.service if self.possible_by else None

    @property
    def plane(self) -> str | None:
        if self.decided_by is None:
            return self.context.plane if self.context else None
        plane = self.consolidated.plane if self.consolidated else self.decided_by.plane
        return plane if self.evidence == OWN or plane in PLATFORM_PLANES else None

    @property
    def why(self) -> str:
        """The reason in one sentence."""
        if self.decided_by:
            reason = _reason(self.decided_by)
            return f"{reason}; its first labels {self.consolidated.labels} tell the plane" if self.consolidated else reason
        if self.possible_by:
            reason = f"{self.possible_by.pattern} is shared with others, which is not enough to call it {self.possible_by.service}"
            return f"{reason}; known as {_what(self.context)}" if self.context else reason
        if self.context:
            return f"not Defender's: known as {_what(self.context)}"
        return "no rule takes in this name"


NOTHING = Match()


def _reason(rule: Rule) -> str:
    if rule.evidence == PATH:
        return f"the path fits {rule.url_path} of {rule.pattern}"
    if rule.is_regional:
        return f"{rule.pattern} takes it in: a region that the lists don't print, at most likely"
    if rule.is_wildcard:
        return f"{rule.pattern} is the longest suffix that takes it in"
    return f"{rule.pattern} is listed by its full name"


def _what(context: ContextHost | None) -> str:
    return (context.what if context else None) or "a context host"


def match_host(catalogue: Catalogue, host: str | None, path: str | None = None) -> Match:
    """The catalogue's result for `host`; NOTHING for None, an address, or an invalid name.

    host  as sent: any case, with or without trailing dot and port
    path  URL path where it was visible; a query is ignored
    """
    name = dns_name(host) if host is not None else None
    if name is None:
        return NOTHING
    levels = catalogue.levels(name)
    context = catalogue.context_of(name)
    if not levels and context is None:
        return NOTHING
    if context is not None and not context.is_wildcard:
        levels = [level for level in levels if not (level[0].is_wildcard or level[0].is_regional)]
    for evidence in (OWN, PLATFORM):
        for level in levels:
            for rule in level:
                if rule.counts_as == evidence and (rule.evidence != PATH or rule.covers(path)):
                    return Match(decided_by=rule, context=context, consolidated=_by_labels(catalogue, rule, name))
    shared = next((rule for level in levels for rule in level if rule.evidence == SHARED), None)
    return Match(possible_by=shared, context=context)


def has_path_rule(catalogue: Catalogue, host: str | None) -> bool:
    """Whether the URL path can change the result for `host`."""
    name = dns_name(host) if host is not None else None
    return name is not None and any(rule.evidence == PATH for level in catalogue.levels(name) for rule in level)


def _by_labels(catalogue: Catalogue, rule: Rule, name: str) -> Consolidated | None:
    """The row whose label patterns match the name's first labels, one by one, left of the rule's suffix."""
    rows = catalogue.consolidated.get(rule.pattern)
    if not rows:
        return None
    labels = name.split(".")[: -len(rule.pattern.split(".")) + 1]
    for row in rows:
        wanted = row.labels.split(".")
        if len(labels) >= len(wanted) and all(fnmatchcase(label, want) for label, want in zip(labels, wanted, strict=False)):
            return row
    return None


def lookalike(catalogue: Catalogue, host: str | None) -> Lookalike | None:
    """The lookalike row whose pattern matches an unknown name; None for a name with a rule, or without a match."""
    name = dns_name(host) if host is not None else None
    if name is None or match_host(catalogue, name).service is not None:
        return None
    found = catalogue.shapes.fullmatch(name)
    return catalogue.lookalikes[found.lastindex - 1] if found and found.lastindex else None


def is_defender_like(catalogue: Catalogue, host: str | None) -> bool:
    """Whether a name without a rule looks like one of Defender's (finding `unknown-defender-name`)."""
    return lookalike(catalogue, host) is not None
