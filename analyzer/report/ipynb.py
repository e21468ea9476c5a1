"""The report as a notebook that reads the same captures again: cells to run, change and extend, without outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.errors import Unusable
from analyzer.text.inert import markdown
from analyzer.text.urls import is_url, shown

NBFORMAT = (4, 5)


class Invocation(NamedTuple):
    """The inputs and options as the caller gave them, from which a notebook reads the same again."""

    inputs: tuple[str, ...]
    topology: str | None = None
    catalogues: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None


def check_asked(path: str | Path, inputs: Iterable[object]) -> None:
    """Raise Unusable where a notebook can't read an input again: standard input."""
    if "-" in inputs:
        raise Unusable("a notebook can't read standard input again", str(path), "save the capture to a file and name that")


def to_notebook(asked: Invocation, path: str | Path) -> str:
    """The notebook as JSON (nbformat 4.5), printable ASCII.

    path   where it will be written: files beside or below it get relative paths, so that the folder can be moved; others absolute ones.
           Names are Python literals in code and escaped Markdown in text, so that no name acts as code or markup
    """
    folder = Path(path).resolve().parent
    listed = "\n".join(f"- {markdown(shown(name))}" for name in asked.inputs)
    cells = [
        _text(f"# Which proxy won?\n\nFrom packets seen at the gateway:\n\n{listed}\n\nRun the cells from the top (Shift+Enter)."),
        _code(_reading(asked, folder)),
        _text("## The answer\n\nWho won, for which service, from which source; how sure, and why."),
        _code("traffic.verdict"),
        _text("## Over time"),
        _code("traffic.plot.timeline()"),
        _text("## Services and proxies"),
        _code("traffic.plot.services()"),
        _code("traffic.plot.proxies()"),
        _text("## Which method goes over which"),
        _code("traffic.plot.precedence()"),
        _text("## What is odd, and what to do about it"),
        _code(
            'import pandas as pd\n\npd.set_option("display.max_colwidth", None)\ntraffic.findings[["severity", "code", "text", "advice"]]'
        ),
        _text("## The flows behind it\n\nOne row per conversation; `traffic.flows` has more columns."),
        _code('traffic.flows[["first_seen", "client_ip", "host", "service", "plane", "proxy", "proxy_status", "state", "id"]].head(20)'),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number:02}"
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": NBFORMAT[0],
        "nbformat_minor": NBFORMAT[1],
    }
    return json.dumps(notebook, ensure_ascii=True, indent=1) + "\n"


def _reading(asked: Invocation, folder: Path) -> str:
    """The cell that reads the captures."""
    lines = ["import analyzer", "", "traffic = analyzer.read("]
    lines += [f"    {_literals([_named_from(folder, name) for name in asked.inputs])},"]
    if asked.topology is not None:
        lines.append(f"    topology={_named_from(folder, asked.topology)!a},")
    if asked.catalogues:
        lines.append(f"    catalogue={_literals([_named_from(folder, name) for name in asked.catalogues])},")
    lines += [f"    {name}={value!a}," for name, value in (("start", asked.start), ("end", asked.end)) if value is not None]
    return "\n".join([*lines, ")", "traffic"])


def _literals(names: Sequence[str]) -> str:
    """One name alone, several as a list with a line for each."""
    if len(names) == 1:
        return ascii(names[0])
    return "[\n" + "".join(f"        {name!a},\n" for name in names) + "    ]"


def _named_from(folder: Path, name: str) -> str:
    """A path or a glob relative to that folder; a URL without its credentials."""
    if is_url(name):
        return shown(name)
    whole = Path(os.path.abspath(name))  # noqa: PTH100 - resolve() would follow links that a glob is meant to be matched in
    return str(whole.relative_to(folder)) if whole.is_relative_to(folder) else str(whole)


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
