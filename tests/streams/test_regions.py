"""The regions of everything read are kept only where they are requested (tests/slices/test_regions.py tests their use)."""

from __future__ import annotations

import pytest

from analyzer.flows.layout import N_MESSAGES, REGION, REGION_PAC, REGIONS
from analyzer.readers.states import AFTER_HELLO, CHUNK, HEAD, SCAN, START
from tests.build import client_hello, connect, get
from tests.streams.harness import Segment, Stage, client, server

HELLO = client_hello("a.example")
CONNECT = connect("a.example:443")


def regions(segments: list[Segment], *, asked: bool = True) -> list[tuple[int, int, int, int, int]]:
    """(side, bytes, state before, state behind, shape) of each, in the order of reading."""
    stage = Stage()
    stage.tables.counts[REGIONS] = asked
    stage.add(segments)
    stage.finish()
    found = stage.tables.messages[: int(stage.tables.counts[N_MESSAGES])]
    found = found[found["kind"] == REGION]
    return [(int(m["side"]), int(m["end"]) - int(m["seq"]), int(m["code"]), int(m["port"]), int(m["shape"])) for m in found]


def test_nobody_asked() -> None:
    assert regions([client(CONNECT + HELLO)], asked=False) == []


def test_each_thing_with_the_states_around_it() -> None:
    assert regions([client(CONNECT + HELLO)]) == [(0, len(CONNECT), START, HEAD, 0), (0, len(HELLO), HEAD, AFTER_HELLO, 0)]


def test_a_body_belongs_to_its_head_as_far_as_it_is_there() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert regions([client(get("/")), server(answer + b"four")])[1] == (1, len(answer) + 4, START, HEAD, 0)


@pytest.mark.parametrize(("field", "behind"), [(b"", SCAN), (b"Transfer-Encoding: chunked\r\n", CHUNK)])
def test_a_pac_file_of_unknown_length_is_all_that_is_there(field: bytes, behind: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n" + field + b"\r\n"
    # It was read when nothing more came: that no SOCKS begins here was seen before.
    text = b"26\r\nfunction FindProxyForURL(u, h) {return;}\r\n"
    assert regions([client(get("/")), server(head + text)])[1] == (1, len(head + text), HEAD, behind, REGION_PAC)


def test_what_is_no_message_is_no_region() -> None:
    assert regions([client(b"\x00\x01\x02")]) == []
