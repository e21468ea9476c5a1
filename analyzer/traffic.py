"""What `analyzer.read` returns: traffic with its flows, verdict and findings. pandas loads when a DataFrame is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard

from analyzer.errors import Unusable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from analyzer.pipeline import Reading
    from analyzer.report.ipynb import Invocation
    from analyzer.report.opinion import OpinionReport
    from analyzer.report.plots.pictures import Pictures
    from analyzer.report.terminal import TerminalReport
    from analyzer.routes.topology import WhoIsWho
    from analyzer.second_opinion.verify import Opinion

Paths = Sequence[str | PathLike[str]]


class Verdict:
    """Who won: a report when printed (terminal or notebook), plain data by `to_dict`, one row per source and service by `to_frame`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._whole = document

    @property
    def _document(self) -> Mapping[str, Any]:
        return self._whole

    def to_dict(self) -> dict[str, Any]:
        """The verdict document as plain data, the same as the JSON of `whichproxy report`; a deep copy."""
        from copy import deepcopy

        return deepcopy(dict(self._document))

    def to_frame(self) -> pd.DataFrame:
        """One row per source and service: the proxies asked, the outcome, the winner and its confidence, and tunnels, failures and bytes
        over
        all proxies (report.frames.SERVICE_COLUMNS and COUNTS)."""
        from analyzer.report.frames import services_frame

        return services_frame(self._document)

    @property
    def sources(self) -> tuple[SourceVerdict, ...]:
        """Each source's part of the verdict, in the order of the document."""
        return tuple(SourceVerdict(self._document, entry) for entry in self._document["sources"])

    def __len__(self) -> int:
        return len(self._document["sources"])

    def __bool__(self) -> bool:
        return True  # a verdict without sources isn't false

    def __iter__(self) -> Iterator[SourceVerdict]:
        return iter(self.sources)

    def __getitem__(self, source: str) -> SourceVerdict:
        """The source of this name or address. KeyError: no such source; the text suggests the nearest."""
        for one in self.sources:
            if source in (one.name, *one.client_ips):
                return one
        from analyzer.text.words import did_you_mean

        raise KeyError(f"no source {source!r}; {did_you_mean(source, [one.name or one.client_ip for one in self.sources])}")

    def _ipython_key_completions_(self) -> list[str]:
        return [one.name or one.client_ip for one in self.sources]

    def __rich__(self) -> TerminalReport:
        from analyzer.report.model import build
        from analyzer.report.terminal import TerminalReport

        return TerminalReport(build(self._document))

    def __str__(self) -> str:
        from analyzer.report.model import build
        from analyzer.report.terminal import plain_text

        return plain_text(build(self._document))

    def __repr__(self) -> str:
        from analyzer.report.model import build
        from analyzer.text.inert import inert

        return f"<Verdict: {inert(' '.join(build(self._document).answers))}>"

    def _repr_html_(self) -> str:
        from analyzer.report.model import build
        from analyzer.report.notebook import to_html_fragment

        return to_html_fragment(build(self._document))


