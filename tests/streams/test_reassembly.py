"""Streams in any order, with repetitions, overlaps, gaps and wrapped numbers: read as if all had come at once."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.layout import ARENA_LIVE, ARENA_USED, N_MESSAGES
from analyzer.packets.layout import ACK, SYN
from analyzer.readers.states import AFTER_HELLO, SCAN, SCAN_WAIT_BYTES, WAIT_BYTES
from tests.build import (
    ESTABLISHED,
    absolute_get,
    connect,
    head,
)
from tests.conftest import ROOT
from tests.flows.packet_rows import small_tables
from tests.streams.harness import (
    CLIENT,
    SERVER,
    Segment,
    Stage,
    client,
    cut,
    names,
    one_by_one,
    read,
    server,
    summary,
    untimed,
)
from tests.streams.tunnel import ASKED, HELLO, STREAM, TLS12, TUNNEL


@pytest.mark.parametrize("isn", [0, 1000, 2**31 - 100, 2**32 - 1, 2**32 - 20, 2**32 - len(ASKED) - 2, 2**32 - 1000])
@pytest.mark.parametrize("swapped", [False, True])
def test_sequence_numbers_wrap(isn: int, swapped: bool) -> None:
    pieces = cut(client(STREAM), *range(50, len(STREAM), 50))
    for order in (pieces, pieces[::-1]):
        found = one_by_one([*order[:5], server(ESTABLISHED, 0), *order[5:], server(TLS12)], isns=(isn, isn ^ 7), swapped=swapped)
        asked = [m for m in found if m.side == CLIENT]
        assert summary(asked) == TUNNEL
        assert [(m.at, m.end) for m in asked] == [(0, len(ASKED)), (len(ASKED), len(STREAM))]
        assert [m.kind for m in found if m.side == SERVER] == ["answer", "server_hello", "issuer"]


@st.composite
def arrivals(draw: st.DrawFn) -> list[Segment]:
    """The stream in pieces that overlap and repeat, in any order; together they cover it."""
    edges = sorted({0, len(STREAM), *draw(st.sets(st.integers(1, len(STREAM) - 1), max_size=8))})
    pieces = list(itertools.pairwise(edges))
    spans = st.tuples(st.integers(0, len(STREAM) - 1), st.integers(1, 700)).map(lambda span: (span[0], min(sum(span), len(STREAM))))
    pieces += draw(st.lists(spans, max_size=6))
    return [client(STREAM[a:b], a) for a, b in draw(st.permutations(pieces))]


@given(arrivals(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_arrival_gives_the_same(segments: list[Segment], separately: bool) -> None:
    stage = Stage()
    for block in [[segment] for segment in segments] if separately else [segments]:
        stage.feed(block)
    assert untimed(stage.messages()) == untimed(read([client(STREAM)]))
    assert stage.side(CLIENT)["state"] == AFTER_HELLO
    assert (stage.side(CLIENT)["waiting"], stage.side(CLIENT)["waiting_bytes"], stage.tables.counts[ARENA_LIVE]) == (-1, 0, 0)


def test_the_last_gap_may_be_closed_a_byte_at_a_time() -> None:
    """However much waits behind it, and however small the piece that closes it is."""
    stage = Stage()
    ahead = [client(STREAM[5:], 5), *(client(STREAM[2:704], 2) for _ in range(6))]
    for segment in (*ahead, client(STREAM[:1], 0), client(STREAM[1:2], 1)):
        stage.feed([segment])
    assert untimed(stage.messages()) == untimed(read([client(STREAM)]))


def test_a_small_piece_that_closes_the_gap_is_read_with_it() -> None:
    """More than 4 KiB wait, twice and thrice, and the last byte that lacks comes in a piece of its own, behind others of no use."""
    stage = Stage()
    for a, b in [(1, 703), *[(700, len(STREAM))] * 4, (703, len(STREAM)), (699, 701), (702, 704)]:
        stage.feed([client(STREAM[a:b], a)])
    stage.feed([client(STREAM[:1], 0)])
    assert untimed(stage.messages()) == untimed(read([client(STREAM)]))
    for last in (len(STREAM) - 1, len(STREAM) - 40, len(ASKED) + 3):
        late = Stage()
        late.feed([*(client(STREAM[5:last], 5) for _ in range(8)), client(STREAM[:5], 0)])
        late.feed([client(STREAM[last : last + 1], last)])
        late.feed([client(STREAM[last + 1 :], last + 1)])
        assert untimed(late.messages()) == untimed(read([client(STREAM)])), last


@given(st.permutations(range(10)))
@settings(max_examples=40, deadline=None)
def test_a_server_in_any_order(order: list[int]) -> None:
    stream = ESTABLISHED + TLS12
    edges = np.linspace(0, len(stream), 11).astype(int).tolist()
    pieces = cut(server(stream), *edges[1:-1])
    found = one_by_one([client(ASKED), *(pieces[i] for i in order)])
    assert [m.kind for m in found] == ["connect", "answer", "server_hello", "issuer"]


def test_the_first_copy_of_a_byte_counts() -> None:
    false = STREAM.replace(b"name.example", b"evil.example")
    assert names(read([client(STREAM[:30], 0), client(false, 0)]))[0] == b"name.example"


def test_of_overlapping_bytes_that_wait_the_earlier_beginning_counts() -> None:
    false = STREAM.replace(b"name.example", b"evil.example")
    assert names(read([client(false[5:30], 5), client(STREAM[:40], 0), client(STREAM[40:], 40)]))[0] == b"name.example"


def test_times_are_of_the_packet_that_began_the_message() -> None:
    found = read([client(ASKED[:9], ts_ns=5), client(ASKED[9:], ts_ns=7), server(ESTABLISHED, ts_ns=8), client(HELLO, ts_ns=9)])
    assert [m.ts_ns for m in found] == [5, 8, 9]


def test_data_in_a_syn() -> None:
    """TCP Fast Open (RFC 7413)."""
    stage = Stage(syn=False)
    stage.feed([Segment(CLIENT, STREAM[:300], -1, SYN), Segment(SERVER, b"", -1, SYN | ACK), client(STREAM[300:], 300)])
    assert summary(stage.messages()) == TUNNEL


@pytest.mark.parametrize(
    "missing",
    [
        (5, 9),
        (0, 4),
        (len(ASKED) - 3, len(ASKED)),
        (0, len(ASKED)),
    ],
)
def test_names_behind_a_gap_are_found_at_the_end(missing: tuple[int, int]) -> None:
    """What was asked is lost with the missing bytes; a hello in a packet of its own is not."""
    first, last = missing
    stage = Stage()
    stage.feed([client(STREAM[:first], 0), client(STREAM[last : len(ASKED)], last), client(HELLO, len(ASKED))])
    assert b"inner.example" not in names(stage.messages())
    assert names(stage.finish())[-1] == b"inner.example"
    assert set(names(stage.messages())) <= {b"name.example", b"inner.example"}
    late = Stage()
    late.feed([client(STREAM[last:], last), client(STREAM[:last], 0)])
    assert summary(late.messages()) == TUNNEL


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_hello_in_any_order_behind_bytes_of_no_known_kind(order: tuple[int, ...]) -> None:
    """STARTTLS of a mail server: what comes before the hello is no head, and no part of the hello is lost for coming early."""
    asked = b"EHLO me\r\nSTARTTLS\r\n"
    before = [server(b"220 mail\r\n"), client(asked), server(b"250 STARTTLS\r\n220 go\r\n")]
    pieces = cut(client(HELLO, len(asked)), 300, 700, 1200)
    assert names(one_by_one([*before, *(pieces[i] for i in order)])) == [b"inner.example"]
    again = [client(asked[-5:] + HELLO[:400], len(asked) - 5), *pieces[1:]]  # repeated bytes together with new ones
    assert names(one_by_one([*before, *again])) == [b"inner.example"]


def test_a_small_head_behind_small_pieces_that_wait() -> None:
    """A keep-alive's one byte, or the end of a request whose beginning is lost, and then a request of a few bytes."""
    asked = connect("small.example:443")
    for lost in (b"\0", b"ple\r\n\r\n"):
        assert names(one_by_one([client(lost, 60), client(asked, 60 + len(lost))])) == [b"small.example"]


