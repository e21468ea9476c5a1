"""The input of all finders."""

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
    """The facts that finders (verdict/finders) use.

    alike        which sources are alike
    answers      who was asked and who won, per source and service and per source and plane, for the first source of each kind. A source
                 whose answer changed or is split is like no other
    required     client code → the state of each required service
    captures     as in the document
    configured   methods that a study names as configured; logons: logon times of a study, ns since 1970
    discoveries  how clients searched for a proxy (WPAD, PAC); lookups: DNS answers, None where they aren't known
    systems      client code → its possible operating systems (system.py); missing: unknown
    devices      client code → the kind of device it looks like
    also         findings about traffic that isn't in the evidence any more
    reached      row of a flow without a name → Defender's own names of its server, from DNS answers to other clients (lookups.py)
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
