"""The committed study, and small ones in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyzer.errors import Mistakes
from analyzer.routes.route import route_flows
from analyzer.services.catalogue import load_catalogue
from analyzer.services.tag import tag_flows
from analyzer.studies.file import load_plan
from analyzer.studies.plan import Plan
from analyzer.verdict.evidence import Evidence, evidence_of, rfc3339
from tests.conftest import ROOT
from tests.verdict.rows import LAB_TOPOLOGY, START_NS, asked, request, table

CAPTURES = ROOT / "captures"
CATALOGUE = load_catalogue()
SECOND = 1_000_000_000


def at(seconds: float) -> int:
    """So many seconds after the start of the flow tables of tests/verdict/rows.py."""
    return START_NS + round(seconds * SECOND)


def written_at(seconds: float) -> str:
    return rfc3339(at(seconds))


def write_study(folder: Path, text: str) -> Path:
    """A study file, with two empty captures beside it."""
    for name in ("a.pcapng", "b.pcapng"):
        (folder / name).touch()
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def plan_of(folder: Path, text: str) -> Plan:
    return load_plan(write_study(folder, text), CATALOGUE)


def mistakes_in(folder: Path, text: str) -> list[str]:
    """Each mistake, without the file's path before it."""
    try:
        plan_of(folder, text)
    except Mistakes as error:
        return [str(cause).removeprefix(f"{folder / 'study.toml'}: ") for cause in error.causes]
    return []


def tunnel(proxy: str, host: str, seconds: float, status: int | None = 200, lasts: float = 1, **overrides: Any) -> dict[str, Any]:
    """A CONNECT so many seconds after the start."""
    times = {"first_seen": at(seconds), "last_seen": at(seconds + lasts)}
    return asked(proxy, request("connect", host, status, first_seen=at(seconds)), **times | overrides)


def evidence(*rows: dict[str, Any]) -> Evidence:
    """These rows, routed and tagged as the pipeline does it."""
    return evidence_of(tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
