"""Names of the sources: a machine with several addresses is one source, under the first address that the topology gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from analyzer.routes.networks import address_text
from analyzer.routes.topology import Topology


@dataclass(frozen=True)
class SourceNames:
    """Names and addresses of the sources, from the topology.

    topology       for addresses without a flow
    called         address → the name of its workstation
    canonical_of   address → its source's canonical address, where that is another
    """

    topology: Topology
    called: dict[str, str] = field(default_factory=dict)
    canonical_of: dict[str, str] = field(default_factory=dict)

    def canonical(self, address: str) -> str:
        """The canonical address of this address's source."""
        return self.canonical_of.get(address, address)

    def name(self, address: str) -> str | None:
        """The workstation's name in the topology; None: it has none."""
        return self.called.get(address) or self.topology.workstation_name(address)

    def addresses(self, canonical: str) -> list[str]:
        """Every address of the source, the canonical one first."""
        return [canonical, *self._others.get(canonical, ())]

    @cached_property
    def _others(self) -> dict[str, list[str]]:
        """The other addresses of each source with several, in order."""
        found: dict[str, list[str]] = {}
        for address, canonical in sorted(self.canonical_of.items()):
            found.setdefault(canonical, []).append(address)
        return found


def source_names(topology: Topology, seen: Iterable[str]) -> SourceNames:
    """The names of these addresses.

    Entries with one name are one source. A name with only a network (a floor, for example) is shared by many machines, which stay apart.
    """
    called = {address: name for address in seen if (name := topology.workstation_name(address)) is not None}
    entries: dict[str, list[str]] = {}
    hosts: dict[str, bool] = {}
    for workstation in topology.workstations:
        entries.setdefault(workstation.name, []).append(address_text(workstation.network))
        hosts[workstation.name] = workstation.network.prefixlen == workstation.network.max_prefixlen
    canonical_of = {}
    first: dict[str, str] = {}
    for address, name in sorted(called.items(), key=lambda item: item[0]):
        if len(entries[name]) < 2 and not hosts[name]:
            continue
        wanted = next((entry for entry in entries[name] if "/" not in entry), None) or first.setdefault(name, address)
        if wanted != address:
            canonical_of[address] = wanted
    called |= {wanted: name for address, wanted in canonical_of.items() if (name := called.get(address)) is not None}
    return SourceNames(topology, called, canonical_of)
