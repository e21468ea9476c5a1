"""Many parts as one, in the order of their times."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.errors import Unusable
from analyzer.parts.partial import Partial, merge_all


def in_order(parts: Sequence[Partial]) -> list[Partial]:
    """The parts by their earliest packets; those without a time last."""
    return sorted(parts, key=lambda part: min(((start is None, start or 0) for start in part.starts), default=(True, 0)))


def together(parts: Sequence[Partial]) -> Partial:
    """All parts as one. Errors: Unusable, a file's packets are in two of them."""
    check_apart(parts)
    return merge_all(in_order(parts))


def check_apart(parts: Sequence[Partial]) -> None:
    """Nothing. Errors: Unusable, a whole file is in two parts: its packets would count twice."""
    seen: dict[tuple[str, str], int] = {}
    for number, part in enumerate(parts):
        for one in part.inputs:
            if one.sha256 is not None and seen.setdefault((one.name, one.sha256), number) != number:
                raise Unusable("the same file is in two parts", one.name, "leave one of them out")
