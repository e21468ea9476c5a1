"""The origin of a verdict: version, catalogue, topology and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.routes.topology import Topology
from analyzer.services.catalogue import Catalogue
from analyzer.version import VERSION


def made_by(catalogue: Catalogue, topology: Topology, options: Mapping[str, Any]) -> dict[str, Any]:
    """The document's `made_by`. options: the run's options."""
    return {
        "version": VERSION,
        "catalogue": {"as_of": catalogue.as_of, "sha256": catalogue.sha256},
        "topology": {"path": topology.path, "sha256": topology.sha256},
        "options": dict(options),
    }
