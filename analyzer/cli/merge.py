"""`whichproxy merge`: pieces of the traffic that were read separately, merged."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzer.cli.flows import FormatOption
from analyzer.cli.options import Catalogues, Quiet, Topology, Zone, output_file
from analyzer.cli.part import check_part_options
from analyzer.errors import NothingReadable, Unusable

PART_SUFFIX = ".part"

Parts = Annotated[
    list[str],
    typer.Argument(
        metavar="PART...", show_default=False, help="Parts, as whichproxy flows --partial writes them: files, globs, directories."
    ),
]
Output = Annotated[
    str | None,
    output_file("Write the table there: .csv .jsonl .parquet .txt; or .part, one part of all."),
]


def merge(
    parts: Parts,
    format: FormatOption = None,
    output: Output = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    tz: Zone = "UTC",
    quiet: Quiet = False,
) -> int:
    """Put parts together: one flow table, the same as one pass over all their captures gives.

    Each part holds what the packets of some files say, none of the packets. They may be given in any order; a connection that a
    file's end cuts is one row. With -o ALL.part the parts become one, which can be merged again.

    \b
    Examples:
      whichproxy flows --partial gw1-0001.pcap -o gw1-0001.part
      whichproxy merge *.part -o flows.parquet
      whichproxy merge monday/*.part -o monday.part
      whichproxy report *.part --topology topology.toml

    \b
    Exit codes: 0 done, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.capture.inputs import open_inputs
    from analyzer.cli.flows import pieces_of, table_format, to_stdout
    from analyzer.cli.reading import checked, say_unread, say_written
    from analyzer.parts.file import part_bytes
    from analyzer.parts.together import together
    from analyzer.reading import parts_and_tables, read_results
    from analyzer.text.files import check_writable, write_whole
    from analyzer.text.times import shown_in, zone_of
    from analyzer.text.words import counted

    as_part = output is not None and output.lower().endswith(PART_SUFFIX)
    if as_part:
        check_part_options(output, format, (topology, catalogue))
    chosen = None if as_part else table_format(format, output)
    if output is not None:
        check_writable(output, parts)
    question = checked(parts, topology=topology, catalogues=catalogue, start=None, end=None, workers=1, quiet=quiet, tz=tz)
    found = open_inputs(parts)
    found.unusable += [Unusable("it is no part", one.name, "whichproxy flows --partial makes one of it") for one in found.sources]
    found.sources = []
    if as_part:
        read, tables = parts_and_tables(found)
        if not read or tables:
            raise NothingReadable(found.unusable or [Unusable("a flow table doesn't become a part again", found.results[0])])
        whole = together(read)
        write_whole(str(output), [part_bytes(whole)])
        say_written(question, str(output), f"a part of {counted(len(whole.names), 'capture')}")
        return say_unread(found.unusable, found.skipped, quiet=quiet)
    assert chosen is not None
    reading = read_results(found, question.topology, question.catalogue)
    with shown_in(zone_of(tz), tz):
        if output is None:
            to_stdout(reading.flows, chosen, ())
        else:
            write_whole(output, pieces_of(reading.flows, chosen, ()))
            say_written(question, output, counted(reading.flows.num_rows, "flow"))
    return say_unread(reading.unusable, reading.skipped, quiet=quiet)
