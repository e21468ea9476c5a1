"""`whichproxy catalogue`: the catalogue's age, its differences from Microsoft's page, and an own catalogue with them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import Catalogues

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue
    from analyzer.services.published import PublishedList

catalogue = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The service catalogue: how old it is, and what is new on Microsoft's pages.",
)

PageFile = Annotated[Path, typer.Argument(metavar="FILE", help="Microsoft's page of URLs, saved as HTML, Markdown, a spreadsheet or CSV.")]
Model = Annotated[
    str | None,
    typer.Option("--model", show_default=False, help="standard or streamlined, where neither the page's title nor its name says it."),
]


@catalogue.command("show", short_help="How old the catalogue is, and from where.")
def show(catalogues: Catalogues = None) -> int:
    """How old the catalogue is, its digest, and how many rules come from which source.

    \b
    Examples:
      whichproxy catalogue show
      whichproxy catalogue show --catalogue ours.toml
    """
    from analyzer.services.catalogue import load_catalogue
    from analyzer.text.inert import inert

    for line in _said(load_catalogue(catalogues or ()), datetime.now(UTC).date()):
        print(inert(line))
    return 0


@catalogue.command("diff", short_help="What differs from Microsoft's page.")
def diff(file: PageFile, model: Model = None, catalogues: Catalogues = None) -> int:
    """What Microsoft's page says and the catalogue doesn't: hosts that are new, changed or gone. Exit code 1 where anything differs.

    The page of the standard or the streamlined list, commercial or US government, as your browser saves it, or from the
    public repository MicrosoftDocs/defender-docs.

    \b
    Examples:
      whichproxy catalogue diff streamlined-device-connectivity-urls-commercial.md
    """
    from analyzer.services.catalogue import load_catalogue
    from analyzer.services.changes import changes
    from analyzer.services.published import read_published
    from analyzer.text.inert import inert

    page = read_published(file, _model(model))
    found = changes(load_catalogue(catalogues or ()), page)
    _say_unread(page)
    for change in found:
        print(inert(f"{change.kind:<7}  {change.pattern}  {change.what}"))
    kinds = Counter(change.kind for change in found)
    differences = ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "nothing differs"
    print(inert(f"{page.source} ({page.day or 'no date'}): {len(page.rows)} hosts, {differences}"))
    return 1 if found else 0


@catalogue.command("lacking", short_help="What a proxy's own allow list lacks.")
def lacking_of(
    file: Annotated[Path, typer.Argument(metavar="LIST", help="The proxy's allow list, in any form: plain, CSV, squid, an appliance's.")],
    cloud: Annotated[str, typer.Option("--cloud", help="commercial, GCC, GCCH or DoD.")] = "commercial",
    geo: Annotated[str, typer.Option("--geo", help="The tenant's geography, as EU or US; WW: what all of them need.")] = "WW",
    model: Annotated[str, typer.Option("--model", help="standard or streamlined connectivity.")] = "standard",
    system: Annotated[str, typer.Option("--os", help="Windows, macOS or Linux.")] = "Windows",
    catalogues: Catalogues = None,
) -> int:
    """What Microsoft requires and a proxy's own allow list doesn't have: what is new since it was made, the newest first. Exit code 1
    where anything is missing.

    \b
    Examples:
      whichproxy catalogue lacking allowed.txt --geo EU
      whichproxy catalogue lacking squid.conf --geo US --model streamlined --os Linux
    """
    from analyzer.services.allowed import lacking, read_allowed
    from analyzer.services.catalogue import load_catalogue
    from analyzer.services.permits import device_from
    from analyzer.text.inert import inert

    loaded = load_catalogue(catalogues or ())
    allowed = read_allowed(file)
    missing = lacking(loaded, device_from(loaded, cloud, geo, model, system), allowed)
    for rule in sorted(missing, key=lambda rule: rule.date or "", reverse=True):
        print(inert(f"missing  {rule.pattern}  {rule.service}, port {' '.join(map(str, rule.port))}, {rule.source} ({rule.date})"))
    print(
        inert(f"{file}: {len(allowed)} entries, {f'{len(missing)} required hosts missing' if missing else 'nothing required is missing'}")
    )
    return 1 if missing else 0


@catalogue.command("update", short_help="An own catalogue from Microsoft's page.")
def update(
    file: PageFile,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OWN.toml", help="Where the own catalogue goes; never overwritten.")],
    model: Model = None,
    catalogues: Catalogues = None,
) -> int:
    """An own catalogue file with what Microsoft's page says and the catalogue doesn't, to be read through and given with --catalogue.

    \b
    Examples:
      whichproxy catalogue update standard-device-connectivity-urls-commercial.html -o own.toml
      whichproxy report gateway.pcapng --catalogue own.toml
    """
    from analyzer.errors import Unusable
    from analyzer.services.catalogue import load_catalogue
    from analyzer.services.changes import changes, own_catalogue
    from analyzer.services.published import read_published

    page = read_published(file, _model(model))
    loaded = load_catalogue(catalogues or ())
    found = changes(loaded, page)
    _say_unread(page)
    try:
        with output.open("x", encoding="utf-8", newline="\n") as sink:
            sink.write(own_catalogue(loaded, page, found))
    except FileExistsError as error:
        raise Unusable("is there already", str(output), "name another file") from error
    except OSError as error:
        raise Unusable(f"can't be written ({error.strerror})", str(output), "name a file in a folder that you may write to") from error
    load_catalogue([*(catalogues or ()), output])
    n = len([change for change in found if change.row is not None])
    print(f"{output}: {n} change{'' if n == 1 else 's'}; read it through before you use it", file=sys.stderr)
    return 0


def _model(model: str | None) -> str | None:
    from analyzer.errors import Unusable

    if model not in (None, "standard", "streamlined"):
        raise Unusable(f"{model!r} is no connectivity model", "--model", "standard or streamlined")
    return model


def _say_unread(page: PublishedList) -> None:
    from analyzer.text.inert import inert

    if page.unread:
        print(inert(f"not read as a host: {', '.join(dict.fromkeys(page.unread))}"[:400]), file=sys.stderr)


def _said(loaded: Catalogue, today: date) -> Iterator[str]:
    """Lines about the catalogue; its age counts from the day on which its lists were read."""
    days = (today - date.fromisoformat(loaded.as_of)).days if loaded.as_of else None
    age = "" if days is None else " (today)" if days <= 0 else f" ({days} day{'' if days == 1 else 's'} old)"
    yield f"as of   {loaded.as_of or 'unknown'}{age}"
    yield f"sha256  {loaded.sha256}"
    files = list(dict.fromkeys(rule.catalogue for rule in loaded.rules))
    yield f"files   {', '.join(name or 'built-in' for name in files)}"
    yield f"holds   {len(loaded.rules)} rules of {len(loaded.services)} services, {len(loaded.context)} context hosts"
    yield "rules from"
    counted = Counter((rule.source or "no source given", rule.date or "no date", rule.date_is) for rule in loaded.rules)
    for (source, day, date_is), n in counted.most_common():
        yield f"  {n:>4}  {day:<10}  {source}{' (the text has no date: read that day)' if date_is == 'read' else ''}"
