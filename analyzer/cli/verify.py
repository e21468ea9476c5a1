"""`whichproxy verify`: the same facts through Wireshark's dissectors, and the differences."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import Catalogues, End, Inputs, Quiet, Start, Topology, Workers, Zone, as_json
from analyzer.cli.outcome import UNMET
from analyzer.errors import Unusable

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.second_opinion.verify import Opinion

Flow = Annotated[
    list[str] | None,
    typer.Option("--flow", metavar="ID", show_default=False, help="Only this flow, by its id in the flow table (repeatable)."),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="Packets of each capture that Wireshark is shown, from its beginning.")
]
Json = Annotated[bool, as_json("Every fact of every flow as JSON on stdout.")]


def verify(
    inputs: Inputs,
    flow: Flow = None,
    limit: Limit = 1_000_000,
    json: Json = False,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Hold the flow table against Wireshark: the same facts through its dissectors, differences listed.

    Both read each capture on their own. Compared are the conversations, who opened them, packets, requests and their answers,
    Host, user agent, SNI, ClientHello random and TLS version. Each fact comes with the frames that show it, each flow with a
    display filter to paste into Wireshark. Needs tshark; it is asked through pyshark, in a process of its own.

    \b
    Examples:
      whichproxy verify gateway.pcapng
      whichproxy verify gateway.pcapng --flow ecafddf0e9b0bbb3
      whichproxy verify captures/ --json | jq '.flows[].facts[] | select(.agrees | not)'
      whichproxy verify gateway.pcapng --limit 200000

    \b
    Exit codes: 0 no difference, 1 some, 2 unusable input or arguments or no tshark, 130 interrupted.
    """
    from analyzer.capture.spool import Spool
    from analyzer.cli.progress import PacketProgress
    from analyzer.cli.reading import checked, read, say_unusable
    from analyzer.second_opinion.tshark import find_tshark
    from analyzer.second_opinion.verify import Capture
    from analyzer.second_opinion.verify import verify as ask_wireshark

    find_tshark()
    with Spool() as spool:
        question = checked(inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, quiet=quiet, tz=tz)
        with question.until_interrupted():
            kept = spool.inputs(inputs, objects=True)
        reading = read(replace(question, inputs=kept), digests=False, packets=True)
        only = _known(flow, reading.flows)
        captures = [Capture(c["path"], spool.uncompressed(c["path"]), c["packets"]) for c in reading.captures]
        with PacketProgress(quiet=quiet) as progress:
            opinion = ask_wireshark(
                reading.flows,
                captures,
                only=only,
                start_ns=question.start_ns,
                end_ns=question.end_ns,
                limit=limit,
                vxlan_ports=reading.topology.vxlan_ports if reading.topology is not None else (),
                progress=progress.show,
            )
    _print(opinion, json=json)
    return say_unusable(question, reading) or (UNMET if opinion.differences else 0)


def _known(asked: Sequence[str] | None, flows: pa.Table) -> set[str] | None:
    """The requested ids; None without any. Errors: Unusable, an id that no flow has."""
    if not asked:
        return None
    unknown = sorted(set(asked) - set(flows.column("id").to_pylist()))
    if unknown:
        raise Unusable(f"no flow has the id {unknown[0]}", "--flow", "whichproxy flows lists them with their ids")
    return set(asked)


def _print(opinion: Opinion, *, json: bool) -> None:
    from analyzer.report import opinion as written

    if json:
        sys.stdout.write(written.to_json(opinion))
        return
    from rich.console import Console

    from analyzer.text.inert import UNWRAPPED

    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(written.OpinionReport(opinion))
        return
    columns = os.environ.get("COLUMNS", "")
    sys.stdout.write(written.plain_text(opinion, (int(columns) if columns.isdecimal() else 0) or UNWRAPPED))
