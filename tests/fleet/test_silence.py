"""Silence is measured by packets: beside what else was heard, and beside how long it was silent before."""

from __future__ import annotations

import pytest

from analyzer.fleet.gateway import NS_PER_DAY, Gateway, Held, Source
from analyzer.fleet.silence import is_silent, pauses_of, services_back, silent_gateways, silent_services

D = NS_PER_DAY


def gateway(
    name: str, days: list[int], heard: dict[str, list[int]] | None = None, seen: list[int] | None = None, pause: int = D
) -> Gateway:
    made = Gateway(name, first=days[0] * D, last=days[-1] * D, days=days, pause=pause)
    of_source = seen if seen is not None else days
    source = Source("10.1.1.1", None, "seen", of_source[0] * D, of_source[-1] * D, of_source)
    source.services = {slug: Held([], on[0] * D, on[-1] * D, on) for slug, on in (heard or {}).items()}
    made.sources = {"10.1.1.1": source}
    return made


def codes(*gateways: Gateway) -> list[tuple[str, list[str]]]:
    found = [*silent_gateways(gateways), *silent_services(gateways), *services_back(gateways)]
    return [(one["code"], one["services"]) for one in found]


EVERY = list(range(10))


@pytest.mark.parametrize(
    ("heard", "seen", "expected"),
    [
        ({"a": EVERY, "b": EVERY}, EVERY, []),
        ({"a": EVERY, "b": EVERY[:8]}, EVERY, [("service-silent", ["b"])]),
        ({"a": EVERY, "b": EVERY[:9]}, EVERY, []),
        ({"a": EVERY, "b": [0, 3, 6]}, EVERY, []),
        ({"a": EVERY, "b": [0, 2, 4]}, EVERY, [("service-silent", ["b"])]),
        ({"a": EVERY, "b": [0]}, EVERY, []),
        ({"a": EVERY, "b": EVERY[:5], "c": EVERY[:5]}, EVERY, [("service-silent", ["b", "c"])]),
        ({"a": EVERY[:8]}, EVERY[:8], []),
        ({"a": EVERY[:5], "b": EVERY[:5]}, EVERY[:5], [("service-silent", ["a", "b"])]),
        ({"a": EVERY, "b": [0, 1, 2, 7, 8, 9]}, EVERY, [("service-back", ["b"])]),
        ({"a": EVERY, "b": [0, 4, 8]}, EVERY, []),
    ],
    ids=["all", "silent", "a day", "seldom", "longer than ever", "once", "one cause", "weekend", "whole source", "back", "regular"],
)
def test_what_is_silent(heard: dict[str, list[int]], seen: list[int], expected: list[tuple[str, list[str]]]) -> None:
    assert codes(gateway("gw", EVERY, heard, seen)) == expected


def test_a_gateway_is_silent_beside_the_others_and_its_services_are_no_news() -> None:
    gone = gateway("gone", EVERY[:5], {"a": EVERY[:5]})
    found = list(silent_gateways([gone, gateway("here", EVERY)]))
    assert [(one["code"], one["gateways"], one["last_seen"][:10]) for one in found] == [("gateway-silent", ["gone"], "1970-01-05")]
    assert "5.0 days later" in found[0]["text"]
    assert list(silent_services([gone])) == []
    assert list(silent_gateways([gone])) == []


@pytest.mark.parametrize(("pause", "silent"), [(D // 24, True), (2 * D, False), (7 * D, False)])
def test_who_reports_seldom_may_be_late(pause: int, silent: bool) -> None:
    assert is_silent(gateway("gw", [0, 1], pause=pause), 4 * D) is silent


def test_pauses_are_counted_in_days_beside() -> None:
    assert pauses_of([1, 2, 9], [1, 2, 3, 9]) == [0, 1, 0]
    assert pauses_of([1], [1, 5, 6]) == [2]
