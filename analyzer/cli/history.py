"""`whichproxy history`: many gateways over time, from the rows that capture jobs leave."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.options import Catalogues, Quiet, Topology, Zone, as_json, output_file
from analyzer.cli.outcome import DONE, UNUSABLE, causes, complain

Folder = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER",
        show_default=False,
        help="With gateway=NAME/date=DAY/*.parquet anywhere below it: the results of one capture job, or of many.",
    ),
]
Output = Annotated[
    str | None,
    output_file("Write it there; the suffix says how: .html or .json."),
]
Json = Annotated[bool, as_json("The history as JSON on stdout.")]
Gateways = Annotated[
    list[str] | None, typer.Option("--gateway", metavar="NAME", show_default=False, help="Only this gateway (repeatable).")
]
Start = Annotated[
    str | None, typer.Option("--start", metavar="TIME", help="Only flows that began from this time on: 2026-11-01, or with a time of day.")
]
End = Annotated[str | None, typer.Option("--end", metavar="TIME", help="Only flows that began before this time.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Read all days anew, and keep nothing of them.")]

DATE = re.compile(r"\s*\d{4}-\d\d-\d\d\s*")


def history(
    folder: Folder,
    output: Output = None,
    json: Json = False,
    gateway: Gateways = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    no_cache: NoCache = False,
    quiet: Quiet = False,
) -> int:
    """Say who won at which gateway, since when, and what changed there over weeks and months.

    What is read are the rows that capture jobs leave (gateway=NAME/date=DAY/*.parquet), copied into one folder from as many gateways
    as there are. It shows winners that changed, new proxies, new direct traffic, services that fell silent, more failures, and
    gateways of which nothing comes any more while others go on. Packets' times are the only clock.

    What a day came to is kept in the user's cache folder (on Linux ~/.cache/whichproxy; $WHICHPROXY_CACHE names another), and the day
    is read again only when one of its files, the topology, the catalogue or whichproxy has changed.

    \b
    Examples:
      whichproxy history results/
      whichproxy history results/ -o fleet.html
      whichproxy history results/ --start 2026-10-02 --json | jq '.findings[].text'
      whichproxy history results/ --gateway gw1 --topology topology.toml

    \b
    Exit codes: 0 done, 2 unusable input or arguments (what could be read is shown), 130 interrupted.
    """
    from analyzer.arrow import leave_pandas_alone
    from analyzer.cli.progress import DayProgress
    from analyzer.fleet.document import history_of
    from analyzer.fleet.kept import Kept, cache_folder
    from analyzer.report.fleet_files import check_history_path, write_history
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue
    from analyzer.text.times import shown_in, zone_of

    leave_pandas_alone()
    if output is not None:
        check_history_path(output)
    window = _window(start, end, tz)
    names, services = load_topology(topology), load_catalogue(catalogue or ())
    kept = None if no_cache else Kept(cache_folder(), Path(folder), names, services)
    # Text has its times in the zone; pages and JSON have them in UTC.
    as_text = output is None and not json
    with shown_in(zone_of(tz if as_text else "UTC"), tz if as_text else "UTC"), DayProgress(quiet=quiet) as progress:
        chosen = tuple(gateway or ())
        document, unusable = history_of(
            Path(folder), names, services, gateways=chosen, window=window, report_progress=progress.update, kept=kept
        )
        progress.end()
        if output is not None:
            write_history(output, document)
        if json:
            from analyzer.report.json import json_lines

            sys.stdout.writelines(json_lines(document))
        elif output is None:
            from analyzer.cli.show import show
            from analyzer.report.fleet_terminal import TerminalHistory, plain_history

            show(TerminalHistory(document), lambda width: plain_history(document, width))
    if output is not None and not quiet:
        complain(f"wrote {output}: {document['answers'][0]}")
    if kept is not None and kept.trouble is not None and not quiet:
        complain(
            f"{cache_folder()}: days that were read can't be kept there: {kept.trouble};"
            " see to it, or read all days each time with --no-cache"
        )
    for error in unusable:
        complain(*causes(error))
    return UNUSABLE if unusable else DONE


def _window(start: str | None, end: str | None, tz: str) -> tuple[int | None, int | None]:
    """Both ends in ns since 1970, None where open; a date alone is its midnight. Errors: Unusable, a value that is no time."""
    from analyzer.text.times import check_window, local_time, zone_of

    zone = zone_of(tz)

    def moment(text: str | None, where: str) -> int | None:
        if text is None:
            return None
        return local_time(f"{text.strip()} 00:00" if DATE.fullmatch(text) else text, zone, where)

    first, last = moment(start, "--start"), moment(end, "--end")
    check_window(first, last)
    return first, last
