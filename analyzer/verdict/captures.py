"""What the captures themselves lack: damage, drops and holes as findings, one per file and kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.findings import Finding
from analyzer.verdict.reason import counted, printable

DAMAGE_CODES = ("capture-damaged", "capture-unreadable", "capture-gap", "packets-dropped", "flows-evicted", "duplicated-packets")


def capture_findings(captures: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """A finding per capture and kind of damage.

    captures  the document's captures: path, and damage as dicts with code, offset, bytes, count and text. A damage code that is
              no finding's own is one of the reader's anomalies, told as capture-damaged.
    """
    findings = []
    for capture in captures:
        kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for damage in capture.get("damage") or ():
            code = damage["code"] if damage["code"] in DAMAGE_CODES else "capture-damaged"
            kinds.setdefault((code, damage.get("text") or damage["code"]), []).append(damage)
        for (code, what), damages in kinds.items():
            text = f"{printable(str(capture['path']))}: {printable(what)}{_extent(damages)}"
            findings.append(Finding(code, text, first_seen=capture.get("first_seen"), last_seen=capture.get("last_seen")))
    return findings


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
