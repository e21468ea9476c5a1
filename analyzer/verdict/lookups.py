"""Defender's own names that sources asked DNS for: who looks one up wants to speak to it, whatever came of that."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.services.match import match_host
from analyzer.services.rules import OWN
from analyzer.text.times import rows
from analyzer.verdict.case import Case
from analyzer.verdict.seen import PORTAL


@dataclass
class LookedUp:
    """Names as they are written, and the addresses that they resolved to."""

    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)


def looked_up(case: Case) -> dict[str, LookedUp]:
    """Source's address → Defender's own names that it asked for itself."""
    found: dict[str, LookedUp] = {}
    if case.lookups is None or not case.lookups.num_rows:
        return found
    own = [name for name in case.lookups.column("name").unique().to_pylist() if name and _is_own(case, name)]
    if not own:
        return found
    for row in rows(case.lookups.filter(pc.is_in(case.lookups.column("name"), pa.array(own, pa.string())))):
        one = found.setdefault(case.evidence.names.canonical(row["client_ip"]), LookedUp())
        one.names.add(row["name"].lower().rstrip("."))
        one.addresses |= set(row["answers"] or ())
    return found


def _is_own(case: Case, name: str) -> bool:
    found = match_host(case.catalogue, name)
    return found.evidence == OWN and found.service != PORTAL
