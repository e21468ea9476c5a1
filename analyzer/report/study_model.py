"""The study document as plain rows, shared by all outputs: setup, results, and whether the expectations were met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from analyzer.report.causes import span
from analyzer.text.labels import PLANES, ProxyLabel, all_of, method_name
from analyzer.text.words import counted, listed

STATUS_ORDER = ("differs", "as documented", "not shown")


class PlaneCell(NamedTuple):
    """The winner of a plane in a test, over all its sources: "" where the plane wasn't seen, "none" without a winner."""

    text: str
    proxies: tuple[ProxyLabel, ...]


class OrderLine(NamedTuple):
    """One line about precedence: `sensor`, `as documented`, `static over WinHTTP`."""

    plane: str
    status: str
    text: str
    source: str
    flows: tuple[str, ...]


class ExpectationLine(NamedTuple):
    """One expectation."""

    held: bool
    text: str
    flows: tuple[str, ...]


class TestRow(NamedTuple):
    """One test.

    setup         configured methods, users logged on, times, and captures
    held          "3 of 3"; "" without expectations
    live_response live_reason   success, timeout, none or unclear, for each of several sessions; and the reason
    notes         silence, backlog and the Client Analyzer, a sentence each
    """

    number: int
    title: str
    setup: str
    conclusion: str
    planes: tuple[PlaneCell, ...]
    live_response: str
    live_reason: str
    live_flows: tuple[str, ...]
    notes: tuple[tuple[str, str, tuple[str, ...]], ...]
    orders: tuple[OrderLine, ...]
    expectations: tuple[ExpectationLine, ...]
    held: str
    all_held: bool | None
    document: Mapping[str, Any]


class StudyReport(NamedTuple):
    """The whole study."""

    title: str
    conclusion: str
    held: bool | None
    planes: tuple[str, ...]
    tests: tuple[TestRow, ...]


def build_study(document: Mapping[str, Any]) -> StudyReport:
    """The rows of a study document."""
    tests = tuple(_test(number, test) for number, test in enumerate(document["tests"], 1))
    return StudyReport(document["title"], document["conclusion"], document["held"], PLANES, tests)


def _test(number: int, test: Mapping[str, Any]) -> TestRow:
    lines = tuple(ExpectationLine(line["held"], line["text"], tuple(line["flows"])) for line in test["expectations"])
    live = test["live_response"]
    return TestRow(
        number=number,
        title=test["title"],
        setup=_setup(test),
        conclusion=test["conclusion"],
        planes=tuple(_plane(test["verdict"]["sources"], plane) for plane in PLANES),
        live_response=_live(live),
        live_reason=live["reason"],
        live_flows=tuple(live["flows"]),
        notes=tuple(_notes(test)),
        orders=tuple(sorted(_orders(test), key=lambda order: STATUS_ORDER.index(order.status))),
        expectations=lines,
        held=f"{sum(line.held for line in lines)} of {len(lines)}" if lines else "",
        all_held=test["held"],
        document=test,
    )


def _orders(test: Mapping[str, Any]) -> Iterator[OrderLine]:
    """One line for all sources with the same order; where sources differ, with their names."""
    together: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for one in test["precedence"]:
        together.setdefault((one["plane"], one["status"], one["text"], one["source"]), []).append(one)
    of_plane = Counter(plane for plane, *_ in together)
    names = {source["client_ip"]: source["name"] or source["client_ip"] for source in test["verdict"]["sources"]}
    for (plane, status, text, source), same in together.items():
        whose = f" ({listed([names[one['client_ip']] for one in same])})" if of_plane[plane] > 1 else ""
        yield OrderLine(plane, status, f"{text}{whose}", source, tuple(dict.fromkeys(flow for one in same for flow in one["flows"])))


def _live(live: Mapping[str, Any]) -> str:
    """`success`, `success, then timeout`; `unclear` where the channel works and no packet shows a session."""
    outcomes = [outcome for outcome, _ in groupby(live["outcomes"] or [live["outcome"]])]
    return "unclear" if outcomes == ["success"] and live["confidence"] == "unclear" else ", then ".join(outcomes)


def _setup(test: Mapping[str, Any]) -> str:
    """`WinHTTP and WinINET configured · a user logged on · 2026-11-23 16:15:32 to 16:15:52 UTC · T2.pcapng`."""
    configured = all_of([str(method_name(method)) for method in test["configured"]])
    parts = [f"{configured} configured" if configured else "", _user(test)]
    when = span(test["start"], test["end"])
    parts += [f"{when} UTC" if when else "", all_of(test["captures"])]
    return " · ".join(part for part in parts if part)


def _user(test: Mapping[str, Any]) -> str:
    if test["sessions"]:
        return all_of([_session(session) for session in test["sessions"]])
    return {True: "a user logged on", False: "no user logged on", None: ""}[test["user_logged_on"]]


def _session(session: Mapping[str, Any]) -> str:
    logon, logoff = (None if session[key] is None else session[key][11:19] for key in ("logon", "logoff"))
    if logon and logoff:
        return f"a user logged on from {logon} to {logoff}"
    return f"a user logged on at {logon}" if logon else f"a user logged off at {logoff}"


def _plane(sources: Sequence[Mapping[str, Any]], plane: str) -> PlaneCell:
    entries = [entry for source in sources for entry in source["planes"] if entry["plane"] == plane]
    won = dict.fromkeys(ProxyLabel(e["winner"], e["winner_name"], e["method"]) for e in entries if e["winner"])
    names = list(dict.fromkeys(label.method_name or label.short for label in won))
    if any(entry["winner"] is None for entry in entries):
        names.append("none")
    return PlaneCell(all_of(names), tuple(won))


def _notes(test: Mapping[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    notes = [("silence" if s["silent"] else "no user", s["text"], tuple(s["flows"])) for s in test["silence"]]
    notes += [("backlog", entry["text"], tuple(entry["flows"])) for entry in test["backlog"]]
    blocked = test["verdict"]["direct"]["blocked"]
    if blocked:
        flows = tuple(flow for entry in blocked for flow in entry["flows"])
        notes.append(
            ("blocked", f"{counted(len(flows), 'direct connection')} to {counted(len(blocked), 'destination')} came to nothing", flows)
        )
    if test["client_analyzer"]:
        notes.append(("client analyzer", test["client_analyzer"]["conclusion"], ()))
    return notes
