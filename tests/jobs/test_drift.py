"""What counts as changed between two verdicts, and what doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.jobs.answers import services_of
from analyzer.jobs.drift import compare, is_heard

PC, LAPTOP = "172.16.11.92", "172.16.11.93"
ONE, TWO = "10.0.0.1:3128", "10.0.0.2:3128"
SENSOR, CLOUD = "edr-cyber-data", "cloud-protection"


def service(slug: str, *shares: tuple[str, int, int], name: str | None = None, method: str | None = None) -> dict[str, Any]:
    """shares: (proxy, carried, failed); the first that carried anything is the winner, of that name and method."""
    by_proxy = [
        {"proxy": proxy, "name": None, "method": None, "tunnels": carried, "failed": failed, "first_seen": None, "last_seen": None}
        for proxy, carried, failed in shares
    ]
    winner = next((proxy for proxy, carried, _ in shares if carried), None)
    return {"service": slug, "winner": winner, "winner_name": name, "method": method, "by_proxy": by_proxy}


def verdict(*services: dict[str, Any], client: str = PC, blocked: tuple[str, ...] = (), requests: int = 1) -> dict[str, Any]:
    used = sorted({share["proxy"] for one in services for share in one["by_proxy"]})
    return {
        "sources": [{"client_ip": client, "name": "PC", "services": list(services)}] if services or blocked else [],
        "proxies": [{"proxy": proxy, "name": None, "method": None, "requests": requests, "sources": 1} for proxy in used],
        "direct": {
            "allowed": [],
            "blocked": [
                {"client_ip": client, "server": server, "host": None, "service": None, "state": "no-answer", "flows": ["f"]}
                for server in blocked
            ],
        },
    }


def codes(before: dict[str, Any], after: dict[str, Any], **more: Any) -> list[tuple[str, str | None]]:
    return [(finding["code"], finding["service"]) for finding in compare(before, after, 0.1, **more).findings]


BASE = verdict(service(SENSOR, (ONE, 10, 0)), service(CLOUD, (ONE, 5, 0)))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (BASE, []),
        (verdict(service(SENSOR, (ONE, 3, 0)), service(CLOUD, (ONE, 500, 0))), []),
        (verdict(service(SENSOR, (TWO, 10, 0)), service(CLOUD, (ONE, 5, 0))), [("winner-changed", SENSOR), ("new-proxy", None)]),
        (verdict(service(SENSOR, (TWO, 10, 0)), service(CLOUD, (TWO, 5, 0))), [("winner-changed", None), ("new-proxy", None)]),
        (verdict(service(SENSOR, (ONE, 9, 1)), service(CLOUD, (ONE, 5, 0))), []),
        (verdict(service(SENSOR, (ONE, 8, 2)), service(CLOUD, (ONE, 5, 0))), [("failures-up", SENSOR)]),
        (verdict(service(SENSOR, (ONE, 0, 4)), service(CLOUD, (ONE, 5, 0))), [("failures-up", SENSOR)]),
        (verdict(service(SENSOR, (ONE, 10, 0))), [("service-silent", CLOUD)]),
        (verdict(), [("service-silent", None)]),
        (verdict(*BASE["sources"][0]["services"], blocked=("20.1.8.14:443", "20.1.8.15:443")), [("new-direct", None)]),
        (verdict(*BASE["sources"][0]["services"], service("smartscreen", (ONE, 1, 0))), []),
    ],
    ids=[
        "same",
        "more and less",
        "winner",
        "winners",
        "at the limit",
        "fails",
        "only fails",
        "silent",
        "all silent",
        "direct",
        "new service",
    ],
)
def test_what_is_told(after: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    assert codes(BASE, after) == expected


def test_one_statement_names_all_services_that_it_holds_for() -> None:
    after = verdict(service(SENSOR, (TWO, 10, 0)), service(CLOUD, (TWO, 5, 0)))
    (changed,) = [one["text"] for one in compare(BASE, after, 0.1).findings if one["code"] == "winner-changed"]
    assert changed == f"PC ({PC}) now uses {TWO} for {CLOUD} and {SENSOR}, and used {ONE} before"


def test_a_source_that_left_is_told_so() -> None:
    (silent,) = compare(BASE, verdict(service(SENSOR, (ONE, 1, 0)), client=LAPTOP), 0.1).findings
    assert "nothing of this source was seen at all" in silent["text"] and silent["client_ip"] == PC


def test_silence_is_told_when_it_begins_and_when_it_ends() -> None:
    quiet = verdict(service(SENSOR, (ONE, 10, 0)))
    first = compare(BASE, quiet, 0.1)
    assert first.silent == {(PC, CLOUD)} and first.is_drift
    second = compare(quiet, quiet, 0.1, first.silent)
    assert second.silent == {(PC, CLOUD)} and not second.is_drift
    third = compare(quiet, BASE, 0.1, second.silent)
    assert [one["code"] for one in third.findings] == ["service-back"] and third.silent == set()
    failing = compare(quiet, verdict(service(SENSOR, (ONE, 10, 0)), service(CLOUD, (ONE, 0, 2))), 0.1, second.silent)
    assert failing.findings[0]["text"].endswith("is heard again, but fails")


def test_a_proxy_that_any_earlier_run_used_is_not_new() -> None:
    after = verdict(service(SENSOR, (TWO, 10, 0)), service(CLOUD, (ONE, 5, 0)))
    assert codes(BASE, after, known=[TWO]) == [("winner-changed", SENSOR)]


def test_services_are_known_by_source() -> None:
    found = services_of(BASE)
    assert set(found) == {(PC, SENSOR), (PC, CLOUD)}
    assert is_heard(found[PC, SENSOR]) and not is_heard(None)


def named(document: dict[str, Any], name: str, method: str | None = None) -> dict[str, Any]:
    """The same with all its proxies under that name."""
    return document | {"proxies": [proxy | {"name": name, "method": method} for proxy in document["proxies"]]}


def test_addresses_of_one_name_are_one_proxy() -> None:
    before = named(verdict(service(SENSOR, (ONE, 10, 0), name="PROX", method="static")), "PROX", "static")
    other = named(verdict(service(SENSOR, (TWO, 10, 0), name="PROX", method="static")), "PROX", "static")
    assert codes(before, other) == []
    assert codes(before, verdict(service(SENSOR, (ONE, 10, 0)))) == [], "the topology is gone, the address is the same"
    another = named(verdict(service(SENSOR, (TWO, 10, 0), name="PROX", method="winhttp")), "PROX", "winhttp")
    assert codes(before, another) == [("winner-changed", SENSOR), ("new-proxy", None)], "one name, another setting"
    nameless = verdict(service(SENSOR, (TWO, 10, 0)))
    assert codes(verdict(service(SENSOR, (ONE, 10, 0))), nameless) == [("winner-changed", SENSOR), ("new-proxy", None)]


def test_what_is_let_through_and_breaks_fails_too() -> None:
    broken = service(SENSOR, (ONE, 10, 0))
    broken["by_proxy"][0]["broken"] = 4
    (finding,) = compare(BASE, verdict(broken, service(CLOUD, (ONE, 5, 0))), 0.1).findings
    assert finding["code"] == "failures-up" and "edr-cyber-data 4 of 10 requests (0 % before)" in finding["text"]
