"""The documented order of methods on each plane, compared with the order that a test shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from analyzer.studies.document import Precedence
from analyzer.text.labels import all_of, method_name
from analyzer.verdict.evidence import Evidence


class Order(NamedTuple):
    """Methods, the preferred one first, and the page that documents the order."""

    methods: tuple[str, ...]
    source: str


DOCUMENTED: Final[dict[str, Order]] = {
    "sensor": Order(
        ("static", "winhttp", "pac"),
        "Microsoft: static proxy, netsh winhttp, auto discovery, transparent proxy, direct; WinINET isn't in it, as the sensor is "
        "independent of it (learn.microsoft.com, configure-proxy-internet)",
    ),
    "antivirus": Order(
        ("static", "pac", "winhttp", "wininet"),
        "Microsoft's policy for the antivirus: ProxyServer, ProxyPacUrl, none, Internet Explorer's settings, autodetect "
        "(ADMX_MicrosoftDefenderAntivirus); the system-wide WinHTTP proxy is the cure that Microsoft prefers where its cloud can't be "
        "reached (learn.microsoft.com, antivirus network connections)",
    ),
    "system": Order(
        ("winhttp", "wininet"),
        "Microsoft on WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY: netsh winhttp first, then Internet Explorer's settings; Defender's static "
        "proxy is no source of theirs",
    ),
    "user": Order(("wininet",), "the article, test 5: the user's programs follow WinINET"),
}

SEEN_IN_ARTICLE: Final = {("sensor", "wininet"): ", as the article saw"}
"""(plane, method) of winners that Microsoft's text doesn't name but that the article saw → words for the text."""

Status = Literal["as documented", "differs", "not shown"]


def precedences(verdict: Mapping[str, Any], evidence: Evidence, configured: Sequence[str], user_on: bool | None) -> list[Precedence]:
    """For each source and plane: as documented, differs, or not shown, with the flows that prove it.

    configured  the study's methods; if empty, every method whose proxy carried a tunnel of the source
    user_on     whether a user was logged on at some time; None: unknown. False: WinINET isn't usable
    """
    return [
        _precedence(source, plane, order, configured, user_on, _carrying(evidence, source["client_ip"], plane))
        for source in verdict["sources"]
        for plane, order in DOCUMENTED.items()
    ]


def _carrying(evidence: Evidence, client_ip: str, plane: str) -> list[str]:
    """Ids of this source's flows that carried the plane."""
    if plane not in evidence.request_plane.values:
        return []
    client, code = evidence.client.values.index(client_ip), evidence.request_plane.values.index(plane)
    chosen = evidence.outcome.carried & evidence.asks_proxy & (evidence.request_plane.codes == code)
    return evidence.flow_ids(evidence.rows_of(np.flatnonzero(chosen & (evidence.client.codes[evidence.requests.row] == client))))


def _precedence(
    source: Mapping[str, Any], plane: str, order: Order, configured: Sequence[str], user_on: bool | None, carrying: Sequence[str]
) -> Precedence:
    entry = next((entry for entry in source["planes"] if entry["plane"] == plane), None)
    there = list(configured) or sorted({s["method"] for e in source["planes"] for s in e["by_proxy"] if s["method"] and s["tunnels"]})
    usable = [method for method in there if method != "wininet" or user_on is not False]
    observed = _observed(entry)
    status, text = _judged(plane, order, usable, entry, observed)
    return {
        "client_ip": source["client_ip"],
        "plane": plane,
        "documented": list(order.methods),
        "source": order.source,
        "configured": usable,
        "observed": observed,
        "passed_over": [method for method in usable if method not in observed] if observed else [],
        "status": status,
        "text": text,
        "flows": list(dict.fromkeys([*carrying, *(f for row in source["precedence"] if row["plane"] == plane for f in row["evidence"])])),
    }


def _observed(entry: Mapping[str, Any] | None) -> list[str]:
    """The methods that carried the plane, the winner's first; the address for a proxy without a method."""
    if entry is None:
        return []
    shares = sorted((s for s in entry["by_proxy"] if s["tunnels"]), key=lambda s: s["proxy"] != entry["winner"])
    return list(dict.fromkeys(s["method"] or s["proxy"] for s in shares))


def _judged(
    plane: str, order: Order, usable: Sequence[str], entry: Mapping[str, Any] | None, observed: Sequence[str]
) -> tuple[Status, str]:
    if entry is None:
        return "not shown", f"no {plane} traffic was seen"
    if entry["winner"] is None:
        return "not shown", f"no proxy won the {plane} traffic: {entry['reason']}"
    if entry["asked"] != entry["winner"]:
        return "not shown", f"{entry['reason']}: what was asked first failed"
    if entry["confidence"] == "unclear":
        return "not shown", f"{entry['reason']}: that is too little to show an order"
    if len({era["method"] or era["proxy"] for era in entry["eras"]}) > 1:
        return "not shown", f"{entry['reason']}: what was set changed within the test, so it shows no order"
    won = observed[0]
    if entry["method"] is None:
        return "not shown", f"{won} won, and the topology doesn't say how it is configured"
    serves = won.split("/")
    called, others = str(method_name(won)), [method for method in usable if method not in serves]
    ranks = [order.methods.index(method) for method in serves if method in order.methods]
    if not ranks:
        return "differs", f"{called} won, which Microsoft's text doesn't name for this plane{SEEN_IN_ARTICLE.get((plane, won), '')}"
    first = next((method for method in order.methods if method in usable), None)
    if first is not None and order.methods.index(first) < min(ranks):
        return "differs", f"{called} won although {method_name(first)} comes first and was configured"
    if not others:
        return "not shown", f"{called} won, and was the only one there to be used: no choice, no order"
    over = all_of([str(method_name(method)) for method in others])
    split = f" ({all_of([str(method_name(m)) for m in observed[1:]])} carried some of it too)" if len(observed) > 1 else ""
    return "as documented", f"{called} over {over}{split}"
