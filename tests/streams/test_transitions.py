"""The table of a stream's states: nothing is missing from it, nothing can't be reached, and what is read keeps to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from analyzer.flows.layout import N_MESSAGES, REGION, REGIONS
from analyzer.flows.messages import REGION_ROW
from analyzer.packets.layout import ACK
from analyzer.readers import states
from analyzer.readers.states import DONE, FOUND_NOTHING, HEAD, SCAN, START
from analyzer.streams import transitions
from analyzer.streams.transitions import EXPECTED, NEXT
from docs import streams
from tests.build import ESTABLISHED, client_hello, connect, get, head, records, server_hello, socks4, socks5, socks5_greeting
from tests.conftest import ROOT
from tests.streams.harness import SERVER, Segment, Stage, client, server
from tests.streams.test_attempts import DNS, STREAMS

FOUND = {value: name for name, value in vars(states).items() if name.startswith("FOUND_")}
STATES = {state: name for state, (name, _) in streams.STATES.items()}
HELLO = client_hello("inner.example")
TLS_ALERT = b"\x15\3\3\0\2\2\x30"
HIDDEN = records(bytes(range(60)), kind=23, version=0x0303)
# What is found by what comes before or behind it, and leaves no region of its own.
WITHOUT_REGION = {states.FOUND_NOTHING, states.FOUND_GAP, states.FOUND_NO_PREFACE, states.FOUND_CHUNKED_BODY, states.FOUND_BODY_TO_CLOSE}


def test_each_thing_that_can_be_found_has_its_place_in_the_table() -> None:
    source = Path(str(transitions.__file__)).read_text(encoding="utf-8")
    rows = re.findall(r"^    (\w+),  # (FOUND_\w+)$", source, re.M)
    assert [name for _, name in rows] == [FOUND[i] for i in range(len(FOUND))]
    assert tuple(getattr(states, state) for state, _ in rows) == NEXT


def test_each_thing_is_expected_somewhere() -> None:
    assert set(STATES) == set(EXPECTED)
    assert {found for expected in EXPECTED.values() for found in expected} == set(FOUND)
    assert set(NEXT) | {START} == set(EXPECTED)


def test_each_state_is_reached_and_left() -> None:
    reached = {START}
    while more := {NEXT[found] for state in reached for found in EXPECTED[state]} - reached:
        reached |= more
    assert reached == set(EXPECTED)
    for state, expected in EXPECTED.items():
        assert state == DONE or {NEXT[found] for found in expected} - {state}, STATES[state]
    assert EXPECTED[DONE] == ()


def test_from_each_state_what_can_be_read_no_more_is_left_alone_or_looked_through() -> None:
    """Whatever is damaged ends in SCAN, from where a head is found again, or in DONE."""
    assert NEXT[FOUND_NOTHING] == SCAN
    assert all(FOUND_NOTHING in expected for state, expected in EXPECTED.items() if state not in (DONE, states.CERTIFICATE))


def seen(stage: Stage) -> set[tuple[int, int]]:
    """(state, what was found in it) of everything that was read."""
    rows = stage.tables.messages[: int(stage.tables.counts[N_MESSAGES])]
    pairs = set()
    for row in rows[rows["kind"] == REGION].view(REGION_ROW):
        state, found, behind = int(row["state"]), int(row["found"]), int(row["behind"])
        assert behind == NEXT[found] or (states.FOUND_CONNECT <= found <= states.FOUND_ANSWER and behind in (states.CHUNK, SCAN))
        # A head at the beginning of a stream is read at once when nothing stands before it.
        pairs.add((HEAD if state == START and found not in EXPECTED[START] else state, found))
    return pairs


def read(segments: Iterable[Segment], **options: Any) -> set[tuple[int, int]]:
    stage = Stage(**options)
    stage.tables.counts[REGIONS] = 1
    stage.add(segments)
    stage.finish()
    return seen(stage)


GRANTED = b"\5\0\0\1" + bytes(6)
TALKS = [
    [client(socks5_greeting()), server(b"\5\2"), client(b"\1\2me\2pw"), server(b"\1\0"), client(socks5("a.example", 1)), server(GRANTED)],
    [client(socks4("a.example", 443)), server(b"\0\x5a" + bytes(6)), client(HELLO)],
    [
        client(connect("a.example:443")),
        server(head("HTTP/1.1 103 Early") + ESTABLISHED),
        client(HELLO),
        server(server_hello()),
        client(TLS_ALERT),
    ],
    [client(HELLO), client(b"\x14\3\3\0\1\1"), client(HIDDEN)],
    [client(HELLO), client(b"no record")],
    [client(head("HEAD / HTTP/1.1", "Host: a.example")), client(b"\x14\3\3\0\1\1")],
    [client(get("/")), server(TLS_ALERT)],
    [client(get("/")), server(b"\x15\3\3\0\2\1\x70"), server(server_hello())],
    [client(get("/")), client(HIDDEN)],
]
TDS = [client(b"\x12\1" + bytes((0, 8 + len(HELLO))) + bytes(4) + HELLO, at=40, flags=ACK)]


def test_what_is_read_keeps_to_the_table_and_all_of_the_table_is_read() -> None:
    found = {pair for talk in TALKS for pair in read(talk)} | read(TDS)
    for side, data, options in STREAMS.values():
        found |= read([Segment(side, data)], **options)
    found |= read([Segment(SERVER, DNS)], port=53)
    expected = {(state, one) for state in EXPECTED for one in EXPECTED[state] if one not in WITHOUT_REGION}
    expected.discard((SCAN, states.FOUND_ENCRYPTED))
    named = [{(STATES[state], FOUND[one]) for state, one in pairs} for pairs in (found - expected, expected - found)]
    assert named == [set(), set()]


@pytest.mark.parametrize("room", ["readers", "streams"])
def test_only_the_table_changes_what_a_stream_expects(room: str) -> None:
    for path in sorted((ROOT / "analyzer" / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in ("state", "asked_socks"):
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                assert path.stem == "transitions" or owner == "region", f"{path.name}, line {node.lineno}"
