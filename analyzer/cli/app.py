"""The verbs and what `whichproxy` itself understands. Only typer is imported here: verbs import what they need when they run."""

from __future__ import annotations

import glob
import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from analyzer.cli import capture, catalogue, doctor, flows, history, job, merge, report, services, slice, study, topology, verify, watch
from analyzer.errors import Missing
from analyzer.text.urls import is_url
from analyzer.version import VERSION


class Verbs(TyperGroup):
    """The verbs, of which one is two words: `study init` is another than `study FILE`. What is no verb and exists is reported on."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        both, first = " ".join(args[:2]), args[0]
        if both in self.commands:
            return both, self.commands[both], args[2:]
        if first not in self.commands and names_something(first):
            return "report", self.commands["report"], args
        if first not in self.commands and not first.startswith("-") and (os.sep in first or "." in first or glob.has_magic(first)):
            raise Missing("no such file or directory, and no verb of this name", first, "check the path, or see whichproxy --help")
        return super().resolve_command(ctx, args)


def names_something(word: str) -> bool:
    """Whether it is a URL, a file, a directory, a glob that finds any, or `-` for the stream on stdin."""
    found = glob.iglob(word, recursive=True) if glob.has_magic(word) else ()  # noqa: PTH207 - Path.glob takes no whole paths
    return word == "-" or is_url(word) or os.path.lexists(word) or any(found)


app = typer.Typer(
    name="whichproxy",
    cls=Verbs,
    help="Which proxy won? Proves from a gateway capture which proxy carried which Microsoft Defender service.",
    epilog="Each verb has its own help with examples: whichproxy report --help",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("report", short_help="Which proxy won, over all inputs together.")(report.report)
app.command("flows", short_help="The flow table: one row per conversation.")(flows.flows)
app.command("merge", short_help="Parts of the traffic, read here or elsewhere, to one flow table.")(merge.merge)
app.command("study", short_help="Several tests at once, and whether what was expected held.")(study.study)
app.command("study init", short_help="A commented study file to begin from, with a test for each capture.")(study.init)
app.command("topology", short_help="A topology file proposed from the traffic: proxies found, guesses as comments.")(topology.topology)
app.command("verify", short_help="A second opinion: the same facts through Wireshark's dissectors.")(verify.verify)
app.command("slice", short_help="The packets behind a flow, finding, source, service or proxy.")(slice.slice_captures)
app.command("watch", short_help="Live: the verdict while packets arrive.")(watch.watch)
app.command("capture", short_help="One run of a capture job: ring files, each analysed once, and what changed.")(capture.capture)
app.add_typer(job.job, name="job", short_help="A capture job: check it, install it, its status and history.")
app.command("history", short_help="Many gateways over time: who won where, since when, what changed.")(history.history)
app.command("services", short_help="The catalogue, and which service a host belongs to.")(services.services)
app.add_typer(catalogue.catalogue, name="catalogue", short_help="How old the catalogue is, and what is new on Microsoft's pages.")
app.command("doctor", short_help="What works on this machine, and what mends the rest.")(doctor.doctor)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"whichproxy {VERSION}")
        raise typer.Exit


@app.callback()
def whichproxy(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Which proxy won? Proves from a gateway capture which proxy carried which Microsoft Defender service."""
