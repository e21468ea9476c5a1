"""What made a verdict: version, catalogue, topology and options. Evidence names its maker."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from analyzer.routes.topology import Topology
from analyzer.services.catalogue import Catalogue

DISTRIBUTION = "whichproxy"


@cache
def own_version() -> str:
    """The version that is installed; "unknown" where the code runs without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def made_by(catalogue: Catalogue, topology: Topology, options: Mapping[str, Any]) -> dict[str, Any]:
    """The document's `made_by`. options: what the run was asked for."""
    return {
        "version": own_version(),
        "catalogue": {"as_of": catalogue.as_of, "sha256": catalogue.sha256},
        "topology": {"path": topology.path, "sha256": topology.sha256},
        "options": dict(options),
    }
