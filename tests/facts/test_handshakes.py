"""Columns of handshakes from messages that were put there."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from analyzer.facts.handshakes import alpn_lists, issuers, read_alpn, version_codes
from analyzer.facts.picked import Picked
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import MESSAGE
from analyzer.flows.messages import SERVER_HELLO_ROW
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap, server_hello
from tests.engine import reading


@pytest.mark.parametrize(
    ("raw", "names"),
    [(b"", []), (b"\x02h2", ["h2"]), (b"\x02h2\x08http/1.1", ["h2", "http/1.1"]), (b"\x01\xff", ["\\xff"]), (b"\x05h2", ["h2"])],
)
def test_alpn(raw: bytes, names: list[str]) -> None:
    assert read_alpn(raw) == names


def test_alpn_of_no_hello_is_null_and_of_one_without_it_is_empty() -> None:
    raw = pa.array([b"\x02h2", b"", None], pa.large_binary()).dictionary_encode()
    assert alpn_lists(raw, np.array([True, True, False])).to_pylist() == [["h2"], [], None]


def test_versions_that_were_published() -> None:
    messages = np.zeros(4, MESSAGE)
    messages["code"] = [0x0301, 0x0304, 0x0300, 0x7F1C]
    picked = Picked(empty_tables()._replace(messages=messages), SERVER_HELLO_ROW, np.array([0, 1, 2, 3, -1]), "version")
    assert version_codes(picked).tolist() == [0, 3, -1, -1, -1]
    assert version_codes(picked, np.array([False, True, True, True, False])).tolist() == [-1, 3, -1, -1, -1]


def test_what_is_no_name_has_no_text() -> None:
    assert issuers(pa.array([b"not DER", None], pa.large_binary()).dictionary_encode()).to_pylist() == [None, None]


def talk(*, asked: bool, hello: bool = True) -> Conversation:
    """A connection on which TLS is spoken, behind a CONNECT where one is asked for."""
    one = Conversation().handshake()
    if asked:
        one.send_client(connect("a.example:443")).send_server(ESTABLISHED)
    if hello:
        one.send_client(client_hello("a.example"))
    return one.send_server(server_hello())


@pytest.mark.parametrize(("asked", "hello", "lost", "first"), [
    (False, True, (), True),
    (True, True, (), False),
    (True, True, (3, 4), False),  # neither the CONNECT nor its answer was captured
    (True, True, (0, 3, 4), False),
    (False, True, (0,), True),
    (False, False, (), True),
    (True, False, (3, 4), False),
])  # fmt: skip
def test_whether_a_hello_is_the_first_that_was_said(asked: bool, hello: bool, lost: tuple[int, ...], first: bool) -> None:
    frames = [frame for place, frame in enumerate(talk(asked=asked, hello=hello).frames) if place not in lost]
    assert reading(pcap(frames)).flows["tls_first"].to_pylist() == [first]
    assert reading(pcap(Conversation().handshake().frames)).flows["tls_first"].to_pylist() == [None]
