"""However a capture is cut, and in whatever order its pieces are put together, the flows are those of one pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analyzer.parts.file import part_bytes, part_of
from analyzer.parts.partial import Partial, merge, merge_all
from tests import build
from tests.build import ACK, CLIENT, ESTABLISHED, SERVER, Conversation, client_hello, connect, messy_capture, pcap, records, server_hello
from tests.conftest import ORACLES, ROOT
from tests.pieces import Whole, differences, finish

# The same captures at every run: about one in five hundred of this kind shows the exception that Partial describes.
PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(whole: Whole, cuts: Sequence[int]) -> None:
    """One pass, the pieces from the left, from the right and all at once are all the same; of two pieces these three ways are one."""
    table, pieces = whole.table(), whole.pieces(cuts)
    joined = [reduce(merge, pieces)]
    if len(pieces) > 2:
        joined += [reduce(lambda done, piece: merge(piece, done), reversed(pieces)), merge_all(pieces)]
    for each in joined:
        assert differences(table, finish(each)) == [], list(cuts)


def cut_everywhere(*talks: Conversation) -> None:
    whole = Whole(pcap(sorted((frame for talk in talks for frame in talk.frames), key=lambda frame: frame[0]), nanosecond=True))
    for cut in range(1, whole.n_frames):
        check(whole, [cut])
    check(whole, range(1, whole.n_frames))


@PATIENT
@given(st.integers(0, 2**32), st.data())
def test_messy_captures_cut_anywhere(seed: int, data: st.DataObject) -> None:
    whole = Whole(messy_capture(seed))
    assume(not whole.says_a_syn_again())
    if whole.n_frames > 1:
        check(whole, sorted(data.draw(st.sets(st.integers(1, whole.n_frames - 1), min_size=1, max_size=5))))


HELLO = client_hello("edr-neu.eu.endpoint.security.microsoft.com", cuts=[40, 90])
DENIED = build.head("HTTP/1.1 407 Denied", "Content-Length: 900") + b"GET http://no.example/ HTTP/1.1\r\n\r\n".ljust(900, b"x")


def test_a_tunnel_with_authentication_and_a_hello_out_of_order() -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443", "Host: a.example"), cuts=[11])
    talk.send_server(DENIED, cuts=[100, 500]).send_client(connect("a.example:443", "Host: a.example"))
    talk.send_server(ESTABLISHED, cuts=[3]).send_client(HELLO, cuts=[1, 100, 200], order=[2, 0, 3, 1])
    cut_everywhere(talk.send_server(server_hello()).send_client(records(b"x" * 50, kind=23)).close())


def test_data_behind_a_gap_waits_since_it_was_sent() -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443")).packet(SERVER, ACK)
    cut_everywhere(talk.skip(CLIENT, 6).send_client(b"x" * 40, cuts=[9], order=[1, 0]))


def test_a_port_is_used_again() -> None:
    first = Conversation().handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED).send_client(HELLO).close()
    again = Conversation(isns=(90_000, 95_000), start_ns=first.now_ns).handshake().send_client(connect("b.example:443"), cuts=[9])
    cut_everywhere(first, again.send_server(ESTABLISHED).rst())


def test_bodies_in_chunks_and_without_end() -> None:
    talk = Conversation(server=("20.1.2.3", 80)).handshake().send_client(build.get("/a"), cuts=[7])
    chunked = build.head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
    talk.send_server(chunked + b"5\r\nHTTP/\r\n3\r\nabc\r\n0\r\n\r\n", cuts=[20, 48, 55])
    talk.send_client(build.get("/b")).send_server(build.head("HTTP/1.1 200 OK") + b"HTTP/1.1 404 No\r\n\r\n", cuts=[19, 21]).close()
    cut_everywhere(talk)


def test_socks_and_its_answers() -> None:
    talk = Conversation(server=("172.16.12.10", 1080)).handshake().send_client(build.socks5_greeting(0, 2)).send_server(b"\5\2")
    talk.send_client(b"\1\2me\2pw").send_server(b"\1\0").send_client(build.socks5("a.example", 443), cuts=[5])
    cut_everywhere(talk.send_server(build.socks5_reply(), cuts=[2]).send_client(HELLO, cuts=[60]).send_server(server_hello()))


def test_syns_sent_again_and_streams_seen_from_the_middle() -> None:
    talk = Conversation().syn().syn().synack().synack().packet(CLIENT, ACK)
    talk.send_client(connect("a.example:443")).syn().send_server(ESTABLISHED).synack().send_client(HELLO, cuts=[80])
    middle = Conversation(client=("172.16.11.93", 50001)).send_client(b"tail\r\n").send_client(connect("b.example:443"), cuts=[4])
    cut_everywhere(talk, middle.send_server(ESTABLISHED).send_client(HELLO))


def test_packets_captured_twice_with_the_cut_between() -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED).send_client(HELLO).close()
    talk.frames = [(ts_ns + k * 300, frame) for ts_ns, frame in talk.frames for k in range(2)]
    cut_everywhere(talk)


def test_more_than_is_held_back() -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443"), cuts=[9]).send_server(ESTABLISHED).send_client(HELLO, cuts=[50])
    talk.send_server(server_hello(), cuts=[30])
    for _ in range(100):
        talk.send(SERVER, records(b"y" * 1000, kind=23))
    whole = Whole(pcap(talk.frames, nanosecond=True))
    for cut in range(1, 14):
        check(whole, [cut])
        check(whole, [cut, 60])


def test_the_same_connection_twice_is_one_when_a_piece_shows_its_end_first() -> None:
    first = Conversation().handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED).send_client(HELLO)
    again = Conversation(start_ns=first.now_ns).handshake().send_client(connect("b.example:443"), cuts=[20]).send_server(ESTABLISHED)
    whole = Whole(pcap(first.frames + again.frames, nanosecond=True))
    assert whole.says_a_syn_again()
    for cut in range(1, len(first.frames)):
        check(whole, [cut])


def test_nothing_changes_nothing() -> None:
    whole = Whole(messy_capture(7))
    (piece,) = whole.pieces([])
    for joined in (piece, merge(Partial.empty(), piece), merge(piece, Partial.empty())):
        assert differences(whole.table(), finish(joined)) == []
    assert finish(Partial.empty()).num_rows == 0


def test_a_part_survives_the_way_to_another_machine() -> None:
    whole = Whole(messy_capture(11))
    pieces = [part_bytes(piece, at_rest=False) for piece in whole.pieces([whole.n_frames // 3, whole.n_frames // 2])]
    assert max(map(len, pieces)) < 100_000 + whole.n_frames * 1000
    assert differences(whole.table(), finish(reduce(merge, (part_of(one, "part") for one in pieces)))) == []


def test_pieces_stay_as_they_are() -> None:
    whole = Whole(messy_capture(3))
    pieces = whole.pieces([whole.n_frames // 2])
    before = [part_bytes(piece, at_rest=False) for piece in pieces]
    finish(merge(*pieces))
    assert [part_bytes(piece, at_rest=False) for piece in pieces] == before


REAL = sorted((ROOT / "captures").glob("*.pcapng")) + (sorted((ORACLES / "probes").glob("*.pcap")) if ORACLES.is_dir() else [])


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_captures_in_pieces(path: Path) -> None:
    whole = Whole(path)
    if whole.n_frames > 1:
        for n_pieces in (2, 3, 6):
            check(whole, sorted({whole.n_frames * i // n_pieces for i in range(1, n_pieces)} - {0}))
