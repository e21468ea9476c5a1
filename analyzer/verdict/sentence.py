"""One source's answer in a sentence: which proxy won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.text.labels import all_of, method_name


def answer_for(source: Mapping[str, Any]) -> str:
    """`PROX03 (static) won for sensor and antivirus; PROX02 (WinINET) won for user.`, without the source's name."""
    sentences = [f"{source['answer']}."]
    if source["precedence"]:
        sentences.append(_precedence(source["precedence"]))
    return " ".join(sentences)


def no_source_answer(verdict: Mapping[str, Any]) -> str:
    """The reason why there is no answer: the verdict's own, else that no client was seen."""
    reason = verdict.get("reason") or "no client was seen that could have used one"
    return f"No proxy won: {reason}."


def _precedence(entries: Sequence[Mapping[str, Any]]) -> str:
    """`Precedence: static over WinHTTP and WinINET (sensor, antivirus).`, once for all planes that show the same order."""
    by_plane: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        under = by_plane.setdefault(entry["plane"], {}).setdefault(str(method_name(entry["over"])), [])
        name = str(method_name(entry["under"]))
        if name not in under:
            under.append(name)
    said: dict[str, list[str]] = {}
    for plane, overs in by_plane.items():
        for over, under in overs.items():
            said.setdefault(f"{over} over {all_of(under)}", []).append(plane)
    return f"Precedence: {'; '.join(f'{what} ({all_of(planes)})' for what, planes in said.items())}."
