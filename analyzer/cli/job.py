"""`whichproxy job`: check, install, status and history of a capture job."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analyzer.cli.options import JobFile, as_json, new_file
from analyzer.cli.outcome import DONE, UNMET, UNUSABLE, causes, complain
from analyzer.errors import Unusable, WhichproxyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analyzer.jobs.file import Job

job = typer.Typer(
    help="A capture job: begin one, validate it, install it as systemd units, see how it does, compare its runs.",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    no_args_is_help=True,
)

Folder = Annotated[str, typer.Option("--folder", metavar="DIR", help="Where the units go; systemd reads this one.")]
FOLDER = "/etc/systemd/system"
Output = Annotated[str, new_file("Where the job file goes; never over one that is there.")]
Print = Annotated[bool, typer.Option("--print", help="Show the units instead of writing them.")]
Json = Annotated[bool, as_json("The same as JSON.")]
Compare = Annotated[
    tuple[int, int] | None,
    typer.Option("--compare", metavar="A B", show_default=False, help="What changed from run A to run B; exit code 1 where anything did."),
]
Last = Annotated[int, typer.Option("--last", metavar="N", min=1, help="How many runs are shown, the newest.")]


@job.command("init", short_help="A commented job file to begin from.")
def init(output: Output = "job.toml") -> int:
    """Write a commented job file to begin from: every key, what it does, and an interface that is there.

    \b
    Examples:
      whichproxy job init
      sudo whichproxy job init -o /etc/whichproxy/gw1.toml
    """
    from analyzer.jobs.begin import first_job
    from analyzer.text.files import write_new

    write_new(output, first_job(output))
    print(output)
    complain(f"now: read it, then whichproxy job check {shlex.quote(output)}")
    return DONE


@job.command("check", short_help="What a job will do here, or all that is wrong with it.")
def check(file: JobFile) -> int:
    """Validate a job file and all it names, and say what it will do. Nothing is changed.

    What `job install` would refuse is refused here too.

    \b
    Examples:
      whichproxy job check job.toml

    \b
    Exit codes: 0 it can run, 2 it can't, a line for each reason.
    """
    from analyzer.jobs.file import load_job

    described = load_job(file)
    wrong = list(_wrong(described))
    if wrong:
        complain(*(text for error in wrong for text in causes(error)))
        return UNUSABLE
    for line in _will_do(described):
        print(line)
    return DONE


def _wrong(described: Job) -> Iterator[WhichproxyError]:
    """Everything that keeps the job from running here."""
    from analyzer.jobs.finish import check_baseline
    from analyzer.jobs.ring import choose_ring_tool
    from analyzer.jobs.systemd import units
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue
    from analyzer.studies.expectations import load_expectations

    catalogue = None

    def expectations() -> object:
        return load_expectations(str(described.expect), catalogue or load_catalogue()) if described.expect else None

    def interface() -> None:
        if (
            Path("/sys/class/net").is_dir()
            and not Path("/sys/class/net", described.settings.interface).exists()
            and described.settings.interface != "any"
        ):
            raise Unusable("no such interface here", described.settings.interface, "ip link lists them")

    checks: list[Callable[[], object]] = [
        interface,
        lambda: choose_ring_tool(described.settings.tool),
        lambda: load_topology(described.topology),
        lambda: load_catalogue(described.catalogues),
        expectations,
        lambda: check_baseline(described),
        lambda: units(described),
    ]
    for one in checks:
        try:
            one()
        except WhichproxyError as error:
            yield error


def _will_do(described: Job) -> Iterator[str]:
    from analyzer.capture.selection import EVERYTHING, can_be_tagged, selection
    from analyzer.jobs.ring import choose_ring_tool
    from analyzer.routes.topology import load_topology
    from analyzer.text.inert import inert
    from analyzer.text.labels import byte_size

    settings = described.settings
    chosen = EVERYTHING if settings.full else selection(load_topology(described.topology), tagged=can_be_tagged(settings.interface))
    days = f", {settings.retention.packet_days} days at most" if settings.retention.packet_days else ""
    kept = f"{settings.retention.evidence_days} days" if settings.retention.evidence_days else "without end"
    for_ = f"for {_length(settings.schedule.for_)}" if settings.schedule.for_ else "on and on, with results"
    channels = list(_told(described))
    yield f"job        {described.name}"
    yield f"captures   on {inert(settings.interface)} with {choose_ring_tool(settings.tool)}: {inert(str(chosen))}"
    every, finish = _length(settings.schedule.every), _length(settings.schedule.finish_within)
    yield f"runs       {for_} every {every}; what is left is analysed for {finish}"
    yield f"ring       files of {byte_size(settings.ring.file_size)} or {_length(settings.ring.file_time)}"
    yield f"packets    {byte_size(settings.retention.packet_bytes)} are kept{days}; evidence {kept}"
    yield f"results    {inert(str(described.results))}"
    yield f"compared   with {inert(settings.drift.against)}{f' and {inert(str(described.expect))}' if described.expect else ''}"
    yield f"reports to {inert(', '.join(['the journal', *channels]))}"


def _told(described: Job) -> Iterator[str]:
    wanted = described.settings.on_change
    if wanted.command:
        yield f"command {wanted.command[0]}"
    if wanted.webhook:
        yield "a webhook"  # its address is a secret
    if described.textfile:
        yield f"textfile {described.textfile}"


@job.command("install", short_help="Its systemd service and timer.")
def install(file: JobFile, folder: Folder = FOLDER, show: Print = False) -> int:
    """Write a hardened systemd service, and a timer where runs have an end; say how they are started.

    The service has a user of its own, may capture and nothing else, and of the file system writes its results only.

    \b
    Examples:
      whichproxy job install job.toml --print
      sudo whichproxy job install /etc/whichproxy/job.toml
    """
    from analyzer.jobs.file import load_job
    from analyzer.jobs.systemd import install as write
    from analyzer.jobs.systemd import main_unit, units

    described = load_job(file)
    if show:
        for name, text in units(described).items():
            print(f"# {name}\n{text}")
        return DONE
    for path in write(described, Path(folder)):
        print(path)
    print(f"now: systemctl daemon-reload && systemctl enable --now {main_unit(described)}")
    return DONE


@job.command("uninstall", short_help="The units are gone again; what was found stays.")
def uninstall(file: JobFile, folder: Folder = FOLDER) -> int:
    """Remove the job's systemd units, and say what was removed. Results and packets stay.

    \b
    Examples:
      sudo whichproxy job uninstall /etc/whichproxy/job.toml
    """
    from analyzer.jobs.file import load_job
    from analyzer.jobs.systemd import uninstall as remove
    from analyzer.jobs.systemd import unit_of

    described = load_job(file)
    gone = remove(described, Path(folder))
    for path in gone:
        print(path)
    units = [path.name for path in gone if path.parent == Path(folder)]
    if units:
        print(f"now: systemctl daemon-reload && systemctl stop {' '.join(reversed(units))}")
        complain(f"what it found stays in {described.results}")
    else:
        complain(f"no units of {unit_of(described)} in {folder}: nothing to remove")
    return DONE


@job.command("status", short_help="How it does: what is at work, what waits, the last run.")
def status(file: JobFile, json: Json = False) -> int:
    """How the job does: whether a run is at work, what waits, its last run, and what it holds on disk.

    \b
    Examples:
      whichproxy job status job.toml

    \b
    Exit codes: 0, or 2 where the last run was cut short or files wait that no run is there to analyse.
    """
    from analyzer.jobs.file import load_job
    from analyzer.jobs.status import lines_of, status_of

    found = status_of(load_job(file))
    if json:
        from analyzer.report.json import to_json

        sys.stdout.write(to_json(found))
    else:
        for line in lines_of(found, time.time()):
            print(line)
    return DONE if found["well"] else UNUSABLE


@job.command("history", short_help="Its runs, oldest first, and what changed.")
def history(file: JobFile, last: Last = 20, compare: Compare = None, json: Json = False) -> int:
    """The job's runs, oldest first: what each saw and what had changed; or what changed between two of them.

    \b
    Examples:
      whichproxy job history job.toml
      whichproxy job history job.toml --compare 12 40
    """
    from analyzer.jobs.file import load_job
    from analyzer.jobs.runs import summaries
    from analyzer.report.json import to_json

    described = load_job(file)
    if compare is not None:
        return _compare(described, *compare, json=json)
    runs = summaries(described.results)[-last:]
    if json:
        sys.stdout.write(to_json({"schema": 1, "job": described.name, "runs": runs}))
        return DONE
    if not runs:
        complain(f"{described.results}: no run was finished yet")
    for line in _history(runs):
        print(line)
    return DONE


def _history(runs: list[dict[str, Any]]) -> Iterator[str]:
    from analyzer.text.inert import inert
    from analyzer.text.words import counted

    for run in runs:
        drops = f", {counted(run['dropped'], 'packet')} dropped" if run["dropped"] else ""
        changed = ", ".join(f"{code} {n}" if n > 1 else code for code, n in run["drift"].items())
        missed = f"{len(run['unmet'])} not as expected" if run["unmet"] else ""
        since_last = " · ".join(filter(None, (changed, missed))) or ("not compared" if run["against"] is None else "no change")
        cut = f" · cut short: {run['how']}" if run["cut_short"] else ""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(run["began"]))
        seen = f"{counted(run['packets'], 'packet')}{drops}, {counted(run['flows'], 'flow')}"
        yield inert(f"run {run['number']} · {when} UTC · {_length(run['ended'] - run['began'])} · {seen} · {since_last}{cut}")
        for answer in run["answers"]:
            yield inert(f"    {answer}")


def _compare(described: Job, first: int, second: int, *, json: bool) -> int:
    from analyzer.jobs.drift import compare
    from analyzer.jobs.runs import VERDICT, place_of, read_json
    from analyzer.report.json import to_json
    from analyzer.text.inert import inert

    before, after = (_verdict(described.results / place_of(number, VERDICT), number, read_json) for number in (first, second))
    found = compare(before, after, described.settings.drift.failures)
    if json:
        sys.stdout.write(to_json({"schema": 1, "job": described.name, "from": first, "to": second, "findings": found.findings}))
    else:
        for finding in found.findings:
            print(inert(f"{finding['code']}: {finding['text']}"))
        if not found.is_drift:
            print(f"nothing changed from run {first} to run {second}")
    return UNMET if found.is_drift else DONE


def _verdict(path: Path, number: int, read: Callable[[Path], dict[str, Any]]) -> Mapping[str, Any]:
    if not path.exists():
        raise Unusable(f"there is no run {number}", str(path.parent.parent), "whichproxy job history lists them")
    return read(path)


def _length(seconds: float) -> str:
    """A duration in the form of a job file: the largest unit with a whole number, else seconds."""
    whole = round(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if whole and whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"
