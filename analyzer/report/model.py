"""The verdict document as plain rows: all counting, shares, ordering and sentences, shared by all outputs.

`build(verdict)` takes the dict of `analyzer.verdict.judge` (or one read back from JSON) and returns a `Report`. Its strings are still as
captured; each output makes them inert in its own way (text.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from analyzer.report.causes import SEVERITIES, Finding, causes, finding_of, finding_order, harm_of, span, to_do, with_consequences
from analyzer.report.commands import finding_command, topology_command
from analyzer.report.pac import Pac, pac_of
from analyzer.report.sources import OUTCOME_NAMES, Row, Source, source_of
from analyzer.text.labels import ProxyLabel, all_of, byte_size, ending, shortest_unique, some, source_label
from analyzer.text.times import zone_name
from analyzer.text.words import counted
from analyzer.verdict.sentence import no_source_answer

MOST_ANSWERS = 6
"""Maximum lines of the answer; further groups are only counted."""

BETWEEN = " · "
"""Separates the parts of the summary."""

EACH_ITS_OWN = 3
"""Up to so many sources with one answer each get a table; of more, one is shown for all."""

MOST_NAMED = 2_000
"""Sources of a group that are named. The others are only counted; the JSON document has all names."""


class Proxy(NamedTuple):
    """One proxy over all sources; `inspected` as in the verdict; likely: a finding says that it may open TLS."""

    label: ProxyLabel
    kinds: tuple[str, ...]
    sources: int
    requests: int
    failed: int
    hidden: int
    inspected: bool | None
    likely: bool = False

    @property
    def inspects(self) -> str:
        """Whether it opens TLS, in a word or two, with the findings' confidence."""
        if self.inspected:
            return "yes"
        if self.likely:
            return "likely" if self.inspected is None else "likely, in part"
        return "no" if self.inspected is False else "not shown"


class Direct(NamedTuple):
    """One destination that one or several sources tried to reach without a proxy."""

    source: str
    server: str
    host: str | None
    service: str | None
    state: str | None
    flows: tuple[str, ...]


class Leg(NamedTuple):
    """A proxy's origin legs for one source, host and server: statement, confidence, times, both legs' flows.

    Legs with opened TLS come first.
    """

    statement: str
    confidence: str
    times: str
    bytes: str
    hello: str | None
    flows: tuple[str, ...]
    origin_flows: tuple[str, ...]


class Capture(NamedTuple):
    """One file that was read; its damage is among the findings."""

    path: str
    packets: int
    when: str
    sha256: str | None


class PlaneAnswer(NamedTuple):
    """A group's answer for one plane in a few words; `fine`: one proxy carries it, and it works.

    brief   the text with shortened addresses of proxies without a name
    """

    plane: str
    text: str
    brief: str
    fine: bool
    winner: ProxyLabel | None


class Group(NamedTuple):
    """Sources with the same answer.

    n        number of sources
    named    their labels, in the order of their addresses, at most MOST_NAMED; ips: their addresses
    sources  those with a table of their own: all where they are few, else the one with most services
    planes   the answer for each plane
    """

    n: int
    named: tuple[str, ...]
    ips: tuple[str, ...]
    sources: tuple[Source, ...]
    answer: str
    planes: tuple[PlaneAnswer, ...]

    @property
    def who(self) -> str:
        """`WORKSTATION (172.16.11.92)`, or `12 sources (a, b, c and 9 more)`."""
        return self.named[0] if self.n == 1 else f"{counted(self.n, 'source')} ({self.names(3)})"

    @property
    def fullest(self) -> tuple[Source, ...]:
        """The source with most rows, whose table is shown for the whole group; none where no source has a table."""
        return tuple(sorted(self.sources, key=lambda source: -len(source.services) - len(source.planes))[:1])

    def names(self, most: int) -> str:
        """The first few names, and the number of the others."""
        shown = self.named[:most]
        return some(shown, most) if self.n == len(shown) else f"{', '.join(shown)} and {self.n - len(shown):,} more"


