"""Arguments and options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from analyzer.errors import Unusable


def service_slugs(incomplete: str) -> Iterator[tuple[str, str]]:
    """Completions of a service's slug, each with its title."""
    from analyzer.services.catalogue import load_catalogue

    yield from ((slug, service.title or slug) for slug, service in load_catalogue(()).services.items() if slug.startswith(incomplete))


def finding_codes(incomplete: str) -> Iterator[tuple[str, str]]:
    """Completions of a finding's code, each with its meaning."""
    from analyzer.findings import CODES

    yield from ((name, code.meaning) for name, code in CODES.items() if name.startswith(incomplete))


def allow_forms(incomplete: str) -> Iterator[str]:
    """Completions of an allow list's form."""
    from analyzer.services.allow_list import FORMS

    yield from (form for form in FORMS if form.startswith(incomplete))


def no_inspection_forms(incomplete: str) -> Iterator[str]:
    """Completions of a no-inspection list's form."""
    from analyzer.services.no_inspection import NO_INSPECTION_FORMS

    yield from (form for form in NO_INSPECTION_FORMS if form.startswith(incomplete))


def proxy_names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Completions of a proxy: names and addresses from the topology on the command line."""
    for proxy in _named(ctx).proxies:
        address = proxy.network.network_address
        if proxy.name.startswith(incomplete):
            yield proxy.name
        end = f"[{address}]:{proxy.port}" if address.version == 6 else f"{address}:{proxy.port}"
        if proxy.port is not None and proxy.network.num_addresses == 1 and end.startswith(incomplete):
            yield end


def source_names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Completions of a source: the workstations of the topology on the command line."""
    yield from dict.fromkeys(one.name for one in _named(ctx).workstations if one.name.startswith(incomplete))


def _named(ctx: typer.Context) -> Any:
    """The topology on the command line; an empty one where there is none or it can't be read."""
    from analyzer.routes.topology import Topology as Known
    from analyzer.routes.topology import load_topology

    path = ctx.params.get("topology")
    try:
        return load_topology(path) if path else Known()
    except Unusable:
        return Known()


def zones(incomplete: str) -> Iterator[str]:
    """Completions of a time zone."""
    from zoneinfo import available_timezones

    yield from (name for name in ["local", "UTC", *sorted(available_timezones() - {"UTC"})] if name.startswith(incomplete))


def output_file(help: str) -> Any:
    """An optional -o FILE. help: what is written there."""
    return typer.Option("--output", "-o", metavar="FILE", show_default=False, help=help)


def new_file(help: str) -> Any:
    """-o FILE with a default. help: what is written there."""
    return typer.Option("--output", "-o", metavar="FILE", help=help)


def as_json(help: str) -> Any:
    """--json. help: what is printed as JSON."""
    return typer.Option("--json", help=help)


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
    typer.Option(
        "--source",
        metavar="IP|CIDR|NAME",
        show_default=False,
        autocompletion=source_names,
        help="Show only this source, or those of a network (repeatable).",
    ),
]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service", metavar="SLUG", show_default=False, autocompletion=service_slugs, help="Show only this service (repeatable)."
    ),
]
Proxies = Annotated[
    list[str] | None,
    typer.Option(
        "--proxy",
        metavar="IP:PORT|NAME",
        show_default=False,
        autocompletion=proxy_names,
        help="Show only what was asked of this proxy (repeatable).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        show_default=False,
        help="So many processes, where inputs are large and many; so many threads, where one capture file is large; 1: one thread does "
        "everything. Default: one process, two threads.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", show_default=False, help="Read on the Dask cluster there: tcp://HOST:8786 (docs/cluster.md)."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr; errors stay.")]
JobFile = Annotated[str, typer.Argument(metavar="JOB.toml", show_default=False, help="The job file: docs/jobs.md says what is in it.")]
