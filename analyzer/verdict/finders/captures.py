"""What the captures themselves lack: damage, drops and holes as findings, one per kind."""

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

# Of a capture's packets so many unopened ones are a warning: with fewer, the verdict stands on nearly all there is.
MANY: Final = 0.02

MOST_SHOWN = 5
"""Files and kinds of damage that one finding spells out."""


def find(case: Case) -> list[Finding]:
    """A finding per kind of damage, over all captures.

    A damage code that has no finding of its own is one of the reader's anomalies, and becomes capture-damaged.
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
        # What wasn't opened has its numbers in its text.
        texts = [f"{what}{'' if code == 'frames-unopened' else _extent(damages)}" for what, damages in by_text.items()]
        shown = "; ".join(texts[:MOST_SHOWN]) + (f"; and {len(texts) - MOST_SHOWN} more" if len(texts) > MOST_SHOWN else "")
        first = min((start for start, _ in spans[code] if start), default=None)
        last = max((end for _, end in spans[code] if end), default=None)
        severity: Severity | None = "info" if code == "frames-unopened" and not much_unopened(case) else None
        findings.append(Finding(code, shown, severity=severity, first_seen=first, last_seen=last))
    return findings


def much_unopened(case: Case) -> int:
    """How many packets weren't opened of captures of which that is more than a few per cent, or all there is; 0: no such capture."""
    counts = [
        (sum(damage.get("count") or 1 for damage in capture.get("damage") or () if damage["code"] == "frames-unopened"), capture)
        for capture in case.captures
    ]
    least = MANY if case.evidence.flows.num_rows else 0
    return sum(count for count, capture in counts if count and count >= least * (capture.get("packets") or 0))


def _extent(damages: Sequence[Mapping[str, Any]]) -> str:
    """ " (at byte 4096, 12 bytes skipped, 3 in all)", of what is known."""
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
