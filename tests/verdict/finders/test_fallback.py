"""Direct attempts that follow a dead proxy, and those that don't."""

from typing import Any

from tests.verdict.rows import CNC, PROX01, PROX03, SECOND_NS, START_NS, flow, tunnel, verdict


def dead(at: float = 0, state: str = "refused") -> dict[str, Any]:
    return flow(server_ip="172.16.12.12", server_port=3128, state=state, first_seen=START_NS + int(at * SECOND_NS))


def direct(at: float, **columns: Any) -> dict[str, Any]:
    return flow(first_seen=START_NS + int(at * SECOND_NS), **({"state": "no-answer"} | columns))


def fallbacks(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "fallback"]


def test_named_attempts_after_a_refusal_are_certain() -> None:
    rows = [dead(), dead(1), direct(3, host=CNC), direct(4, host=CNC)]
    (finding,) = fallbacks(*rows)
    assert finding["text"] == (
        f"WORKSTATION asked PROX03 first: 2 connections to it came to nothing (2 refused); "
        f"from 3 s later on tried 2 direct connections ({CNC}): 2 no-answer"
    )
    assert (finding["severity"], finding["confidence"], finding["proxy"]) == ("problem", "certain", PROX03)
    assert sorted(finding["flows"]) == sorted(row["id"] for row in rows)


def test_unnamed_attempts_are_likely() -> None:
    (finding,) = fallbacks(dead(state="no-answer"), direct(21))
    assert finding["confidence"] == "likely"


def test_attempts_before_it_long_after_it_or_elsewhere_are_none() -> None:
    assert fallbacks(dead(10), direct(3, host=CNC)) == []
    assert fallbacks(dead(0), direct(100, host=CNC)) == []
    assert fallbacks(dead(0), direct(3, host="example.org")) == []
    assert fallbacks(dead(0), direct(3, server_port=445)) == []
    assert fallbacks(dead(0), direct(3, protocol="udp")) == []
    assert fallbacks(dead(0), direct(3, host=CNC, client_ip="172.16.11.93")) == []


def test_a_destination_that_was_tried_directly_before_is_no_consequence() -> None:
    assert fallbacks(direct(-5), dead(0), direct(3)) == []


def test_a_proxy_that_works_is_no_reason() -> None:
    assert fallbacks(tunnel(PROX03, CNC, first_seen=START_NS), direct(3, host=CNC)) == []


def test_an_unnamed_connection_after_defender_found_a_way_is_no_consequence() -> None:
    carried = tunnel(PROX01, CNC, first_seen=START_NS + 2 * SECOND_NS)
    found = fallbacks(dead(), carried, direct(30))
    assert [finding["text"].count("direct connection") for finding in found] == [0]
    assert [finding["text"].count("direct connection") for finding in fallbacks(dead(), direct(1), carried)] == [1]
