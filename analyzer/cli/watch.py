"""`whichproxy watch`: the verdict while packets arrive."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from analyzer.cli.options import Catalogues, Quiet, Topology, as_json, output_file
from analyzer.cli.outcome import DONE, INTERRUPTED, UNUSABLE, causes, complain
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from analyzer.capture.live import Drops, Recorder, Tap
    from analyzer.growing import Growing
    from analyzer.pipeline import Reading

SCREEN_S = 1.0
LINES_S = 10.0
"""Update intervals on a screen and as lines. An update takes time itself: never more than a tenth of it."""

LOOKING_SHARE = 0.1
LAST_WAIT_S = 10.0

Interface = Annotated[
    str, typer.Argument(metavar="INTERFACE|-", show_default=False, help="A network interface, or - for a stream on stdin.")
]
Full = Annotated[bool, typer.Option("--full", help="Keep every packet whole, whatever the topology says.")]
Tool = Annotated[
    str | None, typer.Option("--tool", metavar="NAME", show_default=False, help="tcpdump, dumpcap or scapy. Default: the first that may.")
]
For = Annotated[float | None, typer.Option("--for", metavar="SECONDS", min=0.0, show_default=False, help="End by itself after so long.")]
Output = Annotated[
    str | None,
    output_file("Write the report there at the end; the suffix says how."),
]
Rows = Annotated[
    str | None,
    typer.Option("--rows", metavar="FILE", show_default=False, help="Write rows that memory has no room for there, as they go (.parquet)."),
]
Json = Annotated[bool, as_json("At the end the verdict as JSON on stdout.")]


def watch(
    interface: Interface,
    output: Output = None,
    json: Json = False,
    rows: Rows = None,
    seconds: For = None,
    full: Full = False,
    tool: Tool = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    quiet: Quiet = False,
) -> int:
    """Say which proxy wins while the packets arrive; Ctrl-C ends it with the whole report.

    tcpdump or dumpcap captures, in a process of its own. Only what the question needs is captured: the addresses of the
    topology, and enough of each packet to hold a name; the first line says which. On a terminal the table refreshes, with
    new findings above it; else a line of numbers comes on stderr every ten seconds. Packets that were dropped are shown beside
    the numbers. Memory is bounded, whatever arrives: what that costs is the finding flows-evicted.

    \b
    Examples:
      whichproxy watch eth0 --topology topology.toml
      whichproxy watch eth0 --for 600 -o report.md
      ssh gateway tcpdump -U -w - port 3128 | whichproxy watch -

    \b
    Exit codes: 0 the stream or the time ended, 2 it can't be captured or broke off, 130 interrupted (the report is complete).
    """
    # Loaded before the tool starts, so that an interrupt from the first packet on still gives the report.
    from analyzer.capture.source import Source
    from analyzer.cli.reading import checked
    from analyzer.growing import Growing
    from analyzer.report.files import check_report_path

    if output is not None:
        if output.endswith(".ipynb"):
            raise Unusable("a notebook reads its capture again, and a live one is gone by then", output, "use .html, .md or .json")
        check_report_path(output)
    question = checked([interface], topology=topology, catalogues=catalogue, start=None, end=None, workers=1, quiet=quiet)
    with recorded(interface, question.topology, full=full, tool=tool, quiet=quiet) as packets, spill(rows) as keep:
        growing = Growing(Source(interface, file=cast(IO[bytes], packets.stream)), question.topology, question.catalogue, keep=keep)
        run = Watch(growing, packets, quiet=quiet)
        interrupted = run.until_end(seconds)
        return finish(run, output, json=json) or (INTERRUPTED if interrupted else DONE)


class Packets(NamedTuple):
    """The source of the packets: a stream, and the tool that writes it (None: stdin)."""

    stream: Tap
    recorder: Recorder | None

    def drops(self) -> Drops | None:
        """The known drops; None: the stream doesn't report them."""
        return self.recorder.drops() if self.recorder else None

    def end(self) -> None:
        """End the stream after the packets that have arrived."""
        if self.recorder:
            self.recorder.stop()
        else:
            self.stream.close_off()


@contextmanager
def recorded(interface: str, topology: Any, *, full: bool, tool: str | None, quiet: bool) -> Iterator[Packets]:
    """The interface's packets, or stdin's. Errors: Unusable."""
    from analyzer.capture.live import DUMPCAP, SCAPY, TCPDUMP, Recorder, Tap

    if tool is not None and tool not in (TCPDUMP, DUMPCAP, SCAPY):
        raise Unusable(f"{tool!r} is no capturing tool", "--tool", f"use {TCPDUMP}, {DUMPCAP} or {SCAPY}")
    if interface == "-":
        yield Packets(Tap(sys.stdin.buffer), None)
        return
    from analyzer.capture.selection import EVERYTHING, can_be_tagged, selection

    if interface.startswith("-") or "\0" in interface:
        raise Unusable("no interface has such a name", interface, "ip link lists them")
    chosen = EVERYTHING if full else selection(topology, tagged=can_be_tagged(interface))
    recorder = Recorder(interface, chosen, tool)
    if not quiet:
        complain(f"{recorder.tool} captures on {interface} {chosen}{'' if full else ' (--full keeps everything)'}")
    try:
        yield Packets(recorder.stream, recorder)
    finally:
        recorder.kill()


