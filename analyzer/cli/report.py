"""`whichproxy report`: one verdict over all inputs together."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

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
    allow_forms,
    as_json,
    no_inspection_forms,
    output_file,
)
from analyzer.cli.outcome import UNMET, complain
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from analyzer.cli.reading import Question
    from analyzer.pipeline import Reading
    from analyzer.report.chosen import Choice
    from analyzer.report.ipynb import Invocation
    from analyzer.studies.expectations import Expectations

Output = Annotated[
    str | None,
    output_file("Write the report there; the suffix says how: .html, .md, .json or .ipynb."),
]
Json = Annotated[bool, as_json("The verdict as JSON on stdout.")]
Expect = Annotated[
    str | None, typer.Option("--expect", metavar="FILE", help="What should hold: a [test.expect] table (TOML); exit code 1 if it doesn't.")
]
Allow = Annotated[
    str | None,
    typer.Option(
        "--allow",
        metavar="FORM",
        show_default=False,
        autocompletion=allow_forms,
        help="Instead of the report: what each proxy has to let through, as it failed, was seen or is required: plain, squid, pac, "
        "csv, palo-alto, fortigate or zscaler.",
    ),
]
NoInspection = Annotated[
    str | None,
    typer.Option(
        "--no-inspection",
        metavar="FORM",
        show_default=False,
        autocompletion=no_inspection_forms,
        help="Instead of the report: what each proxy must not open: plain, csv, squid, palo-alto, fortigate or zscaler.",
    ),
]
Tickets = Annotated[
    str | None,
    typer.Option(
        "--tickets",
        metavar="FOLDER",
        show_default=False,
        help="Beside the report: a page for each proxy that refused, challenged or opened something, to be sent to its administrator.",
    ),
]

Pac = Annotated[
    list[str] | None,
    typer.Option(
        "--pac",
        metavar="FILE|captured",
        show_default=False,
        help="A PAC file, or the one that clients fetched: what it returns for Defender's hosts, beside what was done (repeatable).",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="With the flows and reasons behind each statement, and how the clients talk.")
]


def report(
    context: typer.Context,
    inputs: Inputs,
    output: Output = None,
    verbose: Verbose = False,
    json: Json = False,
    expect: Expect = None,
    allow: Allow = None,
    no_inspection: NoInspection = None,
    tickets: Tickets = None,
    pac: Pac = None,
    source: Sources = None,
    service: Services = None,
    proxy: Proxies = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
) -> int:
    """Say which proxy won, for which Defender service, from which source, and how that is known.

    All inputs count as one capture. On a terminal the answer comes first, then services × proxies with the winner marked,
    precedence between methods, direct traffic, findings with what to do, and the files read. --source, --service and --proxy choose what
    is shown; what was judged, and what --expect holds it against, is always everything. JSON has its times in UTC, whatever --tz says.

    \b
    Examples:
      whichproxy report gateway.pcapng
      whichproxy report captures/ --topology topology.toml
      whichproxy report monday.pcap.gz --start 16:15 --end 16:20 --tz UTC
      whichproxy report *.pcapng -o report.html
      whichproxy report captures/ -o report.ipynb
      whichproxy report gateway.pcapng --json | jq '.findings[].code'
      whichproxy report gateway.pcapng --topology topology.toml --expect expected.toml
      whichproxy report captures/ --source 172.16.11.0/24 --service cloud-protection
      whichproxy report gateway.pcapng --tz Europe/Berlin
      whichproxy report gateway.pcapng --allow squid
      whichproxy report gateway.pcapng --no-inspection zscaler
      whichproxy report gateway.pcapng --topology topology.toml --pac proxy.pac
      whichproxy report gateway.pcapng --topology topology.toml --tickets tickets/
      ssh gateway tcpdump -U -w - port 3128 | whichproxy report -

    \b
    Exit codes: 0 done, 1 an expectation isn't met, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.cli.reading import checked, read, say_unusable
    from analyzer.cli.window import rfc3339_or_none
    from analyzer.pipeline import judge
    from analyzer.report.chosen import Choice, check_services, chosen
    from analyzer.report.files import check_report_path
    from analyzer.report.ipynb import Invocation

    choice = Choice(tuple(source or ()), tuple(service or ()), tuple(proxy or ()))
    if output is not None:
        check_report_path(output, inputs)
    _check_choice(choice, output, allow or no_inspection)
    _check_lists(allow, no_inspection, tickets)
    question = checked(
        inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, cluster=cluster, quiet=quiet, tz=tz
    )
    check_services(choice, question.catalogue.services)
    expectations = None
    if expect:
        from analyzer.studies.expectations import load_expectations

        expectations = load_expectations(expect, question.catalogue)
    listed = any((_is_page(output), allow, no_inspection, tickets, pac, expectations))
    reading = read(question, digests=True, listed=listed)
    if allow is not None or no_inspection is not None:
        _list(reading, allow, no_inspection, choice.proxies)
        return say_unusable(question, reading)
    verdict = judge(reading)
    if pac:
        from analyzer.pac.beside import pac_files, pac_rows
        from analyzer.text.times import own_zone

        clients_zone = own_zone() if tz == "local" else tz if _is_given(context, "tz") else None
        verdict["pac"] = pac_rows(reading, pac_files(pac, reading), clients_zone)
    shown = chosen(verdict, choice)
    asked = Invocation(
        tuple(inputs), topology, tuple(catalogue or ()), rfc3339_or_none(question.start_ns), rfc3339_or_none(question.end_ns)
    )
    _write_out(question, reading, shown, choice, asked, output, json, tz, verbose)
    if tickets is not None:
        _write_tickets(question, reading, verdict, tickets, asked)
    code = say_unusable(question, reading)
    missed = _missed(expectations, verdict, reading) if expectations else []
    complain(*missed)
    return code or (UNMET if missed else code)


