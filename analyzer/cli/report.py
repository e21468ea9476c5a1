"""`whichproxy report`: one verdict over all inputs together."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analyzer.cli.options import Catalogues, End, Inputs, Quiet, Start, Topology, Workers, Zone
from analyzer.cli.outcome import UNMET, complain

if TYPE_CHECKING:
    from analyzer.pipeline import Reading
    from analyzer.studies.expectations import Expectations

Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        show_default=False,
        help="Write the report there; the suffix says how: .html, .md, .json or .ipynb.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The verdict as JSON on stdout.")]
Expect = Annotated[
    str | None, typer.Option("--expect", metavar="FILE", help="What should hold: a [test.expect] table (TOML); exit code 1 if it doesn't.")
]
Allow = Annotated[
    str | None,
    typer.Option(
        "--allow",
        metavar="FORM",
        show_default=False,
        help="Instead of the report: what each proxy has to let through, as it failed or is required: plain, squid, pac or csv.",
    ),
]
Proxy = Annotated[
    str | None, typer.Option("--proxy", metavar="IP:PORT", show_default=False, help="With --allow: this proxy alone, by address or name.")
]


Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="With the flows and reasons behind each statement, and how the clients talk.")
]


def report(
    inputs: Inputs,
    output: Output = None,
    verbose: Verbose = False,
    json: Json = False,
    expect: Expect = None,
    allow: Allow = None,
    proxy: Proxy = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = 2,
    quiet: Quiet = False,
) -> int:
    """Say which proxy won, for which Defender service, from which source, and how that is known.

    All inputs count as one capture. On a terminal the answer comes first, then services × proxies with the winner marked,
    precedence between methods, direct traffic, findings with what to do, and the files read.

    \b
    Examples:
      whichproxy report gateway.pcapng
      whichproxy report captures/ --topology topology.toml
      whichproxy report monday.pcap.gz --start 16:15 --end 16:20 --tz UTC
      whichproxy report *.pcapng -o report.html
      whichproxy report captures/ -o report.ipynb
      whichproxy report gateway.pcapng --json | jq '.findings[].code'
      whichproxy report gateway.pcapng --topology topology.toml --expect expected.toml
      whichproxy report gateway.pcapng --allow squid
      ssh gateway tcpdump -U -w - port 3128 | whichproxy report -

    \b
    Exit codes: 0 done, 1 an expectation isn't met, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.cli.reading import checked, read, say_unusable
    from analyzer.cli.window import said
    from analyzer.pipeline import judge
    from analyzer.report.files import check_report_path, write_report
    from analyzer.report.ipynb import Asked
    from analyzer.studies.expectations import load_expectations

    if output is not None:
        check_report_path(output, inputs)
    question = checked(inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, quiet=quiet, tz=tz)
    expectations = load_expectations(expect, question.catalogue) if expect else None
    reading = read(question, digests=True)
    if allow is not None:
        _allow(reading, allow, proxy)
        return say_unusable(question, reading)
    verdict = judge(reading)
    if output is not None:
        asked = Asked(tuple(inputs), topology, tuple(catalogue or ()), said(question.start_ns), said(question.end_ns))
        write_report(output, verdict, reading.flows, asked)
    if json or output is None:
        give(verdict, json, verbose)
    code = say_unusable(question, reading)
    missed = _missed(expectations, verdict, reading) if expectations else []
    complain(*missed)
    return code or (UNMET if missed else code)


def _allow(reading: Reading, form: str, proxy: str | None) -> None:
    """The allow list on stdout."""
    from analyzer.pipeline import permits

    sys.stdout.write(permits(reading, form, proxy))


def _missed(expectations: Expectations, verdict: Mapping[str, Any], reading: Reading) -> list[str]:
    """A sentence for each expectation that doesn't hold."""
    from analyzer.studies.expectations import judged, unmet
    from analyzer.studies.run import live_response_of

    live = live_response_of(reading) if expectations.live_response is not None else None
    return unmet(judged(expectations, verdict, live))


def give(verdict: Mapping[str, Any], json: bool, verbose: bool = False) -> None:
    """The verdict on stdout, as JSON or for a person."""
    if json:
        from analyzer.report.json import to_json

        sys.stdout.write(to_json(verdict))
    else:
        _print(verdict, verbose)


def _print(verdict: Mapping[str, Any], verbose: bool) -> None:
    from analyzer.cli.show import show
    from analyzer.report.model import build
    from analyzer.report.terminal import TerminalReport, plain_text

    report = build(verdict)
    show(TerminalReport(report, verbose), lambda width: plain_text(report, width, verbose))