def test_a_gap_among_bytes_of_no_known_kind_is_given_up_sooner() -> None:
    """And a head behind it that isn't complete yet is read when it is."""
    stage = Stage()
    stage.feed([client(b"SSH-2.0-x\r\n", 0), client(b"\0" * SCAN_WAIT_BYTES, 100)])
    assert stage.side(CLIENT)["state"] == SCAN
    stage.feed([client(HELLO[:700])])
    assert stage.tables.counts[ARENA_LIVE] <= 700
    assert names(stage.feed([client(HELLO[700:])])) == [b"inner.example"]


def test_a_gap_is_given_up_when_too_much_waits() -> None:
    stage = Stage()
    stage.feed([client(b"\0" * 1000, 10)])
    for i in range(WAIT_BYTES // 1000):
        stage.feed([client(b"\0" * 1000, 1010 + 1000 * i)])
    assert stage.side(CLIENT)["state"] == SCAN
    assert stage.tables.counts[ARENA_LIVE] == 0
    assert names(stage.feed([client(ASKED), client(HELLO)])) == [b"name.example", b"inner.example"]


@pytest.mark.parametrize("ahead", [WAIT_BYTES, 1 << 20, (1 << 31) - 1000])
def test_one_packet_beyond_every_window_hides_nothing(ahead: int) -> None:
    """A stray one, as of a sender whose sequence numbers are wrong, is read last, if at all."""
    stage = Stage()
    stray = b"GET / HTTP/1.1\r\nHost: stray.example\r\n\r\n"
    assert names(stage.feed([client(stray, ahead), client(ASKED, 0), client(HELLO, len(ASKED))])) == [b"name.example", b"inner.example"]
    assert names(stage.finish()) == [b"name.example", b"inner.example"]


def test_memory_that_waits_is_bounded_and_used_again() -> None:
    stage = Stage()
    for i in range(400):
        stage.feed([client(b"\1" * 1400, 100_000 * i + 7)])
        assert stage.side(CLIENT)["waiting_bytes"] <= 2 * WAIT_BYTES
    assert stage.tables.counts[ARENA_USED] <= len(stage.tables.arena) <= 8 << 20


def test_a_body_of_many_segments() -> None:
    body = b"GET http://body.example/ HTTP/1.1\r\n\r\n".ljust(1000, b".")
    asked = [client(head("PUT http://first.example/ HTTP/1.1", "Content-Length: 200000")), *[client(body)] * 200]
    found = read([*asked, client(absolute_get("http://second.example/"))])
    assert names(found) == [b"first.example", b"second.example"]
    lost = [
        *asked[:50],
        *(client(body, asked[0].data.__len__() + 1000 * i) for i in range(150, 200)),
        client(absolute_get("http://second.example/")),
    ]
    assert names(read(lost)) == [b"first.example", b"second.example"]


def test_chunks_of_many_segments_out_of_order() -> None:
    body = (
        b"".join(b"%x\r\n" % n + b"GET http://body.example/ HTTP/1.1\r\n\r\n".ljust(n, b".") + b"\r\n" for n in (5000, 300, 9000))
        + b"0\r\n\r\n"
    )
    stream = head("POST http://first.example/ HTTP/1.1", "Transfer-Encoding: chunked") + body + absolute_get("http://second.example/")
    pieces = cut(client(stream), *range(700, len(stream), 700))
    for order in (pieces, [*pieces[1::2], *pieces[::2]], pieces[::-1]):
        assert names(one_by_one(order)) == [b"first.example", b"second.example"]


def test_a_head_of_many_segments() -> None:
    ticket = "Proxy-Authorization: Negotiate " + "A" * 40_000
    data = connect("name.example:443", ticket, "User-Agent: agent")
    (message,) = one_by_one(cut(client(data), *range(1400, len(data), 1400)))
    assert (message.host, message.agent, message.end) == (b"name.example", b"agent", len(data))


def test_a_head_without_an_end_is_read_as_far_as_it_goes() -> None:
    data = b"CONNECT name.example:443 HTTP/1.1\r\nHost: name.example\r\n" + b"X: " + b"y" * 200_000
    found = one_by_one(cut(client(data), *range(1400, len(data), 1400)))
    assert [(m.host, m.field) for m in found] == [(b"name.example", b"name.example")]


def test_a_capture_that_begins_in_the_middle() -> None:
    assert names(read([client(b"\1\2noise"), client(STREAM)], syn=False)) == [b"name.example", b"inner.example"]
    assert names(read([client(STREAM)], syn=False)) == [b"name.example", b"inner.example"]


@pytest.mark.parametrize("first", [60, len(ASKED) - 1])
def test_a_capture_that_begins_in_the_middle_with_packets_that_changed_places(first: int) -> None:
    """What came first is no head; the head that belongs before it is read as far as it was captured in order."""
    late = [client(ASKED[first:], 3000 + first), client(ASKED[:first], 3000), server(ESTABLISHED, 5000)]
    assert names(one_by_one(late, syn=False)) == [b"name.example"]
    assert names(one_by_one([client(b"SSH-2.0-x\r\n", 0), client(b"\0" * 40), client(ASKED, 5)])) == []  # the beginning was captured


def test_a_side_that_repeats_its_first_packet() -> None:
    assert names(read([client(STREAM, 0), client(STREAM, 0), client(STREAM[100:], 100)])) == [b"name.example", b"inner.example"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000), st.binary(max_size=60)), max_size=25), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_random_segments(pieces: list[tuple[bool, int, bytes]], isn: int) -> None:
    """Nothing waits when all is over, and what waited is let go."""
    stage = Stage(isns=(isn, 9))
    stage.feed(Segment(int(side), STREAM[at : at + 200] + noise, at) for side, at, noise in pieces)
    stage.finish()
    for side in (CLIENT, SERVER):
        assert (stage.side(side)["waiting"], stage.side(side)["waiting_bytes"]) == (-1, 0)
    assert stage.tables.counts[ARENA_LIVE] == 0


