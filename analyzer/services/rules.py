"""The contents of a catalogue: services, rules, consolidated labels, context hosts, lookalikes.

Field names and meanings are those of catalogue.toml, whose head explains each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

OWN, PLATFORM, SHARED, PATH = "own", "platform", "shared", "path"
"""Evidence of a rule: only Defender requests its hosts (own), Windows or a browser too (platform), other products too (shared);
path: the URL path decides."""

PLATFORM_PLANES: Final = ("system", "user")
"""Planes that a platform rule may have: its hosts never prove Defender, so neither its sensor nor its antivirus."""

Rows = Mapping[str, Any]
"""A catalogue file as tomllib returns it: table name to rows, and `as_of`."""

_OWN_PATHS: Final = "/networkscannerstable/"
"""A path rule under it is own evidence: only Defender's network scanner fetches from there."""


def is_regional(pattern: str) -> bool:
    """Whether the pattern has a "*" inside a label (`winatp-gw-*.microsoft.com`): a match by it alone is at most likely."""
    return "*" in pattern.removeprefix("*.")


class Service(NamedTuple):
    """A Defender service: slug and group as in the flow table, and its plane (None: not known)."""

    slug: str
    group: str
    plane: str | None = None
    title: str | None = None


class Rule(NamedTuple):
    """One host rule with everything that was published about it.

    group      of the service
    plane      the rule's own, else the service's; None: the host doesn't show it
    category   as published: required, optional, portal ...; unlisted: in none of Microsoft's lists
    date_is    "text": date is that of the source's text; "read": the text has none, it was read that day
    catalogue  the file of the rule; None: the built-in catalogue
    """

    pattern: str
    service: str
    group: str
    plane: str | None
    evidence: str = "own"
    also: tuple[str, ...] = ()
    published_name: str | None = None
    category: str = "required"
    cloud: tuple[str, ...] = ("commercial",)
    geo: str = "WW"
    port: tuple[int, ...] = (443,)
    connectivity_model: tuple[str, ...] = ("standard",)
    os: tuple[str, ...] = ("Windows",)
    url_path: str | None = None
    source: str | None = None
    date: str | None = None
    date_is: str = "text"
    notes: str | None = None
    catalogue: str | None = None

    @property
    def is_wildcard(self) -> bool:
        return self.pattern.startswith("*.")

    @property
    def is_regional(self) -> bool:
        return is_regional(self.pattern)

    @property
    def counts_as(self) -> str:
        """own, platform or shared: a path rule, which counts only where the path matches, is platform or own by its path."""
        if self.evidence != PATH:
            return self.evidence
        return OWN if (self.url_path or "").lower().startswith(_OWN_PATHS) else PLATFORM

    def covers(self, path: str | None) -> bool:
        """Whether a path rule's url_path covers `path`: "/x" that path, "/x/*" everything under it.

        Letter case is ignored, as Microsoft's servers do: signature clients request /security/encyclopedia/ADLPackages.aspx.
        """
        if self.url_path is None or path is None:
            return False
        asked = path.partition("?")[0].lower()
        wanted = self.url_path.lower()
        return asked.startswith(wanted[:-1]) if wanted.endswith("*") else asked == wanted


class Consolidated(NamedTuple):
    """The meaning of the leading labels of a host under a wildcard rule: its plane, and its possible services."""

    pattern: str
    labels: str
    plane: str
    also: tuple[str, ...] = ()
    source: str | None = None
    date: str | None = None
    date_is: str = "text"


class ContextHost(NamedTuple):
    """A host, or "*.x", that is not Defender's but whose plane is known; plane None: mixed."""

    host: str
    plane: str | None = None
    what: str | None = None
    principal: str | None = None
    why_listed: str | None = None
    source: str | None = None
    date: str | None = None
    date_is: str = "text"

    @property
    def is_wildcard(self) -> bool:
        return self.host.startswith("*.")


class Lookalike(NamedTuple):
    """A pattern of names that look like a Defender service's."""

    pattern: str
    service: str
    why: str | None = None


def frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its lists as tuples, for the classes above."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
