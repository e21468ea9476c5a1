"""One source of the verdict document as plain rows: services and planes by proxy, required services, precedence, client stacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analyzer.text.labels import ProxyLabel, all_of, method_name, plane_order, some, source_label
from analyzer.text.times import to_the_second
from analyzer.text.words import counted
from analyzer.verdict.sentence import answer_for

REQUIRED_STATES = {
    "carried": "carried",
    "failed": "failed",
    "possible": "perhaps seen",
    "hidden": "perhaps hidden in TLS to a proxy",
    "unseen": "not seen",
}
"""Words for the states of required services; `possible`: packets don't show whether they worked, or only shared hosts were requested."""

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
"""Words for the outcomes of a service or plane."""

MOST_HOSTS = 6


class Cell(NamedTuple):
    """One proxy's part in one row: requests carried and failed, bytes, and its whole percentage of all carried; None: none was carried.

    Rounded down, as in reasons: just under 80 % isn't likely yet.
    """

    proxy: ProxyLabel
    carried: int
    failed: int
    bytes: int
    percent: int | None
    won: bool
    first_seen: str | None
    last_seen: str | None


class Row(NamedTuple):
    """One service or one plane of one source: winner, confidence, reason, and a cell per proxy of the source (None: not used).

    asked    the proxy asked most, where that isn't the winner
    outcome  in words; "" where unknown
    before   the proxies of earlier eras, in order of time; "" where nothing changed
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
        """The winner's confidence, or that there is none."""
        return (self.confidence or "") if self.winner else "none won"

    @property
    def doubtful(self) -> bool:
        """Whether its reason matters: it isn't certain, doesn't work, or changed."""
        return self.confidence != "certain" or self.outcome != OUTCOME_NAMES["works"] or bool(self.before)

    @property
    def is_plane(self) -> bool:
        """Whether it is a plane's row; else a service's."""
        return self.group is None and self.label == self.plane


class Precedence(NamedTuple):
    """One method over others on one plane: the sentence, and the flows that prove it."""

    sentence: str
    evidence: tuple[str, ...]


class Required(NamedTuple):
    """The state of one service that Defender requires: carried, failed, possible or unseen, and its proxies."""

    service: str
    state: str
    through: tuple[str, ...]


class Source(NamedTuple):
    """One client: the answer first, then the evidence. `proxies` are the columns of services and planes.

    client_ip  as in the document
    required   the states of the services that Defender requires
    talk       a sentence per proxy: the client stacks that asked it, and the evidence
    processes  a sentence per proxy, and one for direct traffic: the processes, where the capture names them
    device     the kind of device, and its progress to streamlined connectivity; "" where unknown
    """

    client_ip: str
    label: str
    answer: str
    proxies: tuple[ProxyLabel, ...]
    services: tuple[Row, ...]
    planes: tuple[Row, ...]
    required: tuple[Required, ...]
    precedence: tuple[Precedence, ...]
    talk: tuple[str, ...]
    processes: tuple[str, ...] = ()
    device: str = ""

    def rows(self) -> Iterator[Row]:
        """Each plane, then its services; services without a plane last."""
        for plane in sorted({r.plane for r in (*self.planes, *self.services)}, key=plane_order):
            yield from (r for r in self.planes if r.plane == plane)
            yield from (r for r in self.services if r.plane == plane)

    def same_as_plane(self, row: Row) -> bool:
        """Whether the plane's row has the same result as this service's."""
        return not row.is_plane and any(
            (plane.winner, plane.confidence, plane.outcome, plane.before) == (row.winner, row.confidence, row.outcome, row.before)
            for plane in self.planes
            if plane.plane == row.plane
        )

    @property
    def required_counts(self) -> str:
        """The same as required_summary, with names only for failed services."""
        return self._required_text({"failed"})

    @property
    def required_summary(self) -> str:
        """`Of 9 required services 7 carried, 1 failed (smartscreen), 1 not seen (diagnostic-telemetry)`; "" where unknown."""
        return self._required_text(set(REQUIRED_STATES) - {"carried"})

    def _required_text(self, named: set[str]) -> str:
        if not self.required:
            return ""
        parts = []
        for state, said in REQUIRED_STATES.items():
            names = [one.service for one in self.required if one.state == state]
            if names:
                parts.append(f"{len(names)} {said}" + (f" ({all_of(names)})" if state in named else ""))
        return f"Of {counted(len(self.required), 'required service')} {', '.join(parts)}"


