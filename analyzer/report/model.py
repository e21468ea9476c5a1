"""The verdict document as plain rows: all counting, shares, ordering and sentences, so that every output says the same.

`build(verdict)` takes the dict of `analyzer.verdict.judge` (or one read back from JSON) and returns a `Report`. Strings in
it are still as captured; each output makes them inert in its own way (text.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.report.answer import answer_for, no_source_answer
from analyzer.text.labels import ProxyLabel, byte_size, counted, listed, method_name, plane_order, some, source_label
from analyzer.text.times import to_the_second

SEVERITIES = ("problem", "warning", "info")

REQUIRED_STATES = {
    "carried": "carried",
    "failed": "failed",
    "possible": "perhaps seen",
    "hidden": "perhaps hidden in TLS to a proxy",
    "unseen": "not seen",
}
"""What is said of required services; `possible`: what came of them isn't told, or only shared hosts were asked for."""

OUTCOME_NAMES = {
    "works": "works",
    "partly": "works in part",
    "broken": "TLS breaks",
    "authentication": "must authenticate",
    "denied": "denied",
    "failed": "fails",
    "unanswered": "not answered",
    "hidden": "hidden",
    "unseen": "not captured",
    "direct": "goes direct",
    "blocked": "blocked",
}
"""What came of a service or plane, as a table says it."""

MOST_ANSWERS = 6
"""Lines that the answer takes at most: more groups than a screen holds are counted."""


@dataclass(frozen=True)
class Cell:
    """One proxy's part in one row: requests carried and failed, bytes, and of all the carried the whole percents that are its own.

    None: none was carried. Not rounded up, as reasons don't: what is just under 80 % isn't likely yet.
    """

    proxy: ProxyLabel
    carried: int
    failed: int
    bytes: int
    percent: int | None
    won: bool
    first_seen: str | None
    last_seen: str | None


@dataclass(frozen=True)
class Row:
    """One service or one plane of one source: who won, how sure, why, and a cell per proxy of the source (None: not used).

    asked    who was asked most, where that isn't the winner
    outcome  what came of it, in words; "" where nothing can be said
    before   who carried it in earlier eras, in order of time; "" where nothing changed
    """

    label: str
    group: str | None
    plane: str | None
    winner: ProxyLabel | None
    confidence: str | None
    reason: str | None
    cells: tuple[Cell | None, ...]
    asked: ProxyLabel | None = None
    outcome: str = ""
    before: str = ""

    @property
    def sure(self) -> str:
        """How sure the winner is, or that there is none."""
        return (self.confidence or "") if self.winner else "none won"

    @property
    def doubtful(self) -> bool:
        """Whether its reason is worth reading: it isn't certain, doesn't work, or changed."""
        return self.confidence != "certain" or self.outcome != OUTCOME_NAMES["works"] or bool(self.before)

    @property
    def is_plane(self) -> bool:
        """Whether it sums up a plane; else it is one service."""
        return self.group is None and self.label == self.plane


@dataclass(frozen=True)
class Precedence:
    """One method over others on one plane: the sentence, and the flows that show it."""

    sentence: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Required:
    """What became of one service that Defender requires: carried, failed, possible or unseen, and through which proxies."""

    service: str
    state: str
    through: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Everything about one client: the answer first, then what it rests on. `proxies` are the columns of services and planes.

    required   what became of the services that Defender requires
    talk       a sentence per proxy: which stacks asked it, and what tells
    """

    label: str
    answer: str
    proxies: tuple[ProxyLabel, ...]
    services: tuple[Row, ...]
    planes: tuple[Row, ...]
    required: tuple[Required, ...]
    precedence: tuple[Precedence, ...]
    talk: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Each plane, then its services; services without a plane last."""
        for plane in sorted({r.plane for r in (*self.planes, *self.services)}, key=plane_order):
            yield from (r for r in self.planes if r.plane == plane)
            yield from (r for r in self.services if r.plane == plane)

    @property
    def required_summary(self) -> str:
        """`Of 9 required services 7 carried, 1 failed (smartscreen), 1 not seen (diagnostic-telemetry)`; "" where nothing is known."""
        if not self.required:
            return ""
        told = []
        for state, said in REQUIRED_STATES.items():
            names = [one.service for one in self.required if one.state == state]
            if names:
                told.append(f"{len(names)} {said}" + (f" ({listed(names)})" if state != "carried" else ""))
        return f"Of {counted(len(self.required), 'required service')} {', '.join(told)}"


