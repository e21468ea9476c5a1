"""Defender's own names that sources asked DNS for: such a source wants to connect, whatever the result."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.route import DIRECT
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.rules import OWN
from analyzer.text.times import rows, values
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.seen import PORTAL


@dataclass
class LookedUp:
    """Names as written, and the addresses to which they resolved, with the names of each address."""

    names: set[str] = field(default_factory=set)
    names_of: dict[str, set[str]] = field(default_factory=dict)

    @property
    def addresses(self) -> Set[str]:
        """All addresses of all names."""
        return self.names_of.keys()


def looked_up(case: Case) -> dict[str, LookedUp]:
    """Source's address → Defender's own names that it looked up."""
    return _of_each_asker(case.evidence, case.catalogue, case.lookups)


def reached_by_others(evidence: Evidence, catalogue: Catalogue, lookups: pa.Table | None) -> dict[int, set[str]]:
    """Row of a flow without a name → Defender's own names of its server, from DNS answers to other clients.

    A machine asks over IPv4 for the IPv6 address that it then connects to; a resolver asks for its clients.
    """
    names: dict[str, set[str]] = {}
    for one in _of_each_asker(evidence, catalogue, lookups).values():
        for address, of_address in one.names_of.items():
            names.setdefault(address, set()).update(of_address)
    if not names:
        return {}
    nameless = np.flatnonzero((evidence.route == DIRECT) & (evidence.host.codes < 0))
    servers = values(column(evidence, "server_ip").take(array(nameless)))
    return {row: names[server] for row, server in zip(nameless.tolist(), servers, strict=True) if server in names}


def _of_each_asker(evidence: Evidence, catalogue: Catalogue, lookups: pa.Table | None) -> dict[str, LookedUp]:
    found: dict[str, LookedUp] = {}
    if lookups is None or not lookups.num_rows:
        return found
    own = [name for name in lookups.column("name").unique().to_pylist() if name and _is_own(catalogue, name)]
    if not own:
        return found
    for row in rows(lookups.filter(pc.is_in(lookups.column("name"), pa.array(own, pa.string())))):
        one = found.setdefault(evidence.names.canonical(row["client_ip"]), LookedUp())
        name = row["name"].lower().rstrip(".")
        one.names.add(name)
        for address in row["answers"] or ():
            one.names_of.setdefault(address, set()).add(name)
    return found


def _is_own(catalogue: Catalogue, name: str) -> bool:
    found = match_host(catalogue, name)
    return found.evidence == OWN and found.service != PORTAL
