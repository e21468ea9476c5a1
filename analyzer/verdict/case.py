"""Everything a finding may rest on, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from analyzer.findings import Finding
from analyzer.routes.discovery import Discovery
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import Device
from analyzer.verdict.alike import Alike
from analyzer.verdict.answers import Answers
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.forwarding import LegPairs
from analyzer.verdict.required import Required
from analyzer.verdict.system import Systems


@dataclass(frozen=True)
class Case:
    """What is known, for finders to look at (verdict/finders).

    alike        which sources did the same
    answers      who was asked and who won, per source and service, and per source and plane, of the first of each kind of sources: whose
                 answer changed or is split is like nobody
    required     client code → what became of each required service
    captures     as the document has them
    configured   methods that a study says were configured; logons: when it says that users logged on, ns since 1970
    discoveries  how clients looked for a proxy by themselves; lookups: what names resolved to, None where that isn't known
    systems      client code → what it may run (system.py); left out: nothing tells
    devices      client code → what kind of device it looks like
    also         findings about what isn't in the evidence any more
    reached      rows of flows without a name to addresses that DNS gave others for Defender's own names, with these (lookups.py)
    """

    evidence: Evidence
    alike: Alike
    answers: Answers
    pairs: LegPairs
    required: Mapping[int, list[Required]]
    catalogue: Catalogue
    captures: Sequence[Mapping[str, Any]] = ()
    configured: Sequence[str] = ()
    logons: Sequence[int] = ()
    discoveries: Sequence[Discovery] = ()
    lookups: pa.Table | None = None
    systems: Mapping[int, Systems] = field(default_factory=dict)
    devices: Mapping[int, Device] = field(default_factory=dict)
    also: Sequence[Finding] = ()
    reached: Mapping[int, Set[str]] = field(default_factory=dict)