@contextmanager
def spill(rows: str | None) -> Iterator[Any]:
    """A writer for rows that don't fit in memory, to a Parquet file that is complete when the run ends; None without a file."""
    if rows is None:
        yield None
        return
    from analyzer.text.files import check_writable

    check_writable(rows)
    import pyarrow.parquet as pq

    from analyzer.parquet import how_written
    from analyzer.tables import FLOW_SCHEMA

    with pq.ParquetWriter(rows, FLOW_SCHEMA, **how_written(FLOW_SCHEMA)) as writer:
        yield writer.write_table


class Watch:
    """The reading thread, and the display of its results until the end."""

    def __init__(self, growing: Growing, packets: Packets, *, quiet: bool) -> None:
        self.growing = growing
        self.packets = packets
        self.screen = not quiet and sys.stderr.isatty()
        self.quiet = quiet
        self._wake = threading.Event()
        self._signals = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._failure: BaseException | None = None

    def _read(self) -> None:
        try:
            self.growing.run()
        except BaseException as error:  # noqa: BLE001 - raised again at the end of the run
            self._failure = error
        finally:
            self._wake.set()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            raise KeyboardInterrupt
        self._wake.set()

    def until_end(self, seconds: float | None) -> bool:
        """Show the progress until the stream ends, the time is over or the user interrupts; True when interrupted."""
        numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = [signal.signal(number, self._interrupt) for number in numbers]
        try:
            self._reader.start()
            with self._view() as look:
                self._look_until_end(look, seconds)
            if self._reader.is_alive():
                self.packets.end()
                self._reader.join(LAST_WAIT_S)
            self.growing.stop()
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
        if self._failure is not None:
            raise self._failure
        return self._signals > 0

    def _look_until_end(self, look: Any, seconds: float | None) -> None:
        interval = SCREEN_S if self.screen else LINES_S
        until = None if seconds is None else time.monotonic() + seconds
        wait = interval
        while True:
            left = wait if until is None else min(wait, max(0.0, until - time.monotonic()))
            if self._wake.wait(left) or (until is not None and time.monotonic() >= until):
                return
            began = time.monotonic()
            if not self.quiet:
                look()
            wait = max(interval, (time.monotonic() - began) / LOOKING_SHARE)

    @contextmanager
    def _view(self) -> Iterator[Any]:
        from analyzer.cli.watch_view import Lines, Screen

        if self.screen:
            with Screen(self) as screen:
                yield screen.look
        else:
            yield Lines(self).look

    def drops(self) -> Drops | None:
        """The known drops; None: the stream doesn't report them."""
        return self.packets.drops()

    def reading(self) -> Reading:
        """Everything that has arrived so far, with the known losses."""
        from analyzer.capture.block import Damage

        drops = self.drops()
        lost: tuple[Damage, ...] = ()
        # A pcapng file reports dumpcap's drops itself, at its end.
        known = any(damage.code == "packets-dropped" for damage in self.growing.source.damage)
        if drops is not None and drops.total and not known:
            lost = (Damage("packets-dropped", str(drops), count=drops.total),)
        return self.growing.reading(lost)


def finish(run: Watch, output: str | None, *, json: bool) -> int:
    """Print the report of everything that arrived; UNUSABLE, with the reason, when the capture broke off or never began."""
    from analyzer.cli.report import print_verdict
    from analyzer.pipeline import judge
    from analyzer.report.files import write_report

    recorder = run.packets.recorder
    broke_off = recorder.ended() if recorder else None
    failed = run.growing.failed
    if failed is not None and (recorder is None or broke_off is not None):
        raise failed if broke_off is None or recorder is None else Unusable(broke_off, recorder.interface, "see whichproxy doctor")
    reading = run.reading()
    verdict = judge(reading)
    if output is not None:
        write_report(output, verdict, reading.flows)
    if json or output is None:
        print_verdict(verdict, json)
    unknown = run.growing.source.unreadable()
    if unknown is not None:
        complain(*causes(unknown))
    elif broke_off is not None:
        complain(f"the capture broke off: {broke_off}")
    return UNUSABLE if broke_off is not None or unknown is not None else DONE
