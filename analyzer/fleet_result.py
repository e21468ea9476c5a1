"""What `analyzer.history` returns: who won at which gateway, and since when. pandas loads when a DataFrame is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.errors import Unusable
    from analyzer.report.fleet_terminal import TerminalHistory


class History:
    """Gateways over time: a report when printed (terminal or notebook), plain data by `to_dict`, tables by `to_frame` and the rest.

    unusable  one error for each day that couldn't be read while others could
    """

    def __init__(self, document: Mapping[str, Any], unusable: Sequence[Unusable] = ()) -> None:
        self._document = document
        self.unusable = tuple(unusable)

    def to_dict(self) -> dict[str, Any]:
        """The history document as plain data, the same as the JSON of `whichproxy history`; a deep copy."""
        from copy import deepcopy

        return deepcopy(dict(self._document))

    def to_frame(self) -> pd.DataFrame:
        """One row per gateway, source, service (missing: the plane as a whole) and era: who won, from when to when, and how sure."""
        from analyzer.report.fleet_frames import eras_frame

        return eras_frame(self._document)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row per finding, problems first: what changed, at which gateways, for which sources and services."""
        from analyzer.report.fleet_frames import changes_frame

        return changes_frame(self._document)

    @cached_property
    def gateways(self) -> pd.DataFrame:
        """One row per gateway and day: rows, sources, requests, failed, and the gateway's state now."""
        from analyzer.report.fleet_frames import gateways_frame

        return gateways_frame(self._document)

    def report(self, path: str | PathLike[str]) -> None:
        """Write the history; the suffix chooses the form (.html or .json). Errors: Unusable, another suffix, or a place that can't be
        written."""
        from analyzer.report.fleet_files import check_history_path, write_history

        check_history_path(Path(path))
        write_history(Path(path), self._document)

    def __rich__(self) -> TerminalHistory:
        from analyzer.report.fleet_terminal import TerminalHistory

        return TerminalHistory(self._document)

    def __str__(self) -> str:
        from analyzer.report.fleet_terminal import plain_history

        return plain_history(self._document)

    def __repr__(self) -> str:
        from analyzer.text.inert import inert

        return f"<History: {inert(' '.join(self._document['answers']))}>"

    def _repr_html_(self) -> str:
        from analyzer.text.inert import html

        return "".join(f"<p>{html(answer)}</p>" for answer in self._document["answers"])
