"""A part as a file: the facts from one part of the traffic, stored until the parts beside it are there.

The file's layout: a magic line with the format's number; the SHA-256 of all that follows; the compressed and the uncompressed size of the
body; the body, compressed with zstd (JSON behind its length, then the rows of open records, column by column: flows/packed.py); the
batches of finished records (flows/batches.py). Nothing in a part is executed, and everything read is checked (check.py): a part that was
cut, changed or forged gives an error; it never runs code or reads other memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from analyzer.capture.facts import facts_from_json
from analyzer.errors import Unusable
from analyzer.flows.batches import Batch, with_over_packed, with_unread_open
from analyzer.flows.concatenate import USED, used
from analyzer.flows.grow import without_rows
from analyzer.flows.layout import FIRST, MAX_FIRSTS, N_FIRSTS, N_LABELS, POOL_USED, RECENT, Tables
from analyzer.flows.packed import packed, packed_size, unpacked
from analyzer.flows.relative import absolute, relative
from analyzer.flows.retire import hashes_of, with_waiting_packed
from analyzer.packets.fragments import Fragment
from analyzer.parts.blanked import blanked, without_secrets
from analyzer.parts.check import check_batch, check_tables
from analyzer.parts.moments import firsts_in_time, recent_in_time, recent_rows
from analyzer.parts.partial import Partial
from analyzer.streams.initials import with_hellos_read

KIND: Final = b"whichproxy part "
FORM: Final = 3
MAGIC: Final = KIND + str(FORM).encode() + b"\n"
LENGTH: Final = 8
DIGEST: Final = 32
MAX_SIZE: Final = 1 << 36
"""A part with a larger uncompressed size isn't opened: 64 GiB hold a month of flows."""


def _layout(tables: Tables) -> str:
    """A short digest of the tables' columns."""
    return hashlib.sha256(repr([(name, getattr(tables, name).dtype.descr) for name in USED]).encode()).hexdigest()[:16]


LAYOUT: Final = _layout(without_rows())
"""Distinguishes this version's columns from another version's."""

MAX_ROW: Final = 256
"""An upper bound for a row of any table, in bytes."""

NO_HASHES: Final = np.zeros(0, np.uint64)

SMALL: Final = 4 << 20
"""Up to this size in bytes the highest compression level takes no noticeable time."""

AGAIN: Final = "make it again from its captures: whichproxy flows --partial"


def write_part(partial: Partial, path: Path) -> None:
    """Write the part to the file."""
    path.write_bytes(part_bytes(partial))


def read_part(path: Path) -> Partial:
    """The part that write_part wrote.

    Errors  Unusable: no such file, cut or changed, no part at all, or of another form
    """
    try:
        return part_of(path.read_bytes(), str(path))
    except OSError as error:
        raise Unusable(f"it can't be read ({error.strerror or error})", str(path)) from error


def is_part(head: bytes) -> bool:
    """Whether a file with these first bytes is a part, in any version of the format."""
    return head.startswith(KIND)


def part_bytes(partial: Partial, *, at_rest: bool = True) -> bytes:
    """The part's bytes as a file holds them: unread bytes only where a reader needs them, secrets in them blanked.

    at_rest   False: passed from one process of a run to another, so the ends of lines cut at the part's edge stay (blanked.py)
    """
    batches, tables = with_unread_open(*with_over_packed(partial.batches, partial.tables))
    tables = with_waiting_packed(with_hellos_read(tables._replace(counts=tables.counts.copy())))
    tables = blanked(tables, at_rest=at_rest)
    others = {"recent": recent_in_time(tables), "firsts": firsts_in_time(tables), "counts": tables.counts}
    tables = relative(tables)
    tables.counts[POOL_USED] = len(tables.pool)
    rows = {name: getattr(tables, name)[: used(tables, name)] for name in USED} | others
    renumberings = list(dict.fromkeys(batch.inputs for batch in batches))
    head = {
        "layout": LAYOUT,
        "names": partial.names,
        "starts": partial.starts,
        "inputs": [facts.as_json() for facts in partial.inputs],
        "window": partial.window,
        "parts": [_fragment_as_json(part) for part in partial.parts],
        "rows": {name: len(table) for name, table in rows.items()},
        "renumberings": renumberings,
        "batches": [_batch_as_json(batch, renumberings.index(batch.inputs)) for batch in batches],
    }
    text = json.dumps(head).encode("ascii")
    body = b"".join([len(text).to_bytes(LENGTH, "big"), text, *(packed(table) for table in rows.values())])
    level = 1 if not at_rest else 12 if len(body) <= SMALL else 3
    small = bytes(pa.Codec("zstd", compression_level=level).compress(body))
    sizes = len(small).to_bytes(LENGTH, "big") + len(body).to_bytes(LENGTH, "big")
    pieces = [sizes, small, *(piece for batch in batches for piece in (np.packbits(batch.returned).tobytes(), batch.data))]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return b"".join([MAGIC, digest.digest(), *pieces])


