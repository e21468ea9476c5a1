"""Ring files → rows of flows. Each file is analysed once, in one change of the store; the end of a run is one more change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from analyzer.capture.block import Damage
from analyzer.capture.source import Source
from analyzer.errors import Unusable
from analyzer.facts.losses import losses_of
from analyzer.flows.layout import N_DUPLICATES
from analyzer.jobs.carry import Counted, named_so_far, nothing
from analyzer.jobs.deadline import TimeIsUp
from analyzer.jobs.evidence import OPEN, JobRows, Writing
from analyzer.jobs.file import Job
from analyzer.jobs.pending import Pending, Waiting
from analyzer.jobs.runs import dropped_once, drops_of
from analyzer.jobs.store import Store, Transaction
from analyzer.parts.file import read_part, write_part
from analyzer.pipeline import Reading, judge
from analyzer.routes.discovery import discoveries_of
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.jobs.ring import RingFile

CARRIED = "carried"


class Analyst:
    """The state of a job's analysis so far.

    warnings   about the state as found; empty if there is none
    """

    def __init__(self, job: Job, store: Store) -> None:
        """Errors: Unusable, the topology or a catalogue has mistakes."""
        self.topology = load_topology(job.topology)
        self.catalogue = load_catalogue(job.catalogues)
        self.store = store
        self.warnings: list[str] = []
        self._evidence = JobRows(store, job.name, self.topology, self.catalogue)
        self._carry()

    def _carry(self) -> None:
        """Read the state that was carried when the store was last changed."""
        place = self.store.state_file(CARRIED)
        self._carried = nothing()
        if place is not None:
            try:
                self._carried = read_part(place)
            except Unusable as error:
                self.warnings.append(f"{error}: conversations that were going on begin anew, and their rows so far are kept")
                self._close_open_rows()

    def _close_open_rows(self) -> None:
        """Keep the open rows, whose carried state is lost, for good."""
        change = self.store.change()
        writing = self._evidence.writing(change)
        writing.close_open()
        write_part(self._carried, change.state_file(CARRIED))
        change.commit()

    @property
    def duplicates(self) -> int:
        """Packets captured twice, so far."""
        return int(self._carried.tables.counts[N_DUPLICATES])

    def analyse(self, file: RingFile, run: Pending, look: Callable[[], None] = lambda: None) -> None:
        """Count a ring file, and write its rows, the carried state and the note that it was analysed in one change.

        look    called once per block of packets and per file of rows that is rewritten
        Errors  Unusable: the results can't be written; TimeIsUp, from look. Both leave the state as it was before the file.
        """
        run = run if run["duplicates"] is not None else {**run, "duplicates": self.duplicates}
        try:
            change = self.store.change()
            writing = self._evidence.writing(change, look)
            entry, going_on = self._count(file, writing, look)
            writing.replace_open(named_so_far(self._carried).flows)
            write_part(self._carried, change.state_file(CARRIED))
            self._note(change, file, run, entry, going_on)
            change.commit()
        except OSError as error:
            self._undo()
            raise self._unwritable(error) from error
        except TimeIsUp:
            self._undo()
            raise

    def _count(self, file: RingFile, writing: Writing, look: Callable[[], None]) -> tuple[dict[str, Any], int]:
        source = Source(file.name, path=file.path)
        source.vxlan_ports = self.topology.vxlan_ports
        try:
            done = Counted(self._carried, source, writing.keep, look=look)
        except Unusable as error:
            # A tool that was killed before it wrote anything leaves an empty file.
            self._carry()
            source.damage.append(Damage("capture-damaged", f"{error.what}: the file holds no packets"))
            return source.as_dict(), 0
        self._carried = done.carried
        return source.as_dict(), done.going_on

    def pass_over(self, file: RingFile, run: Pending) -> None:
        """Note that a file is never read: its packets are missing. Errors: Unusable, the results can't be written."""
        text = f"{file.path.stat().st_size} bytes of packets were deleted unread, to make room for newer ones"
        entry = {"path": file.name, "sha256": None, "packets": 0, "first_seen": None, "last_seen": None}
        try:
            change = self.store.change()
            self._note(change, file, run, {**entry, "damage": [Damage("capture-gap", text).as_dict()]}, 0)
            change.commit()
        except OSError as error:
            self._undo()
            raise self._unwritable(error) from error

    def _note(self, change: Transaction, file: RingFile, run: Pending, entry: dict[str, Any], going_on: int) -> None:
        """Note in the record that the file was analysed, with its `captures` entry."""
        there = {one.name for one in file.path.parent.iterdir()}
        done = {name: when for name, when in change.record.get("done", {}).items() if name in there}
        change.record["done"] = {**done, file.name: time.time()}
        known = self.duplicates if run["duplicates"] is None else run["duplicates"]
        before = self._dropped_before(file)
        change.record["dropped"] = {"tool": file.run, "packets": max(before, drops_of(entry))}
        grown: Pending = {**run, "files": [*run["files"], entry], "going_on": run["going_on"] + going_on, "duplicates": known}
        if not run["files"]:
            grown["dropped_before"] = before
        change.record["pending"] = [grown if one["number"] == run["number"] else one for one in change.record["pending"]]

    def _dropped_before(self, file: RingFile) -> int:
        """Packets dropped according to the tool's earlier files."""
        known = self.store.record.get("dropped", {})
        return int(known["packets"]) if known.get("tool") == file.run else 0

    def _undo(self) -> None:
        """Restore the state from before the last file."""
        self.store.forget_strays()
        self._carry()

    def _unwritable(self, error: OSError) -> Unusable:
        return Unusable(f"the results can't be written: {error.strerror or error}", str(self.store.path), "make room")

    def judge(self, run: Pending, drops: int, waiting: Waiting) -> tuple[dict[str, Any], pa.Table]:
        """(the verdict document over the flows seen in the run's files, its flow table).

        drops     dropped packets that no file reports
        waiting   files that the run captured and that aren't analysed yet
        """
        entries = dropped_once(run["files"], run.get("dropped_before", 0))
        names = [entry["path"] for entry in entries]
        flows, left_out = self._evidence.rows_seen_in(names, run["since"])
        known = named_so_far(self._carried)
        losses = losses_of(known, 0, len(self._carried.names))
        missing = {name: [damage.as_dict() for damage in own] for name, own in zip(self._carried.names, losses, strict=True)}
        entries = [{**entry, "damage": [*entry["damage"], *missing.get(entry["path"], [])]} for entry in entries]
        if waiting.files and not entries:
            entries = [{"path": f"run {run['number']}", "sha256": None, "packets": 0, "first_seen": None, "last_seen": None, "damage": []}]
        if entries:
            entries[-1]["damage"] += [damage.as_dict() for damage in self._losses(run, drops, left_out, waiting)]
        lookups = known.lookups.filter(pc.is_in(known.lookups["flow"], value_set=flows["id"].combine_chunks()))
        discoveries = discoveries_of(lookups, known.discoveries, self.topology)
        reading = Reading(flows, entries, topology=self.topology, catalogue=self.catalogue, lookups=lookups, discoveries=discoveries)
        return judge(reading), flows

    def _losses(self, run: Pending, drops: int, left_out: int, waiting: Waiting) -> Sequence[Damage]:
        lost = []
        if waiting.files:
            text = f"{waiting} behind it could not be analysed in time: the next run does it"
            lost.append(Damage("capture-gap", text))
        if drops:
            lost.append(Damage("packets-dropped", "dropped while capturing", count=drops))
        copies = self.duplicates - (self.duplicates if run["duplicates"] is None else run["duplicates"])
        if copies:
            lost.append(Damage("duplicated-packets", "packets captured twice, counted once", count=copies))
        if run["going_on"]:
            text = "conversations left memory although they could go on, and may have a second row"
            lost.append(Damage("flows-evicted", text, count=run["going_on"]))
        if left_out:
            text = "rows of conversations without a name are in flows/ and not in this verdict"
            lost.append(Damage("flows-evicted", text, count=left_out))
        return lost

    def forget_evidence(self, change: Transaction, days: int) -> None:
        """Remove the rows of all but the newest days with rows: days are counted, so that a clock that stepped removes none."""
        by_day: dict[str, list[Path]] = {}
        for path in self._evidence.parts():
            by_day.setdefault(path.parent.name, []).append(path)
        for day in sorted(by_day)[:-days]:
            # Open rows are held in memory, and rewritten with the next file.
            for path in by_day[day]:
                if path.name != OPEN:
                    change.remove(str(path.relative_to(self.store.path)))
