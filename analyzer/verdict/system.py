"""The operating system of a source, by its hosts and clients: Windows, macOS or Linux.

No packet states it outright. Signs are: catalogue rules that only some systems have, hosts that only one system's own services request,
user agents of Windows' services, and the ClientHello of Windows' Schannel. Each sign counts once, however often it was seen; the system
with the most signs is taken. Rules that macOS and Linux share leave both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from analyzer.facts.family import SCHANNEL_CIPHERS, SERVICE_AGENTS
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import SYSTEMS
from analyzer.services.rules import OWN
from analyzer.verdict.evidence import Coded, Evidence, coded, distinct, source_rows

Systems = frozenset[str]

WINDOWS, MAC, LINUX = SYSTEMS
UNIX: Final = frozenset((MAC, LINUX))

_AGENTS: Final = (
    (re.compile("|".join(map(re.escape, (*SERVICE_AGENTS, "windows nt", "msft oma dm"))), re.IGNORECASE), WINDOWS),
    (re.compile(r"darwin/|cfnetwork/|macintosh;|macos", re.IGNORECASE), MAC),
    (re.compile(r"debian apt|libdnf|\bdnf/|\byum/|zypp|x11; linux|x11; ubuntu", re.IGNORECASE), LINUX),
)
"""Patterns of user agents, and the system of each."""

_WINDOWS_HOSTS: Final = (
    "windowsupdate.com",
    "update.microsoft.com",
    "delivery.mp.microsoft.com",
    "msftconnecttest.com",
    "msftncsi.com",
    "wns.windows.com",
)
_MAC_HOSTS: Final = ("push.apple.com", *(f"{name}.apple.com" for name in ("captive", "gdmf", "mesu", "swscan", "swdist", "configuration")))
_LINUX_HOSTS: Final = (
    "archive.ubuntu.com",
    "security.ubuntu.com",
    "deb.debian.org",
    "cdn.redhat.com",
    "fedoraproject.org",
    "scc.suse.com",
)
_HOSTS: Final = {
    **dict.fromkeys(_WINDOWS_HOSTS, WINDOWS),
    **dict.fromkeys(_MAC_HOSTS, MAC),
    **dict.fromkeys(_LINUX_HOSTS, LINUX),
}
"""Hosts, with their subdomains, that only one system's own services request."""


def systems_of(evidence: Evidence, catalogue: Catalogue) -> dict[int, Systems]:
    """client code → its possible systems: one, or macOS and Linux where no sign separates the two. Missing: no sign."""
    votes_of: dict[int, dict[str, set[str]]] = {}
    rows, by_rule = source_rows(evidence), _by_rule(catalogue)
    signs: tuple[tuple[Coded, Callable[[str], Iterable[str]]], ...] = (
        (coded(evidence.flows.column("service_rule")), lambda pattern: by_rule.get(pattern, ())),
        (evidence.host, _by_host),
        (coded(evidence.flows.column("user_agent")), _by_agent),
        (coded(evidence.flows.column("ja4")), _by_hello),
    )
    for column, shown_by in signs:
        for client, code in distinct(np.flatnonzero(rows & (column.codes >= 0)), evidence.client.codes, column.codes):
            for system in shown_by(column.values[code]):
                votes_of.setdefault(client, {}).setdefault(system, set()).add(column.values[code])
    return {client: found for client, votes in votes_of.items() if (found := _most(votes))}


def _by_rule(catalogue: Catalogue) -> dict[str, Systems]:
    """pattern → the systems whose lists have it, where not all have; only hosts that only Defender requests."""
    found: dict[str, set[str]] = {}
    for rule in catalogue.rules:
        if rule.counts_as == OWN:
            found.setdefault(rule.pattern, set()).update(rule.os)
    every = set(SYSTEMS)
    return {pattern: frozenset(systems & every) for pattern, systems in found.items() if systems & every and not every <= systems}


def _by_host(host: str) -> Iterator[str]:
    while host:
        if host in _HOSTS:
            yield _HOSTS[host]
        host = host.partition(".")[2]


def _by_agent(agent: str) -> Iterator[str]:
    return (system for pattern, system in _AGENTS if pattern.search(agent))


def _by_hello(ja4: str) -> Iterator[str]:
    if ja4[11:23] in SCHANNEL_CIPHERS:  # a_b_c: b is twelve digits of its cipher suites' hash
        yield WINDOWS


def _most(votes: dict[str, set[str]]) -> Systems:
    """The system with the most signs; macOS and Linux together where they tie and Windows has fewer; none where Windows ties."""
    counts = {system: len(votes.get(system, ())) for system in SYSTEMS}
    best = max(counts.values())
    first = frozenset(system for system, n in counts.items() if n == best)
    return first if len(first) == 1 or first == UNIX else frozenset()