def _is_page(output: str | None) -> bool:
    """Whether the output is an HTML page, which contains a table of flows."""
    return output is not None and output.lower().endswith((".html", ".htm"))


def _check_choice(choice: Choice, output: str | None, allow: str | None) -> None:
    """Raise an error for a selection that the output doesn't support. Errors: Unusable."""
    if choice and output is not None and output.lower().endswith(".ipynb"):
        raise Unusable("a notebook reads and shows everything", output, f"leave {choice} out and choose in it, or use .html")
    if allow is not None and (choice.sources or choice.services):
        raise Unusable("an allow list holds for all clients of a proxy", "--allow", "leave --source and --service out")


def _is_given(context: typer.Context, option: str) -> bool:
    """Whether the option was given on the command line."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _write_out(
    question: Question,
    reading: Reading,
    verdict: Mapping[str, Any],
    choice: Choice,
    asked: Invocation,
    output: str | None,
    json: bool,
    tz: str,
    verbose: bool,
) -> None:
    """The report as a file, on stdout, or both. Readable forms have their times in the zone; JSON and notebooks have them in UTC."""
    from analyzer.cli.reading import say_written
    from analyzer.pipeline import judge
    from analyzer.report.chosen import chosen, flows_behind
    from analyzer.report.files import write_report
    from analyzer.report.model import build
    from analyzer.text.times import shown_in, zone_of

    for_machines = output is not None and output.lower().endswith((".json", ".ipynb"))
    if output is not None and for_machines:
        write_report(output, verdict, reading.flows, asked)
    if json:
        print_verdict(verdict, json, verbose)
    with shown_in(zone_of(tz), tz):
        shown = verdict if tz == "UTC" else {**chosen(judge(reading), choice), "pac": verdict["pac"]}
        if output is not None:
            if not for_machines:
                write_report(output, shown, flows_behind(reading.flows, choice, shown, question.topology), asked)
            if not question.quiet:
                answers = build(shown).answers
                say_written(question, output, answers[0] + (f" And {len(answers) - 1} more." if len(answers) > 1 else ""))
        elif not json:
            print_verdict(shown, json, verbose)


def _check_lists(allow: str | None, no_inspection: str | None, tickets: str | None) -> None:
    """Raise an error for unknown list forms, or for conflicting lists. Errors: Unusable."""
    if allow is None and no_inspection is None:
        return
    from analyzer.services.allow_list import FORMS
    from analyzer.services.no_inspection import NO_INSPECTION_FORMS
    from analyzer.text.words import did_you_mean

    if allow is not None and no_inspection is not None:
        raise Unusable("two lists at once", "--allow, --no-inspection", "ask for one of them")
    if tickets is not None and (allow or no_inspection):
        raise Unusable("tickets have the lists in them", "--tickets", "leave --allow and --no-inspection out")
    for form, known, option in ((allow, FORMS, "--allow"), (no_inspection, NO_INSPECTION_FORMS, "--no-inspection")):
        if form is not None and form not in known:
            raise Unusable(f"{form!r} is no form of such a list", option, did_you_mean(form, list(known)))


def _list(reading: Reading, allow: str | None, no_inspection: str | None, proxies: Sequence[str]) -> None:
    """The list on stdout."""
    from analyzer.proxy_lists import allow_list, no_inspection_list

    sys.stdout.write(allow_list(reading, allow, proxies) if allow is not None else no_inspection_list(reading, str(no_inspection), proxies))


def _write_tickets(question: Question, reading: Reading, verdict: Mapping[str, Any], folder: str, asked: Invocation) -> None:
    """Write a page for each proxy with complaints; report each file on stderr."""
    from analyzer.cli.reading import say_written
    from analyzer.report.ticket import write_tickets

    written = write_tickets(folder, reading, verdict, asked.inputs)
    for path, title in written:
        say_written(question, str(path), title)
    if not written and not question.quiet:
        complain("no ticket was written: no proxy was seen to refuse, challenge, open or fail anything of Defender's")


def _missed(expectations: Expectations, verdict: Mapping[str, Any], reading: Reading) -> list[str]:
    """A sentence for each expectation that isn't met."""
    from analyzer.studies.expectations import judged, unmet
    from analyzer.studies.run import live_response_of

    live = live_response_of(reading) if expectations.live_response is not None else None
    return unmet(judged(expectations, verdict, live))


def print_verdict(verdict: Mapping[str, Any], json: bool, verbose: bool = False) -> None:
    """The verdict on stdout, as JSON or as text."""
    if json:
        from analyzer.report.json import json_lines

        sys.stdout.writelines(json_lines(verdict))
    else:
        _print(verdict, verbose)


def _print(verdict: Mapping[str, Any], verbose: bool) -> None:
    from analyzer.cli.show import show
    from analyzer.report.model import build
    from analyzer.report.terminal import TerminalReport, plain_text

    report = build(verdict)
    show(TerminalReport(report, verbose), lambda width: plain_text(report, width, verbose))