FLOOD = """
from analyzer.flows.layout import N_MESSAGES
from analyzer.streams.reassembly import ROOM_MESSAGES
from tests.flows.packet_rows import small_tables
from tests.streams.harness import Stage, client
line = b"A / HTTP/1\\n\\n"
stage = Stage()
stage.tables = stage.tables._replace(messages=small_tables().messages)
while stage.tables.counts[N_MESSAGES] + ROOM_MESSAGES + 700 < len(stage.tables.messages):
    stage.add([client(line * 500)])
at = stage.sent[0]
full = 65_000 // len(line)
stage.add([client(line * full, at + 1), client(line * full, at + 1 + full * len(line))])
print(stage.tables.counts[N_MESSAGES] <= len(stage.tables.messages))
"""


def test_a_flood_of_the_shortest_requests_stays_in_the_tables() -> None:
    """In a process of its own, as what is written behind a table's end may end it."""
    done = subprocess.run([sys.executable, "-c", FLOOD], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr[-500:]


def test_tables_grow_while_a_block_is_read() -> None:
    stage = Stage()
    stage.tables = stage.tables._replace(messages=small_tables().messages)
    asked = b"".join(head(f"GET http://h{i}.example/ HTTP/1.1") for i in range(900))
    for _ in range(40):
        stage.add([client(asked)])
    assert stage.tables.counts[N_MESSAGES] == 36_000
    assert names(stage.messages())[-900:] == [f"h{i}.example".encode() for i in range(900)]
