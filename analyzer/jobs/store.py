"""Files that change together: all of them or none, wherever a change is interrupted.

New files are staged beside their places. One file, the record, lists which staged file goes where, and the change is made as soon as the
record is in place. Its moves are repeated when the store is opened, so it makes no difference where a run was killed. State that only the
job reads is kept beside the record under names of its own; the record lists the current ones.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable

RECORD: Final = "record.json"
STATE: Final = "state"
SCHEMA: Final = 1


class Store:
    """The folder of a job's results.

    path     where;  state: files that only the job reads
    number   of the last change
    record   its contents, beside the paths of the change's files
    """

    def __init__(self, path: Path) -> None:
        """Open the folder, and complete a change that was interrupted.

        Errors  Unusable: it can't be written, or its record was changed by hand
        """
        self.path = path
        self.state = path / STATE
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self._read()
            self._apply(self._moves, self._removed)
            self.forget_strays()
        except OSError as error:
            raise Unusable(f"the results can't be written: {error.strerror or error}", str(path), "name a folder of its own") from error

    def _read(self) -> None:
        self.number, self.record, self._moves, self._removed = 0, {}, [], []
        place = self.state / RECORD
        if not place.exists():
            return
        try:
            found = json.loads(place.read_bytes())
            if found["schema"] != SCHEMA:
                raise ValueError(f"schema {found['schema']}")
            self.number, self.record = int(found["number"]), dict(found["record"])
            self._moves, self._removed = [(str(a), str(b)) for a, b in found["moves"]], [str(one) for one in found["removed"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(
                f"the job's record can't be read ({error})", str(place), "move the folder away: the next run begins anew"
            ) from error

    def change(self) -> Transaction:
        """A change that is to be made at once."""
        return Transaction(self, self.number + 1)

    def state_file(self, name: str) -> Path | None:
        """The current state file of that name; None if there is none."""
        known = self.record.get("state", {}).get(name)
        return self.state / known if known else None

    def _apply(self, moves: list[tuple[str, str]], removed: list[str]) -> None:
        for staged, place in moves:
            source, target = self.state / staged, self.path / place
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
        for place in removed:
            (self.path / place).unlink(missing_ok=True)

    def forget_strays(self) -> None:
        """Remove the files of a change that was abandoned or completed."""
        known = {RECORD, *self.record.get("state", {}).values()}
        for entry in self.state.iterdir():
            if entry.name not in known:
                if entry.is_dir():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()


class Transaction:
    """New files under temporary names until commit() puts all of them in place."""

    def __init__(self, store: Store, number: int) -> None:
        self.number = number
        self._store = store
        self._folder = f"staged-{number}"
        self._moves: list[tuple[str, str]] = []
        self._removed: list[str] = []
        self._state = dict(store.record.get("state", {}))
        self.record: dict[str, Any] = {key: value for key, value in store.record.items() if key != "state"}
        staged = store.state / self._folder
        if staged.exists():
            shutil.rmtree(staged)
        staged.mkdir()

    def file(self, place: str) -> Path:
        """The path at which to write the new file for `place`, which is relative to the store."""
        staged = f"{self._folder}/{len(self._moves)}"
        self._moves.append((staged, place))
        return self._store.state / staged

    def staged(self) -> Mapping[str, Path]:
        """place → the path of its new file until the commit."""
        return {place: self._store.state / staged for staged, place in self._moves}

    def state_file(self, name: str) -> Path:
        """The path at which to write the state file of that name."""
        self._state[name] = f"{name}-{self.number}"
        return Path(self._store.state, self._state[name])

    def remove(self, place: str) -> None:
        """Remove the file at `place`."""
        self._removed.append(place)

    def commit(self) -> None:
        """Make the change: if the process is killed here, it is made wholly or not at all. Errors: OSError, nothing was changed."""
        store = self._store
        for path in [*self.staged().values(), *(store.state / name for name in self._state.values())]:
            _to_disk(path)
        record = {**self.record, "state": self._state}
        document = {"schema": SCHEMA, "number": self.number, "record": record, "moves": self._moves, "removed": self._removed}
        text = store.state / f"{RECORD}.part"
        text.write_text(json.dumps(document), encoding="ascii")
        _to_disk(text)
        text.replace(store.state / RECORD)
        _to_disk(store.state)
        store.number, store.record = self.number, record
        store._apply(self._moves, self._removed)
        store.forget_strays()


def _to_disk(path: Path) -> None:
    """Flush the file, or the folder's names, to disk, so that losing power loses nothing."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