def part_of(data: bytes, where: str) -> Partial:
    """The part in these bytes. Errors: Unusable, they are no part, or not as they were written."""
    line = data[: len(MAGIC) + 16].partition(b"\n")[0]
    if not is_part(data):
        raise Unusable("it is no part", where, "whichproxy flows --partial makes some")
    if line + b"\n" != MAGIC:
        form = line[len(KIND) :].decode("ascii", "replace")
        if form.isdecimal() and int(form) > FORM:
            raise Unusable(f"it is a part of form {form}, and this version reads {FORM}", where, "use the version that made it, or newer")
        raise Unusable("it is a part of another version", where, AGAIN)
    digest, rest = data[len(MAGIC) : len(MAGIC) + DIGEST], memoryview(data)[len(MAGIC) + DIGEST :]
    if hashlib.sha256(rest).digest() != digest:
        raise Unusable("the part is damaged: it isn't what was written", where, AGAIN)
    end = 2 * LENGTH + int.from_bytes(rest[:LENGTH], "big")
    size = int.from_bytes(rest[LENGTH : 2 * LENGTH], "big")
    if size > MAX_SIZE:
        raise Unusable(f"the part says that it holds {size} bytes", where, AGAIN)
    try:
        body = memoryview(pa.Codec("zstd").decompress(rest[2 * LENGTH : end], size))
        return _part_in(body, rest[end:], where)
    except Unusable:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, MemoryError, RecursionError) as error:
        raise Unusable(f"the part can't be read ({error})", where, AGAIN) from error


def _part_in(body: memoryview, put_away: memoryview, where: str) -> Partial:
    text = int.from_bytes(body[:LENGTH], "big")
    head = json.loads(bytes(body[LENGTH : LENGTH + text]))
    if head["layout"] != LAYOUT:
        raise Unusable("it was written by a version with other tables", where, AGAIN)
    blank = without_rows()._replace(firsts=np.zeros(MAX_FIRSTS, FIRST))
    at = LENGTH + text
    found: dict[str, Any] = {}
    types = {name: getattr(blank, name).dtype for name in USED} | {"recent": RECENT, "firsts": FIRST, "counts": blank.counts.dtype}
    for name, dtype in types.items():
        n = int(head["rows"][name])
        end = at + packed_size(n, dtype)
        if n < 0 or end > len(body):
            raise ValueError(f"{name} isn't all there")
        found[name] = unpacked(body[at:end], n, dtype)
        at = end
    if at != len(body) or len(found["counts"]) != len(blank.counts):
        raise ValueError("it holds more than it says")
    tables = _tables_of(found, blank)
    inputs = tuple(facts_from_json(one) for one in head["inputs"])
    names = tuple(str(name) for name in head["names"])
    starts = tuple(None if start is None else int(start) for start in head["starts"])
    parts = tuple(_fragment_from_json(entry) for entry in head["parts"])
    start_ns, end_ns = head["window"]
    check_tables(tables, len(names), [part.source for part in parts])
    batches = tuple(_batches_in(put_away, head["batches"], head["renumberings"], len(names), int(tables.counts[N_LABELS])))
    if len(starts) != len(names) or (inputs and tuple(one.name for one in inputs) != names):
        raise ValueError("its inputs and their names don't agree")
    return Partial(names, starts, tables, parts, inputs, (start_ns, end_ns), batches)


def _batch_as_json(batch: Batch, renumbering: int) -> list[Any]:
    return [len(batch.data), batch.rows, batch.lone, batch.names, batch.going_on, renumbering, batch.labels]


def _batches_in(data: memoryview, described: list[Any], renumberings: list[Any], n_inputs: int, n_labels: int) -> Iterator[Batch]:
    """The batches, each unpacked once to check it. Errors: ValueError and others, a batch is malformed."""
    inputs = [None if numbers is None else tuple(int(number) for number in numbers) for numbers in renumberings]
    at = 0
    for size, rows, lone, names, going_on, renumbering, labels in described:
        n = int(rows[0])
        flags = at + (n + 7) // 8
        returned = np.unpackbits(np.frombuffer(data[at:flags], np.uint8), count=n).astype(np.bool_)
        at = flags + int(size)
        packed_rows = bytes(data[flags:at])
        if len(packed_rows) != size or min(rows) < 0 or sum(rows) * MAX_ROW > MAX_SIZE or labels < 0:
            raise ValueError("a batch isn't all there")
        how = (int(lone), bool(names), False, bool(going_on), inputs[renumbering], int(labels))
        batch = Batch(packed_rows, tuple(rows), NO_HASHES, returned, *how)
        tables = batch.tables()
        check_batch(tables, n_inputs, n_labels)
        yield replace(batch, hashes=hashes_of(tables))
    if at != len(data):
        raise ValueError("it holds more than it says")


def _tables_of(found: dict[str, Any], blank: Tables) -> Tables:
    counts = found["counts"]
    if not 0 <= len(found["firsts"]) == counts[N_FIRSTS] <= len(blank.firsts):
        raise ValueError("its first packets and their count don't agree")
    blank.firsts[: len(found["firsts"])] = found["firsts"]
    tables = blank._replace(**{name: found[name] for name in USED}, counts=counts, recent=recent_rows(found["recent"]))
    if any(used(tables, name) != len(found[name]) for name in USED):
        raise ValueError("its tables and their counts don't agree")
    absolute(tables)
    return tables


def _fragment_as_json(part: Fragment) -> list[Any]:
    addresses, ident, protocol = part.key
    texts = addresses.hex(), part.header.hex(), without_secrets(part.data, [len(part.data)]).hex()
    return [*texts, ident, protocol, part.ts_ns, part.source, part.offset, part.more, part.outer, part.cut_bytes, part.number]


def _fragment_from_json(entry: list[Any]) -> Fragment:
    addresses, header, data = (bytes.fromhex(text) for text in entry[:3])
    ident, protocol, ts_ns, source, offset, more, outer, cut_bytes, number = entry[3:]
    return Fragment((addresses, ident, protocol), ts_ns, source, header, data, offset, more, tuple(outer), cut_bytes, number)
