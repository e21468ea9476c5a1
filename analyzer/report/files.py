"""A report as a file; the suffix chooses the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import Unusable
from analyzer.text.files import check_writable, write_whole
from analyzer.text.urls import check_local

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.report.ipynb import Invocation
    from analyzer.studies.document import StudyDocument

SUFFIXES = (".html", ".htm", ".md", ".json", ".ipynb")
REMEDY = "use .html, .md, .json or .ipynb"


def check_report_path(path: str | Path, inputs: Iterable[object] = ()) -> None:
    """Raise Unusable before the work starts if no report can be written there, or an input would be overwritten."""
    check_local(path)
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unusable(f"no report is written as {suffix or 'a file without a suffix'}", str(path), REMEDY)
    if suffix == ".ipynb":
        from analyzer.report.ipynb import check_asked

        check_asked(path, inputs)
    check_writable(path, inputs)


def write_report(path: str | Path, verdict: Mapping[str, Any], flows: pa.Table, asked: Invocation | None = None) -> None:
    """Write the verdict in the form of the suffix.

    flows   the flow table that the verdict was judged from
    asked   the inputs and options, for a notebook; None where an input has no name (an open file, a table)
    Errors  Unusable: the system refused, or a notebook of inputs without names
    """
    if Path(path).suffix.lower() == ".json":
        from analyzer.report.json import json_lines

        write_whole(path, (line.encode() for line in json_lines(verdict)))
        return
    write_whole(path, [_text(Path(path), verdict, flows, asked).encode()])


def _text(path: Path, verdict: Mapping[str, Any], flows: pa.Table, asked: Invocation | None) -> str:
    suffix = path.suffix.lower()
    if suffix == ".md":
        from analyzer.report.markdown import to_markdown
        from analyzer.report.model import build

        return to_markdown(build(verdict))
    if suffix == ".ipynb":
        from analyzer.report.ipynb import to_notebook

        if asked is None:
            what = "a notebook reads its captures and topology again, and these have no name"
            raise Unusable(what, str(path), "name files, or use .html")
        return to_notebook(asked, path)
    from analyzer.report.page.html import to_html

    return to_html(flows, verdict)


def check_study_path(path: str | Path, inputs: Iterable[object] = ()) -> None:
    """The same as check_report_path, for a study, which has no notebook form."""
    if Path(path).suffix.lower() == ".ipynb":
        raise Unusable("a study isn't written as a notebook", str(path), "use .html, .md or .json; in Python: analyzer.study(...)")
    check_report_path(path, inputs)


def write_study(path: str | Path, document: StudyDocument, flows: Sequence[pa.Table]) -> None:
    """Write the study as HTML, Markdown or JSON.

    flows   the flow table of each test
    Errors  Unusable: the system refused
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        from analyzer.report.json import to_json

        text = to_json(document)
    elif suffix == ".md":
        from analyzer.report.study_markdown import study_markdown

        text = study_markdown(document)
    else:
        from analyzer.report.page.html import study_to_html

        text = study_to_html(document, flows)
    write_whole(path, [text.encode()])
