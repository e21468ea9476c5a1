"""Arguments and options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer


def service_slugs(incomplete: str) -> Iterator[tuple[str, str]]:
    """What completes a service's slug, each with its title."""
    from analyzer.services.catalogue import load_catalogue

    yield from ((slug, service.title or slug) for slug, service in load_catalogue(()).services.items() if slug.startswith(incomplete))


def zones(incomplete: str) -> Iterator[str]:
    """What completes the name of a time zone."""
    from zoneinfo import available_timezones

    yield from (name for name in ["local", "UTC", *sorted(available_timezones() - {"UTC"})] if name.startswith(incomplete))


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        show_default=False,
        help="Captures: files, globs, directories (recursive), URLs (s3://...), or - for stdin; pcap or pcapng, compressed or not.",
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
    str,
    typer.Option(
        "--tz",
        metavar="ZONE",
        autocompletion=zones,
        help="The zone of the times shown, and of --start and --end where they name none: local, or such as Europe/Berlin.",
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="IP|CIDR|NAME", show_default=False, help="Show only this source, or those of a network (repeatable)."),
]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service", metavar="SLUG", show_default=False, autocompletion=service_slugs, help="Show only this service (repeatable)."
    ),
]
Proxies = Annotated[
    list[str] | None,
    typer.Option("--proxy", metavar="IP:PORT|NAME", show_default=False, help="Show only what was asked of this proxy (repeatable)."),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="From 2 on, one thread finds and decodes packets ahead.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr; errors stay.")]
JobFile = Annotated[str, typer.Argument(metavar="JOB.toml", show_default=False, help="The job file: docs/jobs.md says what is in it.")]
