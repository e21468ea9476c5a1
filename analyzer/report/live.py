"""A capture in progress on a terminal: packets so far, rates, losses, and the present verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from analyzer.report.causes import Finding
from analyzer.report.model import Report
from analyzer.report.terminal import TerminalReport
from analyzer.report.terminal_findings import SEVERITY_STYLE
from analyzer.text.inert import inert
from analyzer.text.labels import byte_size
from analyzer.text.words import counted

Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Status:
    """The numbers beside the table.

    elapsed_s                    since the capture began, by this machine's clock
    packets_per_s bytes_per_s    since the previous numbers; payload bytes by the IP length
    still_open                   TCP conversations that haven't ended
    lost                         known drops, in words
    """

    name: str
    elapsed_s: float
    packets: int
    packets_per_s: float
    bytes_per_s: float
    conversations: int
    still_open: int
    lost: str

    def __str__(self) -> str:
        rate = f"{counted(self.packets, 'packet')} ({self.packets_per_s:,.0f}/s, {byte_size(round(self.bytes_per_s))}/s)"
        talks = f"{counted(self.conversations, 'conversation')}, {self.still_open:,} open"
        return f"{inert(self.name)} · {duration(self.elapsed_s)} · {rate} · {talks} · {self.lost}"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, without leading zero units."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02d} min" if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"


def finding_line(finding: Finding) -> Text:
    """A finding on one line."""
    about = f" · {inert(finding.about)}" if finding.about else ""
    return Text.assemble(
        (inert(finding.severity), SEVERITY_STYLE.get(finding.severity, "")),
        "  ",
        (inert(finding.code), "bold"),
        f"{about} · {inert(finding.text)}",
    )


class News:
    """Detects the findings of a verdict that weren't there before."""

    def __init__(self) -> None:
        self._known: set[Key] = set()

    def among(self, findings: Iterable[Mapping[str, Any]]) -> list[int]:
        """Indices of the new findings; a finding whose numbers grow is not new."""
        new = []
        for place, finding in enumerate(findings):
            key = (finding["code"], finding["client_ip"], finding["proxy"], finding["service"])
            if key not in self._known:
                self._known.add(key)
                new.append(place)
        return new


@dataclass(frozen=True)
class LiveReport:
    """The numbers and the part of the report that fits the screen."""

    status: Status
    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text(str(self.status), "reverse")
        lines = console.render_lines(TerminalReport(self.report), options.update(height=None), pad=False)
        room = max(1, options.size.height - 3)
        for line in lines[:room]:
            yield _Line(line)
        if len(lines) > room:
            yield Text(f"… {counted(len(lines) - room, 'more line')}: the whole report follows at the end", "dim")


@dataclass(frozen=True)
class _Line:
    """A rendered line."""

    segments: list[Segment]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield from self.segments
        yield Segment.line()