@dataclass(frozen=True)
class Proxy:
    """One proxy over all sources; `inspected` is the verdict's true, false or None."""

    label: ProxyLabel
    kinds: tuple[str, ...]
    sources: int
    requests: int
    failed: int
    hidden: int
    inspected: bool | None


@dataclass(frozen=True)
class Direct:
    """One destination that a source tried to reach without a proxy."""

    source: str
    server: str
    host: str | None
    service: str | None
    state: str | None
    flows: tuple[str, ...]


@dataclass(frozen=True)
class Leg:
    """What came out behind a proxy for one source, host and server: the statement, how sure, the times, both legs' flows.

    Those whose TLS was opened come first.
    """

    statement: str
    confidence: str
    times: str
    bytes: str
    hello: str | None
    flows: tuple[str, ...]
    origin_flows: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something a person should know: what, where it was seen, what to do about it."""

    severity: str
    code: str
    confidence: str | None
    text: str
    advice: str | None
    about: str
    when: str
    flows: tuple[str, ...]


@dataclass(frozen=True)
class Capture:
    """One file that was read; its damage is among the findings."""

    path: str
    packets: int
    when: str
    sha256: str | None


@dataclass(frozen=True)
class Group:
    """Sources with one answer, in the order of their addresses."""

    sources: tuple[Source, ...]
    answer: str

    @property
    def who(self) -> str:
        """`WORKSTATION (172.16.11.92)`, or `12 sources (a, b, c and 9 more)`."""
        labels = [source.label for source in self.sources]
        return labels[0] if len(labels) == 1 else f"{counted(len(labels), 'source')} ({some(labels, 3)})"


@dataclass(frozen=True)
class Report:
    """The whole verdict, ready to be set.

    answers   one sentence per group, at most MOST_ANSWERS, or one that says why there is none
    groups    sources with one answer, the unusual first
    """

    answers: tuple[str, ...]
    groups: tuple[Group, ...]
    sources: tuple[Source, ...]
    proxies: tuple[Proxy, ...]
    direct_allowed: tuple[Direct, ...]
    direct_blocked: tuple[Direct, ...]
    direct_unknown: tuple[Direct, ...]
    legs: tuple[Leg, ...]
    findings: tuple[Finding, ...]
    captures: tuple[Capture, ...]
    summary: str

    def problems(self) -> list[tuple[str, int]]:
        """The codes of the problems, each with the number of its findings, in the findings' order."""
        return list(Counter(finding.code for finding in self.findings if finding.severity == "problem").items())

    def alike(self) -> list[tuple[Source, ...]]:
        """The sources of each group."""
        return [group.sources for group in self.groups]


def build(verdict: Mapping[str, Any]) -> Report:
    """The Report of a verdict document."""
    names = {s["client_ip"]: s["name"] for s in verdict["sources"]}
    labels = {p["proxy"]: ProxyLabel(p["proxy"], p["name"], p["method"]) for p in verdict["proxies"]}
    sources = tuple(_source(s, labels) for s in verdict["sources"])
    groups = _groups(verdict, sources)
    findings = sorted((_finding(f, names, labels) for f in verdict["findings"]), key=_finding_order)
    captures = tuple(_capture(c) for c in verdict["captures"])
    start, end = verdict["window"]
    return Report(
        answers=tuple(f"{group.who}: {group.answer}" for group in groups[:MOST_ANSWERS]) or (no_source_answer(verdict),),
        groups=groups,
        sources=sources,
        proxies=tuple(_proxy(p, labels[p["proxy"]]) for p in verdict["proxies"]),
        direct_allowed=tuple(_direct(d, names) for d in verdict["direct"]["allowed"]),
        direct_blocked=tuple(_direct(d, names) for d in verdict["direct"]["blocked"]),
        direct_unknown=tuple(_direct(d, names) for d in verdict["direct"]["unknown"]),
        legs=tuple(sorted((_leg(entry) for entry in verdict.get("legs", ())), key=lambda leg: leg.hello != "other")),
        findings=tuple(findings),
        captures=captures,
        summary=_summary(captures, findings, span(start, end)),
    )


