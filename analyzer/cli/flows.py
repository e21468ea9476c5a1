"""`whichproxy flows`: the flow table, for the eye and for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import Catalogues, End, Inputs, Quiet, Start, Topology, Workers, Zone
from analyzer.errors import Unusable

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How the table is written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".parquet": Format.PARQUET, ".txt": Format.TABLE}

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        show_default=False,
        help="table, csv, jsonl or parquet. Default: by the suffix of -o; else table on a terminal, jsonl otherwise.",
    ),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", show_default=False, help="Write the table there: .csv .jsonl .parquet .txt.")
]


def flows(
    inputs: Inputs,
    format: FormatOption = None,
    output: Output = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = 2,
    quiet: Quiet = False,
) -> int:
    """Give the flow table: one row per conversation, with its proxy, host, service and how it ended.

    The table on a terminal shows the columns that fit; the other formats have all of them.

    \b
    Examples:
      whichproxy flows gateway.pcapng
      whichproxy flows captures/ -o flows.parquet
      whichproxy flows gateway.pcapng --format csv > flows.csv
      whichproxy flows gateway.pcapng --topology topology.toml | jq -r 'select(.service) | [.host, .proxy_name] | @tsv'
      tcpdump -nr big.pcap -w - port 3128 | whichproxy flows - --format jsonl

    \b
    Exit codes: 0 done, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.cli.reading import checked, read, say_unusable
    from analyzer.report.outputs import check_writable, write_whole

    chosen = _format(format, output)
    if output is not None:
        check_writable(output, inputs)
    question = checked(inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, quiet=quiet, tz=tz)
    reading = read(question, digests=False)
    if output is None:
        _to_stdout(reading.flows, chosen)
    else:
        write_whole(output, _pieces(reading.flows, chosen))
    return say_unusable(question, reading)


def _format(asked: Format | None, output: str | None) -> Format:
    """The format asked for, else that of the suffix, else what suits where stdout goes."""
    if output is not None:
        suffix = Path(output).suffix.lower()
        if asked is None and suffix not in SUFFIXES:
            what = f"no table is written as {suffix}" if suffix else "no suffix says how to write it"
            raise Unusable(what, output, f"use {' '.join(SUFFIXES)}, or --format")
        return asked or SUFFIXES[suffix]
    terminal = sys.stdout.isatty()
    if asked is Format.PARQUET and terminal:
        raise Unusable("parquet is no text for a terminal", "--format", "name a file with -o")
    return asked or (Format.TABLE if terminal else Format.JSONL)


def _to_stdout(table: pa.Table, chosen: Format) -> None:
    if chosen is not Format.TABLE:
        sys.stdout.flush()
        for piece in _pieces(table, chosen):
            sys.stdout.buffer.write(piece)
        return
    import shutil

    from analyzer.report.flow_table import flow_lines
    from analyzer.report.text import UNWRAPPED

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNWRAPPED
    for line in flow_lines(table, width):
        print(line)


def _pieces(table: pa.Table, chosen: Format) -> Iterator[bytes]:
    """The table's bytes in the chosen format, piece by piece."""
    from analyzer.report import rows

    if chosen is Format.JSONL:
        yield from rows.json_lines(table)
    elif chosen is Format.CSV:
        yield from rows.csv_lines(table)
    elif chosen is Format.PARQUET:
        yield _parquet(table)
    else:
        from analyzer.report.flow_table import flow_lines

        yield from (f"{line}\n".encode() for line in flow_lines(table))


def _parquet(table: pa.Table) -> bytes:
    import io

    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
