"""One situation into a folder: its capture, its truth file, the expected verdict, and its topology where it has one of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from captures.lab import truth
from captures.lab.build import build
from captures.lab.catalogue import captures_of
from captures.lab.network import ROOT, run
from captures.lab.situations.situation import WORKSTATION, Situation

UNSEEN = {"out": ("proxy_status", "state", "tls_version"), "in": ("state",)}  # what one direction doesn't show


def record(situation: Situation, into: Path) -> Path:
    """Play it, or cut it from a capture that there is; return the capture's path, the first of several."""
    into.mkdir(parents=True, exist_ok=True)
    capture = keep_half(situation, into) if situation.half else build(situation.scenario, into)
    if isinstance(situation.topology, str):
        (into / f"{situation.name}.topology.toml").write_text(situation.topology)
    write_expectation(situation, into)
    return capture


def write_expectation(situation: Situation, into: Path) -> None:
    """<name>.expect.json: the line that ../shared/cases has of a capture, one key a line."""
    own = f"{situation.name}.topology.toml" if isinstance(situation.topology, str) else situation.topology
    files = [path.name for path in captures_of(into, situation.name)]
    document: dict[str, Any] = {"files": files, "why": situation.verdict, "topology": own, **situation.expect}
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    (into / f"{situation.name}.expect.json").write_text(f"{{\n{lines}\n}}\n")


def keep_half(situation: Situation, into: Path) -> Path:
    """Keep the packets of one direction of one of the article's captures, and the part of its truth that this direction shows."""
    assert situation.half is not None
    whole, direction = situation.half
    path = into / f"{situation.name}.pcapng"
    end = {"out": "src", "in": "dst"}[direction]
    run("tshark", "-n", "-r", str(ROOT / "captures" / f"{whole}.pcapng"), "-Y", f"ip.{end} == {WORKSTATION}", "-w", str(path))
    told = truth.read(ROOT / "captures" / f"{whole}.truth.json")
    told |= {"capture": path.name, "one_direction": direction}
    if direction == "in":
        told["connections"] = [row for row in told["connections"] if row["state"] != "no-answer"]
    for row in told["connections"]:
        row |= dict.fromkeys(UNSEEN[direction])
        if direction == "out":
            row["requests"] = [{**request, "status": None} for request in row["requests"]]
            row["challenges"], row["outcomes"] = [[] for _ in row["requests"]], ["unseen" for _ in row["requests"]]
    truth.rewrite(into / f"{situation.name}.truth.json", told)
    return path
