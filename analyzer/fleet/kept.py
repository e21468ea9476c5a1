"""A cache of the days that were read, each valid until one of its files changes.

A history is read again each week, and only its last few days change. So each gateway's day is written to a folder of the user, and
replaces the rows as long as all its inputs are the same: each file's name, size, time and last bytes (the footer of a Parquet file,
which has the sizes, smallest and largest values of all columns), the topology, the catalogue and this program. A day that differs in any
of these, or is damaged, is read again.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache
from pathlib import Path
from typing import Final

from analyzer.errors import Unusable
from analyzer.fleet.day import Day, Window, read_day
from analyzer.fleet.packed import packed, unpacked
from analyzer.fleet.partitions import Partition
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import Catalogue
from analyzer.text.files import write_whole
from analyzer.version import VERSION

MAGIC: Final = b"whichproxy day\n"
DIGEST: Final = 32
SUFFIX: Final = ".day"
FOLDER_NAME: Final = re.compile(r"[0-9a-f]{32}")
"""Names of folders of days."""

LAST_BYTES: Final = 64 << 10
"""Bytes at the end of each file that are compared: a quiet day's file is smaller, and a larger file's footer lies in them."""

UNREAD_S: Final = 90 * 86_400
"""A folder that no history used for this long is removed."""


CACHE_VARIABLE: Final = "WHICHPROXY_CACHE"
"""The environment variable that names another folder."""


def cache_folder() -> Path:
    """The folder of the cache: below $WHICHPROXY_CACHE, else below the system's folder for caches."""
    from platformdirs import user_cache_path

    chosen = os.environ.get(CACHE_VARIABLE)
    return (Path(chosen) if chosen else user_cache_path("whichproxy", appauthor=False)) / "history"


class Kept:
    """The cached days of one folder, topology and catalogue, in a folder of their own below `place`.

    reused    number of days that weren't read again
    trouble   why the cache can't be written; None: no error so far
    """

    def __init__(self, place: Path, folder: Path, topology: Topology, catalogue: Catalogue) -> None:
        who = (topology.proxies, topology.workstations, topology.policy, topology.issuers, topology.vxlan_ports)
        self.reused = 0
        self.trouble: str | None = None
        self._topology, self._catalogue = topology, catalogue
        self._folder = place / _hex(str(folder.absolute()), repr(who), catalogue.sha256 or "")
        # A catalogue that came from no file has no digest, so its days aren't cached.
        self._catalogue_has_digest = catalogue.sha256 is not None
        self._used: set[Path] = set()

    def day(self, partition: Partition, window: Window = (None, None)) -> Day:
        """The gateway's day, from the cache if that is up to date and within the window, else from its files. Errors: Unusable."""
        path = self._folder / f"{_hex(partition.gateway, partition.date or '')}{SUFFIX}"
        self._used.add(path)
        state = _state(partition) if self._catalogue_has_digest else None
        found = None if state is None else _day_in(path, state)
        if found is not None and found.is_within(window):
            self.reused += 1
            return found
        day = read_day(partition, self._topology, self._catalogue, window)
        if state is not None and day.whole and self.trouble is None:
            self._put(path, state, day)
        return day

    def tidy(self) -> None:
        """Remove cached days that were not requested, and folders that were unused for UNREAD_S. Call it after day() of all partitions."""
        if not self._folder.is_dir() or self.trouble is not None:
            return
        try:
            for path in set(self._folder.glob(f"*{SUFFIX}")) - self._used:
                path.unlink(missing_ok=True)
            os.utime(self._folder)
            now = self._folder.stat().st_mtime
            for other in self._folder.parent.iterdir():
                if FOLDER_NAME.fullmatch(other.name) and other.is_dir() and now - other.stat().st_mtime > UNREAD_S:
                    for path in other.glob(f"*{SUFFIX}"):
                        path.unlink(missing_ok=True)
                    other.rmdir()
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def _put(self, path: Path, state: bytes, day: Day) -> None:
        body = state + packed(day)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, [MAGIC, hashlib.sha256(body).digest(), body])
        except Unusable as error:
            self.trouble = error.what
        except OSError as error:
            self.trouble = error.strerror or str(error)


def _day_in(path: Path, state: bytes) -> Day | None:
    """The day in the file; None: no file, a damaged one, or one of another state."""
    try:
        data = path.read_bytes()
        begin, digest, body = data[: len(MAGIC)], data[len(MAGIC) :][:DIGEST], data[len(MAGIC) + DIGEST :]
        if begin != MAGIC or not body.startswith(state) or hashlib.sha256(body).digest() != digest:
            return None
        return unpacked(body[len(state) :])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, MemoryError):
        return None


def _state(partition: Partition) -> bytes | None:
    """A digest of the day's inputs except the topology and the catalogue; None: a file can't be read."""
    state = hashlib.sha256(_program())
    try:
        for path in partition.files:
            about = path.stat()
            with path.open("rb") as file:
                file.seek(max(0, about.st_size - LAST_BYTES))
                last = hashlib.sha256(file.read()).hexdigest()
            state.update(_hex(path.name, about.st_size, about.st_mtime_ns, last).encode())
    except OSError:
        return None  # read_day() reports why
    return state.digest()


@cache
def _program() -> bytes:
    """A digest of this program's code: another version may judge the same rows differently."""
    root = Path(__file__).parent.parent
    state = hashlib.sha256(VERSION.encode())
    for path in sorted(root.rglob("*.py")):
        state.update(_hex(path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()).encode())
    return state.digest()


def _hex(*what: object) -> str:
    """The first half of a digest in hex, for names."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:32]
