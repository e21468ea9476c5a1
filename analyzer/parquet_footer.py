"""Parquet footers: the footers of single-column files merged into the footer of a file with all columns.

A footer is a structure of Thrift's compact protocol (parquet-format's parquet.thrift and Thrift's thrift-compact-protocol.md, read in
November 2026). Its metadata about a column's pages stays valid when the pages move, except for their offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

MAGIC: Final = b"PAR1"
"""The first and the last bytes of a file."""

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
INTEGERS: Final = frozenset({4, 5, 6})

Struct = dict[int, tuple[int, Any]]
"""A structure: field number → (type, value). A list's value is (type, values), a structure's is a Struct, a double's its eight bytes."""

# Fields of parquet.thrift.
ROWS, GROUPS = 3, 4  # FileMetaData
COLUMNS, GROUP_BYTES, GROUP_COMPRESSED = 1, 2, 6  # RowGroup; its offset (5) is its first column's
CHUNK = 3  # ColumnChunk
CHUNK_OFFSETS: Final = (2, 4, 6)  # ColumnChunk: offsets of its footer and of the indexes of its pages' places and values; 0: none
OFFSETS: Final = (9, 10, 11, 14)  # ColumnMetaData: offsets of data, index, dictionary and Bloom filter


def split(file: memoryview) -> tuple[memoryview, Struct]:
    """(a Parquet file's pages, its footer)."""
    size = int.from_bytes(file[-8:-4], "little")
    return file[len(MAGIC) : -8 - size], Reader(file[-8 - size : -8]).struct()


def ending(whole: Struct, columns: Sequence[tuple[memoryview, Struct]]) -> bytes:
    """The footer of a file that holds all these columns, with its size and the closing magic.

    whole    the footer of a file with all columns and no row
    columns  (pages, footer) of the single-column files, in order, with the same rows in each of their row groups
    """
    ahead = list(accumulate((len(pages) for pages, _ in columns), initial=0))
    of_columns = [footer[GROUPS][1][1] for _, footer in columns]
    groups = [_together(parts, ahead) for parts in zip(*of_columns, strict=True)]
    written = encoded({**whole, ROWS: columns[0][1][ROWS], GROUPS: (LIST, (STRUCT, groups))})
    return written + len(written).to_bytes(4, "little") + MAGIC


def _together(parts: Sequence[Struct], ahead: Sequence[int]) -> Struct:
    """The row groups of single-column files merged into one; `ahead`: bytes of other columns' pages before each column's."""
    columns = [_moved(column, by) for part, by in zip(parts, ahead, strict=False) for column in part[COLUMNS][1][1]]
    sums = {field: (parts[0][field][0], sum(part[field][1] for part in parts)) for field in (GROUP_BYTES, GROUP_COMPRESSED)}
    return {**parts[0], COLUMNS: (LIST, (STRUCT, columns)), **sums}


def _moved(column: Struct, by: int) -> Struct:
    """The column with its pages moved back by so many bytes."""
    kind, chunk = column[CHUNK]
    return {**_further(column, CHUNK_OFFSETS, by), CHUNK: (kind, _further(chunk, OFFSETS, by))}


def _further(struct: Struct, offsets: Sequence[int], by: int) -> Struct:
    """The structure with those of these offsets that it has increased by so many bytes."""
    return {field: (kind, value + by) if field in offsets and value else (kind, value) for field, (kind, value) in struct.items()}


class Reader:
    """Reads structures from their bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def struct(self) -> Struct:
        found: Struct = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            found[field] = kind, kind == TRUE if kind in (TRUE, FALSE) else self._value(kind)
        return found

    def _value(self, kind: int) -> Any:
        if kind in INTEGERS:
            return self._integer()
        if kind == BINARY:
            return self._bytes(self._number())
        if kind in (LIST, SET):
            head = self._byte()
            n, kind = head >> 4 if head >> 4 < 15 else self._number(), head & 15
            return kind, [self._value(kind) for _ in range(n)]
        if kind == STRUCT:
            return self.struct()
        if kind in (TRUE, FALSE, BYTE):  # one of a list
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        raise ValueError(f"a footer has no values of type {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, n: int) -> bytes:
        self._at += n
        return bytes(self._data[self._at - n : self._at])

    def _number(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 128:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _integer(self) -> int:
        number = self._number()
        return number >> 1 ^ -(number & 1)


def encoded(struct: Struct) -> bytes:
    """The structure's bytes."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


def _write_struct(out: bytearray, struct: Struct) -> None:
    before = 0
    for field, (kind, value) in sorted(struct.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        if 0 < field - before < 16:
            out.append(field - before << 4 | kind)
        else:
            out.append(kind)
            _write_integer(out, field)
        before = field
        if kind not in (TRUE, FALSE):
            _write(out, kind, value)
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in INTEGERS:
        _write_integer(out, value)
    elif kind == BINARY:
        _write_number(out, len(value))
        out += value
    elif kind in (LIST, SET):
        kind, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | kind)
        else:
            out.append(0xF0 | kind)
            _write_number(out, len(values))
        for one in values:
            _write(out, kind, one)
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind == DOUBLE:
        out += value
    else:
        out.append(value)


def _write_integer(out: bytearray, number: int) -> None:
    _write_number(out, number << 1 ^ number >> 63)


def _write_number(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
