"""Changes over days: one cause once, with all gateways and sources it was seen at."""

from __future__ import annotations

from typing import Any

from analyzer.fleet.changes import failures_up, new_direct, new_proxies, winners_changed
from analyzer.fleet.day import NO_SERVICE, Past, ProxyDay
from analyzer.fleet.eras import eras_of
from analyzer.fleet.gateway import NS_PER_DAY, Gateway, Held, Source
from tests.fleet.test_eras import A, B, day

D = NS_PER_DAY


def changing(name: str, *clients: str, at: int = 3, to: str = B) -> Gateway:
    made = Gateway(name, first=0, last=9 * D, days=list(range(10)), plane_of={"edr-cyber-data": "sensor"})
    stretches = [day(number * (D // 100), A if number < at else to) for number in range(6)]
    for client in clients:
        source = Source(client, None, "seen", 0, 9 * D, list(range(10)))
        source.services = {"edr-cyber-data": Held(eras_of(stretches), 0, 9 * D, list(range(10)))}
        made.sources[client] = source
    return made


def test_one_change_at_several_gateways_is_one_finding() -> None:
    (found,) = winners_changed([changing("gw1", "10.1.1.1", "10.1.1.2"), changing("gw2", "10.1.1.1")])
    assert found["gateways"] == ["gw1", "gw2"] and found["client_ips"] == ["10.1.1.1", "10.1.1.2"] and found["proxy"] == B
    assert found["text"].startswith(
        f"{A} until 1970-01-03 00:00:00, then {B} since 1970-01-04 00:00:00 for sensor: 3 sources at 2 gateways"
    )
    assert found["severity"] == "warning", "what won then works"
    two = list(winners_changed([changing("gw1", "10.1.1.1"), changing("gw2", "10.1.1.1", at=4)]))
    assert [one["gateways"] for one in two] == [["gw1"], ["gw2"]]
    assert list(winners_changed([changing("gw1", "10.1.1.1", to=A)])) == []


def proxy(requests: int = 5) -> ProxyDay:
    return ProxyDay(None, None, requests, 0, ("10.1.1.1",), 0, 1)


def test_a_proxy_is_new_on_a_later_day_only() -> None:
    made = Gateway("gw", days=[0, 1, 2], proxies=[(0, {A: proxy()}), (1, {A: proxy()}), (2, {A: proxy(), B: proxy(7)})])
    (found,) = new_proxies([made])
    assert (found["proxy"], found["gateways"]) == (B, ["gw"]) and "7 requests on the first day" in found["text"]


def past(service: str, client: str = "10.1.1.1", kind: str = "allowed") -> Past:
    return Past(kind, client, service, 2, 1, 0, 1, ("0" * 16,))


def test_direct_traffic_is_new_beside_the_first_day() -> None:
    made = Gateway("gw", days=[0, 1, 2])
    made.past = [(0, past("a")), (1, past("a")), (1, past("b")), (2, past("b")), (2, past(NO_SERVICE)), (2, past("b", kind="blocked"))]
    found: list[dict[str, Any]] = list(new_direct([made]))
    assert [(one["service"], one["severity"], "blocked" in one["text"]) for one in found] == [
        ("b", "warning", False),
        (None, "info", False),
        ("b", "info", True),
    ]


def test_failures_are_up_by_a_tenth_and_of_enough_requests() -> None:
    def failing(*counts: tuple[int, int]) -> list[dict[str, Any]]:
        made = Gateway("gw", last=0, days=list(range(len(counts))), by_service={"a": dict(enumerate(counts))})
        return list(failures_up([made]))

    (found,) = failing((0, 50), (0, 50), (6, 50))
    assert "6 of 50 requests" in found["text"] and found["service"] == "a"
    assert failing((0, 50), (5, 50)) == [] and failing((0, 5), (5, 5)) == [] and failing((9, 50)) == []
    (found,) = failing((0, 50), (0, 50), (20, 50), (22, 50), (21, 50))
    assert "63 of 150 requests since 1970-01-03 (0 % before)" in found["text"], "it goes on since a day that isn't the last"
    assert failing((0, 50), (0, 50), (20, 50), (22, 50), (0, 50)) == [], "it is over"
    (found,) = failing((0, 200), *[(32, 200)] * 9)
    assert "288 of 1,800 requests since 1970-01-02" in found["text"], "the bad days aren't counted among those before"
    assert failing(*[(3 * (n % 2), 20) for n in range(12)]) == [], "what always was so is nothing new"
    assert failing((50, 50), (0, 50), (0, 50)) == []
