"""The verbs and the options of `whichproxy` itself. A verb's module is imported when the verb is used; the list of verbs imports none."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from analyzer.errors import Missing
from analyzer.text.urls import is_url
from analyzer.version import VERSION

VERBS: Final = {
    "report": ("report.report", "Which proxy won, over all inputs together."),
    "flows": ("flows.flows", "The flow table: one row per conversation."),
    "merge": ("merge.merge", "Parts of the traffic, read here or elsewhere, to one flow table."),
    "study": ("study.study", "Several tests at once, and whether what was expected held."),
    "study init": ("study.init", "A commented study file to begin from, with a test for each capture."),
    "topology": ("topology.topology", "A topology file proposed from the traffic: proxies found, guesses as comments."),
    "verify": ("verify.verify", "A second opinion: the same facts through Wireshark's dissectors."),
    "slice": ("slice.slice_captures", "The packets behind a flow, finding, source, service or proxy."),
    "watch": ("watch.watch", "Live: the verdict while packets arrive."),
    "capture": ("capture.capture", "One run of a capture job: ring files, each analysed once, and what changed."),
    "history": ("history.history", "Many gateways over time: who won where, since when, what changed."),
    "services": ("services.services", "The catalogue, and which service a host belongs to."),
    "doctor": ("doctor.doctor", "What works on this machine, and what mends the rest."),
    "job": ("job.job", "A capture job: check it, install it, its status and history."),
    "catalogue": ("catalogue.catalogue", "How old the catalogue is, and what is new on Microsoft's pages."),
}
"""Verb → (its module and the function or sub-verbs in it, its purpose)."""


def command_source(verb: str) -> Any:
    """A function, or a Typer where the verb has sub-verbs."""
    module, name = VERBS[verb][0].split(".")
    return getattr(import_module(f"analyzer.cli.{module}"), name)


@cache
def built(verb: str) -> Any:
    """The verb's command, with its options. Errors: KeyError, there is no such verb."""
    made, purpose = command_source(verb), VERBS[verb][1]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(made, typer.Typer):
        alone.add_typer(made, name=verb, short_help=purpose)
    else:
        alone.command(verb, short_help=purpose)(made)
    command: Any = typer.main.get_command(alone)
    return command.commands[verb] if isinstance(command, TyperGroup) else command


class Commands(Mapping[str, Any]):
    """Every verb's command, built on demand: building all of them takes as long as reading a small capture."""

    def __getitem__(self, verb: str) -> Any:
        return built(verb)

    def __contains__(self, verb: object) -> bool:
        return verb in VERBS

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


class Verbs(TyperGroup):
    """The verbs, one of which has two words: `study init` differs from `study FILE`. A first word that is no verb but exists is an input of
    `report`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = Commands()

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
    """Whether it is a URL, a file, a directory, a glob with matches, or `-` for stdin."""
    found = glob.iglob(word, recursive=True) if glob.has_magic(word) else ()  # noqa: PTH207 - Path.glob takes no absolute patterns
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
