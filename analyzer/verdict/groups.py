"""Sources with the same answer form one group, so that a site of two thousand machines stays readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analyzer.verdict.headline import headline
from analyzer.verdict.remarks import Remark
from analyzer.verdict.together import together
from analyzer.verdict.winner import Answer

SEEN_ORDER = ("seen", "hidden", "not-seen")

Key = Mapping[str, Hashable]
"""plane (or another part of the answer) → its value."""


class AnswerFacts(NamedTuple):
    """The facts from which a source's answer is written; sources that are alike share one.

    planes    plane → its answer
    remarks   what the answer mentions beside them, in order
    """

    planes: Mapping[str, Answer]
    remarks: tuple[Remark, ...] = ()

    def as_text(self, defender: str) -> str:
        """The answer as one line."""
        return headline(defender, self.planes, self.remarks)


@dataclass
class Member:
    """One source: the parts of its answer, and the facts from which the answer is written."""

    client_ip: str
    defender: str
    parts: Key
    planes: dict[str, dict[str, Any]]
    facts: AnswerFacts


@dataclass
class _Group:
    defender: str
    parts: dict[str, Hashable]
    members: list[Member] = field(default_factory=list)
    first: Member | None = None


def groups_of(members: Sequence[Member]) -> list[dict[str, Any]]:
    """The document's `groups`: groups with Defender traffic first, then rare answers before common ones.

    A source joins the largest group whose answer it doesn't contradict; an answer with fewer parts is no contradiction.
    """
    alike: dict[tuple[str, tuple[tuple[str, Hashable], ...]], list[Member]] = {}
    keys: dict[int, tuple[tuple[str, Hashable], ...]] = {}  # by answer, which many members share
    for member in members:
        parts = keys.get(id(member.parts))
        if parts is None:
            parts = keys[id(member.parts)] = tuple(sorted(member.parts.items()))
        alike.setdefault((member.defender, parts), []).append(member)
    groups: list[_Group] = []
    for (defender, parts), own in sorted(alike.items(), key=lambda item: (-len(item[0][1]), -len(item[1]), repr(item[0]))):
        fitting = [group for group in groups if group.defender == defender and _fits(dict(parts), group.parts)]
        if fitting:
            max(fitting, key=lambda group: len(group.members)).members.extend(own)
        else:
            groups.append(_Group(defender, dict(parts), list(own), own[0]))
    groups.sort(key=lambda group: (SEEN_ORDER.index(group.defender), len(group.members)))
    order = {member.client_ip: place for place, member in enumerate(members)}
    return [
        {
            "sources": sorted((member.client_ip for member in group.members), key=order.__getitem__),
            "defender": group.defender,
            "answer": _common_facts(group.members).as_text(group.defender),
            "planes": group.first.planes,
        }
        for group in groups
        if group.first is not None
    ]


def _common_facts(members: Sequence[Member]) -> AnswerFacts:
    """The common facts of all members: their counts added, their times as a span."""
    facts = {id(member.facts): member.facts for member in members}
    if len(members) == 1:
        return members[0].facts
    times = Counter(id(member.facts) for member in members)
    planes: dict[str, list[tuple[Answer, int]]] = {}
    for key, one in facts.items():
        for plane, answer in one.planes.items():
            planes.setdefault(plane, []).append((answer, times[key]))
    remarks = {remark for one in facts.values() for remark in one.remarks}
    return AnswerFacts({plane: together(answers) for plane, answers in planes.items()}, tuple(sorted(remarks)))


def _fits(parts: Key, whole: Key) -> bool:
    """Whether an answer contradicts no part of another. A source without any answer fits only one without any."""
    return bool(parts) == bool(whole) and all(whole.get(name) == what for name, what in parts.items())
