"""A Partial as a file: what the packets of a piece say, put away until the packets behind it are there.

The file is an LZ4 frame: a line that says what it is, JSON behind its length, then the tables' rows, each as a .npy array.
Nothing in it is run: a file that was changed by somebody gives an error or wrong numbers, never code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa

from analyzer.blanked import blanked, without_secrets
from analyzer.errors import Unusable
from analyzer.flows.concatenate import USED, concatenated, used
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_FIRSTS
from analyzer.packets.fragments import Part
from analyzer.partial import Partial

MAGIC: Final = b"whichproxy partial 1\n"
LENGTH: Final = 8
MAX_HEAD: Final = 256 << 20
"""The JSON holds the fragments that wait, 16 MiB at most, and the names of all inputs."""


def write_partial(partial: Partial, path: Path) -> None:
    """Write the part to the file; the room that nothing lies in is left out, and passwords in what wasn't read yet are blanked."""
    tables = blanked(partial.tables)
    seen = np.flatnonzero(tables.recent["digest"])
    head = {"names": partial.names, "starts": partial.starts, "parts": [_part_as_json(part) for part in partial.parts]}
    rows = [getattr(tables, name)[: used(tables, name)] for name in USED]
    arrays = [*rows, seen, tables.recent[seen], tables.firsts[: tables.counts[N_FIRSTS]], tables.counts]
    text = json.dumps(head).encode("ascii")
    with pa.CompressedOutputStream(str(path), "lz4") as file:
        file.write(MAGIC + len(text).to_bytes(LENGTH, "big") + text)
        for array in arrays:
            np.lib.format.write_array(file, array, allow_pickle=False)


def read_partial(path: Path) -> Partial:
    """The part that write_partial wrote.

    Errors  Unusable: no such file, cut or changed, or written by a version that lays its tables out in another way
    """
    try:
        with pa.CompressedInputStream(str(path), "lz4") as file:
            return _read(file, str(path))
    except Unusable:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, MemoryError) as error:
        raise Unusable(f"it can't be read ({error})", str(path)) from error


def _read(file: IO[bytes], where: str) -> Partial:
    if file.read(len(MAGIC)) != MAGIC:
        raise Unusable("it holds no part of this version", where)
    head = json.loads(file.read(min(MAX_HEAD, int.from_bytes(file.read(LENGTH), "big"))))
    blank = empty_tables()
    rows = {name: _array(file, getattr(blank, name).dtype, where) for name in USED}
    seen, recent, firsts = (_array(file, dtype, where) for dtype in (np.dtype(np.int64), blank.recent.dtype, blank.firsts.dtype))
    counts = _array(file, blank.counts.dtype, where)
    if len(counts) != len(blank.counts):
        raise Unusable("it was written by another version", where)
    blank.recent[seen] = recent
    blank.firsts[: len(firsts)] = firsts
    tables = blank._replace(**rows, counts=counts)
    if any(used(tables, name) != len(rows[name]) for name in USED):
        raise Unusable("its tables and their counts don't agree", where)
    parts = tuple(_part_from_json(part) for part in head["parts"])
    return Partial(tuple(head["names"]), tuple(head["starts"]), concatenated(tables, empty_tables()), parts)


def _array(file: IO[bytes], dtype: np.dtype[Any], where: str) -> np.ndarray[Any, Any]:
    found = np.lib.format.read_array(file, allow_pickle=False)
    if found.dtype != dtype or found.ndim != 1:
        raise Unusable("it was written by another version", where)
    return found


def _part_as_json(part: Part) -> list[Any]:
    addresses, ident, protocol = part.key
    texts = addresses.hex(), part.header.hex(), without_secrets(part.data, [len(part.data)]).hex()
    return [*texts, ident, protocol, part.ts_ns, part.source, part.offset, part.more, part.outer, part.cut_bytes, part.number]


def _part_from_json(entry: list[Any]) -> Part:
    addresses, header, data = (bytes.fromhex(text) for text in entry[:3])
    ident, protocol, ts_ns, source, offset, more, outer, cut_bytes, number = entry[3:]
    return Part((addresses, ident, protocol), ts_ns, source, header, data, offset, more, tuple(outer), cut_bytes, number)
