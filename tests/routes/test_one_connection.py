"""Many pairs at a time are judged as each is alone."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from analyzer.routes.captured import captured_of
from analyzer.routes.copies import copies_of, firsts_of
from analyzer.routes.legs import hello_codes
from analyzer.routes.proxies import flow_ends
from analyzer.routes.requests import flat_requests, one_array
from tests.routes.pair_by_pair import PairByPair
from tests.verdict.rows import SECOND_NS, START_NS, flow, request, table

CLIENTS = ("10.0.0.1", "10.0.0.2", "172.16.0.9", "8.8.4.4", "1.1.1.1", "192.0.2.10")
SERVERS = ("20.1.2.3", "20.1.2.4", "192.0.2.10")
PROXY = "192.0.2.10"
LATE = (0, 1_000, 100_000, 200_000, 370_000, SECOND_NS // 2, 2 * SECOND_NS, 4 * SECOND_NS)


def sides(rng: random.Random) -> list[dict[str, Any]]:
    """Some sides of one connection, or of several that look alike: each column is mostly as on the others."""
    out, back = (rng.choice((3, 70_000, 3_000_000_000, 3_000_000_001)) for _ in range(2))
    hello = rng.choice((None, "ab", "cd"))
    start = START_NS + rng.choice(LATE)
    base: dict[str, Any] = {
        "isn_out": out,
        "isn_in": back,
        "server_ip": rng.choice(SERVERS),
        "http_host": rng.choice((None, "a")),
        "http_path": rng.choice((None, "/", "/x")),
        "packets_out": rng.choice((0, 4, 10)),
        "packets_in": rng.choice((0, 4, 10)),
    }
    base |= {"bytes_out": 100 if base["packets_out"] else 0, "bytes_in": 500 if base["packets_in"] else 0}
    if rng.random() < 0.2:
        base |= {"bytes_out": 0, "bytes_in": 0, "isn_in": None}
    if rng.random() < 0.2:
        base[rng.choice(("isn_out", "isn_in"))] = None
    asked = [request("connect", rng.choice(("a", "b")), 200)] if rng.random() < 0.3 else []
    last = start + rng.choice((SECOND_NS, 5 * SECOND_NS))
    anew = rng.choice(((), (), ("isn_in",), ("isn_out", "isn_in")))  # what a translator in between makes of its own
    rows = []
    for _ in range(rng.choice((1, 2, 2, 2, 3, 4, 9))):
        late = rng.choice(LATE[:5] if rng.random() < 0.8 else LATE)
        row = base | {"client_ip": rng.choice(CLIENTS), "first_seen": start + late, "last_seen": last + late, "requests": asked}
        row["state"] = rng.choice(("closed", "open", "open", "open"))
        if rng.random() < 0.7:
            row |= {"ended_at": last + late, "ended_by": "client"}
        if hello:
            row |= {"client_random": hello * 32, "client_hello_digest": "12" * 8}
            row["client_hello_at"] = start + late + rng.choice((SECOND_NS // 100, SECOND_NS // 100, 300_000))
        row |= {name: rng.choice((2_000, 80_000_000, 90_000_000)) for name in anew}
        if rng.random() < 0.4:
            name, value = rng.choice(OTHERWISE)
            row[name] = value
        rows.append(flow(**row))
    return rows


OTHERWISE: tuple[tuple[str, Any], ...] = (
    ("isn_out", None),
    ("isn_in", None),
    ("isn_out", 77_000_000),
    ("isn_in", 99_000_000),
    ("client_random", None),
    ("client_hello_at", None),
    ("first_seen", None),
    ("last_seen", START_NS),
    ("http_path", "/other"),
    ("bytes_in", 600),
    ("acked_in", 9000),
    ("packets_in", 11),
    ("packets_out", 0),
    ("retransmitted", 1),
    ("server_ip", "20.1.2.9"),
    ("protocol", "udp"),
    ("requests", []),
    ("ended_at", START_NS + 7 * SECOND_NS),
    ("ended_by", None),
)


def both_ways(rows: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """Which flows are copies: by arrays, and pair by pair."""
    flows = table(rows)
    ends = flow_ends(flows)
    asking = np.array([client == PROXY for client in one_array(flows.column("client_ip")).to_pylist()])
    found = copies_of(flows, ends, flat_requests(flows), captured_of(flows), hello_codes(flows), asking).tolist()
    plain = PairByPair(flows, {PROXY}).copies()
    return found, turned(turned(plain, flows.column("client_ip").to_pylist()), flows.column("server_ip").to_pylist())


def turned(copy: list[int], addresses: list[str]) -> list[int]:
    """The same where the first has an address that is more often the copy's."""
    pairs = [(copy[row], row) for row in range(len(copy)) if copy[row] >= 0 and copy.count(copy[row]) == 1]
    pairs = [(one, other) for one, other in pairs if addresses[one] != addresses[other]]
    before, behind = [addresses[one] for one, _ in pairs], [addresses[other] for _, other in pairs]
    for one, other in pairs:
        if behind.count(addresses[one]) > before.count(addresses[one]):
            copy[one], copy[other] = other, -1
    return copy


@pytest.mark.parametrize("seed", range(60))
def test_all_pairs_at_a_time_are_judged_as_each_by_itself(seed: int) -> None:
    rng = random.Random(seed)
    rows = [row for _ in range(12) for row in sides(rng)]
    rng.shuffle(rows)
    found, plain = both_ways(rows)
    assert found == plain


def test_what_is_made_at_random_has_copies_of_every_kind() -> None:
    rng = random.Random(0)
    rows = [row for _ in range(150) for row in sides(rng)]
    found, plain = both_ways(rows)
    assert found == plain
    assert sum(row >= 0 for row in found) > 20


def test_the_first_pair_of_a_row_counts() -> None:
    assert pairs_to_firsts((0, 1), (2, 1), (1, 3), n=4) == [-1, 0, -1, 0]
    assert pairs_to_firsts(n=2) == [-1, -1]


def test_a_pair_that_would_close_a_circle_doesnt_count() -> None:
    assert pairs_to_firsts((0, 1), (1, 0), n=2) == [-1, 0]
    assert pairs_to_firsts((0, 1), (1, 2), (2, 0), (3, 0), n=4) == [3, 3, 3, -1]


def test_a_long_chain_has_one_first() -> None:
    n = 1000
    assert pairs_to_firsts(*((row, row + 1) for row in range(n - 1)), n=n) == [-1, *[0] * (n - 1)]
    assert pairs_to_firsts(*((row, (row + 1) % n) for row in range(n)), n=n) == [-1, *[0] * (n - 1)]


@pytest.mark.parametrize("seed", range(20))
def test_firsts_are_those_that_pairs_one_after_the_other_give(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.choice((3, 8, 40))
    pairs = [(one, other) for one, other in ((rng.randrange(n), rng.randrange(n)) for _ in range(n)) if one != other]
    firsts = [-1] * n
    for one, other in pairs:
        if firsts[other] < 0 and firsts[one] != other:
            begin = one if firsts[one] < 0 else firsts[one]
            firsts = [begin if row == other or first == other else first for row, first in enumerate(firsts)]
    assert pairs_to_firsts(*pairs, n=n) == firsts


def pairs_to_firsts(*pairs: tuple[int, int], n: int) -> list[int]:
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    firsts: list[int] = firsts_of(first, second, n).tolist()
    return firsts
