"""The answer in one sentence: which proxy won for this source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.text.labels import ProxyLabel, listed, method_name, plane_order


def answer_for(source: Mapping[str, Any]) -> str:
    """`static (PROX03) won for sensor and antivirus, WinINET (PROX02) for user.`, of one source, which it doesn't name."""
    judged = source["planes"] or source["services"]
    if not judged:
        return "no Defender traffic was seen, so no proxy won."
    won, lost = _by_winner(judged)
    sentences = []
    if won:
        parts = [f"{label}{'' if i else ' won'} for {listed(what)}" for i, (label, what) in enumerate(won.values())]
        sentences.append(f"{', '.join(parts)}.")
    if lost:
        sentences.append(f"No proxy won for {listed(lost)}.")
    if not source["services"]:
        sentences.append("No Defender service was seen.")
    if source["precedence"]:
        sentences.append(_precedence(source["precedence"]))
    return " ".join(sentences)


def no_source_answer(verdict: Mapping[str, Any]) -> str:
    """Why there is no answer: the verdict's own reason, else that nobody was seen."""
    reason = verdict.get("reason") or "no client was seen that could have used one"
    return f"No proxy won: {reason}."


def _by_winner(judged: Sequence[Mapping[str, Any]]) -> tuple[dict[str, tuple[str, list[str]]], list[str]]:
    """Planes (or services, where no plane is known) by the proxy that won them, and those that none won."""
    won: dict[str, tuple[str, list[str]]] = {}
    lost = []
    for entry in sorted(judged, key=lambda e: plane_order(e["plane"])):
        what = entry.get("service") or entry["plane"]
        if entry["winner"] is None:
            lost.append(what)
            continue
        label = str(ProxyLabel(entry["winner"], entry["winner_name"], entry["method"]))
        doubt = "" if entry["confidence"] == "certain" else f" ({entry['confidence']})"
        won.setdefault(entry["winner"], (label, []))[1].append(what + doubt)
    return won, lost


def _precedence(entries: Sequence[Mapping[str, Any]]) -> str:
    """`Precedence: static over WinHTTP and WinINET.`, once for however many planes show it."""
    over: dict[str, list[str]] = {}
    for entry in entries:
        under = over.setdefault(str(method_name(entry["over"])), [])
        name = str(method_name(entry["under"]))
        if name not in under:
            under.append(name)
    return f"Precedence: {'; '.join(f'{winner} over {listed(under)}' for winner, under in over.items())}."