class SourceVerdict(Verdict):
    """One source's verdict, with only its services, planes and findings.

    client_ip client_ips name   of the source
    defender   seen, hidden or not-seen
    answer     the answer in a sentence
    """

    def __init__(self, whole: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
        super().__init__(whole)
        self.client_ip: str = entry["client_ip"]
        self.client_ips: tuple[str, ...] = tuple(entry["client_ips"])
        self.name: str | None = entry["name"]
        self.defender: str = entry["defender"]
        self.answer: str = entry["answer"]
        self._own: Mapping[str, Any] | None = None

    @property
    def _document(self) -> Mapping[str, Any]:
        """Made on first use: a site has thousands of sources."""
        if self._own is None:
            from analyzer.report.chosen import Choice, chosen

            self._own = chosen(self._whole, Choice(sources=(self.client_ip,)))
        return self._own

    def __repr__(self) -> str:
        from analyzer.text.inert import inert
        from analyzer.text.labels import source_label

        return f"<SourceVerdict {inert(source_label(self.client_ip, self.name))}: {inert(self.answer)}>"


class SecondOpinion:
    """The same flows by Wireshark's dissectors: a report when printed, plain data by `to_dict`, one row per fact by `to_frame`.

    differences   how many facts differ
    """

    def __init__(self, opinion: Opinion) -> None:
        self._opinion = opinion
        self.differences = opinion.differences

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the same as the JSON of `whichproxy verify`."""
        from analyzer.report.opinion import as_dict

        return as_dict(self._opinion)

    def to_frame(self) -> pd.DataFrame:
        """One row per flow and fact: id, capture, client, server, filter, fact, whichproxy, wireshark, agrees, frames, note."""
        import pandas as pd

        from analyzer.report.opinion import frame_rows

        return pd.DataFrame(frame_rows(self._opinion))

    def __rich__(self) -> OpinionReport:
        from analyzer.report.opinion import OpinionReport

        return OpinionReport(self._opinion)

    def __str__(self) -> str:
        from analyzer.report.opinion import plain_text

        return plain_text(self._opinion)

    def __repr__(self) -> str:
        from analyzer.report.opinion import summary

        return f"<SecondOpinion: {summary(self._opinion)}>"


class Traffic:
    """Flows and the verdict on them.

    table     the flow table in Arrow (analyzer.tables.FLOW_SCHEMA)
    unusable  one error for each input that couldn't be read while others could
    """

    def __init__(self, reading: Reading, asked: Invocation | None = None) -> None:
        self._reading = reading
        self._asked = asked
        self.table: pa.Table = reading.flows
        self.unusable: tuple[Unusable, ...] = tuple(reading.unusable)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row per conversation: texts Arrow-backed, numbers and booleans nullable, times in UTC to the nanosecond."""
        from analyzer.report.frames import frame_of

        return frame_of(self.table)

    @cached_property
    def lookups(self) -> pd.DataFrame:
        """One row per DNS question, with its answer; columns as in analyzer.tables.LOOKUP_SCHEMA. Empty for flows read from a table."""
        from analyzer.report.frames import frame_of
        from analyzer.tables import LOOKUP_SCHEMA

        table = self._reading.lookups
        return frame_of(LOOKUP_SCHEMA.empty_table() if table is None else table)

    @cached_property
    def verdict(self) -> Verdict:
        """Who won, for which service, from which source, and the flows that prove it."""
        from analyzer.pipeline import judge

        return Verdict(judge(self._reading))

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row per finding, problems first: code, severity, confidence, where, text, advice, times, flows."""
        from analyzer.report.frames import findings_frame

        return findings_frame(self.verdict.to_dict())

    @cached_property
    def legs(self) -> pd.DataFrame:
        """One row per origin leg behind a proxy: the client's flow (`pair`), the proxy's flow, delays in ns, bytes of both."""
        from analyzer.report.frames import frame_of
        from analyzer.routes.topology import Topology
        from analyzer.verdict.evidence import evidence_of
        from analyzer.verdict.forwarding import leg_table

        return frame_of(leg_table(evidence_of(self.table, self._reading.topology or Topology())))

    def report(self, path: str | PathLike[str]) -> None:
        """Write the report; the suffix chooses the form (.html, .md, .json or .ipynb).

        Errors  Unusable: an unknown suffix, a place that can't be written, or a notebook of traffic that wasn't read from named files
        """
        from analyzer.report.files import check_report_path, write_report

        check_report_path(Path(path))
        write_report(Path(path), self.verdict.to_dict(), self.table, self._asked)

    def allow_list(self, form: str = "plain", proxy: str | None = None) -> str:
        """The hosts that each proxy, or the proxy of this name or address, has to let through: those that failed there and those that such
        a
        device requires.

        form    plain, squid, pac, csv, palo-alto, fortigate or zscaler
        Errors  Unusable: no such form or proxy, or a PAC file for other than one proxy
        """
        from analyzer.proxy_lists import allow_list

        return allow_list(self._reading, form, () if proxy is None else (proxy,))

    def no_inspection_list(self, form: str = "plain", proxy: str | None = None) -> str:
        """The hosts whose TLS each proxy, or the proxy of this name or address, must not open: hosts that only Defender asks for.

        form    plain, csv, squid, palo-alto, fortigate or zscaler
        Errors  Unusable: no such form or proxy
        """
        from analyzer.proxy_lists import no_inspection_list

        return no_inspection_list(self._reading, form, () if proxy is None else (proxy,))

    @cached_property
    def plot(self) -> Pictures:
        """The plots: .timeline(), .services(), .proxies(), .precedence(), each as matplotlib Axes."""
        from analyzer.report.plots.pictures import Pictures
        from analyzer.report.plots.scene import Scene

        return Pictures(Scene(self.table, self.verdict.to_dict()))

    def verify(self, flows: Iterable[str] | None = None, limit: int = 1_000_000) -> SecondOpinion:
        """The flow table compared with Wireshark's dissectors, capture by capture; works in a notebook. Needs tshark.

        flows   ids of the flows to compare; None: all
        limit   packets of each capture that Wireshark reads, from its beginning
        Errors  Unusable: no tshark, or captures that can't be read a second time (file objects, a DataFrame of flows)
        """
        from analyzer.second_opinion.again import verify_again

        return SecondOpinion(verify_again(self.table, self._reading, None if flows is None else set(flows), limit))

    @property
    def sources(self) -> tuple[SourceVerdict, ...]:
        """The verdict on each source."""
        return self.verdict.sources

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __bool__(self) -> bool:
        return True  # traffic without flows isn't false

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each flow as a dict, with the keys of a line of `whichproxy flows --format jsonl`."""
        import json

        from analyzer.report.rows import json_lines

        for lines in json_lines(self.table):
            yield from map(json.loads, lines.splitlines())

    def __repr__(self) -> str:
        from analyzer.text.words import counted

        return f"<Traffic: {counted(len(self), 'flow')} from {counted(len(self._reading.captures), 'capture')}>"

    def _repr_html_(self) -> str:
        from analyzer.text.inert import html

        return f"<p>{html(repr(self)[1:-1])}</p>{self.verdict._repr_html_()}"


def is_frame(inputs: object) -> TypeGuard[pd.DataFrame]:
    """Whether the input is a pandas DataFrame, determined without importing pandas."""
    import sys

    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(inputs, pandas.DataFrame)


def from_inputs(
    inputs: object, topology: WhoIsWho, catalogues: Paths, start: object, end: object, workers: int | None, cluster: object = None
) -> Traffic:
    """The traffic of captures; see analyzer.read."""
    from analyzer.reading import read
    from analyzer.report.ipynb import Invocation
    from analyzer.routes.topology import topology_of
    from analyzer.services.catalogue import load_catalogue

    start_ns, end_ns = window_of(start, end)
    listed = _as_list(inputs)
    reading = read(
        listed,
        topology=topology_of(topology),
        catalogue=load_catalogue(map(Path, catalogues)),
        start_ns=start_ns,
        end_ns=end_ns,
        workers=workers,
        cluster=cluster,
    )
    named = all(isinstance(entry, str) and entry != "-" for entry in listed) and isinstance(topology, str | PathLike | None)
    times = _time_text(start, "start"), _time_text(end, "end")
    asked = Invocation(tuple(map(str, listed)), None if topology is None else str(topology), tuple(map(str, catalogues)), *times)
    return Traffic(reading, asked if named else None)


def from_frame(flows: pd.DataFrame, topology: WhoIsWho, catalogues: Paths, start: object, end: object) -> Traffic:
    """The traffic of a DataFrame of flows; routes and services are computed again where a topology or catalogue is given."""
    from analyzer.pipeline import Reading
    from analyzer.report.frames import table_of
    from analyzer.routes.route import route_flows
    from analyzer.routes.topology import topology_of
    from analyzer.services.catalogue import load_catalogue
    from analyzer.services.tag import tag_flows

    start_ns, end_ns = window_of(start, end)
    names, services = topology_of(topology), load_catalogue(map(Path, catalogues))
    table = table_of(flows, start_ns, end_ns)
    if topology is not None:
        table = route_flows(table, names)
    if catalogues:
        table = tag_flows(table, services)
    return Traffic(Reading(table, captures=[], topology=names, catalogue=services, start_ns=start_ns, end_ns=end_ns))


def _as_list(inputs: object) -> list[str | BinaryIO]:
    """Paths as text and open files, in a list."""
    if isinstance(inputs, str | PathLike) or hasattr(inputs, "read"):
        inputs = [inputs]
    if not isinstance(inputs, Iterable):
        raise Unusable(f"{type(inputs).__name__} is no capture", "inputs", "give a path, an open binary file, or a list of these")
    listed: list[str | BinaryIO] = []
    for entry in inputs:
        if isinstance(entry, str | PathLike):
            path = fspath(entry)
            listed.append(path if isinstance(path, str) else str(Path(path.decode(errors="surrogateescape"))))
        elif hasattr(entry, "read"):
            listed.append(entry)
        else:
            raise Unusable(f"{type(entry).__name__} is no capture", "inputs", "give paths or open binary files")
    if not listed:
        raise Unusable("an empty list", "inputs", "name at least one capture")
    return listed


def window_of(start: object, end: object) -> tuple[int | None, int | None]:
    """A window's two ends in ns since 1970, None where open. Errors: Unusable, a value that is no time."""
    from analyzer.text.times import window_ns

    return window_ns(_time_text(start, "start"), _time_text(end, "end"), ("start", "end"))


def _time_text(time: object, where: str) -> str | None:
    """A time as RFC 3339 text; a pandas.Timestamp keeps its nanoseconds."""
    if time is None or isinstance(time, str):
        return time
    if not isinstance(time, datetime):
        raise Unusable(f"{type(time).__name__} is no time", where, "give RFC 3339 text or a datetime with a time zone")
    if time.tzinfo is None:
        raise Unusable("a datetime without a time zone", where, "add tzinfo=UTC, or the zone it was meant in")
    return time.isoformat()
