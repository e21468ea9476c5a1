"""Laws of pairing: the equal ClientHello, the nearest in time, and never two client legs."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.routes.legs import hello_codes
from tests.verdict.rows import LAB_TOPOLOGY, PROX01, PROX02, SECOND_NS, START_NS, WORKSTATION, flow, routed, table, tunnel

RANDOM, OTHER = "aa" * 32, "bb" * 32


def client_leg(proxy: str = PROX01, at: float = 0, random: str | None = RANDOM, **columns: Any) -> dict[str, Any]:
    return tunnel(proxy, "a.example", client_random=random, first_seen=START_NS + int(at * SECOND_NS), **columns)


def origin_leg(client_ip: str = "172.16.12.10", at: float = 0.1, random: str | None = RANDOM, **columns: Any) -> dict[str, Any]:
    return flow(client_ip=client_ip, client_random=random, first_seen=START_NS + int(at * SECOND_NS), **columns)


def pairs(*rows: dict[str, Any]) -> dict[str, str | None]:
    return {row["id"]: row["pair"] for row in routed(*rows)}


def test_both_legs_carry_the_client_legs_id_and_prove_that_tls_was_untouched() -> None:
    leg, origin, other = client_leg(), origin_leg(), tunnel(PROX01, "b.example", client_random=OTHER)
    rows = routed(leg, origin, other)
    assert [row["pair"] for row in rows] == [leg["id"], leg["id"], None]
    assert [row["inspected"] for row in rows] == [False, False, None]
    assert [row["route"] for row in rows] == ["proxy", "upstream", "proxy"]


@pytest.mark.parametrize("size", [64, 8, 63])
def test_a_hello_is_known_by_all_of_its_random_and_its_digest(size: int) -> None:
    """Also where some other tool wrote the rows, and randoms are of any length."""
    one, alike, other = "a" * size, "a" * (size - 1) + "b", "c" + "a" * (size - 1)
    hellos = [(one, "1"), (None, None), (alike, "1"), (one, "2"), (one, "1"), (other, None), (other, None), ("a" * 65, "1")]
    rows = [flow(client_random=random, client_hello_digest=digest) for random, digest in hellos]
    for whole in (table(rows), table(rows).slice(1), table(rows).slice(1, 1)):
        found = hello_codes(whole).tolist()
        said = list(zip(whole["client_random"].to_pylist(), whole["client_hello_digest"].to_pylist(), strict=True))
        assert [code >= 0 for code in found] == [random is not None for random, _ in said]
        assert [[a == b for b in found] for a in found] == [[a == b for b in said] for a in said]


def test_other_hellos_prove_nothing() -> None:
    rows = routed(client_leg(), origin_leg(random=OTHER), origin_leg(random=None))
    assert [(row["pair"], row["inspected"]) for row in rows] == [(None, None)] * 3


def test_two_client_legs_are_never_a_pair() -> None:
    assert set(pairs(client_leg(), client_leg(), client_leg(PROX02)).values()) == {None}


def test_flows_without_a_hello_are_no_pair() -> None:
    assert set(pairs(client_leg(random=None), origin_leg(random=None)).values()) == {None}


def test_the_nearest_in_time_is_taken() -> None:
    early, late = client_leg(at=0), client_leg(at=10)
    before, after = origin_leg(at=0.2), origin_leg(at=9.9)
    found = pairs(early, late, before, after)
    assert (found[before["id"]], found[after["id"]]) == (early["id"], late["id"])


def test_the_proxy_that_opened_the_leg_comes_before_the_nearest() -> None:
    through_one, through_two = client_leg(PROX01, at=0), client_leg(PROX02, at=5)
    origin = origin_leg("172.16.12.10", at=5.1)
    assert pairs(through_one, through_two, origin)[origin["id"]] == through_one["id"]


def test_a_leg_behind_nat_is_upstream_and_no_source() -> None:
    leg, origin = client_leg(), origin_leg("198.51.100.7")
    rows = routed(leg, origin)
    assert [row["route"] for row in rows] == ["proxy", "upstream"]
    assert rows[1]["pair"] == leg["id"] and rows[1]["proxy"] is None


def test_the_clients_own_direct_flow_is_not_its_origin_leg() -> None:
    direct = flow(client_ip=WORKSTATION, client_random=RANDOM)
    rows = routed(client_leg(), direct)
    assert [(row["route"], row["pair"]) for row in rows] == [("proxy", None), ("direct", None)]


def test_every_leg_of_a_chain_of_proxies() -> None:
    leg = client_leg(PROX01)
    to_parent = tunnel(PROX02, "a.example", client_ip="172.16.12.10", client_random=RANDOM)
    rows = routed(leg, to_parent, origin_leg("172.16.12.11"), topology=LAB_TOPOLOGY)
    assert [row["route"] for row in rows] == ["proxy", "upstream", "upstream"]
    assert {row["pair"] for row in rows} == {leg["id"]}


def test_a_leg_without_times_is_paired_last() -> None:
    timeless, timed = client_leg() | {"first_seen": None, "last_seen": None}, client_leg(at=500)
    origin = origin_leg(at=0)
    assert pairs(timeless, timed, origin)[origin["id"]] == timed["id"]
    assert pairs(timeless, origin)[origin["id"]] == timeless["id"]


def test_an_origin_leg_without_times_is_paired() -> None:
    leg, origin = client_leg(), origin_leg() | {"first_seen": None, "last_seen": None}
    assert pairs(leg, origin)[origin["id"]] == leg["id"]


def test_quic_is_nobodys_leg() -> None:
    assert set(pairs(client_leg(), origin_leg(protocol="udp")).values()) == {None}


LEG = st.tuples(st.integers(0, 2), st.integers(0, 50), st.sampled_from([PROX01, PROX02]))
ORIGIN = st.tuples(st.integers(0, 2), st.integers(0, 50), st.sampled_from(["172.16.12.10", "172.16.12.11", "198.51.100.7"]))


@settings(deadline=None)  # a shared machine may stall; what is tested is the answer
@given(st.lists(LEG, max_size=6), st.lists(ORIGIN, max_size=6))
def test_pairing_agrees_with_looking_at_every_leg(legs: list[tuple[int, int, str]], origins: list[tuple[int, int, str]]) -> None:
    # Tunnels that were asked for in the same words as well would be one, seen on both sides of a translation.
    clients = [client_leg(proxy, at, f"{number:064x}", user_agent=str(i)) for i, (number, at, proxy) in enumerate(legs)]
    beyond = [origin_leg(ip, at, f"{number:064x}") for number, at, ip in origins]
    found = pairs(*clients, *beyond)
    by_random = defaultdict(list)
    for leg in clients:
        by_random[leg["client_random"]].append(leg)
    for origin in beyond:
        candidates = by_random[origin["client_random"]]
        if any(c["server_ip"] == origin["client_ip"] for c in candidates):
            candidates = [c for c in candidates if c["server_ip"] == origin["client_ip"]]
        if not candidates:
            assert found[origin["id"]] is None
            continue
        nearest = min(abs(c["first_seen"] - origin["first_seen"]) for c in candidates)
        chosen = next(c for c in candidates if c["id"] == found[origin["id"]])
        assert abs(chosen["first_seen"] - origin["first_seen"]) == nearest
