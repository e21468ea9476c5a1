"""The files with the rows of each gateway and day under a folder: `gateway=NAME/date=DAY/*.parquet`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from analyzer.errors import Unusable
from analyzer.text.words import did_you_mean

GATEWAY: Final = "gateway="
DATE: Final = "date="
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Partition(NamedTuple):
    """The files of one gateway's day. date: None for rows without a time."""

    gateway: str
    date: str | None
    files: tuple[Path, ...]


def partitions(folder: str | Path, gateways: Iterable[str] = (), since: str | None = None, until: str | None = None) -> list[Partition]:
    """The partitions under the folder, by gateway and day; folders of the same gateway and day are one partition.

    gateways      only these
    since until   only days from since to until, both included
    Errors        Unusable: no such folder, no rows in it, no such gateway, or no rows of these days
    """
    root = Path(folder)
    if not root.is_dir():
        raise Unusable("no such folder", str(folder), "name one with gateway=NAME/date=DAY/ in it, as capture jobs write them")
    found: dict[tuple[str, str | None], list[Path]] = {}
    for path in _files(root):
        place = _place(path)
        if place is not None:
            found.setdefault(place, []).append(path)
    if not found:
        raise Unusable("no rows in it", str(folder), "name a folder with gateway=NAME/date=DAY/*.parquet, as capture jobs write them")
    known = sorted({gateway for gateway, _ in found})
    for wanted in gateways:
        if wanted not in known:
            raise Unusable(f"no gateway {wanted!r} in it", str(folder), did_you_mean(wanted, known))
    chosen = set(gateways) or set(known)
    days = sorted(day for _, day in found if day is not None)
    kept = {(gateway, day): files for (gateway, day), files in found.items() if gateway in chosen and _within(day, since, until)}
    if not kept:
        span = f"it has days from {days[0]} to {days[-1]}" if days else "none of its rows has a time"
        raise Unusable("nothing of these days", str(folder), span)
    ordered = sorted(kept.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return [Partition(gateway, day, tuple(sorted(files))) for (gateway, day), files in ordered]


def _files(root: Path) -> Iterator[Path]:
    """All Parquet files below the folder; links to folders are followed, and each folder is visited once, so that loops end."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(root, followlinks=True):
        about = Path(place).stat()
        if (about.st_dev, about.st_ino) in seen:
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".parquet"))


def _place(path: Path) -> tuple[str, str | None] | None:
    """(gateway, day) of a file, from its folders' names; None: they don't have this form."""
    day, gateway = path.parent.name, path.parent.parent.name
    if not day.startswith(DATE) or not gateway.startswith(GATEWAY):
        return None
    name = unquote(gateway.removeprefix(GATEWAY))
    text = unquote(day.removeprefix(DATE))
    return name, text if _is_day(text) else None


def _is_day(text: str) -> bool:
    try:
        return DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _within(day: str | None, since: str | None, until: str | None) -> bool:
    if day is None:
        return since is None and until is None
    return (since is None or day >= since) and (until is None or day <= until)
