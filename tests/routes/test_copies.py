"""One connection on both sides of a translation is one; what only looks alike is two."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest

from analyzer.reading import read
from analyzer.routes import one_connection
from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap, server_hello
from tests.steps import steps_of
from tests.verdict.rows import CATALOGUE, PROX01, SECOND_NS, START_NS, asked, flow, request, routed, table, tunnel

PUBLIC = "198.51.100.7"
HELLO: dict[str, Any] = {
    "client_random": "ab" * 32,
    "client_hello_digest": "12" * 8,
    "client_hello_at": START_NS + SECOND_NS // 100,
    "sni": "a.example",
}
NUMBERS: dict[str, Any] = {"isn_out": 3_000_000_000, "isn_in": 1_234_567_890}
OTHERS: dict[str, Any] = {"isn_out": 77_000_000, "isn_in": 99_000_000}
LATER = 100_000
"""How much later the other side of a translation sees a packet, in ns."""


def inside(**columns: Any) -> dict[str, Any]:
    return flow(**({"first_seen": START_NS} | NUMBERS | columns))


def outside(**columns: Any) -> dict[str, Any]:
    return inside(**({"client_ip": PUBLIC, "first_seen": START_NS + LATER} | columns))


def copies(*rows: dict[str, Any]) -> list[int | None]:
    """For each row the place of the one that it is the copy of."""
    found = routed(*rows)
    places = {row["id"]: i for i, row in enumerate(found)}
    return [None if row["same_as"] is None else places[row["same_as"]] for row in found]


def test_the_same_numbers_of_both_ends_are_one_connection() -> None:
    assert copies(inside(), outside()) == [None, 0]
    assert copies(inside(), outside(**OTHERS)) == [None, None]


def test_the_one_seen_first_counts_whatever_the_order_of_rows() -> None:
    assert copies(outside(), inside()) == [1, None]


def test_at_the_same_moment_the_private_side_is_the_clients() -> None:
    assert copies(outside(first_seen=START_NS, client_ip="8.8.4.4"), inside()) == [1, None]


def test_addresses_are_looked_at_once_where_times_dont_tell_and_not_for_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def noted(address: str) -> IPv4Address | IPv6Address:
        looked.append(address)
        return ip_address(address)

    monkeypatch.setattr(one_connection, "ip_address", noted)
    numbers = [{"isn_out": 3_000_000_000 + n, "client_port": 50_000 + n} for n in range(20)]
    expected = [None if n % 2 == 0 else n - 1 for n in range(40)]
    assert copies(*(make(**number) for number in numbers for make in (inside, outside))) == expected
    assert looked == []
    assert copies(*(make(**number, first_seen=START_NS) for number in numbers for make in (inside, outside))) == expected
    assert len(looked) == len(set(looked)) == 2


def test_ten_times_as_many_pairs_take_no_more_steps_in_python() -> None:
    """Arrays handle all pairs at once: a check for each pair by itself would take as many steps as there are pairs."""

    def steps(pairs: int, columns: dict[str, Any]) -> int:
        numbers = [{"isn_out": 3_000_000_000 + n, "client_port": 50_000 + n} for n in range(pairs)]
        flows = table([make(**columns, **number) for number in numbers for make in (inside, outside)])
        found, taken = steps_of(lambda: route_flows(flows, Topology()))
        assert found["same_as"].null_count == pairs
        return taken

    plain: dict[str, Any] = {"http_path": "/a.crl", "http_host": "crl.example"}
    for columns in ({}, {"first_seen": START_NS}, plain | {"isn_in": None}):
        few = steps(30, columns)
        assert steps(300, columns) < few + 30


@pytest.mark.parametrize("lost", ["isn_out", "isn_in"])
def test_one_syn_that_wasnt_captured_is_told_by_the_other(lost: str) -> None:
    assert copies(inside(**HELLO), outside(**HELLO, **{lost: None})) == [None, 0]
    other: dict[str, Any] = {"isn_out": 5_555_555, "isn_in": 6_666_666, lost: None, "packets_out": 9}
    assert copies(inside(**HELLO), outside(**HELLO | other)) == [None, None]


def test_what_wasnt_captured_on_one_side_makes_no_other_connection() -> None:
    assert copies(inside(bytes_in=4000), outside(bytes_in=3000, acked_in=4000)) == [None, 0]
    whole = asked(PROX01, request("connect", "a.example", 200), first_seen=START_NS, bytes_out=900, **NUMBERS)
    lacking = outside(server_ip=whole["server_ip"], server_port=whole["server_port"], bytes_out=700, bytes_in=whole["bytes_in"])
    assert copies(whole, lacking) == [None, None]
    assert copies(whole, lacking | {"acked_out": 900}) == [None, 0]


def test_a_chain_points_to_its_first() -> None:
    third = outside(client_ip="203.0.113.9", server_ip="192.0.2.80", first_seen=START_NS + 2 * LATER)
    assert copies(inside(), outside(), third) == [None, 0, 0]


def test_a_balancers_address_and_the_server_behind_it() -> None:
    assert copies(inside(), inside(server_ip="192.0.2.80", first_seen=START_NS + LATER)) == [None, 0]


def test_a_balancer_that_answers_by_itself_moves_the_servers_numbers() -> None:
    behind = {"server_ip": "192.0.2.80", "first_seen": START_NS + LATER, "isn_in": 5_000_000}
    assert copies(inside(**HELLO), inside(**HELLO, **behind)) == [None, 0]
    assert copies(inside(), inside(**behind)) == [None, None]


@pytest.mark.parametrize(
    "columns",
    [
        {"first_seen": START_NS + 10 * SECOND_NS},  # not at the same time
        {"client_ip": "172.16.11.92"},  # the same addresses: no translation
        {"client_random": "cd" * 32},
        {"http_path": "/other", "http_host": "b"},
        {"bytes_in": 4999},  # nothing is said that could be compared but how much it was
        {"protocol": "udp"},
        {"isn_in": None},
    ],
)
def test_what_contradicts(columns: dict[str, Any]) -> None:
    one = inside(**(HELLO if "client_random" in columns else {}), http_path="/", http_host="a")
    assert (
        copies(one, outside(**({**HELLO, "http_path": "/", "http_host": "a"} if "client_random" in columns else {}) | columns))
        == [None] * 2
    )


def test_numbers_that_a_tool_chose_prove_nothing_by_themselves() -> None:
    small = {"isn_out": 1000, "isn_in": 2000}
    assert copies(inside(**small), outside(**small)) == [None, None]
    assert copies(inside(**small, **HELLO), outside(**small, **HELLO)) == [None, 0]


def test_what_agrees_everywhere_is_a_tools() -> None:
    rows = [inside(client_ip=f"10.0.0.{i}", first_seen=START_NS + i) for i in range(9)]
    assert copies(*rows) == [None] * 9
    assert copies(*rows[:8]) == [None, *[0] * 7]


def test_one_syn_that_nobody_answered_from_two_clients() -> None:
    silent = {"isn_in": None, "bytes_out": 0, "bytes_in": 0, "packets_in": 0, "state": "no-answer"}
    assert copies(inside(**silent), outside(**silent)) == [None, 0]
    # A scanner sends one number to all; two clients within a second don't happen on one number.
    assert copies(inside(**silent), inside(**silent, server_ip="192.0.2.1")) == [None, None]
    assert copies(inside(**silent), outside(**silent, first_seen=START_NS + 2 * SECOND_NS)) == [None, None]


def ask(**columns: Any) -> dict[str, Any]:
    return tunnel(PROX01, "a.example", first_seen=START_NS, **(NUMBERS | HELLO | columns))


def test_the_same_connect_with_the_same_hello_is_one_under_other_numbers_too() -> None:
    behind = ask(client_ip="10.9.9.9", server_ip="10.9.9.10", **OTHERS) | {"first_seen": START_NS + LATER}
    assert copies(ask(), behind) == [None, 0]
    assert copies(ask(), behind | {"user_agent": "squid"}) == [None, None]
    other = asked("10.9.9.10:3128", request("connect", "b.example", 200), **OTHERS, **HELLO, first_seen=START_NS + LATER)
    assert copies(ask(), other) == [None, None]


def test_a_proxy_and_its_parent_are_no_copy() -> None:
    parent = ask(client_ip="172.16.12.10", server_ip="172.16.12.11", **OTHERS) | {"first_seen": START_NS + LATER}
    rows = routed(ask(), parent)
    assert [(row["route"], row["same_as"]) for row in rows] == [("proxy", None), ("upstream", None)]


def test_a_tunnels_origin_leg_is_no_copy_of_it() -> None:
    assert copies(ask(), outside(**HELLO, **OTHERS)) == [None, None]


def test_origin_legs_are_paired_with_the_flow_that_counts() -> None:
    behind = ask(server_ip="172.16.12.20") | {"first_seen": START_NS + LATER}
    origin = outside(client_ip="172.16.12.20", **HELLO, **OTHERS)
    rows = routed(ask(), behind, origin)
    assert [row["same_as"] for row in rows] == [None, rows[0]["id"], None]
    assert rows[2]["pair"] == rows[0]["id"]


def test_numbers_moved_by_a_constant_show_in_lockstep() -> None:
    paced: dict[str, Any] = HELLO | {"ended_at": START_NS + SECOND_NS, "last_seen": START_NS + SECOND_NS}
    late = {"first_seen", "client_hello_at", "ended_at", "last_seen"}
    one = inside(**paced)
    other = outside(**{name: value + LATER if name in late else value for name, value in paced.items()}, **OTHERS)
    assert copies(one, other) == [None, 0]
    assert copies(one, other | {"packets_in": 9}) == [None, None]
    assert copies(one, other | {"bytes_in": 5001}) == [None, None]
    assert copies(one, other | {"ended_at": START_NS + SECOND_NS + 4 * LATER}) == [None, None]
    handed_on = other | {"first_seen": START_NS + SECOND_NS // 100, "client_hello_at": START_NS + SECOND_NS // 50}
    assert copies(one, handed_on) == [None, None]


def test_without_times_nothing_is_a_copy() -> None:
    timeless = {"first_seen": None, "last_seen": None}
    assert copies(inside() | timeless, outside() | timeless) == [None, None]


def captured(tmp_path: Path, *ends: tuple[tuple[str, int], tuple[str, int]]) -> list[dict[str, Any]]:
    """The flow table of one tunnel, captured between each of these ends, a tenth of a millisecond apart."""
    frames = []
    for i, (client, server) in enumerate(ends):
        talk = Conversation(client=client, server=server, start_ns=START_NS + i * LATER)
        talk.handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED)
        talk.send_client(client_hello("a.example")).send_server(server_hello()).send_client(b"\x17\x03\x03\x00\x02ab").close()
        frames += talk.frames
    path = tmp_path / "both.pcap"
    path.write_bytes(pcap(sorted(frames, key=lambda frame: frame[0])))
    flows = read([str(path)], topology=Topology(), catalogue=CATALOGUE).flows
    rows: list[dict[str, Any]] = flows.to_pylist()
    return rows


def test_from_packets(tmp_path: Path) -> None:
    client, nat, proxy, real = ("10.0.0.9", 50000), (PUBLIC, 61000), ("192.0.2.10", 3128), ("192.0.2.11", 3128)
    rows = captured(tmp_path, (client, proxy), (nat, proxy), (nat, real))
    assert [row["same_as"] for row in rows] == [None, rows[0]["id"], rows[0]["id"]]
    assert rows[0]["client_ip"] == "10.0.0.9"
    assert {row["route"] for row in rows} == {"proxy"}


def test_a_translator_is_behind_whatever_a_clock_says() -> None:
    """Of three connections through it the copy of one seems to come first."""
    rows = []
    for number in range(3):
        numbers = {"isn_out": 3_000_000_000 + number, "isn_in": 1_000_000_000 + number, "client_port": 50_000 + number}
        early = {"first_seen": START_NS - LATER} if number == 1 else {}
        rows += [inside(**numbers), outside(**numbers, **early)]
    assert copies(*rows) == [None, 0, None, 2, None, 4]
    assert copies(*rows[2:4]) == [1, None]  # with this one alone nothing shows it better


@pytest.mark.parametrize("way", ["in", "out"])
def test_of_one_direction_its_syn_and_how_much_was_sent_tell(way: str) -> None:
    other = "out" if way == "in" else "in"
    half = {f"packets_{other}": 0, f"bytes_{other}": 0, f"isn_{other}": None}
    # What the server sends comes by the outer side first.
    assert copies(inside(**half), outside(**half)) == ([None, 0] if way == "out" else [1, None])
    for differs in ({f"bytes_{way}": 7}, {f"packets_{way}": 7}, {f"isn_{way}": 5_000_000}, {"first_seen": START_NS + 2 * SECOND_NS}):
        assert copies(inside(**half), outside(**half | differs)) == [None, None]
    small = {f"isn_{way}": 1000}
    assert copies(inside(**half | small), outside(**half | small)) == [None, None]
    assert copies(inside(**half), outside(**half, server_port=8443)) == [None, None]


@pytest.mark.parametrize("lost", ["isn_out", "isn_in"])
def test_a_lost_syn_of_a_plain_request_is_told_by_its_answer_and_by_what_was_asked(lost: str) -> None:
    plain = {"http_path": "/a.crl", "http_host": "crl.example"}
    assert copies(inside(**plain, **{lost: None}), outside(**plain)) == [None, 0]
    assert copies(inside(**plain), outside(**plain, **{lost: None})) == [None, 0]
    assert copies(inside(**plain, **{lost: None}), outside(**plain | {"http_path": "/b.crl"})) == [None, None]
    assert copies(inside(**{lost: None}, bytes_out=3), outside()) == [None, None]


def test_whose_syn_was_lost_is_seen_late_and_is_the_first_all_the_same() -> None:
    """Its first packet is the answer, captured at the outer side before; the hellos show the direction, or else the addresses."""
    plain = {"http_path": "/a.crl", "http_host": "crl.example"}
    late = {"isn_out": None, "first_seen": START_NS + 2 * LATER}
    assert copies(inside(**plain, **late), outside(**plain, client_ip="8.8.4.4")) == [None, 0]
    hello = HELLO | {"client_hello_at": START_NS + 9 * LATER}
    assert copies(inside(**HELLO | {"client_hello_at": START_NS + 8 * LATER}, **late), outside(**hello)) == [None, 0]


@pytest.mark.parametrize("lost", ["isn_out", "isn_in"])
def test_where_packets_are_missing_one_random_number_at_the_same_end_is_enough(lost: str) -> None:
    """The request and the hello that would agree were lost on one side, and each SYN or SYN-ACK too."""
    front = inside(client_port=50_000, **{lost: None}, acked_in=99_999)
    behind = inside(client_port=50_000, **{lost: None}, server_ip="192.0.2.80", first_seen=START_NS + LATER)
    assert copies(front, behind) == [None, 0]
    assert copies(front | {"acked_in": 0}, behind) == [None, None]  # nothing is missing: what could agree doesn't
    assert copies(front, behind | {"client_port": 50_001}) == [None, None]
    small = {"isn_out": 1000, "isn_in": 1000} | {lost: None}
    assert copies(front | small, behind | small) == [None, None]


def test_the_server_behind_a_balancer_is_behind_whatever_was_lost() -> None:
    """Of three connections through it the first packets of one are missing before the balancer."""
    rows = []
    for number in range(3):
        numbers = {"isn_out": 3_000_000_000 + number, "isn_in": 1_000_000_000 + number, "client_port": 50_000 + number}
        late = {"first_seen": START_NS + 2 * LATER} if number == 1 else {}
        rows += [inside(**numbers, **late), inside(**numbers, server_ip="192.0.2.80", first_seen=START_NS + LATER)]
    assert copies(*rows) == [None, 0, None, 2, None, 4]
    assert copies(*rows[2:4]) == [1, None]
