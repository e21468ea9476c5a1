"""Shared by `report`, `flows` and others: options turned into arguments, reading, and messages about unreadable inputs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from analyzer.cli.interrupt import StreamEnd
from analyzer.cli.outcome import DONE, INTERRUPTED, UNUSABLE, causes, complain
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from analyzer.capture.source import Input
    from analyzer.pipeline import Reading
    from analyzer.routes.topology import Topology
    from analyzer.services.catalogue import Catalogue


# Factor by which finding and decoding packets is slower without compiled code (measured: docs/decisions/0001-kernels.md).
TIMES_SLOWER: Final = 90


@dataclass(frozen=True)
class Question:
    """The shared options, checked before a capture is opened."""

    inputs: Sequence[Input]
    topology: Topology
    catalogue: Catalogue
    start_ns: int | None
    end_ns: int | None
    workers: int | None
    quiet: bool
    cluster: str | None = None
    stream: StreamEnd = field(default_factory=StreamEnd)

    def until_interrupted(self) -> AbstractContextManager[object]:
        """Inside the context, Ctrl-C ends stdin, where stdin is an input; otherwise it ends the program."""
        return self.stream if "-" in self.inputs else nullcontext()


def checked(
    inputs: Sequence[str],
    *,
    topology: str | None,
    catalogues: Sequence[str] | None,
    start: str | None,
    end: str | None,
    workers: int | None,
    quiet: bool,
    cluster: str | None = None,
    tz: str = "UTC",
) -> Question:
    """The options as a Question.

    Errors  Unusable: an invalid time, a topology or catalogue file with mistakes, or stdin that is a terminal
    """
    from analyzer.arrow import leave_pandas_alone
    from analyzer.cli.window import window
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue

    leave_pandas_alone()
    warn_uncompiled()
    if "-" in inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise Unusable("standard input is a terminal or closed", "-", "pipe a capture into it: tcpdump -w - | whichproxy report -")
    names, services = load_topology(topology), load_catalogue(catalogues or ())
    start_ns, end_ns = window(start, end, tz, inputs)  # last, because it may have to read the captures
    return Question(inputs, names, services, start_ns, end_ns, workers, quiet, cluster)


def warn_uncompiled() -> None:
    """A warning on stderr where kernels aren't compiled, which makes reading slow."""
    from analyzer.compiled import not_compiled
    from analyzer.text.labels import all_of

    if stages := not_compiled():
        reason = "; ".join(dict.fromkeys(stages.values()))
        which = all_of([*stages])
        complain(f"SLOW: {which} run as plain Python, {TIMES_SLOWER} times slower ({reason}); whichproxy doctor says what helps")


def read(question: Question, *, digests: bool, packets: bool = False, listed: bool = True) -> Reading:
    """The inputs as flows, with progress on a terminal.

    digests   with each file's SHA-256
    packets   the packets are needed again: parts and flow tables are errors
    listed    with a row for every flow; False: without those of a flood that the verdict only counts

    A stream may be interrupted: the result covers what came before, and say_unusable reports it.
    """
    from analyzer.cli.progress import ReadingProgress
    from analyzer.reading import read as read_captures

    try:
        with question.until_interrupted(), ReadingProgress(quiet=question.quiet) as progress:
            return read_captures(
                question.inputs,
                topology=question.topology,
                catalogue=question.catalogue,
                start_ns=question.start_ns,
                end_ns=question.end_ns,
                workers=question.workers,
                cluster=question.cluster,
                progress=progress.update,
                digests=digests,
                packets=packets,
                listed=listed,
            )
    except Unusable as error:
        if question.stream.interrupted:  # before any packet came
            raise KeyboardInterrupt from error
        raise


def say_written(question: Question, path: str, what: str) -> None:
    """A line on stderr: what was written where."""
    if not question.quiet:
        complain(f"wrote {path}: {what}")


def say_unusable(question: Question, reading: Reading) -> int:
    """The same as say_unread, for one reading; INTERRUPTED, with a line, when Ctrl-C ended its stream."""
    code = say_unread(reading.unusable, reading.skipped, quiet=question.quiet)
    if not question.quiet:
        complain(*_old_catalogue(question.catalogue, reading))
    if not question.stream.interrupted:
        return code
    complain("interrupted: this is what was read until then")
    return INTERRUPTED


def _old_catalogue(catalogue: Catalogue, reading: Reading) -> Iterator[str]:
    """A line where the captures are over a year newer than the catalogue: Microsoft's lists may have changed since."""
    import pyarrow.compute as pc

    from analyzer.text.times import rfc3339

    last = pc.max(reading.flows.column("last_seen")).cast("int64").as_py()
    if last is not None and catalogue.is_a_year_old_on(date.fromisoformat(rfc3339(last)[:10])):
        remedy = "whichproxy catalogue diff FILE compares it with Microsoft's page"
        yield f"the catalogue is of {catalogue.as_of}, over a year older than the captures: hosts may be missing; {remedy}"


def say_unread(unusable: Sequence[Unusable], skipped: int, *, quiet: bool) -> int:
    """The exit code for unreadable inputs, after a line for each; skipped files in directories are only a warning."""
    for error in unusable:
        complain(*causes(error))
    if skipped and not quiet:
        files = (
            "1 file in a directory is no capture and was" if skipped == 1 else f"{skipped:,} files in directories are no captures and were"
        )
        complain(f"{files} skipped")
    return UNUSABLE if unusable else DONE
