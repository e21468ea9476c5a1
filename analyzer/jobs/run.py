"""One run of a job in the foreground: the tool writes ring files, each is analysed once, and the run's results are taken.

The tool is started before everything else that takes time: packets come first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from analyzer.errors import Unusable
from analyzer.jobs.file import Job
from analyzer.jobs.lock import Lock, locked
from analyzer.jobs.notify import notify
from analyzer.jobs.ring import RingFile, RingTool, choose_ring_tool, command, finished, prefix_of, ring_files, size_of, to_delete
from analyzer.jobs.runs import Pending
from analyzer.jobs.store import Store

if TYPE_CHECKING:
    from analyzer.capture.selection import Selection

WHOLE: Final = "its time was over"
KILLED: Final = "it was killed"

LOOK_S: Final = 0.5
STOP_S: Final = 10.0
DAY_S: Final = 86_400


@dataclass
class Outcome:
    """How a run ended. drift: something changed;  broke_off: why capturing ended by itself, None when it was told to."""

    drift: bool = False
    broke_off: str | None = None
    interrupted: bool = False


@dataclass
class Control:
    """How a run is told to end, and whom it tells what it does. captures: called as soon as the tool does."""

    say: Callable[[str], None]
    wait: Callable[[float], bool]  # waits so long, True as soon as the run is to end
    seconds: float | None = None
    captures: Callable[[], None] = lambda: None
    outcome: Outcome = field(default_factory=Outcome)


def run_job(job: Job, control: Control) -> Outcome:
    """One run of the job. Errors: Unusable, nothing was or could be captured, or the results can't be written."""
    from analyzer.capture.selection import EVERYTHING, can_be_tagged, selection
    from analyzer.routes.topology import load_topology

    job.packets.mkdir(parents=True, exist_ok=True)
    chosen = EVERYTHING if job.said.full else selection(load_topology(job.topology), tagged=can_be_tagged(job.said.interface))
    with locked(job.results) as lock:
        store = Store(job.results)
        number = begin(store)
        tool = _start(job, chosen, number, lock)
        control.say(f"run {number}: {tool.tool} captures on {job.said.interface} {chosen}")
        control.captures()
        try:
            return _Session(job, store, tool, number, control).until_end()
        finally:
            tool.kill()


def begin(store: Store, tool: int | None = None, before: dict[str, Any] | None = None, duplicates: int | None = None) -> int:
    """The number of a new run, which the store knows from now on.

    tool     the run that started the tool; None: this one will
    before, duplicates   as in Pending; None: not known yet
    Errors   Unusable, the results can't be written
    """
    change = store.change()
    number = int(change.record.get("last", 0)) + 1
    run = Pending(number=number, tool=tool or number, began=time.time(), since=change.number, files=[], before=before, going_on=0,
                  duplicates=duplicates)  # fmt: skip
    change.record["last"] = number
    change.record["pending"] = [*change.record.get("pending", []), run]
    try:
        change.commit()
    except OSError as error:
        raise Unusable(f"the results can't be written: {error.strerror or error}", str(store.path), "make room") from error
    return number


def _start(job: Job, chosen: Selection, number: int, lock: Lock) -> RingTool:
    name = choose_ring_tool(job.said.tool)
    ring = job.said.ring
    arguments = command(name, job.said.interface, chosen, job.packets, prefix_of(number), ring.file_size, ring.file_time)
    tool = RingTool(name, job.said.interface, arguments, lock.handle)
    lock.note_tool(tool.pid)
    return tool


