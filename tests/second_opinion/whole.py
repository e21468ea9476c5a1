"""Every capture that is at hand through both, and what may differ (oracles/exceptions.toml, section "second opinion")."""

from __future__ import annotations

import json
from pathlib import Path

from analyzer.second_opinion.verify import Capture, Opinion, verify
from tests.conftest import ORACLES, ROOT
from tests.engine import reading
from tests.oracles.engines import EXCEPTIONS

EXPLAINED: dict[str, list[str]] = {name: entry["differences"] for name, entry in EXCEPTIONS["second opinion"].items()}


def opinion_of(path: Path) -> Opinion:
    """The second opinion on one capture. Errors: Unusable, it can't be read."""
    read = reading(str(path))
    return verify(read.flows, [Capture(c["path"], c["path"], c["packets"]) for c in read.captures])


def differences(opinion: Opinion) -> list[str]:
    """One line for each fact that differs."""
    return [
        f"{flow.protocol} {flow.client} > {flow.server} {line.fact}: {line.ours}, Wireshark {line.theirs}"
        for flow in opinion.flows
        for line in flow.differences
    ]


def captures() -> dict[str, Path]:
    """Name → path of the committed captures, the probes and the public captures."""
    ours = [*sorted((ROOT / "captures").rglob("*.pcapng")), *sorted((ORACLES / "probes").glob("*.pcap"))]
    records = (ORACLES / "expected.jsonl").read_text(encoding="utf-8").splitlines() if ORACLES.is_dir() else []
    return {f"{path.parent.name}/{path.name}": path for path in ours} | {
        (r := json.loads(line))["file"]: ORACLES / r["file"] for line in records
    }
