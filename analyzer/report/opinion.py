"""A second opinion as text and data: matches, differences, and Wireshark filters."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from analyzer.report.grid import cell, grid
from analyzer.text.files import as_utf8
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import some
from analyzer.text.words import counted

if TYPE_CHECKING:
    from analyzer.second_opinion.compare import Comparison, FlowOpinion
    from analyzer.second_opinion.verify import Opinion

MOST_DIFFERENCES: Final = 50
MOST_FLOWS: Final = 25
DETAILED: Final = 3
"""Up to so many flows are shown fact by fact; more get a line each."""

NOTHING: Final = "·"


@dataclass(frozen=True)
class OpinionReport:
    """An Opinion that rich can print at any width; at UNWRAPPED nothing is left out."""

    opinion: Opinion

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = options.max_width
        whole = width >= UNWRAPPED
        opinion = self.opinion
        yield Text(summary(opinion), "bold" if not opinion.differences else "bold red")
        for sentence in asides(opinion):
            yield Text(inert(sentence), "dim")
        differing = [(flow, line) for flow in opinion.flows for line in flow.differences]
        if differing:
            yield from _section("Differences", _differences(differing if whole else differing[:MOST_DIFFERENCES], width))
            yield from _left_out(0 if whole else len(differing) - MOST_DIFFERENCES, "difference")
        if opinion.flows:
            yield from _section("Facts", _facts(opinion))
        if 0 < len(opinion.flows) <= DETAILED:
            for flow in opinion.flows:
                yield from _section(f"{flow.id or 'no such flow'}  {flow.client} > {flow.server}  {flow.filter}", _flow(flow, width))
        elif opinion.flows:
            yield from _section("Flows", _flows(opinion.flows if whole else opinion.flows[:MOST_FLOWS], width))
            yield from _left_out(0 if whole else len(opinion.flows) - MOST_FLOWS, "flow")


def summary(opinion: Opinion) -> str:
    """The answer in one sentence."""
    facts = sum(len(flow.lines) for flow in opinion.flows)
    who = f"Wireshark (tshark {opinion.tshark.version}, through pyshark)"
    if not opinion.differences:
        return f"{who} says the same: {counted(len(opinion.flows), 'flow')}, {counted(facts, 'fact')}, no difference."
    differing = sum(bool(flow.differences) for flow in opinion.flows)
    return (
        f"{who} differs in {opinion.differences:,} of {counted(facts, 'fact')}, in {differing:,} of {counted(len(opinion.flows), 'flow')}."
    )


def asides(opinion: Opinion) -> Iterator[str]:
    """Packets and flows that weren't compared, and tshark's messages about a capture."""
    if opinion.in_several:
        yield f"{counted(opinion.in_several, 'flow')} not compared: in more than one capture"
    for looked in opinion.looked:
        if looked.capped:
            beyond = counted(looked.left_out, "flow")
            yield f"{looked.capture}: looked at the first {looked.frames:,} packets only; {beyond} beyond them left out"
        if looked.complaint:
            yield f"{looked.capture}: tshark stopped early: {looked.complaint}"


def _section(title: str, content: RenderableType) -> Iterator[RenderableType]:
    yield Text()
    yield Text(inert(title), "bold underline")
    yield content


def _left_out(number: int, what: str) -> Iterator[Text]:
    if number > 0:
        yield Text(f"… and {counted(number, f'more {what}')}: --json has all", "dim")


def _room(width: int, least: int, part: int) -> int | None:
    return None if width >= UNWRAPPED else max(least, width // part)


def _differences(differing: Sequence[tuple[FlowOpinion, Comparison]], width: int) -> Table:
    made = grid("Flow", "Fact", "whichproxy", "Wireshark", "Frames", "Filter")
    for flow, line in differing:
        made.add_row(
            cell(flow.id or flow.client),
            cell(line.fact),
            cell(_value(line.ours), _room(width, 16, 4), "red"),
            cell(_value(line.theirs), _room(width, 16, 4), "red"),
            cell(_frames(line)),
            cell(flow.filter),
        )
    return made


def _facts(opinion: Opinion) -> Table:
    from analyzer.second_opinion.compare import FACTS

    agree = Counter(line.fact for flow in opinion.flows for line in flow.lines if line.agrees)
    differ = Counter(line.fact for flow in opinion.flows for line in flow.lines if not line.agrees)
    made = grid("Fact", "Same", "Different", right=("Same", "Different"))
    for fact in FACTS:
        if agree[fact] or differ[fact]:
            made.add_row(cell(fact), f"{agree[fact]:,}", Text(f"{differ[fact]:,}", "red" if differ[fact] else ""))
    return made


def _flow(flow: FlowOpinion, width: int) -> Table:
    made = grid("", "Fact", "whichproxy", "Wireshark", "Frames", "Note")
    for line in flow.lines:
        made.add_row(
            Text("=", "green") if line.agrees else Text("≠", "bold red"),
            cell(line.fact),
            cell(_value(line.ours), _room(width, 20, 4)),
            cell(_value(line.theirs), _room(width, 20, 4)),
            cell(_frames(line)),
            cell(line.note),
        )
    return made


def _flows(flows: Sequence[FlowOpinion], width: int) -> Table:
    made = grid("", "Flow", "Conversation", "Frames that show the same in both", "Filter")
    for flow in flows:
        by_frames: dict[str, list[str]] = {}
        for line in flow.lines:
            if line.agrees:
                by_frames.setdefault(_frames(line), []).append(line.fact)
        same = " · ".join(f"{frames} {', '.join(facts)}".strip() for frames, facts in by_frames.items())
        made.add_row(
            Text("≠", "bold red") if flow.differences else Text("=", "green"),
            cell(flow.id or NOTHING),
            cell(f"{flow.client} > {flow.server}", _room(width, 21, 4)),
            cell(same, _room(width, 24, 3)),
            cell(flow.filter),
        )
    return made


def _value(value: object) -> str:
    return NOTHING if value is None else str(value)


def _frames(line: Comparison) -> str:
    return f"#{some(map(str, line.frames), 4)}" if line.frames else ""


def plain_text(opinion: Opinion, width: int = UNWRAPPED) -> str:
    """The full content without colour, for a pipe or a file; lines have no trailing spaces."""
    sink = io.StringIO()
    Console(file=sink, width=width, color_system=None, force_terminal=False, highlight=False).print(OpinionReport(opinion), end="")
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def to_json(opinion: Opinion) -> str:
    """The opinion as indented JSON, ASCII only, one newline at the end."""
    return json.dumps(as_dict(opinion), ensure_ascii=True, indent=2).replace("\x7f", "\\u007f") + "\n"


def as_dict(opinion: Opinion) -> dict[str, Any]:
    """The opinion as plain data: schema, tshark, differences, captures, and every flow with every fact."""
    return {
        "schema": 1,
        "tshark": opinion.tshark.version,
        "differences": opinion.differences,
        "facts": sum(len(flow.lines) for flow in opinion.flows),
        "in_several_captures": opinion.in_several,
        "captures": [
            {
                "path": as_utf8(c.capture),
                "frames": c.frames,
                "complete": not c.capped,
                "flows_left_out": c.left_out,
                "complaint": c.complaint,
            }
            for c in opinion.looked
        ],
        "flows": [
            {
                "id": flow.id,
                "capture": as_utf8(flow.capture),
                "protocol": flow.protocol,
                "client": flow.client,
                "server": flow.server,
                "stream": flow.stream,
                "filter": flow.filter,
                "facts": [
                    {
                        "fact": line.fact,
                        "whichproxy": line.ours,
                        "wireshark": line.theirs,
                        "agrees": line.agrees,
                        "frames": line.frames,
                        "note": line.note,
                    }
                    for line in flow.lines
                ],
            }
            for flow in opinion.flows
        ],
    }


def frame_rows(opinion: Opinion) -> dict[str, list[Any]]:
    """Columns of one row per flow and fact; values as text, None where one side has none."""
    pairs = [(flow, line) for flow in opinion.flows for line in flow.lines]
    return {
        **{name: [getattr(flow, name) for flow, _ in pairs] for name in ("id", "capture", "protocol", "client", "server", "filter")},
        "fact": [line.fact for _, line in pairs],
        "whichproxy": [None if line.ours is None else str(line.ours) for _, line in pairs],
        "wireshark": [None if line.theirs is None else str(line.theirs) for _, line in pairs],
        **{name: [getattr(line, name) for _, line in pairs] for name in ("agrees", "frames", "note")},
    }