def source_of(source: Mapping[str, Any], labels: Mapping[str, ProxyLabel], *, timed: bool = True) -> Source:
    """The rows of one entry of the document's `sources`.

    labels   ip:port → a proxy's label
    timed    with the times when planes changed; in a group each source has its own
    """
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
        client_ip=source["client_ip"],
        label=source_label(source["client_ip"], source["name"]),
        answer=answer_for(source),
        proxies=proxies,
        services=tuple(_row(e, e["service"], proxies) for e in services),
        planes=tuple(_row(e, e["plane"], proxies, timed) for e in planes),
        required=tuple(_required(entry, labels) for entry in source.get("required", ())),
        precedence=_precedence(source["precedence"]),
        talk=_talk(source.get("talk", ())),
        processes=_processes(source.get("processes", ())),
        device=_device(source.get("device")),
    )


def _device(entry: Mapping[str, Any] | None) -> str:
    """`Streamlined connectivity (commercial, EU, Windows): works for …`, with the remaining hosts of the standard list."""
    if entry is None or entry["connectivity"] is None:
        return ""
    kind = [entry["cloud"], *([] if entry["geo"] == "WW" else [entry["geo"]]), *([entry["system"]] if entry["system"] else [])]
    parts = []
    if entry["new_services"]:
        parts.append(f"on streamlined hosts work {some(entry['new_services'], MOST_HOSTS)}")
    if entry["old_hosts"] and entry["connectivity"] == "mixed":
        parts.append(f"still on hosts of the standard list: {some(entry['old_hosts'], MOST_HOSTS)}")
    said = f": {'; '.join(parts)}" if parts else ""
    return f"{entry['connectivity'].capitalize()} connectivity ({', '.join(kind)}){said}"


def _required(entry: Mapping[str, Any], labels: Mapping[str, ProxyLabel]) -> Required:
    through = (labels[way].short if way in labels else way for way in entry["through"])
    return Required(entry["service"], entry["state"], tuple(through))


def _row(entry: Mapping[str, Any], label: str, proxies: Sequence[ProxyLabel], timed: bool = True) -> Row:
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
        before=_before(entry["eras"], timed),
    )


def _before(eras: Sequence[Mapping[str, Any]], timed: bool) -> str:
    """`PROX01 until 12:00:05`, of each era but the last; `PROX01` without times."""
    parts = []
    for era in eras[:-1]:
        who = (era["name"] or era["proxy"]) if era["proxy"] else "no proxy"
        parts.append(f"{who} until {to_the_second(era['last_seen'])[11:]}" if era["last_seen"] and timed else who)
    return ", then ".join(parts)


def _precedence(entries: Sequence[Mapping[str, Any]]) -> tuple[Precedence, ...]:
    """One statement per plane and winner, over all its methods."""
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in entries:
        together.setdefault((entry["plane"], entry["over"]), []).append(entry)
    statements = []
    for (plane, over), parts in sorted(together.items(), key=lambda item: plane_order(item[0][0])):
        under = all_of([str(method_name(p["under"])) for p in parts])
        services = list(dict.fromkeys(s for p in parts for s in p["services"]))
        evidence = tuple(dict.fromkeys(f for p in parts for f in p["evidence"]))
        shown = (
            f"shown by {all_of(services)}, {counted(len(evidence), 'flow')}" if services else f"shown by {counted(len(evidence), 'flow')}"
        )
        statements.append(Precedence(f"{plane}: {method_name(over)} over {under}, {shown}", evidence))
    return tuple(statements)


def _talk(entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """`PROX02: WinINET (8 flows: 6 by CONNECT with …; 2 by user agent), curl (2 flows: user agent)`, a sentence per proxy."""
    by_proxy: dict[str, list[str]] = {}
    for entry in entries:
        parts = entry["by"]
        reasons = parts[0]["what"] if len(parts) == 1 else "; ".join(f"{part['flows']} by {part['what']}" for part in parts)
        family = f"{method_name(entry['family'])} ({counted(entry['flows'], 'flow')}: {reasons})"
        by_proxy.setdefault(entry["name"] or entry["proxy"], []).append(family)
    return tuple(f"{proxy}: {', '.join(families)}" for proxy, families in by_proxy.items())


def _processes(entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """`PROX01: MsSense.exe (2312), 12 flows for edr-cnc; svchost.exe (900), 3 flows`, a sentence per proxy; "past the proxies" last."""
    by_proxy: dict[str, list[str]] = {}
    for entry in entries:
        services = f" for {all_of(entry['services'])}" if entry["services"] else ""
        who = entry["name"] or entry["proxy"] or "past the proxies"
        by_proxy.setdefault(who, []).append(f"{entry['process']}, {counted(entry['flows'], 'flow')}{services}")
    return tuple(f"{proxy}: {'; '.join(processes)}" for proxy, processes in by_proxy.items())
