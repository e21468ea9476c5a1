"""A situation: the activities that are played, and the expected verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from captures.lab.scenarios import Scenario

PROX01, PROX02, PROX03 = "172.16.12.10:3128", "172.16.12.11:3128", "172.16.12.12:3128"
WORKSTATION, WORKSTATION2 = "172.16.11.92", "172.16.11.93"
CNC_SERVICE, CYBER_SERVICE, CLOUD = "edr-command-and-control", "edr-cyber-data", "cloud-protection"


@dataclass(frozen=True)
class Situation:
    """The activities that are played, and the expected verdict.

    verdict    in words, for the page
    expect     the same for the tests: <name>.expect.json, whose keys situations/README.md explains
    topology   True: captures/topology.toml; False: asked without one; a text: <name>.topology.toml
    half       (capture, "out" or "in"): nothing is played, the workstation's packets of that capture, or those to it, are kept
    """

    scenario: Scenario
    verdict: str
    expect: Mapping[str, Any] = field(default_factory=dict)
    topology: bool | str = True
    half: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return self.scenario.name


def row(n: int, **where: Any) -> dict[str, Any]:
    """That many rows of the flow table with these columns."""
    return {"where": where, "n": n}


def some(n: int, **where: Any) -> dict[str, Any]:
    """At least that many."""
    return {"where": where, "min": n}
