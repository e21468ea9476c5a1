"""The end of a line that began in an earlier piece: a credential's goes, a host's stays."""

from __future__ import annotations

import base64

import pytest

from analyzer.parts.file import part_bytes, part_of
from analyzer.parts.partial import merge
from analyzer.parts.tails import UNSURE, first_rest, unsure, without_unsure
from tests.build import Conversation, connect, pcap
from tests.pieces import Whole, differences, finish

SECRET = base64.b64encode(b"EXAMPLE\\alice:correct horse battery staple").decode()


@pytest.mark.parametrize(
    "line",
    [
        b"ample.com:443",
        b"443",
        b"hunked",
        b"T 10.0; Win64; x64) like Gecko",
        b"/1.1",
        b"1.1 407 Denied",
        b"ost: a.example:443",
        b"/a/b HTTP/1.1",
    ],
)
def test_what_is_plainly_no_secret_stays(line: bytes) -> None:
    assert unsure(line) == line


@pytest.mark.parametrize(
    "line", [SECRET[5:].encode(), b"ession=abcdef", b"hunter2", b"12ab:34cd", b"eyJhbGciOi.J9.eyJzdWI", b'ponse="6629fae49393a0"']
)
def test_what_may_be_one_goes(line: bytes) -> None:
    assert unsure(line) == UNSURE * len(line)


def test_of_a_request_line_the_user_and_the_query_go() -> None:
    assert unsure(b"ss@a.example/p?q=1 HTTP/1.1") == UNSURE * 2 + b"@a.example/p" + UNSURE * 4 + b" HTTP/1.1"
    assert unsure(b"rization: Basic QWxhZGRpbg") == b"rization: Basic " + UNSURE * 10


def test_whole_lines_and_what_is_no_text_are_no_rests() -> None:
    assert [first_rest(one) for one in (b"GET / HTTP/1.1\r\n", b"CONNECT a:1", b"\5\1\0", b"")] == [b""] * 4
    assert first_rest(b"rest\r\nHost: a") == b"rest"


def test_no_tail_of_a_credential_stays_wherever_it_is_cut() -> None:
    """The same head in two segments, cut at each of its bytes, the first in another piece than the second."""
    said = connect("a.example:443", "Host: a.example:443", f"Proxy-Authorization: Basic {SECRET}", "User-Agent: agent/1.0")
    begins = said.index(SECRET.encode())
    for at in range(begins, begins + len(SECRET) - 5, 3):
        talk = Conversation().handshake().send_client(said, cuts=[at])
        whole = Whole(pcap(talk.frames, nanosecond=True))
        left, right = (part_bytes(piece) for piece in whole.pieces([4]))
        parts = [part_of(one, "part") for one in (left, right)]
        rest = said[at : begins + len(SECRET)]
        assert not any(rest in part.tables.store.tobytes() + part.tables.arena.tobytes() for part in parts)
        assert differences(whole.table(), finish(merge(*parts))) == []


def test_half_a_name_is_missing_not_wrong() -> None:
    said = connect("a.example:443", "User-Agent: SecretlyNamedAgent")
    whole = Whole(pcap(Conversation().handshake().send_client(said, cuts=[said.index(b"NamedAgent")]).frames, nanosecond=True))
    table = finish(merge(*(part_of(part_bytes(piece), "part") for piece in whole.pieces([4]))))
    assert (table["requested_host"].to_pylist(), table["user_agent"].to_pylist()) == (["a.example"], [None])
    without_unsure(whole.pieces([])[0].tables)
