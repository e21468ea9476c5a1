"""`whichproxy study`: several tests at once, and whether their expectations were met."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analyzer.cli.options import Catalogues, Quiet, Zone, as_json, new_file, output_file
from analyzer.cli.outcome import DONE, UNMET, UNUSABLE, causes, complain
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from analyzer.study_result import Study

File = Annotated[
    str, typer.Argument(metavar="STUDY.toml", show_default=False, help="The study: its tests, with captures and expectations.")
]
Output = Annotated[
    str | None,
    output_file("Write the study there; the suffix says how: .html, .md or .json. Else beside the study file, by its name."),
]
Json = Annotated[bool, as_json("The study as JSON on stdout, and no file unless -o names one.")]
Captures = Annotated[
    list[str] | None, typer.Argument(metavar="[INPUT]...", show_default=False, help="Captures: files, globs, directories (recursive).")
]
NewFile = Annotated[str, new_file("Where the study file goes; never over one that is there.")]
Topology = Annotated[str | None, typer.Option("--topology", metavar="FILE", help="Who is who, instead of what the study names (TOML).")]


def study(
    study: File,
    output: Output = None,
    json: Json = False,
    topology: Topology = None,
    catalogue: Catalogues = None,
    tz: Zone = "UTC",
    quiet: Quiet = False,
) -> int:
    """Run a study: several tests, each with its captures, what was configured, what was done, and what should come out.

    Prints each test's winners side by side, then each test with what shows it, and whether what was expected held. The
    file written has all of it, with the evidence. A capture that several tests share is read once. JSON has its times in UTC, whatever
    --tz says, and so has what is written beside it.

    \b
    Examples:
      whichproxy study study.toml
      whichproxy study study.toml -o result.html --tz Europe/Berlin
      whichproxy study study.toml --json | jq '.tests[].live_response.outcome'

    \b
    Exit codes: 0 done, 1 an expectation isn't met, 2 unusable input or arguments, 130 interrupted.
    """
    from analyzer.arrow import leave_pandas_alone
    from analyzer.cli.progress import ReadingProgress
    from analyzer.cli.reading import say_unread, warn_uncompiled
    from analyzer.report.files import check_study_path
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue
    from analyzer.studies.expectations import unmet
    from analyzer.studies.file import load_plan
    from analyzer.studies.run import run_study
    from analyzer.study_result import Study
    from analyzer.text.times import shown_in, zone_of

    leave_pandas_alone()
    warn_uncompiled()
    target = output if output is not None else None if json else default_output(study)
    if target is not None:
        check_study_path(target, [study])
    services = load_catalogue(catalogue or ())
    plan = load_plan(study, services, None if topology is None else load_topology(topology))
    shown = "UTC" if json or (target is not None and target.lower().endswith(".json")) else tz
    with shown_in(zone_of(tz) if shown == tz else zone_of("UTC"), shown):
        with ReadingProgress(quiet=quiet) as progress:
            run = run_study(plan, services, progress=progress.update)
        _give(Study(run), target, json)
    missed = [
        f"{number}. {test['title']}: {text}" for number, test in enumerate(run.document["tests"], 1) for text in unmet(test["expectations"])
    ]
    if target is not None and not quiet:
        complain(f"wrote {target}: {_in_a_line(run.document['tests'], len(missed))}")
    code = say_unread(run.unusable, run.skipped, quiet=quiet)
    complain(*missed)
    return code or (UNMET if missed else code)


def init(inputs: Captures = None, output: NewFile = "study.toml") -> int:
    """Write a commented study file to begin from: a test for each capture, and everything else that a study may say.

    \b
    Examples:
      whichproxy study init -o lab.toml
      whichproxy study init gateway.pcapng -o gateway.toml

    \b
    Exit codes: 0 written, 2 something is no capture or the file is there already; nothing is written then.
    """
    from analyzer.capture.inputs import no_results, open_inputs
    from analyzer.capture.source import STDIN
    from analyzer.studies.begin import first_study
    from analyzer.text.files import write_new

    given = inputs or []
    if STDIN in given:
        raise Unusable("a study reads its captures again, and stdin can be read once", STDIN, "save it as a file")
    found = no_results(open_inputs(given))
    if found.unusable:
        complain(*(text for error in found.unusable for text in causes(error)))
        return UNUSABLE
    write_new(output, first_study(output, found.sources))
    print(output)
    complain(f"now: say in it what was configured, then whichproxy study {shlex.quote(output)}")
    return DONE


def default_output(study: str) -> str:
    """The default output: beside the study file, with its name."""
    return str(Path(study).with_suffix(".html"))


def _in_a_line(tests: Sequence[Mapping[str, Any]], missed: int) -> str:
    """The number of tests, and of met expectations."""
    from analyzer.text.words import counted

    expected = sum(len(test["expectations"]) for test in tests)
    held = f", {expected - missed} of {counted(expected, 'expectation')} met" if expected else ""
    return f"{counted(len(tests), 'test')}{held}"


def _give(study: Study, target: str | None, json: bool) -> None:
    if target is not None:
        study.report(target)
    if json:
        from analyzer.report.json import to_json

        sys.stdout.write(to_json(study.to_dict()))
        return
    from analyzer.cli.show import show
    from analyzer.report.study_terminal import TerminalStudy, plain_study

    document = study.to_dict()
    show(TerminalStudy(document), lambda width: plain_study(document, width))
