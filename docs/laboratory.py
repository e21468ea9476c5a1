"""What a test of captures/study.toml shows, in numbers, flows and words: what docs/article.py sets beside the article's claims."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from analyzer.routes.requests import flat_requests
from analyzer.study_result import StudyTest
from analyzer.text.labels import all_of, method_name

CAPTURES: Final = Path(__file__).resolve().parent.parent / "captures"


def capture_name(test: StudyTest) -> str:
    """The test's capture."""
    return Path(test.document["captures"][0]).name


def plane_or_none(test: StudyTest, plane: str) -> Mapping[str, Any] | None:
    entries = [entry for source in test.document["verdict"]["sources"] for entry in source["planes"] if entry["plane"] == plane]
    return entries[0] if entries else None


def plane_entry(test: StudyTest, plane: str) -> Mapping[str, Any]:
    entry = plane_or_none(test, plane)
    assert entry is not None, f"{test.title}: no {plane} traffic"
    return entry


def tunnels_of(test: StudyTest, service: str) -> int:
    """Requests of the service that proxies carried."""
    entries = [entry for source in test.document["verdict"]["sources"] for entry in source["services"] if entry["service"] == service]
    return sum(share["tunnels"] for entry in entries for share in entry["by_proxy"])


def carried_by(test: StudyTest, plane: str, proxy: str) -> int:
    """Requests of the plane that this proxy carried."""
    entry = plane_or_none(test, plane)
    return sum(share["tunnels"] for share in entry["by_proxy"] if share["name"] == proxy) if entry else 0


def all_through(test: StudyTest, expected: Mapping[str, str]) -> bool:
    """Whether each plane was carried by this proxy and by no other, without a failure."""
    return all(
        (entry := plane_or_none(test, plane)) is not None
        and [(share["name"], share["failed"]) for share in entry["by_proxy"]] == [(proxy, 0)]
        for plane, proxy in expected.items()
    )


def counts(test: StudyTest, planes: Iterable[str]) -> str:
    """`sensor: of 19 requests 19 through PROX02 (WinINET), of which 6 broke`, plane by plane."""
    said = []
    for plane in planes:
        entry = plane_entry(test, plane)
        total = sum(share["tunnels"] + share["failed"] for share in entry["by_proxy"])
        shares = [
            f"{share['tunnels']} through {share['name']} ({method_name(share['method'])}){_broke(share)}" for share in entry["by_proxy"]
        ]
        said.append(f"{plane}: of {total} requests {all_of(shares)}")
    return "; ".join(said)


def _broke(share: Mapping[str, Any]) -> str:
    return f", of which {share['broken']} broke" if share["broken"] else ""


def documented(test: StudyTest) -> str:
    """`Beside Microsoft's text: sensor as documented (WinHTTP over WinINET)`, for sensor and antivirus."""
    entries = [entry for entry in test.document["precedence"] if entry["plane"] in ("sensor", "antivirus")]
    said: dict[str, list[str]] = {}
    for entry in entries:
        named = entry["status"] == "not shown" and entry["observed"] and entry["observed"][0] in entry["documented"]
        word = "a documented way, and no choice to see an order by" if named else f"{entry['status']} ({entry['text']})"
        said.setdefault(word, []).append(entry["plane"])
    return f"Beside Microsoft's text: {'; '.join(f'{all_of(planes)} {word}' for word, planes in said.items())}"


def sureness(test: StudyTest) -> str:
    """The sentence about live response, and how sure it is."""
    live = test.document["live_response"]
    return f"{capital(live['reason'])} ({live['confidence']})"


def times(n: int) -> str:
    """`once`, `12 times`."""
    return "once" if n == 1 else f"{n} times"


def flows_of(test: StudyTest, plane: str) -> list[str]:
    """The flows that carried the plane."""
    requests, ids = flat_requests(test.table), test.table["id"].to_pylist()
    its = {ids[row] for row, asked in zip(requests.row.tolist(), requests.plane.to_pylist(), strict=True) if asked == plane}
    return [flow for entry in test.document["precedence"] if entry["plane"] == plane for flow in entry["flows"] if flow in its]


def asked_of(test: StudyTest, proxy: str) -> int:
    return sum(entry["requests"] for entry in test.document["verdict"]["proxies"] if entry["name"] == proxy)


def blocked_of(test: StudyTest) -> list[str]:
    return [flow for entry in test.document["verdict"]["direct"]["blocked"] for flow in entry["flows"]]


def worked_inside(test: StudyTest, column: str = "service") -> dict[str, int]:
    """Per service (column: service, or service_possible), the tunnels in which TLS went on beyond its handshake."""
    columns = test.table.select([column, "tls_completed"]).to_pylist()
    found = [row[column] for row in columns if row[column] and row["tls_completed"]]
    return {service: found.count(service) for service in dict.fromkeys(found)}


def intended(test: StudyTest) -> dict[str, int]:
    """Whom the clients wanted where they went past the proxies, by their own record."""
    truth = json.loads((CAPTURES / capture_name(test)).with_suffix(".truth.json").read_text(encoding="utf-8"))
    hosts = [connection["intended_host"] for connection in truth["connections"] if connection["route"] == "direct"]
    return {host: hosts.count(host) for host in dict.fromkeys(hosts)}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[:26]}+00:00")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
