"""The draws that made a property test fail, one file each: which test, and what Hypothesis drew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis.database import ExampleDatabase

FOUND = Path(__file__).parent / "found"


class Finds(ExampleDatabase):
    """Kept by the test's name, not by its source: a test that was touched is still tried with what it once failed on.

    test     the test that runs now
    keeping  new finds are written down
    """

    def __init__(self, folder: Path = FOUND, *, keeping: bool = False) -> None:
        super().__init__()
        self.folder = folder
        self.keeping = keeping
        self.test: str | None = None
        self._new: set[Path] = set()

    def fetch(self, key: bytes) -> Iterable[bytes]:
        if not _is_first(key):
            return
        for path, test, draw in self.all():
            if test == self.test and path.exists():
                yield draw

    def save(self, key: bytes, value: bytes) -> None:
        if self.keeping and self.test and _is_first(key) and value not in self.fetch(key):
            path = self._path(value)
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"test": self.test, "draw": value.hex()}) + "\n", encoding="utf-8")
            self._new.add(path)

    def delete(self, key: bytes, value: bytes) -> None:
        """Hypothesis found a smaller draw: the larger one goes. What earlier runs found stays, failing or not."""
        path = self._path(value)
        if path in self._new and _is_first(key):
            path.unlink(missing_ok=True)
            self._new.discard(path)

    def all(self) -> Iterator[tuple[Path, str, bytes]]:
        """Every find: its file, its test, the draw."""
        for path in sorted(self.folder.glob("*.json")):
            kept = json.loads(path.read_text(encoding="utf-8"))
            yield path, kept["test"], bytes.fromhex(kept["draw"])

    def _path(self, value: bytes) -> Path:
        return self.folder / f"{hashlib.sha256(str(self.test).encode() + value).hexdigest()[:16]}.json"


def _is_first(key: bytes) -> bool:
    """Whether it is the place of the smallest draw, not of those that failed on the way to it."""
    return not key.endswith((b".secondary", b".pareto"))