class _Session:
    """The tool at work, and the files that it finishes. live: the run that its packets are of, None once it has ended."""

    def __init__(self, job: Job, store: Store, tool: RingTool, number: int, control: Control) -> None:
        from analyzer.jobs.analyst import Analyst

        self.job = job
        self.store = store
        self.tool = tool
        self.tool_number = number
        self.live: int | None = number
        self.control = control
        self.analyst = Analyst(job, store)
        for text in self.analyst.said:
            control.say(text)
        self._began = self._rolled = time.monotonic()

    def until_end(self) -> Outcome:
        """Analyse what the tool finishes until it or the time ends, or somebody ends it; then the rest."""
        outcome = self.control.outcome
        while True:
            self._analyse()
            self._roll()
            if not self.tool.is_running:
                outcome.broke_off = self.tool.ended() or f"{self.tool.tool} ended"
                break
            if self._is_over():
                break
            outcome.interrupted = self.control.wait(LOOK_S)
            if outcome.interrupted:
                break
        self.tool.finish(STOP_S)
        live, self.live = self.live, None
        how = f"broke off: {outcome.broke_off}" if outcome.broke_off else "it was stopped" if outcome.interrupted else WHOLE
        self._analyse()
        packets = self._finish(self._pending(live), how)
        self._clear_away()
        if outcome.broke_off is not None and not packets:
            raise Unusable(outcome.broke_off, self.job.said.interface, "see whichproxy doctor")
        return outcome

    def _is_over(self) -> bool:
        seconds = self.control.seconds or self.job.said.schedule.for_
        return seconds is not None and time.monotonic() >= self._began + seconds

    def _analyse(self) -> None:
        """Analyse every file that is finished, and finish the runs that no file is missing of."""
        while True:
            notify("WATCHDOG=1")
            unread = self._unread()
            waiting = {self._run_of(file)["number"] for file in unread}
            for run in list(self.store.record["pending"]):
                if run["number"] not in waiting and not self._is_live(run):
                    self._finish(run, KILLED)
            if not unread:
                return
            self._analyse_one(unread)
            self._clear_away()

    def _is_live(self, run: Pending) -> bool:
        """The run whose tool is at work, or was until a moment ago."""
        return run["number"] == self.live or (self.live is None and run["tool"] == self.tool_number)

    def _unread(self) -> list[RingFile]:
        done = self.store.record.get("done", {})
        writing = self.tool_number if self.tool.is_running else None
        return [file for file in finished(ring_files(self.job.packets), writing) if file.name not in done]

    def _analyse_one(self, unread: list[RingFile]) -> None:
        """The oldest file; where the disk is full, once more with the packets gone that were analysed before."""
        file = unread[0]
        if sum(size_of(one.path) for one in unread) > self.job.said.retention.packet_bytes and len(unread) > 1:
            self.control.say(f"{file.name} is deleted unread: analysis doesn't keep up with the packets")
            self.analyst.pass_over(file, self._run_of(file))
            file.path.unlink(missing_ok=True)
            return
        try:
            self.analyst.analyse(file, self._run_of(file))
        except Unusable as error:
            freed = self._clear_away(keep_bytes=0)
            if not freed:
                raise
            self.control.say(f"{error}: {freed} analysed files were deleted for room")
            self.analyst.analyse(file, self._run_of(file))

    def _run_of(self, file: RingFile) -> Pending:
        """The run that the file's packets are of: its tool's, else the newest (a folder whose record was moved away)."""
        pending: list[Pending] = self.store.record["pending"]
        return next((run for run in pending if run["tool"] == file.run), pending[-1])

    def _pending(self, number: int | None) -> Pending:
        found: Pending = next(run for run in self.store.record["pending"] if run["number"] == number)
        return found

    def _roll(self) -> None:
        """Where packets are captured on and on: begin another run when it is time."""
        schedule = self.job.said.schedule
        if schedule.for_ is not None or self.control.seconds is not None or time.monotonic() < self._rolled + schedule.every:
            return
        old = self._pending(self.live)
        if not old["files"]:
            return
        self._rolled = time.monotonic()
        self.live = begin(self.store, self.tool_number, before=old["files"][-1], duplicates=self.analyst.duplicates)
        self._finish(old, WHOLE)

    def _finish(self, run: Pending, how: str) -> int:
        """Take the run's results; how many packets it had."""
        from analyzer.jobs.finish import finish

        drops = self.tool.new_drops() if run["tool"] == self.tool_number else 0
        drift = finish(self.job, self.analyst, run, how, time.time(), drops=drops, cut_short=how != WHOLE, say=self.control.say)
        self.control.outcome.drift |= drift
        return sum(entry["packets"] for entry in run["files"])

    def _clear_away(self, keep_bytes: int | None = None) -> int:
        """Delete packets as retention wants it; how many files went."""
        retention = self.job.said.retention
        files, done = ring_files(self.job.packets), self.store.record.get("done", {})
        since = None if retention.packet_days is None else time.time() - retention.packet_days * DAY_S
        gone = to_delete(files, done, retention.packet_bytes if keep_bytes is None else keep_bytes, since)
        for file in gone:
            file.path.unlink(missing_ok=True)
        return len(gone)
