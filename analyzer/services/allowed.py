"""The hosts that Microsoft requires and a proxy's allow list lacks. The list may have any form: its entries are host patterns.

Plain lists, squid's dstdomain, Zscaler's `.x`, Palo Alto's `x/`, CSV, FortiGate's commands and PAC files are read: every word that is a
host name or a wildcard counts as an entry, whatever surrounds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from analyzer.errors import Unusable
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import Device, required_rules
from analyzer.services.rules import Rule

MAX_FILE: Final = 8 << 20
_ENTRY: Final = re.compile(
    r"(?<![A-Za-z0-9_.*-])(?P<wild>\*\.|\.)?(?P<name>(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z]{2,24})(?![A-Za-z0-9_.-]*[A-Za-z0-9_-])"
)


def read_allowed(path: str | Path) -> list[str]:
    """The distinct patterns of an allow list: "x", or "*.x" for x and all below.

    Errors  Unusable: can't be read, or contains no host
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Unusable(error.strerror or "can't be read", str(path), "name a file with the hosts that the proxy lets through") from error
    if len(content) > MAX_FILE:
        raise Unusable("is larger than any allow list (8 MB)", str(path), "name a file with the hosts that the proxy lets through")
    lines = content.decode("utf-8-sig", "replace").splitlines()
    found = dict.fromkeys(
        ("*." if entry["wild"] else "") + entry["name"].lower() for line in lines for entry in _ENTRY.finditer(_without_comment(line))
    )
    if not found:
        raise Unusable("no host name in it", str(path), "one host a line, or the proxy's own configuration")
    return list(found)


def _without_comment(line: str) -> str:
    """The line without its comment: in all these forms a comment begins with # or // at the start or after a blank."""
    return re.split(r"(?:^|\s)(?:#|//)", line, maxsplit=1)[0]


def lacking(catalogue: Catalogue, device: Device, allowed: Sequence[str]) -> list[Rule]:
    """The required rules for such a device that no entry fully covers, each pattern once, in the catalogue's order."""
    found: dict[str, Rule] = {}
    for rule in required_rules(catalogue, device):
        if not takes_in(allowed, rule.pattern):
            found.setdefault(rule.pattern, rule)
    return list(found.values())


def takes_in(allowed: Iterable[str], pattern: str) -> bool:
    """Whether one entry is the pattern, or a wildcard above it."""
    name = pattern.removeprefix("*.")
    return any(entry == pattern or (entry.startswith("*.") and (name == entry[2:] or name.endswith(entry[1:]))) for entry in allowed)
