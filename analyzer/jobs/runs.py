"""Runs: what each captured, and its results, in runs/NUMBER/, by number and not by time, because a clock may step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable

RUNS: Final = "runs"
SUMMARY: Final = "run.json"
VERDICT: Final = "verdict.json"
REPORT: Final = "report.md"
DIFFERENCE: Final = "difference.md"


def place_of(number: int, name: str) -> str:
    """The path of a run's file, relative to the store."""
    return f"{RUNS}/{number:06d}/{name}"


def summaries(results: Path) -> list[dict[str, Any]]:
    """The run.json of every finished run, by number. Errors: Unusable, one can't be read."""
    found = [read_json(path) for path in (results / RUNS).glob(f"*/{SUMMARY}")]
    return sorted(found, key=lambda run: int(run["number"]))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Errors: Unusable."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unusable(f"it can't be read ({getattr(error, 'strerror', None) or error})", str(path)) from error
    if not isinstance(found, dict):
        raise Unusable("it holds no JSON object", str(path))
    return found


def dropped_once(files: Sequence[Mapping[str, Any]], dropped_before: int) -> list[dict[str, Any]]:
    """The captures entries with each dropped packet counted once: dumpcap's files count from the beginning of the capture.

    dropped_before   how many an earlier run counted of the same capture
    """
    entries = []
    for entry in files:
        now = drops_of(entry)
        dropped = [one for one in entry["damage"] if one["code"] == "packets-dropped" and now > dropped_before]
        damage = [one for one in entry["damage"] if one["code"] != "packets-dropped"]
        damage += [{**one, "count": now - dropped_before} for one in dropped]
        dropped_before = max(dropped_before, now)
        entries.append({**entry, "damage": damage})
    return entries


def drops_of(entry: Mapping[str, Any]) -> int:
    """The number of dropped packets in the entry."""
    return sum(int(one.get("count") or 0) for one in entry["damage"] if one["code"] == "packets-dropped")
