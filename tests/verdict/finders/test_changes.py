"""A setting that changed within the capture, a failover, and services that go different ways."""

from typing import Any

import pytest

from tests.verdict.rows import CNC, MAPS, PROX01, PROX02, PROX03, SECOND_NS, START_NS, asked, request, verdict

CYBER = "us-v20.events.data.microsoft.com"


def at(second: float, proxy: str, host: str = CNC, status: int | None = 200) -> dict[str, Any]:
    began = START_NS + int(second * SECOND_NS)
    return asked(proxy, request("connect", host, status, first_seen=began, answered=began + 1000), first_seen=began)


def changed(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "winner-changed"]


def half_way(old: str = PROX01, new: str = PROX03, before: int = 6, after: int = 5) -> list[dict[str, Any]]:
    return [at(n, old) for n in range(before)] + [at(60 + n, new) for n in range(after)]


def test_until_when_the_one_and_since_when_the_other() -> None:
    (finding,) = changed(*half_way())
    assert finding["text"] == "WORKSTATION: sensor went through PROX01 (WinHTTP) until 12:00:05, through PROX03 (static) since 12:01:00"
    assert (finding["first_seen"], finding["last_seen"]) == ("2024-05-01T12:00:05.000000000Z", "2024-05-01T12:01:00.000000000Z")
    assert len(finding["flows"]) == 11 and finding["severity"] == "warning"
    (source,) = verdict(*half_way())["sources"]
    (plane,) = source["planes"]
    assert (plane["winner"], plane["asked"], plane["confidence"], plane["outcome"]) == (PROX03, PROX03, "certain", "works")
    assert [(era["proxy"], era["tunnels"], era["confidence"]) for era in plane["eras"]] == [(PROX01, 6, "certain"), (PROX03, 5, "certain")]
    assert source["services"][0]["eras"] == plane["eras"], "a border holds for the plane's services"


def test_an_era_of_fewer_than_four_is_likely() -> None:
    (source,) = verdict(*half_way(after=3))["sources"]
    assert source["planes"][0]["confidence"] == "likely"


def test_a_failover_says_so() -> None:
    rows = [at(n, PROX01) for n in range(6)] + [row for n in range(4) for row in (at(60 + n, PROX01, status=503), at(60.5 + n, PROX02))]
    (finding,) = changed(*rows)
    assert finding["text"].endswith("so this is a failover and no changed setting") and finding["severity"] == "info"


def test_all_that_fails_elsewhere_afterwards_is_an_era_without_a_winner() -> None:
    rows = [at(n, PROX01) for n in range(6)] + [at(60 + n, PROX03, status=407) for n in range(3)]
    (finding,) = changed(*rows)
    assert finding["text"].endswith("; since 12:01:00 all is asked of PROX03 (static), and fails") and finding["severity"] == "problem"
    (source,) = verdict(*rows)["sources"]
    assert (source["planes"][0]["winner"], source["planes"][0]["asked"], source["planes"][0]["outcome"]) == (None, PROX03, "authentication")


def test_alternation_is_no_change() -> None:
    assert changed(*[at(n, (PROX01, PROX02)[n % 2]) for n in range(12)]) == []


def test_services_that_go_different_ways_are_a_split() -> None:
    rows = [row for n in range(5) for row in (at(n, PROX03), at(n + 0.5, PROX01, CYBER))]
    result = verdict(*rows, at(0.2, PROX01, MAPS))
    (finding,) = [finding for finding in result["findings"] if finding["code"] == "service-split"]
    assert "edr-command-and-control through PROX03" in finding["text"] and "edr-cyber-data through PROX01" in finding["text"]
    (sensor,) = [plane for plane in result["sources"][0]["planes"] if plane["plane"] == "sensor"]
    assert (sensor["split"], sensor["winner"], sensor["confidence"]) == (True, None, None)


@pytest.mark.parametrize(("seconds", "said"), [(1500, True), (20, False)])
def test_tunnels_that_stayed_in_use_long_after_they_were_asked_for_are_told_of(seconds: int, said: bool) -> None:
    old = [at(n, PROX01) | {"last_data": START_NS + (n + seconds) * SECOND_NS} for n in range(3)]
    (finding,) = changed(*old, *(at(1600 + n, PROX03) for n in range(3)))
    assert ("tunnels opened before stayed in use until" in finding["text"]) is said
