"""Who is who among the sources: a machine of several addresses is one source, under the first that the topology gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from analyzer.routes.networks import address_text
from analyzer.routes.topology import Topology


@dataclass(frozen=True)
class SourceNames:
    """The topology's word on the addresses that were seen.

    topology  for addresses that no flow has
    called    address → the name of the workstation that has it
    stands_for   address → the address under which its source is known, where it is another
    """

    topology: Topology
    called: dict[str, str] = field(default_factory=dict)
    stands_for: dict[str, str] = field(default_factory=dict)

    def canonical(self, address: str) -> str:
        """The address under which the source of this one is known."""
        return self.stands_for.get(address, address)

    def name(self, address: str) -> str | None:
        """What the topology calls it; None: nothing."""
        return self.called.get(address) or self.topology.workstation_name(address)

    def addresses(self, canonical: str) -> list[str]:
        """Every seen address of the source, the canonical first."""
        return [canonical, *self._others.get(canonical, ())]

    @cached_property
    def _others(self) -> dict[str, list[str]]:
        """The other addresses of each source that has several, in order."""
        found: dict[str, list[str]] = {}
        for address, canonical in sorted(self.stands_for.items()):
            found.setdefault(canonical, []).append(address)
        return found


def source_names(topology: Topology, seen: Iterable[str]) -> SourceNames:
    """The names of these addresses.

    Entries of one name are one source. A name that has one network only, as of a floor, is everybody's in it: these stay apart.
    """
    called = {address: name for address in seen if (name := topology.workstation_name(address)) is not None}
    entries: dict[str, list[str]] = {}
    hosts: dict[str, bool] = {}
    for workstation in topology.workstations:
        entries.setdefault(workstation.name, []).append(address_text(workstation.network))
        hosts[workstation.name] = workstation.network.prefixlen == workstation.network.max_prefixlen
    stands_for = {}
    first: dict[str, str] = {}
    for address, name in sorted(called.items(), key=lambda item: item[0]):
        if len(entries[name]) < 2 and not hosts[name]:
            continue
        wanted = next((entry for entry in entries[name] if "/" not in entry), None) or first.setdefault(name, address)
        if wanted != address:
            stands_for[address] = wanted
    called |= {wanted: name for address, wanted in stands_for.items() if (name := called.get(address)) is not None}
    return SourceNames(topology, called, stands_for)
