"""What was captured on both sides of an address translation is one connection, and says so."""

from __future__ import annotations

from typing import Any

from tests.verdict.rows import CNC, MAPS, PROX01, WORKSTATION, flow, tunnel, verdict


def told(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "nat"]


def both_sides(number: int, **columns: Any) -> list[dict[str, Any]]:
    """A tunnel seen with the workstation's address and again with the gateway's, the same numbers on both."""
    numbers = {"isn_out": 1000 + number, "isn_in": 9000 + number, "client_random": f"{number:064x}", "client_hello_digest": "0" * 16}
    inside = tunnel(PROX01, CNC, **numbers)
    outside = tunnel(PROX01, CNC, client_ip="203.0.113.5", first_seen=inside["first_seen"] + 1000, **numbers)
    return [inside, outside | columns]


def test_a_source_that_was_translated_is_one_source() -> None:
    rows = both_sides(1)
    result = verdict(*rows)
    assert [source["client_ip"] for source in result["sources"]] == [WORKSTATION]
    (finding,) = told(*rows)
    assert finding["text"] == (
        f"1 connection captured on both sides of an address translation, counted once: {WORKSTATION} seen again as coming from 203.0.113.5"
    )
    assert finding["flows"] == [row["id"] for row in rows]


def test_many_connections_are_one_finding() -> None:
    (finding,) = told(*both_sides(1), *both_sides(2))
    assert finding["text"].startswith("2 connections") and finding["text"].endswith("203.0.113.5 (2)")


def test_other_numbers_are_another_connection() -> None:
    assert told(*both_sides(1, isn_out=5, client_random="cd" * 32)) == []
    assert told(flow(), flow(client_ip="203.0.113.5")) == []


def test_what_was_seen_behind_the_translator_only_is_said_and_counts_nowhere() -> None:
    rows = [*both_sides(1), tunnel(PROX01, CNC, client_ip="203.0.113.5"), flow(client_ip="203.0.113.5")]
    result = verdict(*rows)
    assert [source["client_ip"] for source in result["sources"]] == [WORKSTATION]
    assert result["direct"] == {"allowed": [], "blocked": [], "unknown": []}
    (finding,) = told(*rows)
    assert finding["text"].endswith("; 2 connections more from there, seen on one side only, count nowhere: nothing shows whose they are")


def asks_its_parent(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    child = [tunnel("172.16.12.20:8080", host, client_ip="172.16.12.10", http_via=True) for host in (CNC, MAPS)]
    return [finding for finding in verdict(*child, *rows)["findings"] if finding["code"] == "chained-proxy"]


def test_a_proxy_that_asks_its_parent_for_clients_that_werent_captured() -> None:
    (finding,) = asks_its_parent(tunnel("172.16.12.20:8080", CNC))
    assert finding["text"] == (
        f"172.16.12.10 asks 172.16.12.20:8080 for others, on 2 connections ({MAPS} and {CNC}): they carry Via, and the clients that "
        "asked it aren't in the capture"
    )
    assert finding["client_ips"] == [] and len(finding["flows"]) == 2


def test_a_chain_of_which_the_first_leg_was_captured_is_no_riddle() -> None:
    assert asks_its_parent(tunnel(PROX01, CNC)) == []
