"""One run of a job in the foreground: the tool writes ring files, each is analysed once, and the run's results are written.

The tool is started before everything else that takes time: packets come first. It is asked to end when the run's time is over or the run is
stopped, however many files wait to be analysed; these have a time limit of their own, and the rest is left to the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from analyzer.errors import Unusable
from analyzer.jobs.deadline import Deadline, TimeIsUp
from analyzer.jobs.file import Job
from analyzer.jobs.lock import Lock, locked
from analyzer.jobs.notify import notify
from analyzer.jobs.pending import STOPPED, WHOLE, Closed, Pending, Waiting, begin, killed, run_of
from analyzer.jobs.ring import RingFile, RingTool, choose_ring_tool, command, finished, prefix_of, ring_files, size_of, to_delete
from analyzer.jobs.store import Store

if TYPE_CHECKING:
    from analyzer.capture.selection import CaptureFilter

LOOK_S: Final = 0.5
STOP_S: Final = 10.0
DAY_S: Final = 86_400


@dataclass
class Outcome:
    """The end of a run. drift: something changed;  broke_off: why capturing ended early, None when the run ended it."""

    drift: bool = False
    broke_off: str | None = None
    interrupted: bool = False


@dataclass
class Control:
    """How a run is asked to end, and where it reports its progress.

    wait       waits so many seconds, or not at all; True as soon as the run is to end
    captures   called as soon as the tool captures
    """

    say: Callable[[str], None]
    wait: Callable[[float], bool]
    seconds: float | None = None
    captures: Callable[[], None] = lambda: None
    outcome: Outcome = field(default_factory=Outcome)


def run_job(job: Job, control: Control) -> Outcome:
    """One run of the job. Errors: Unusable, nothing was or could be captured, or the results can't be written."""
    from analyzer.capture.selection import EVERYTHING, can_be_tagged, selection
    from analyzer.routes.topology import load_topology

    job.packets.mkdir(parents=True, exist_ok=True)
    chosen = EVERYTHING if job.settings.full else selection(load_topology(job.topology), tagged=can_be_tagged(job.settings.interface))
    with locked(job.results) as lock:
        store = Store(job.results)
        number = begin(store)
        tool = _start(job, chosen, number, lock)
        control.say(f"run {number}: {tool.tool} captures on {job.settings.interface} {chosen}")
        control.captures()
        try:
            return _Session(job, store, tool, number, control).until_end()
        finally:
            tool.kill()


def _start(job: Job, chosen: CaptureFilter, number: int, lock: Lock) -> RingTool:
    name = choose_ring_tool(job.settings.tool)
    ring = job.settings.ring
    arguments = command(name, job.settings.interface, chosen, job.packets, prefix_of(number), ring.file_size, ring.file_time)
    tool = RingTool(name, job.settings.interface, arguments, lock.handle)
    lock.note_tool(tool.pid)
    return tool


