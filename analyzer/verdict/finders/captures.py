"""Damage, drops and gaps of the captures as findings, one per kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from analyzer.findings import Finding, Severity
from analyzer.text.words import counted, printable
from analyzer.verdict.case import Case

DAMAGE_CODES = (
    "capture-damaged",
    "capture-unreadable",
    "capture-gap",
    "capture-cut",
    "frames-unopened",
    "packets-dropped",
    "flows-evicted",
    "duplicated-packets",
)

# With a smaller share of unopened packets, the verdict rests on nearly all packets.
UNOPENED_SHARE: Final = 0.02

MAX_LISTED = 5
"""Files and kinds of damage that one finding lists."""


def find(case: Case) -> list[Finding]:
    """A finding per kind of damage, over all captures.

    A damage code without a finding of its own is a reader's anomaly, and becomes capture-damaged.
    """
    kinds: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    spans: dict[str, list[tuple[str | None, str | None]]] = {}
    for capture in case.captures:
        for damage in capture.get("damage") or ():
            code = damage["code"] if damage["code"] in DAMAGE_CODES else "capture-damaged"
            what = f"{printable(str(capture['path']))}: {printable(damage.get('text') or damage['code'])}"
            kinds.setdefault(code, {}).setdefault(what, []).append(damage)
            spans.setdefault(code, []).append((capture.get("first_seen"), capture.get("last_seen")))
    findings = []
    for code, by_text in kinds.items():
        # The text of unopened frames already has the numbers.
        texts = [f"{what}{'' if code == 'frames-unopened' else _extent(damages)}" for what, damages in by_text.items()]
        shown = "; ".join(texts[:MAX_LISTED]) + (f"; and {len(texts) - MAX_LISTED} more" if len(texts) > MAX_LISTED else "")
        first = min((start for start, _ in spans[code] if start), default=None)
        last = max((end for _, end in spans[code] if end), default=None)
        severity: Severity | None = "info" if code == "frames-unopened" and not unopened_packets(case) else None
        findings.append(Finding(code, shown, severity=severity, first_seen=first, last_seen=last))
    return findings


def unopened_packets(case: Case) -> int:
    """Number of unopened packets in captures in which they exceed a few per cent, or are all packets; 0: no such capture."""
    counts = [
        (sum(damage.get("count") or 1 for damage in capture.get("damage") or () if damage["code"] == "frames-unopened"), capture)
        for capture in case.captures
    ]
    least = UNOPENED_SHARE if case.evidence.flows.num_rows else 0
    return sum(count for count, capture in counts if count and count >= least * (capture.get("packets") or 0))


def _extent(damages: Sequence[Mapping[str, Any]]) -> str:
    """ " (at byte 4096, 12 bytes skipped, 3 in all)", from the known values."""
    offsets = [damage["offset"] for damage in damages if damage.get("offset") is not None]
    skipped = sum(damage.get("bytes") or 0 for damage in damages)
    times = sum(damage.get("count") or 1 for damage in damages)
    parts = [
        f"{'first ' if len(offsets) > 1 else ''}at byte {min(offsets)}" if offsets else "",
        f"{counted(skipped, 'byte')} skipped" if skipped else "",
        f"{times} in all" if times > 1 else "",
    ]
    known = ", ".join(part for part in parts if part)
    return f" ({known})" if known else ""
