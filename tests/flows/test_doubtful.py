"""The conversations in which joined pieces may differ from one pass: all of those, and few others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from analyzer.flows.doubtful import doubtful
from tests import build
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap, records, server_hello
from tests.pieces import Whole

HELLO = client_hello("a.example")


def doubts(talk: Conversation, cuts: Sequence[int]) -> int:
    whole = Whole(pcap(talk.frames, nanosecond=True))
    return len(doubtful([piece.tables for piece in whole.pieces(cuts)]))


def tunnel(**options: int) -> Conversation:
    talk = Conversation(**options).handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED)  # type: ignore[arg-type]
    return talk.send_client(HELLO).send_server(server_hello())


def test_a_tunnel_is_plain_wherever_it_is_cut() -> None:
    talk = tunnel()
    for _ in range(100):
        talk.send_client(records(b"x" * 900, kind=23)).send_server(records(b"y" * 900, kind=23))
    assert not any(doubts(talk, [cut]) for cut in (1, 3, 5, 7, 50, len(talk.frames) - 1))


@pytest.mark.parametrize(("n", "expected"), [(20, 0), (90, 1)])
def test_more_than_is_kept_of_what_is_still_read(n: int, expected: int) -> None:
    talk = Conversation().handshake().send_client(build.get("/a")).send_server(build.head("HTTP/1.1 200 OK", "Content-Length: 90000"))
    for _ in range(n):
        talk.send_server(b"x" * 1000)
    assert doubts(talk, [6]) == expected
    assert doubts(talk, [1]) == 0 or n == 90


def test_a_connection_that_begins_again_with_its_own_number() -> None:
    first, again = tunnel(), tunnel(start_ns=build.conversation.START_NS + 10**9)
    other = tunnel(start_ns=build.conversation.START_NS + 10**9)
    n = len(first.frames)
    first.frames += again.frames
    assert doubts(first, [n]) == 1
    plain = tunnel()
    plain.frames += [frame for frame in other.frames if len(frame[1]) < 60][:2]  # its SYN was sent again, no more
    assert doubts(plain, [n]) == 0


def test_a_port_that_is_used_again_and_an_older_connection_beside() -> None:
    first, again = tunnel(), tunnel(start_ns=build.conversation.START_NS + 10**9, isns=(900_000, 950_000))
    first.frames += again.frames
    assert not any(doubts(first, [cut]) for cut in range(1, len(first.frames)))
    late = tunnel(isns=(800_000, 850_000)).frames[3]
    first.frames.append((first.frames[-1][0] + 1, late[1]))
    assert doubts(first, [len(first.frames) - 3]) == 1


def test_one_piece_or_none() -> None:
    assert doubts(tunnel(), []) == 0 and len(doubtful([])) == 0
