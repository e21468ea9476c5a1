"""Everything that whichproxy writes about a capture, as bytes to search: reports, tables, an anonymized slice, a part, its messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.capture.inputs import open_inputs
from analyzer.cli.run import run
from analyzer.flows.layout import ARENA_USED, POOL_USED, STORE_USED
from analyzer.parts.file import read_part, write_part
from analyzer.reading import part_of_captures

WRITTEN = (
    ("report", "report.html"),
    ("report", "report.md"),
    ("report", "report.json"),
    ("report", "report.ipynb"),
    ("flows", "flows.csv"),
    ("flows", "flows.jsonl"),
    ("flows", "flows.txt"),
    ("flows", "flows.parquet"),
    ("slice", "anonymized.pcapng"),
)
SPOKEN = (
    ("report",),
    ("report", "--allow", "plain"),
    ("flows", "--format", "table"),
)


def outputs(capture: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[tuple[str, bytes]]:
    """(what it is, its bytes) of every output; compressed ones unpacked."""
    for verb, name in WRITTEN:
        target = folder / name
        more = ["--anonymize"] if verb == "slice" else []
        yield f"{verb} -o {name}: said", spoken([verb, str(capture), *more, "-o", str(target)], capfd)
        if target.exists():
            yield f"{verb} -o {name}", unpacked(target)
    for verb, *options in SPOKEN:
        yield f"{verb} {' '.join(options)}".strip(), spoken([verb, str(capture), *options], capfd)
    yield "part", part(capture, folder / "capture.part")


def spoken(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> bytes:
    """Stdout and stderr of whichproxy run in this process, which mustn't fail for a mistake of its own."""
    capfd.readouterr()
    code = run(arguments)
    sys.stdout.flush()
    out, err = capfd.readouterr()
    assert code in (0, 1, 2) and "Traceback" not in err, f"{arguments}: {err}"
    return (out + err).encode()


def unpacked(path: Path) -> bytes:
    """The file's bytes; of Parquet its values without compression."""
    if path.suffix != ".parquet":
        return path.read_bytes()
    table, sink = pq.read_table(path), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def part(capture: Path, path: Path) -> bytes:
    """What the part file of the capture keeps of its bytes, read as a piece of a longer one; and the file as it is."""
    write_part(part_of_captures(open_inputs([str(capture)]).sources), path)
    tables = read_part(path).tables
    kept = ((tables.store, STORE_USED), (tables.arena, ARENA_USED), (tables.pool, POOL_USED))
    return b"".join([path.read_bytes(), *(table[: int(tables.counts[used])].tobytes() for table, used in kept)])


def holders(found: Iterator[tuple[str, bytes]], secrets: list[str]) -> list[str]:
    """Which outputs hold which of the texts, whatever the case of their letters."""
    return [f"{name} holds {secret}" for name, data in found for secret in secrets if secret.lower().encode() in data.lower()]