class Report(NamedTuple):
    """The whole verdict, ready to be formatted.

    title     the inputs and the day: `gateway.pcapng, 2024-05-01`; "" without inputs
    made_by   version, catalogue, topology and options, in a line
    nothing   why there is no answer; "" where there is one
    groups    sources with the same answer, rare answers first
    sources   those with tables of their own; n_sources: number of all
    propose   the command that proposes a topology, where proxies were found and no topology was given; else ""
    """

    title: str
    made_by: str
    nothing: str
    groups: tuple[Group, ...]
    sources: tuple[Source, ...]
    n_sources: int
    propose: str
    proxies: tuple[Proxy, ...]
    direct_allowed: tuple[Direct, ...]
    direct_blocked: tuple[Direct, ...]
    direct_unknown: tuple[Direct, ...]
    legs: tuple[Leg, ...]
    findings: tuple[Finding, ...]
    captures: tuple[Capture, ...]
    summary: str
    pac: tuple[Pac, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """One sentence per group, at most MOST_ANSWERS, or the reason why there is none."""
        return tuple(f"{group.who}: {group.answer}" for group in self.first(MOST_ANSWERS)) or (self.nothing,)

    def problems(self) -> list[tuple[str, int]]:
        """The codes of the problems, each with the number of its findings, in the findings' order."""
        return list(Counter(finding.code for finding in self.findings if finding.severity == "problem").items())

    def to_do(self) -> list[Finding]:
        """The harmful findings, the most harmful first: problems, then warnings."""
        return to_do(self.findings)

    def shared(self) -> list[str]:
        """A sentence for each proxy that several settings name, which explains its joined names."""
        several = [proxy.label for proxy in self.proxies if "/" in (proxy.label.method or "")]
        return [f"{label}: one address for several settings; packets don't tell which of them was followed." for label in several]

    def causes(self) -> list[Finding]:
        """The findings, merged where they have the same code and proxy for several sources or moments."""
        return causes(self.findings)

    def first(self, most: int) -> list[Group]:
        """At most so many groups: the rare answers, and always the most frequent one."""
        if len(self.groups) <= most:
            return list(self.groups)
        commonest = max(self.groups, key=lambda group: group.n)
        shown = self.groups[:most]
        return [*shown] if any(group is commonest for group in shown) else [*shown[:-1], commonest]

    def rest(self, most: int) -> str:
        """A line for the groups that `first` leaves out: `8 more answers, of 157 sources`; "" for none."""
        shown = self.first(most)
        left = len(self.groups) - len(shown)
        sources = sum(group.n for group in self.groups) - sum(group.n for group in shown)
        return f"{counted(left, 'more answer')}, of {counted(sources, 'source')}" if left else ""


def build(verdict: Mapping[str, Any]) -> Report:
    """The Report of a verdict document."""
    names = {s["client_ip"]: s["name"] for s in verdict["sources"]}
    labels = {p["proxy"]: ProxyLabel(p["proxy"], p["name"], p["method"]) for p in verdict["proxies"]}
    groups = _groups(verdict, labels)
    failing = {s["client_ip"]: bad for s in verdict["sources"] if (bad := _failing(s))}
    every = [finding_of(f, names, labels, finding_command(verdict, f), harm_of(f, failing)) for f in verdict["findings"]]
    findings = with_consequences(sorted(every, key=finding_order))
    opened = {f["proxy"] for f in verdict["findings"] if f["code"] == "tls-inspected" and f["confidence"] != "certain"}
    captures = tuple(_capture(c) for c in verdict["captures"])
    start, end = verdict["window"]
    topology = verdict["made_by"]["topology"]["path"]
    made = Report(
        title=_title(captures, start),
        made_by=_made_by(verdict["made_by"]),
        nothing=no_source_answer(verdict) if not groups else "",
        groups=groups,
        sources=tuple(source for group in groups for source in group.sources),
        n_sources=len(verdict["sources"]),
        propose=topology_command(verdict) if not topology and any(label.name is None for label in labels.values()) else "",
        proxies=tuple(_proxy(p, labels[p["proxy"]], p["proxy"] in opened) for p in verdict["proxies"]),
        direct_allowed=_directs(verdict["direct"]["allowed"], names),
        direct_blocked=_directs(verdict["direct"]["blocked"], names, blocked=True),
        direct_unknown=_directs(verdict["direct"]["unknown"], names),
        legs=tuple(sorted((_leg(entry) for entry in verdict.get("legs", ())), key=lambda leg: leg.hello != "other")),
        findings=tuple(findings),
        captures=captures,
        summary="",
        pac=pac_of(verdict.get("pac", ()), names, labels),
    )
    return made._replace(summary=_summary(captures, made.causes(), span(start, end)))


def _failing(source: Mapping[str, Any]) -> frozenset[str]:
    """A source's services that don't work."""
    return frozenset(entry["service"] for entry in source["services"] if entry["outcome"] not in ("works", "unseen", "hidden", None))


def _groups(verdict: Mapping[str, Any], labels: Mapping[str, ProxyLabel]) -> tuple[Group, ...]:
    """The document's groups. A group of one source has its full answer, a larger group the common one."""
    entries = {entry["client_ip"]: entry for entry in verdict["sources"]}
    brief = shortest_unique([address for address, label in labels.items() if not label.name])
    made = []
    for group in verdict["groups"]:
        members = group["sources"]
        fullest = max((entries[ip] for ip in members), key=lambda entry: (len(entry["services"]), len(entry["planes"])))
        shown = [entries[ip] for ip in members] if len(members) <= EACH_ITS_OWN else [fullest]
        sources = tuple(source_of(entry, labels) for entry in shown)
        made.append(
            Group(
                n=len(members),
                named=tuple(source_label(ip, entries[ip]["name"]) for ip in members[:MOST_NAMED]),
                ips=tuple(members[:MOST_NAMED]),
                sources=sources,
                answer=sources[0].answer if len(members) == 1 else f"{group['answer']}.",
                planes=tuple(_plane_answer(row, brief) for row in source_of(fullest, labels, timed=len(members) == 1).planes),
            )
        )
    return tuple(made)


def _plane_answer(row: Row, brief: Mapping[str, str]) -> PlaneAnswer:
    works = row.outcome == OUTCOME_NAMES["works"]
    fine = works and row.winner is not None and row.confidence != "unclear"
    return PlaneAnswer(row.label, _in_few_words(row, {}), _in_few_words(row, brief), fine, row.winner)


def _in_few_words(row: Row, brief: Mapping[str, str]) -> str:
    """`PROX03`, `PROX03, TLS breaks`, `none: PROX03 must authenticate`, `PROX01 until 12:00:05, then PROX03`. brief: ip:port → short
    form."""
    works = row.outcome == OUTCOME_NAMES["works"]
    outcome = "" if works or not row.outcome else row.outcome
    sharing = [brief.get(cell.proxy.short, cell.proxy.short) for cell in row.cells if cell and cell.carried]
    if row.winner is None and works and len(sharing) > 1:
        text = f"no one proxy: {all_of(sharing)}"
    elif row.winner is None:
        who = f"{brief.get(row.asked.short, row.asked.short)} " if row.asked and outcome else ""
        text = f"none: {who}{outcome}" if outcome else "none"
    else:
        winner = brief.get(row.winner.short, row.winner.short)
        sure = "" if row.confidence != "unclear" else " (unclear)"
        text = f"{winner}{sure}, {outcome}" if outcome else f"{winner}{sure}"
    return f"{row.before}, then {text}" if row.before else text


def _title(captures: Sequence[Capture], start: str | None) -> str:
    if not captures:
        return ""
    first = PurePath(captures[0].path).name or captures[0].path
    more = f" and {counted(len(captures) - 1, 'more capture')}" if len(captures) > 1 else ""
    return f"{first}{more}{f', {start[:10]}' if start else ''}"


def _made_by(made: Mapping[str, Any]) -> str:
    """`Made by whichproxy 0.1.0 with the catalogue of 2026-11-26 (3f2a…) and topology.toml (9b1c…)`."""
    catalogue, topology = made["catalogue"], made["topology"]
    parts = [f"the catalogue{_of(catalogue['as_of'])}{_digest(catalogue['sha256'])}"]
    if topology["path"]:
        parts.append(f"the topology {topology['path']}{_digest(topology['sha256'])}")
    options = [_option(name, value) for name, value in made["options"].items() if value not in (None, "", [], {}, False)]
    asked = f"; asked for: {', '.join(options)}" if options else ""
    return f"Made by whichproxy {made['version']} with {' and '.join(parts)}{asked}"


def _option(name: str, value: object) -> str:
    """`start 2024-05-01T12:00:00Z`, `shown source 10.1.2.3`."""
    if isinstance(value, Mapping):
        return " ".join([name, *(f"{key} {', '.join(map(str, some_of))}" for key, some_of in value.items() if some_of)])
    return f"{name} {value}"


def _of(day: str | None) -> str:
    return f" of {day}" if day else ""


def _digest(sha256: str | None) -> str:
    """The beginning of a digest, enough to distinguish files."""
    return f" (SHA-256 {sha256[:12]}…)" if sha256 else ""


def _proxy(proxy: Mapping[str, Any], label: ProxyLabel, likely: bool) -> Proxy:
    """likely: whether a finding says that it may open TLS."""
    counts = proxy["sources"], proxy["requests"], proxy["failed"], proxy["hidden"]
    return Proxy(label, tuple(proxy["kinds"]), *counts, proxy["inspected"], likely)


def _directs(entries: Sequence[Mapping[str, Any]], names: Mapping[str, str | None], *, blocked: bool = False) -> tuple[Direct, ...]:
    """A row for each destination and outcome, over all sources; those of most sources first."""
    together: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for entry in entries:
        server = f"{entry['server']} (udp)" if entry.get("protocol") == "udp" else entry["server"]
        state = ending(entry["state"], entry.get("http_status"), blocked)
        together.setdefault((server, entry["host"], entry["service"], state), []).append(entry)
    made = []
    for (server, host, service, state), rows in together.items():
        clients = list(dict.fromkeys(row["client_ip"] for row in rows))
        who = source_label(clients[0], names.get(clients[0])) if len(clients) == 1 else counted(len(clients), "source")
        made.append((len(clients), Direct(who, server, host, service, state, tuple(flow for row in rows for flow in row["flows"]))))
    return tuple(direct for _, direct in sorted(made, key=lambda item: -item[0]))


def _leg(entry: Mapping[str, Any]) -> Leg:
    """One entry of the document's `legs`. Times in ms are medians."""
    opening, out, back = entry["opening_ms"], entry["outward_ms"], entry["inward_ms"]
    times = [
        f"answered in {opening:g} ms" if opening is not None else "",
        f"first byte after {entry['first_byte_ms']:g} ms" if entry["first_byte_ms"] is not None else "",
        f"of which the origin took {entry['origin_answer_ms']:g} ms" if entry["origin_answer_ms"] is not None else "",
        f"the proxy added {out:g} ms out and {back:g} ms back" if out is not None and back is not None else "",
    ]
    out_in = [byte_size(entry[key]) for key in ("bytes_out", "bytes_in", "origin_bytes_out", "origin_bytes_in")]
    return Leg(
        statement=entry["text"],
        confidence=entry["confidence"],
        times=", ".join(part for part in times if part),
        bytes=f"{out_in[0]} out and {out_in[1]} in before the proxy, {out_in[2]} and {out_in[3]} behind it",
        hello=entry["hello"],
        flows=tuple(entry["flows"]),
        origin_flows=tuple(entry["origin_flows"]),
    )


def _capture(entry: Mapping[str, Any]) -> Capture:
    return Capture(entry["path"], entry["packets"], span(entry["first_seen"], entry["last_seen"]), entry["sha256"])


def _summary(captures: Sequence[Capture], findings: Sequence[Finding], window: str) -> str:
    """One line: number of captures and packets, the window, and findings by severity."""
    parts = []
    if captures:
        packets = sum(c.packets for c in captures)
        parts.append(f"{counted(len(captures), 'capture')}, {counted(packets, 'packet')}")
    if window:
        parts.append(f"{window} {zone_name()}")
    counts = [(s, sum(f.severity == s for f in findings)) for s in SEVERITIES]
    parts += [counted(n, s, s if s == "info" else None) for s, n in counts if n]
    return BETWEEN.join(parts)
