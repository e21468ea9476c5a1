"""The facts of an input besides its packets: their number and times, and the damage. The facts of two pieces can be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from analyzer.capture.block import Damage
from analyzer.capture.source import Source


class InputFacts(NamedTuple):
    """An input's facts, as in Source.

    passed_over   (status, link type, note of packets.layout, number of frames)
    """

    name: str
    sha256: str | None = None
    packets: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    damage: tuple[Damage, ...] = ()
    passed_over: tuple[tuple[int, int, int, int], ...] = ()
    cut_packets: int = 0
    clock_steps: int = 0
    longest_step_ns: int = 0

    def source(self) -> Source:
        """A source with these facts, whose packets count as read."""
        source = Source(self.name)
        source.sha256 = self.sha256
        taken_over(source, self)
        return source

    def as_json(self) -> dict[str, Any]:
        """The facts as plain data."""
        return {**self._asdict(), "damage": [vars(one) for one in self.damage]}


def facts_of(source: Source) -> InputFacts:
    """The source's facts so far."""
    return InputFacts(
        name=source.name,
        sha256=source.sha256,
        packets=source.packets,
        first_ns=source.first_ns,
        last_ns=source.last_ns,
        damage=tuple(source.damage),
        passed_over=tuple((*kind, n) for kind, n in sorted(source.passed_over.items())),
        cut_packets=source.cut_packets,
        clock_steps=source.clock_steps,
        longest_step_ns=source.longest_step_ns,
    )


def taken_over(source: Source, facts: InputFacts) -> None:
    """Set the source's facts to these, and mark its packets as read; its digest is set apart."""
    source.packets, source.first_ns, source.last_ns = facts.packets, facts.first_ns, facts.last_ns
    source.damage = list(facts.damage)
    source.passed_over = Counter({(status, link, note): n for status, link, note, n in facts.passed_over})
    source.cut_packets, source.clock_steps, source.longest_step_ns = facts.cut_packets, facts.clock_steps, facts.longest_step_ns
    source.was_read()


def facts_from_json(plain: dict[str, Any]) -> InputFacts:
    """The facts that as_json wrote. Errors: TypeError, KeyError or ValueError, they have another form."""
    numbers = ("packets", "cut_packets", "clock_steps", "longest_step_ns")
    times = ("first_ns", "last_ns")
    if not isinstance(plain["name"], str) or not isinstance(plain["sha256"], str | None):
        raise TypeError("a name that is no text")
    if not all(type(plain[key]) is int for key in numbers) or not all(type(plain[key]) in (int, type(None)) for key in times):
        raise TypeError("a count that is no number")
    damage = tuple(
        Damage(str(one["code"]), str(one["text"]), one["offset"], int(one["skipped"]), int(one["count"])) for one in plain["damage"]
    )
    passed = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in plain["passed_over"])
    return InputFacts(**{**plain, "damage": damage, "passed_over": passed})


def joined(left: InputFacts, right: InputFacts) -> InputFacts:
    """The facts of one input read in two pieces, the left one earlier."""
    passed = Counter[tuple[int, int, int]]()
    for status, link, note, n in (*left.passed_over, *right.passed_over):
        passed[status, link, note] += n
    return left._replace(
        sha256=left.sha256 if left.sha256 is not None else right.sha256,
        packets=left.packets + right.packets,
        first_ns=earliest([left.first_ns, right.first_ns]),
        last_ns=max((time for time in (left.last_ns, right.last_ns) if time is not None), default=None),
        damage=(*left.damage, *right.damage),
        passed_over=tuple((*kind, n) for kind, n in sorted(passed.items())),
        cut_packets=left.cut_packets + right.cut_packets,
        clock_steps=left.clock_steps + right.clock_steps,
        longest_step_ns=max(left.longest_step_ns, right.longest_step_ns),
    )


def earliest(times: Sequence[int | None]) -> int | None:
    """The earliest of these times; None without any."""
    return min((time for time in times if time is not None), default=None)
