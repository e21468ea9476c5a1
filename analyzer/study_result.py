"""What `analyzer.study` returns: a study that was run, with the traffic and the verdict of each test."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.traffic import Traffic, Verdict

if TYPE_CHECKING:
    from analyzer.errors import Unusable
    from analyzer.pipeline import Reading
    from analyzer.report.plots.pictures import Pictures
    from analyzer.report.study_terminal import TerminalStudy
    from analyzer.studies.document import StudyDocument, Test
    from analyzer.studies.run import StudyRun


class StudyTest(Traffic):
    """One test: traffic as `analyzer.read` returns it (flows, verdict, findings), with the study's results.

    document  the test's part of the study document
    """

    def __init__(self, reading: Reading, document: Test) -> None:
        super().__init__(reading)
        self.document = document

    @property
    def title(self) -> str:
        return self.document["title"]

    @property
    def held(self) -> bool | None:
        """Whether all expectations were met; None: there were none."""
        return self.document["held"]

    @cached_property
    def verdict(self) -> Verdict:
        """The test's verdict, with the configured proxies and the users' logon times, without the Client Analyzer's own traffic."""
        return Verdict(self.document["verdict"])

    @cached_property
    def plot(self) -> Pictures:
        """The plots, with the marks and the times when no user was logged on."""
        from analyzer.report.plots.pictures import Pictures
        from analyzer.report.plots.scene import Scene

        return Pictures(Scene.of_test(self.document, self.table))

    def to_dict(self) -> dict[str, Any]:
        """The test's part of the study document; a deep copy."""
        return deepcopy(dict(self.document))

    def _repr_html_(self) -> str:
        from analyzer.text.inert import html

        return f"<p><em>{html(self.title)}</em></p><p>{html(self.document['conclusion'])}</p>{self.verdict._repr_html_()}"

    def __repr__(self) -> str:
        from analyzer.text.inert import inert

        return f"<StudyTest {inert(self.title)!r}: {self.table.num_rows:,} flows>"


class Study:
    """A study that was run: a summary when printed, plain data by `to_dict`, a file by `report`.

    tests     in the order of the file
    unusable  one error for each capture that couldn't be read while others could
    """

    def __init__(self, run: StudyRun) -> None:
        self._document: StudyDocument = run.document
        self.tests: tuple[StudyTest, ...] = tuple(map(StudyTest, run.readings, run.document["tests"]))
        self.unusable: tuple[Unusable, ...] = run.unusable

    @property
    def title(self) -> str:
        return self._document["title"]

    @property
    def held(self) -> bool | None:
        """Whether all expectations were met; None: there were none."""
        return self._document["held"]

    def to_dict(self) -> dict[str, Any]:
        """The study document as plain data (analyzer.studies.document describes each key); a deep copy."""
        return deepcopy(dict(self._document))

    def report(self, path: str | PathLike[str]) -> None:
        """Write the study; the suffix chooses the form.

        Errors  Unusable: an unknown suffix, or a place that can't be written
        """
        from analyzer.report.files import check_study_path, write_study

        check_study_path(Path(path))
        write_study(Path(path), self._document, [test.table for test in self.tests])

    def __rich__(self) -> TerminalStudy:
        from analyzer.report.study_terminal import TerminalStudy

        return TerminalStudy(self._document)

    def __str__(self) -> str:
        from analyzer.report.study_terminal import plain_study

        return plain_study(self._document)

    def _repr_html_(self) -> str:
        from analyzer.report.notebook import study_to_html_fragment
        from analyzer.report.study_model import build_study

        return study_to_html_fragment(build_study(self._document))

    def __repr__(self) -> str:
        from analyzer.text.inert import inert

        return f"<Study {inert(self.title)!r}: {inert(self._document['conclusion'])}>"
