"""A report as a file; the suffix says how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import Unusable
from analyzer.report.outputs import check_writable, write_whole

if TYPE_CHECKING:
    from analyzer.studies.result import Study

LATER = {".html": "an HTML report", ".htm": "an HTML report", ".ipynb": "a notebook"}
"""What this version doesn't write yet."""


def check_report_path(path: str | Path, inputs: Iterable[object] = ()) -> None:
    """Raise Unusable now, before long work, if no report can be written there, or it would overwrite an input."""
    suffix = Path(path).suffix.lower()
    if suffix in LATER:
        raise Unusable(f"this version doesn't write {LATER[suffix]} yet", str(path), "use .md or .json")
    if suffix not in (".md", ".json"):
        raise Unusable(f"no report is written as {suffix or 'a file without a suffix'}", str(path), "use .md or .json")
    check_writable(path, inputs)


def write_report(path: str | Path, verdict: Mapping[str, Any]) -> None:
    """Write the verdict as Markdown or JSON. Errors: Unusable, the system refused."""
    if Path(path).suffix.lower() == ".json":
        from analyzer.report.json import to_json

        text = to_json(verdict)
    else:
        from analyzer.report.markdown import to_markdown
        from analyzer.report.model import build

        text = to_markdown(build(verdict))
    write_whole(path, [text.encode()])


def write_study(path: str | Path, study: Study) -> None:
    """Write the study as Markdown or JSON. Errors: Unusable, the system refused."""
    document = study.to_dict()
    if Path(path).suffix.lower() == ".json":
        from analyzer.report.json import to_json

        text = to_json(document)
    else:
        from analyzer.report.study_markdown import study_markdown

        text = study_markdown(document)
    write_whole(path, [text.encode()])
