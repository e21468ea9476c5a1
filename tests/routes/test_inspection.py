"""Whose hello it is: opened tunnels are found, clean ones never accused, and legs that look alike are no pair."""

from typing import Any

from tests.verdict.rows import MAPS, PROX01, PROX02, START_NS, asked, flow, request, routed

MS = 1_000_000


def client_leg(number: int, at_ms: int = 0, host: str = MAPS, proxy: str = PROX02, **columns: Any) -> dict[str, Any]:
    """CONNECT, its 200 after 4 ms, the ClientHello after 5."""
    at = START_NS + at_ms * MS
    entry = request("connect", host, 200, first_seen=at, answered=at + 4 * MS)
    hello = {"client_random": f"{number:064x}", "client_hello_digest": f"{number:016x}", "client_hello_at": at + 5 * MS}
    return asked(proxy, entry, first_seen=at, sni=host, **(hello | columns))


def origin_leg(
    number: int, at_ms: int, host: str = MAPS, client_ip: str = "172.16.12.11", hello_ms: int = 6, **columns: Any
) -> dict[str, Any]:
    at = START_NS + at_ms * MS
    hello = {"client_random": f"{number:064x}", "client_hello_digest": f"{number:016x}", "client_hello_at": at + hello_ms * MS}
    return flow(client_ip=client_ip, first_seen=at, sni=host, **(hello | columns))


def told(*rows: dict[str, Any]) -> list[tuple[str | None, bool | None]]:
    return [(row["pair"], row["inspected"]) for row in routed(*rows)]


def test_another_hello_on_the_proxys_own_leg_is_an_opened_tunnel() -> None:
    leg, origin = client_leg(1), origin_leg(2, 2)
    assert told(leg, origin) == [(leg["id"], True)] * 2


def test_one_leg_alone_says_nothing() -> None:
    assert told(client_leg(1)) == [(None, None)]
    assert told(client_leg(1), origin_leg(2, 2, host="other.example")) == [(None, None)] * 2
    assert told(client_leg(1), origin_leg(2, 2, client_ip="198.51.100.7"))[0] == (None, None)


def test_equal_hellos_disprove_it_whatever_else_the_proxy_opens() -> None:
    leg, origin, own = client_leg(1), origin_leg(1, 2), origin_leg(9, 3)
    assert told(leg, origin, own) == [(leg["id"], False), (leg["id"], False), (None, None)]
    later = client_leg(5, 50)  # its own leg wasn't captured, and this proxy passes on what this client sends to this host
    assert told(leg, origin, later, origin_leg(9, 52))[2] == (None, None)


def test_a_leg_of_another_time_is_not_taken() -> None:
    assert told(client_leg(1, 10), origin_leg(2, 9))[0] == (None, None)
    assert told(client_leg(1, 10), origin_leg(2, 12, hello_ms=6000))[0] == (None, None)


def test_a_tunnel_that_was_refused_has_no_leg() -> None:
    assert told(client_leg(1, client_random=None, client_hello_digest=None), origin_leg(2, 2)) == [(None, None)] * 2


def test_each_of_many_tunnels_to_one_host_has_the_leg_of_its_time() -> None:
    tunnels = [client_leg(n, 6_000 * n) for n in range(60)]
    legs = [origin_leg(1_000 + n, 6_000 * n + 2) for n in range(60)]
    blind = client_leg(7, 6_000 * 30, client_random=None, client_hello_digest=None)  # may be whose leg that one is as well
    found = told(*tunnels, *reversed(legs), blind)
    expected = [(one["id"], True) if n != 30 else (None, None) for n, one in enumerate(tunnels)]
    assert found == [*expected, *reversed(expected), (None, None)]


def test_tunnels_one_after_the_other_are_told_apart_by_when_the_proxy_connected() -> None:
    first, second = client_leg(1, 0), client_leg(2, 100)
    rows = [first, second, origin_leg(11, 2), origin_leg(12, 102)]
    assert told(*rows) == [(first["id"], True), (second["id"], True), (first["id"], True), (second["id"], True)]


def test_tunnels_at_once_are_opened_though_nobody_knows_which_leg_is_whose() -> None:
    rows = [client_leg(1, 0), client_leg(2, 1), origin_leg(11, 2), origin_leg(12, 3)]
    assert told(*rows) == [(None, True)] * 4


def test_two_tunnels_and_one_leg_prove_nothing_of_either() -> None:
    assert told(client_leg(1, 0), client_leg(2, 1), origin_leg(11, 2)) == [(None, None)] * 3


def test_a_clean_proxy_beside_it_is_not_accused() -> None:
    clean, passed = client_leg(1, proxy=PROX01), origin_leg(1, 2, client_ip="172.16.12.10")
    opened, made = client_leg(2), origin_leg(3, 2)
    assert [inspected for _, inspected in told(clean, passed, opened, made)] == [False, False, True, True]


def test_many_at_once_end_in_time() -> None:
    legs = [client_leg(i, 0) for i in range(300)]
    origins = [origin_leg(1000 + i, 2) for i in range(300)]
    assert {pair for pair, _ in told(*legs, *origins)} == {None}


def test_hellos_without_a_time_prove_nothing() -> None:
    assert told(client_leg(1, client_hello_at=None), origin_leg(2, 2)) == [(None, None)] * 2


def test_a_leg_that_may_be_a_tunnels_whose_hello_was_lost_accuses_nobody() -> None:
    lost: dict[str, Any] = {"client_random": None, "client_hello_digest": None, "client_hello_at": None}
    leg, other, origin = client_leg(1), client_leg(2, 1, client_ip="172.16.11.93", **lost), origin_leg(2, 2)
    assert told(leg, other, origin) == [(None, None)] * 3
    assert told(leg, client_leg(2, 9000, **lost), origin)[0] == (leg["id"], True)
    assert told(leg, client_leg(2, 1, host="other.example", **lost), origin)[0] == (leg["id"], True)


def test_a_leg_that_may_be_a_connections_whose_request_was_lost_proves_nothing() -> None:
    blind = flow(server_ip="172.16.12.11", server_port=3128, first_seen=START_NS + 3 * MS)
    assert told(client_leg(1), origin_leg(2, 4), blind)[:2] == [(None, None)] * 2
    elsewhere = flow(server_ip="172.16.12.10", server_port=3128, first_seen=START_NS + 3 * MS)
    leg = client_leg(1)
    assert told(leg, origin_leg(2, 4), elsewhere)[0] == (leg["id"], True), "another proxy's legs are its own"
