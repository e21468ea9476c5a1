"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="Captures: files, globs, directories (recursive), or - for a stream on stdin; pcap or pcapng, compressed or not.",
    ),
]
Topology = Annotated[
    str | None, typer.Option("--topology", metavar="FILE", help="Who is who: names and methods of proxies, names of workstations (TOML).")
]
Catalogues = Annotated[
    list[str] | None,
    typer.Option("--catalogue", metavar="FILE", show_default=False, help="Services of your own over the built-in ones (TOML; repeatable)."),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start", metavar="TIME", help="Only packets from this time on: 2024-05-01T12:00:00Z, or 2024-05-01 12:00 or 12:00 in --tz."
    ),
]
End = Annotated[str | None, typer.Option("--end", metavar="TIME", help="Only packets before this time.")]
Zone = Annotated[
    str, typer.Option("--tz", metavar="ZONE", help="The zone of --start and --end where they name none: local, or such as Europe/Berlin.")
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="From 2 on, one thread finds and decodes packets ahead.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr; errors stay.")]
