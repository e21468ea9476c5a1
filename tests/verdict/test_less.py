"""A capture that holds less says less: nothing that it calls certain contradicts the verdict over the whole capture.

Of every capture here: cut to a ladder of snap lengths, of one direction, with packets lost, and with the clock set
meanwhile. `python -m tests.verdict.test_less CAPTURE…` takes any captures and tries all ways there are.
"""

from __future__ import annotations

import io
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.errors import Unusable
from tests.build.lessened import ways, written
from tests.conftest import ROOT
from tests.reference.capture import Frame, read_capture

SAMPLE = (
    "T4-static",
    "proof/failures",
    "situations/static-dead-direct-open",
    "situations/proxy-never-answers",
    "situations/basic-on-the-next-connection",
    "situations/windows-with-defender",
)
TRIED = (
    *(f"snap {snap}" for snap in (54, 60, 64, 68, 96, 128, 320)),
    *("sent", "received", "sent, snap 60", "sent, snap 96", "received, snap 128"),
    *("clock -3600 at 0.5", "clock 3600 at 0.5"),
    *("without 0 of 2", "without 1 of 3", "without 3 of 5", "without 6 of 10"),
)
ONCE = (
    ("situations/load-balancer", "without 0 of 7"),  # both sides of the balancer, and what shows that they are one
    ("situations/backlog-cut-short", "hole at 0.5"),  # the answer to a hello that the client would have resent
    ("situations/web-servers", "without 1 of 2"),  # all that the client sent
)
"""Captures and ways that led to a contradiction, one of each kind."""

FAILED = ("authentication", "denied", "failed", "unanswered", "broken")

Key = tuple[str, frozenset[tuple[str, int]]]


@dataclass
class Whole:
    """What the verdict over everything says, to be asked of."""

    document: dict[str, Any]
    flows: dict[Key, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def seen(self) -> set[str]:
        """Sources of Defender's traffic, or whose traffic is hidden."""
        return {source["client_ip"] for source in self.document["sources"] if source["defender"] != "not-seen"}


def judged(frames: Sequence[Frame]) -> Whole:
    traffic = analyzer.read([io.BytesIO(written(frames))])  # type: ignore[list-item]
    result = Whole(traffic.verdict.to_dict())
    for row in traffic.flows.to_dict("records"):
        result.flows[key_of(row)].append(row)
    return result


def key_of(row: dict[str, Any]) -> Key:
    return row["protocol"], frozenset({(row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])})


def entries(document: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """(source, kind, name) → the services and planes of all sources."""
    return {
        (source["client_ip"], kind, entry[kind[:-1]]): entry
        for source in document["sources"]
        for kind in ("services", "planes")
        for entry in source[kind]
    }


def contradictions(less: Whole, whole: Whole) -> Iterator[str]:
    """What `less` says for certain and `whole` doesn't bear out, one line each."""
    yield from _absence(less, whole)
    yield from _winners(less, whole)
    for key, rows in less.flows.items():
        for row in rows:
            yield from _flow(row, whole.flows.get(key, []))


def _absence(less: Whole, whole: Whole) -> Iterator[str]:
    for finding in less.document["findings"]:
        if finding["code"] == "no-service-traffic" and finding["confidence"] == "certain" and whole.seen & {*finding["client_ips"]}:
            yield f"absence is certain: {finding['text']}"
    for group in less.document["groups"]:
        absent = group["answer"].startswith("no Defender traffic was seen") and "could be read" not in group["answer"]
        if absent and whole.seen & {*group["sources"]}:
            yield f"absence in the headline: {group['answer']}"


def _winners(less: Whole, whole: Whole) -> Iterator[str]:
    known = entries(whole.document)
    for key, entry in entries(less.document).items():
        if key not in known:
            continue  # of a proxy, where nothing shows that it is one
        was = known[key]
        if entry["confidence"] == "certain" and entry["winner"] not in {was["winner"], *(era["proxy"] for era in was["eras"])}:
            yield f"{key}: {entry['winner']} won for certain, and not {was['winner']}"
        counts = {share["proxy"]: share for share in was["by_proxy"]}
        for share in entry["by_proxy"]:
            for name in ("worked", "broken", "failed"):
                if share[name] > counts.get(share["proxy"], dict.fromkeys(share, 0))[name]:
                    yield f"{key}: {share[name]} {name} at {share['proxy']}"
        if entry["outcome"] in ("direct", "blocked") and was["outcome"] not in ("direct", "blocked"):
            yield f"{key}: {entry['outcome']} and not {was['outcome']}"


def _flow(row: dict[str, Any], was: list[dict[str, Any]]) -> Iterator[str]:
    name = f"{row['client_ip']}:{row['client_port']} to {row['server_ip']}:{row['server_port']}"
    if row["direct_outcome"] in ("answered", "blocked") and row["direct_outcome"] not in {one["direct_outcome"] for one in was}:
        yield f"{name}: direct and {row['direct_outcome']}"
    outcomes = {request["outcome"] for one in was for request in one["requests"]}
    for request in row["requests"]:
        if request["outcome"] in (*FAILED, "worked") and request["outcome"] not in outcomes:
            yield f"{name}: {request['outcome']} and not {listed(outcomes)}"
    if row["inspected"] is True and not any(one["inspected"] is True for one in was):
        yield f"{name}: TLS opened"
    if row["protocol"] == "tcp" and isinstance(row["host"], str):
        hosts = {one[name].lower() for one in was for name in ("host", "sni", "http_host", "requested_host") if isinstance(one[name], str)}
        hosts |= {request["host"].lower() for one in was for request in one["requests"] if request["host"]}
        if row["host"] not in hosts:
            yield f"{name}: named {row['host']}"


def listed(words: set[str]) -> str:
    return ", ".join(sorted(words)) or "no request"


@cache
def frames_of(path: Path) -> list[Frame]:
    return [frame for frame in read_capture(path.read_bytes()) if frame.ts_ns is not None]


def found(path: Path, tried: Sequence[str] | None = None) -> Iterator[str]:
    """Every contradiction, with the way that led to it. tried: the names of the ways; None: all."""
    frames = frames_of(path)
    whole = judged(frames)
    clients = {address for source in whole.document["sources"] for address in source["client_ips"]}
    for name, way in ways(frames, clients):
        if tried is not None and name not in tried:
            continue
        left = way()
        try:
            less = judged(left) if left else whole
        except Unusable:
            continue  # nothing that can be read is left
        yield from (f"{name}: {line}" for line in contradictions(less, whole))


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_certain_contradicts_the_whole(name: str) -> None:
    assert list(found(ROOT / "captures" / f"{name}.pcapng", TRIED)) == []


@pytest.mark.parametrize(("name", "way"), ONCE)
def test_what_once_contradicted_the_whole_does_no_longer(name: str, way: str) -> None:
    assert list(found(ROOT / "captures" / f"{name}.pcapng", (way,))) == []


def test_the_ways_that_are_tried_are_ways() -> None:
    frames = frames_of(ROOT / "captures" / "T4-static.pcapng")
    there = dict(ways(frames, {"172.16.11.92"}))
    assert {*TRIED} <= there.keys()
    assert all(there[name]() != frames for name in TRIED)


def test_what_contradicts_is_found() -> None:
    """Of another network nothing is as here."""
    one, other = (judged(frames_of(ROOT / "captures" / f"{name}.pcapng")) for name in ("T4-static", "proof/failures"))
    lines = "\n".join(contradictions(other, one))
    assert "won for certain" in lines and "failed at" in lines and "named" in lines


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for line in found(Path(argument)):
            print(f"{argument}: {line}", flush=True)
