"""Flow rows beside Wireshark's conversations: every kind of difference is found, and none is made up."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.second_opinion.compare import BESIDE_A_GAP, NAMES, compare, same, unseen_by_wireshark, with_second_look


def row(**more: Any) -> dict[str, Any]:
    names = dict.fromkeys(NAMES) | {"request": "connect", "requested_host": "a.example", "sni": "a.example"}
    ends = {"client_ip": "172.16.11.92", "client_port": 50_000, "server_ip": "172.16.12.10", "server_port": 3128}
    return {"id": "f1", "protocol": "tcp", **ends, "first_seen": 100, "last_seen": 200, "packets_out": 5, "packets_in": 4, **names, **more}


def talk(**more: Any) -> dict[str, Any]:
    facts = {"request": ["connect", [4]], "requested_host": ["a.example", [4]], "sni": ["a.example", [8]]}
    return {
        "protocol": "tcp",
        "stream": 7,
        "ends": [["172.16.11.92", 50_000], ["172.16.12.10", 3128]],
        "opener": 0,
        "opener_frame": 1,
        "first_ns": 100,
        "last_ns": 200,
        "frames": [1, 12],
        "packets": [5, 4],
        "copies": [0, 0],
        "facts": facts,
        **more,
    }


def differing(rows: list[dict[str, Any]], talks: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    return [(line.fact, line.ours, line.theirs) for opinion in compare(rows, talks, "x") for line in opinion.differences]


def test_what_is_the_same_differs_nowhere() -> None:
    (opinion,) = compare([row()], [talk()], "x")
    assert opinion.differences == [] and opinion.filter == "tcp.stream eq 7"
    assert {line.fact: line.frames for line in opinion.lines}["sni"] == [8]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_compared(name: str) -> None:
    assert differing([row(**{name: "planted"})], [talk()]) == [(name, "planted", talk()["facts"].get(name, [None])[0])]
    facts = talk()["facts"] | {name: ["other", [9]]}
    assert differing([row()], [talk(facts=facts)]) == [(name, row()[name], "other")]


def test_ends_counts_and_who_opened_it_are_compared() -> None:
    assert differing([row(packets_out=6)], [talk()]) == [("packets_out", 6, 5)]
    assert differing([row()], [talk(packets=[5, 5])]) == [("packets_in", 4, 5)]
    assert differing([row()], [talk(packets=[6, 4], copies=[1, 0])]) == []
    assert differing([row()], [talk(opener=1)]) == [("client", "172.16.11.92:50000", "172.16.12.10:3128")]
    assert differing([row()], [talk(opener=None)]) == []


def test_the_server_may_have_been_seen_first() -> None:
    turned = talk(ends=list(reversed(talk()["ends"])), opener=1, packets=[4, 5])
    assert differing([row()], [turned]) == []


def test_conversations_that_only_one_has() -> None:
    ends = "172.16.11.92:50000 > 172.16.12.10:3128"
    assert differing([row()], []) == [("conversation", ends, None)]
    assert differing([], [talk()]) == [("conversation", None, ends)]
    (ours,) = compare([row()], [], "x")
    assert ours.filter == "ip.addr eq 172.16.11.92 and tcp.port eq 50000 and ip.addr eq 172.16.12.10 and tcp.port eq 3128"


def test_the_same_ends_again_are_paired_by_time() -> None:
    late = {"first_seen": 300, "last_seen": 400, "id": "f2", "sni": "b.example"}
    later = talk(stream=9, first_ns=300, last_ns=400, facts=talk()["facts"] | {"sni": ["b.example", [20]]})
    assert differing([row(), row(**late)], [later, talk()]) == []
    assert differing([row(**late)], [talk(), later]) == [("conversation", None, "172.16.11.92:50000 > 172.16.12.10:3128")]
    without = [talk(first_ns=None), talk(stream=8, first_ns=None)]
    assert differing([row(first_seen=None), row(first_seen=None)], without) == []


def test_ipv6_has_one_spelling() -> None:
    six = {"client_ip": "::ffff:c000:201", "server_ip": "2001:db8::1"}
    ends = [["::ffff:192.0.2.1", 50_000], ["2001:db8:0:0::1", 3128]]
    assert differing([row(**six)], [talk(ends=ends)]) == []
    (alone,) = compare([row(**six)], [], "x")
    assert alone.client == "[::ffff:c000:201]:50000" and "ipv6.addr eq 2001:db8::1" in alone.filter


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        ("a\\xffb", "a\ufffdb", True),
        ("a\\xffb", "a\\xFFb", True),
        ("a\\xffb", "ab", True),
        ("a\\xffb", "axb", False),
        ("a.example", "A.example", False),
        ("2001:db8::1", "2001:db8:0::1", True),
        ("nonsense:", "non:sense", False),
        (443, "443", False),
    ],
)
def test_when_two_values_are_the_same(ours: Any, theirs: Any, equal: bool) -> None:
    assert same("requested_host", ours, theirs) is equal


def test_the_second_look_only_fills_what_was_missing() -> None:
    (opinion,) = compare([row()], [talk(facts={})], "x")
    assert unseen_by_wireshark(opinion)
    again = talk(facts={"sni": ["a.example", [8]], "request": ["connect", [4]]})
    filled = with_second_look(talk(facts={"request": ["socks5", [4]]}), again)
    assert filled["facts"]["request"] == ["socks5", [4]]
    (seen,) = compare([row(request="socks5", requested_host=None)], [filled], "x")
    assert seen.differences == [] and [line.note for line in seen.lines if line.fact == "sni"] == [BESIDE_A_GAP]
    assert with_second_look(talk(), None) == talk()