class _Session:
    """The running tool, and the files that it finishes.

    live   the run to which its packets belong; None once capturing has ended
    """

    def __init__(self, job: Job, store: Store, tool: RingTool, number: int, control: Control) -> None:
        from analyzer.jobs.analyst import Analyst

        schedule = job.settings.schedule
        self.job = job
        self.store = store
        self.tool = tool
        self.tool_number = number
        self.live: int | None = number
        self.control = control
        self.outcome = control.outcome
        self._seconds = control.seconds or schedule.for_
        self._deadline = Deadline(self._seconds, schedule.finish_within)
        self._rolled = time.monotonic()
        self._ended: tuple[int, Closed] | None = None  # the last live run, and how its capturing ended
        self._touched: set[int] = set()  # the runs of which a file was analysed
        self._is_empty = False
        self.analyst = Analyst(job, store)
        for text in self.analyst.warnings:
            control.say(text)

    def until_end(self) -> Outcome:
        """Analyse the files that the tool finishes until the tool, the time or the run ends; then the rest, as time allows."""
        try:
            self._analyse()
            while self.live is not None:
                self.control.wait(LOOK_S)
                self._analyse()
            self._analyse()  # the files that the tool closed when it ended
        except TimeIsUp:
            self._leave_the_rest()
        self._clear_away()
        if self.outcome.broke_off is not None and self._is_empty:
            raise Unusable(self.outcome.broke_off, self.job.settings.interface, "see whichproxy doctor")
        return self.outcome

    def _look(self) -> None:
        """Called once per item of work: reports that the run is alive, and ends capturing or the run when their time is over. Errors:
        TimeIsUp."""
        notify("WATCHDOG=1")
        if self.control.wait(0) and not self.outcome.interrupted:
            self.outcome.interrupted = True
            if self.tool.is_running:
                self._end_capture(STOPPED)
            self._deadline.stop()
        if self.live is not None and not self.tool.is_running:
            self.outcome.broke_off = self.tool.ended() or f"{self.tool.tool} ended"
            self._end_capture(f"broke off: {self.outcome.broke_off}")
        elif self.live is not None and self._deadline.capturing_is_over():
            self._end_capture(WHOLE)
        self._deadline.check()

    def _end_capture(self, how: str) -> None:
        """Ask the tool to end; from now on only the rest is analysed."""
        if self.live is not None:
            self._ended = self.live, Closed(how=how, ended=time.time(), dropped=0, upto=None)
            self.live = None
            self._deadline.begin_rest()
            self.tool.finish(STOP_S)

    def _analyse(self) -> None:
        """Analyse every finished file, and finish the runs whose files are all analysed. Errors: TimeIsUp."""
        while True:
            self._look()
            self._roll()
            unread = self._unread()
            waiting = {self._run_of(file)["number"] for file in unread}
            for run in list(self.store.record["pending"]):
                if run["number"] not in waiting and run["number"] != self.live:
                    self._finish(run)
            if not unread:
                return
            self._analyse_one(unread)
            self._clear_away()

    def _unread(self) -> list[RingFile]:
        done = self.store.record.get("done", {})
        writing = self.tool_number if self.tool.is_running else None
        return [file for file in finished(ring_files(self.job.packets), writing) if file.name not in done]

    def _analyse_one(self, unread: list[RingFile]) -> None:
        """Analyse the oldest file; where the disk is full, try again after deleting analysed packets."""
        file, run = unread[0], self._run_of(unread[0])
        self._touched.add(run["number"])
        if sum(size_of(one.path) for one in unread) > self.job.settings.retention.packet_bytes and len(unread) > 1:
            self.control.say(f"{file.name} is deleted unread: analysis doesn't keep up with the packets")
            self.analyst.pass_over(file, run)
            file.path.unlink(missing_ok=True)
            return
        try:
            self.analyst.analyse(file, run, self._look)
        except Unusable as error:
            freed = self._clear_away(keep_bytes=0)
            if not freed:
                raise
            self.control.say(f"{error}: {freed} analysed files were deleted for room")
            self.analyst.analyse(file, run, self._look)

    def _run_of(self, file: RingFile) -> Pending:
        return run_of(file, self.store.record["pending"])

    def _roll(self) -> None:
        """Where capturing is continuous: begin another run when it is time. Packets captured until then belong to the old run."""
        if self.live is None or self._seconds is not None or time.monotonic() < self._rolled + self.job.settings.schedule.every:
            return
        files = finished([file for file in ring_files(self.job.packets) if file.run == self.tool_number], self.tool_number)
        own = [file for file in files if self._run_of(file)["number"] == self.live]
        if not own:
            return
        self._rolled = time.monotonic()
        closed = Closed(how=WHOLE, ended=time.time(), dropped=self.tool.new_drops(), upto=[*own[-1].place])
        old = self.live
        self.live = begin(self.store, self.tool_number, (old, closed))
        self._finish(next(run for run in self.store.record["pending"] if run["number"] == old))

    def _leave_the_rest(self) -> None:
        """Write the results of every run for which this process captured or analysed, and report the files that wait for the next run."""
        for run in list(self.store.record["pending"]):
            if run["number"] in self._touched or self._is_the_last(run):
                self._finish(run)
        left = Waiting.of(self._unread())
        if left.files:
            self.control.say(f"{left} could not be analysed in time: the next run does it")

    def _finish(self, run: Pending) -> None:
        """Write the run's results from the files that are analysed."""
        from analyzer.jobs.finish import finish

        closed = run.get("closed") or killed(time.time())
        if self._ended is not None and self._is_the_last(run):
            closed = {**self._ended[1], "dropped": self.tool.new_drops()}
        waiting = Waiting.of(file for file in self._unread() if self._run_of(file)["number"] == run["number"])
        # A slow webhook or command must not delay the end of a run that was stopped: its changes are reported by the next run.
        may_tell = not self.outcome.interrupted
        drift = finish(self.job, self.analyst, run, closed, waiting=waiting, may_tell=may_tell, say=self.control.say)
        self.outcome.drift |= drift
        self._is_empty |= self._is_the_last(run) and not waiting.files and not any(entry["packets"] for entry in run["files"])

    def _is_the_last(self, run: Pending) -> bool:
        return self._ended is not None and run["number"] == self._ended[0]

    def _clear_away(self, keep_bytes: int | None = None) -> int:
        """Delete packets according to the retention; the number of deleted files."""
        retention = self.job.settings.retention
        files, done = ring_files(self.job.packets), self.store.record.get("done", {})
        since = None if retention.packet_days is None else time.time() - retention.packet_days * DAY_S
        gone = to_delete(files, done, retention.packet_bytes if keep_bytes is None else keep_bytes, since)
        for file in gone:
            file.path.unlink(missing_ok=True)
        return len(gone)