def _groups(verdict: Mapping[str, Any], sources: Sequence[Source]) -> tuple[Group, ...]:
    """The document's groups. Of one source the whole answer is said; of several what the group has in common."""
    at = {entry["client_ip"]: source for entry, source in zip(verdict["sources"], sources, strict=True)}
    made = []
    for entry in verdict["groups"]:
        members = tuple(at[ip] for ip in entry["sources"])
        made.append(Group(members, members[0].answer if len(members) == 1 else f"{entry['answer']}."))
    return tuple(made)


def _source(source: Mapping[str, Any], labels: Mapping[str, ProxyLabel]) -> Source:
    entries = [*source["services"], *source["planes"]]
    carried: dict[ProxyLabel, int] = {}
    for entry in entries:
        for part in entry["by_proxy"]:
            label = ProxyLabel(part["proxy"], part["name"], part["method"])
            carried[label] = carried.get(label, 0) + part["tunnels"]
    proxies = tuple(sorted(carried, key=lambda p: (p.name is None, p.name or "", p.proxy)))
    services = sorted(source["services"], key=lambda e: (plane_order(e["plane"]), e["service"]))
    planes = sorted(source["planes"], key=lambda e: plane_order(e["plane"]))
    return Source(
        label=source_label(source["client_ip"], source["name"]),
        answer=answer_for(source),
        proxies=proxies,
        services=tuple(_row(e, e["service"], proxies) for e in services),
        planes=tuple(_row(e, e["plane"], proxies) for e in planes),
        required=tuple(_required(entry, labels) for entry in source.get("required", ())),
        precedence=_precedence(source["precedence"]),
        talk=_talk(source.get("talk", ())),
    )


def _required(entry: Mapping[str, Any], labels: Mapping[str, ProxyLabel]) -> Required:
    through = (labels[way].short if way in labels else way for way in entry["through"])
    return Required(entry["service"], entry["state"], tuple(through))


def _row(entry: Mapping[str, Any], label: str, proxies: Sequence[ProxyLabel]) -> Row:
    total = sum(part["tunnels"] for part in entry["by_proxy"])
    cells = {}
    for part in entry["by_proxy"]:
        proxy = ProxyLabel(part["proxy"], part["name"], part["method"])
        cells[proxy] = Cell(
            proxy=proxy,
            carried=part["tunnels"],
            failed=part["failed"],
            bytes=part["bytes"],
            percent=100 * part["tunnels"] // total if total else None,
            won=part["proxy"] == entry["winner"],
            first_seen=part["first_seen"],
            last_seen=part["last_seen"],
        )
    winner = ProxyLabel(entry["winner"], entry["winner_name"], entry["method"]) if entry["winner"] else None
    asked = ProxyLabel(entry["asked"], entry["asked_name"], entry["asked_method"]) if entry["asked"] else None
    return Row(
        label=label,
        group=entry.get("group"),
        plane=entry["plane"],
        winner=winner,
        confidence=entry["confidence"],
        reason=entry["reason"],
        cells=tuple(cells.get(p) for p in proxies),
        asked=asked if asked != winner else None,
        outcome=OUTCOME_NAMES.get(entry["outcome"], "") if entry["outcome"] else "",
        before=_before(entry["eras"]),
    )


def _before(eras: Sequence[Mapping[str, Any]]) -> str:
    """`PROX01 until 12:00:05`, of each era but the last."""
    parts = []
    for era in eras[:-1]:
        who = (era["name"] or era["proxy"]) if era["proxy"] else "no proxy"
        parts.append(f"{who} until {to_the_second(era['last_seen'])[11:]}" if era["last_seen"] else who)
    return ", then ".join(parts)


