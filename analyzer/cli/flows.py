"""`whichproxy flows`: the flow table, for terminals and for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import (
    Catalogues,
    Cluster,
    End,
    Inputs,
    Proxies,
    Quiet,
    Services,
    Sources,
    Start,
    Topology,
    Workers,
    Zone,
    output_file,
)
from analyzer.errors import Unusable
from analyzer.text.urls import check_local

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How the table is written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    ECS = "ecs"
    ZEEK = "zeek"


SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".parquet": Format.PARQUET, ".txt": Format.TABLE}

NAMES = {Format.ECS: "ECS", Format.ZEEK: "Zeek"}
"""Formats with fields of their own."""

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        show_default=False,
        help="table, csv, jsonl, parquet, ecs (JSON lines by the names of the Elastic Common Schema), or zeek (as Zeek's conn.log). "
        "Default: by the suffix of -o; else table on a terminal, jsonl otherwise.",
    ),
]
Output = Annotated[str | None, output_file("Write the table there: .csv .jsonl .parquet .txt.")]


def _columns(incomplete: str) -> Sequence[str]:
    from analyzer.report.arranged import columns_that_begin

    return columns_that_begin(incomplete)


Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="A,B,C", show_default=False, autocompletion=_columns, help="These columns, in this order (docs/columns.md)."
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN[,-COLUMN]",
        show_default=False,
        autocompletion=_columns,
        help="Rows by these columns, the first one first; with a - the greatest first. What is missing comes last.",
    ),
]
Partial = Annotated[
    bool,
    typer.Option("--partial", help="Write a part with -o: what these packets say, to be merged with what others do (see merge)."),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, show_default=False, help="At most so many rows.")]


def flows(
    inputs: Inputs,
    format: FormatOption = None,
    output: Output = None,
    source: Sources = None,
    service: Services = None,
    proxy: Proxies = None,
    columns: Columns = None,
    sort: Sort = None,
    limit: Limit = None,
    partial: Partial = False,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
) -> int:
    """Give the flow table: one row per conversation, with its proxy, host, service and how it ended.

    The table on a terminal shows the columns that fit; the other formats have all of them. --source, --service and --proxy leave out
    rows; they change nothing in those that stay.

    \b
    Examples:
      whichproxy flows gateway.pcapng
      whichproxy flows captures/ -o flows.parquet
      whichproxy flows gateway.pcapng --format csv > flows.csv
      whichproxy flows gateway.pcapng --source 172.16.11.0/24 --service cloud-protection
      whichproxy flows gateway.pcapng --columns host,proxy,bytes_out --sort -bytes_out --limit 10
      whichproxy flows gateway.pcapng --topology topology.toml | jq -r 'select(.service) | [.host, .proxy_name] | @tsv'
      whichproxy flows gateway.pcapng --format ecs -o flows.ecs.jsonl
      whichproxy flows gateway.pcapng --format zeek | zeek-cut id.orig_h host proxy
      tcpdump -nr big.pcap -w - port 3128 | whichproxy flows - --format jsonl
      whichproxy flows --partial gw1-0001.pcap gw1-0002.pcap -o gw1-0001.part

    \b
    Exit codes: 0 done, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.cli.reading import checked, read, say_unusable, say_written
    from analyzer.report.arranged import arranged, arrangement
    from analyzer.report.chosen import Choice, check_services, chosen_flows
    from analyzer.text.files import check_writable, write_whole
    from analyzer.text.times import shown_in, zone_of
    from analyzer.text.words import counted

    if partial:
        from analyzer.cli.part import check_part_options, write_partial

        check_part_options(output, format, (source, service, proxy, columns, sort, limit, catalogue))
        return write_partial(inputs, str(output), topology=topology, start=start, end=end, tz=tz, quiet=quiet)
    chosen = table_format(format, output)
    how = arrangement(columns, sort, limit)
    if chosen in NAMES and how.columns:
        raise Unusable(f"{NAMES[chosen]} has fields of its own", "--columns", "leave it out, or use --format jsonl")
    choice = Choice(tuple(source or ()), tuple(service or ()), tuple(proxy or ()))
    if output is not None:
        check_writable(output, inputs)
    question = checked(
        inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, cluster=cluster, quiet=quiet, tz=tz
    )
    check_services(choice, question.catalogue.services)
    reading = read(question, digests=False)
    table = arranged(chosen_flows(reading.flows, choice, question.topology), how)
    with shown_in(zone_of(tz), tz):
        if output is None:
            to_stdout(table, chosen, how.columns, question.workers)
        else:
            write_whole(output, pieces_of(table, chosen, how.columns, question.workers))
    if output is not None:
        say_written(question, output, counted(table.num_rows, "flow"))
    return say_unusable(question, reading)


def table_format(asked: Format | None, output: str | None) -> Format:
    """The requested format, else that of the suffix, else the default for stdout."""
    if output is not None:
        check_local(output)
        suffix = Path(output).suffix.lower()
        if asked is None and suffix not in SUFFIXES:
            what = f"no table is written as {suffix}" if suffix else "no suffix says how to write it"
            raise Unusable(what, output, f"use {' '.join(SUFFIXES)}, or --format")
        return asked or SUFFIXES[suffix]
    terminal = sys.stdout.isatty()
    if asked is Format.PARQUET and terminal:
        raise Unusable("parquet is no text for a terminal", "--format", "name a file with -o")
    return asked or (Format.TABLE if terminal else Format.JSONL)


def to_stdout(table: pa.Table, chosen: Format, columns: Sequence[str], workers: int | None = None) -> None:
    if chosen is not Format.TABLE:
        sys.stdout.flush()
        for piece in pieces_of(table, chosen, columns, workers):
            sys.stdout.buffer.write(piece)
        return
    import shutil

    from analyzer.report.flow_table import flow_lines
    from analyzer.text.inert import UNWRAPPED

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNWRAPPED
    for line in flow_lines(table, width, columns):
        print(line)


def pieces_of(table: pa.Table, chosen: Format, columns: Sequence[str], workers: int | None = None) -> Iterator[bytes | memoryview]:
    """The table's bytes in the chosen format, piece by piece.

    columns   only these; empty: all, or the default ones of the text table
    workers   threads that write a large table, where the format allows it
    """
    from analyzer.report import rows

    if chosen is Format.TABLE:
        from analyzer.report.flow_table import flow_lines

        yield from (f"{line}\n".encode() for line in flow_lines(table, columns=columns))
        return
    if columns:
        table = table.select(list(columns))
    if chosen is Format.JSONL:
        yield from rows.json_lines(table)
    elif chosen is Format.ECS:
        from analyzer.report.ecs import ecs_table

        yield from rows.json_lines(ecs_table(table))
    elif chosen is Format.ZEEK:
        from analyzer.report.zeek import zeek_lines

        yield from zeek_lines(table)
    elif chosen is Format.CSV:
        yield from rows.csv_lines(table)
    else:
        from analyzer.parquet import parquet

        yield from parquet(table, workers)