def _precedence(entries: Sequence[Mapping[str, Any]]) -> tuple[Precedence, ...]:
    """One statement per plane and winner, however many methods it went over."""
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in entries:
        together.setdefault((entry["plane"], entry["over"]), []).append(entry)
    statements = []
    for (plane, over), parts in sorted(together.items(), key=lambda item: plane_order(item[0][0])):
        under = listed([str(method_name(p["under"])) for p in parts])
        services = list(dict.fromkeys(s for p in parts for s in p["services"]))
        evidence = tuple(dict.fromkeys(f for p in parts for f in p["evidence"]))
        shown = (
            f"shown by {listed(services)}, {counted(len(evidence), 'flow')}" if services else f"shown by {counted(len(evidence), 'flow')}"
        )
        statements.append(Precedence(f"{plane}: {method_name(over)} over {under}, {shown}", evidence))
    return tuple(statements)


def _proxy(proxy: Mapping[str, Any], label: ProxyLabel) -> Proxy:
    return Proxy(label, tuple(proxy["kinds"]), proxy["sources"], proxy["requests"], proxy["failed"], proxy["hidden"], proxy["inspected"])


def _direct(entry: Mapping[str, Any], names: Mapping[str, str | None]) -> Direct:
    client_ip = entry["client_ip"]
    label = source_label(client_ip, names.get(client_ip))
    server = f"{entry['server']} (udp)" if entry.get("protocol") == "udp" else entry["server"]
    return Direct(label, server, entry["host"], entry["service"], entry["state"], tuple(entry["flows"]))


def _leg(entry: Mapping[str, Any]) -> Leg:
    """One entry of the document's `legs`. What is said in ms are medians."""
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


def _talk(entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """`PROX02: WinINET (8 flows: CONNECT with …), curl (2 flows: user agent)`, a sentence per proxy."""
    by_proxy: dict[str, list[str]] = {}
    for entry in entries:
        reasons = listed([part["what"] for part in entry["by"]])
        family = f"{method_name(entry['family'])} ({counted(entry['flows'], 'flow')}: {reasons})"
        by_proxy.setdefault(entry["name"] or entry["proxy"], []).append(family)
    return tuple(f"{proxy}: {', '.join(families)}" for proxy, families in by_proxy.items())


def _finding(entry: Mapping[str, Any], names: Mapping[str, str | None], labels: Mapping[str, ProxyLabel]) -> Finding:
    clients, proxy, services = entry["client_ips"], entry["proxy"], entry["services"]
    about = [source_label(clients[0], names.get(clients[0]))] if len(clients) == 1 else [counted(len(clients), "source")] if clients else []
    if proxy:
        about.append(f"through {labels.get(proxy, proxy)}")
    if services:
        about.append(services[0] if len(services) == 1 else counted(len(services), "service"))
    return Finding(
        severity=entry["severity"],
        code=entry["code"],
        confidence=entry["confidence"],
        text=entry["text"],
        advice=entry["advice"],
        about=", ".join(about),
        when=span(entry["first_seen"], entry["last_seen"]),
        flows=tuple(entry["flows"]),
    )


def _finding_order(finding: Finding) -> tuple[int, str, str, str]:
    rank = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    return rank, finding.code, finding.about, finding.when


def _capture(entry: Mapping[str, Any]) -> Capture:
    return Capture(entry["path"], entry["packets"], span(entry["first_seen"], entry["last_seen"]), entry["sha256"])


def span(start: str | None, end: str | None) -> str:
    """`2024-05-01 12:00:00 to 12:20:00` in UTC, the day said once; "" without times; an open end is left out."""
    first, last = to_the_second(start), to_the_second(end)
    if first and last:
        if first == last:
            return first
        return f"{first} to {last[11:] if first[:10] == last[:10] else last}"
    if first:
        return f"from {first}"
    return f"until {last}" if last else ""


def _summary(captures: Sequence[Capture], findings: Sequence[Finding], window: str) -> str:
    """One line: how much was read, of which window, and how many findings of each severity."""
    parts = []
    if captures:
        packets = sum(c.packets for c in captures)
        parts.append(f"{counted(len(captures), 'capture')}, {counted(packets, 'packet')}")
    if window:
        parts.append(f"{window} UTC")
    counts = [(s, sum(f.severity == s for f in findings)) for s in SEVERITIES]
    parts += [counted(n, s, s if s == "info" else None) for s, n in counts if n]
    return " · ".join(parts)
