"""Of payload that waits, what may be read stays, bodies and encrypted data don't."""

from __future__ import annotations

import random

import pytest

from analyzer.parts.needed import BEGINNING, first_range, needed, ranges_before, ranges_of, record_chain, varies_little
from tests.build import client_hello, get, head, records

NOISE = random.Random(1).randbytes(20_000)


def test_of_encrypted_data_only_the_first_record_shows() -> None:
    said = NOISE[:3000] + records(NOISE[:500], kind=23)
    kept = needed(said, 3000)
    assert len(kept) == len(said)
    assert kept == bytes(3000) + said[3000:3007] + bytes(len(said) - 3007)


def test_a_handshake_before_it_stays() -> None:
    hello = client_hello("a.example")
    said = hello[100:] + b"\x14\x03\x03\x00\x01\x01" + records(NOISE[:90], kind=23)
    at = len(said) - 95
    assert needed(said, at)[:at] == said[:at]
    assert ranges_before(said, -5) == [(0, 2)]
    later = said + records(NOISE[:90], kind=23)
    assert ranges_before(later, len(said)) == [(0, at + 7), (len(said), len(said) + 7)]
    assert record_chain(b"\x14\x03\x03\x00\x01\x01\x17", 0) == 6
    assert varies_little(b"\x07" * 500) and not varies_little(NOISE[:500])


@pytest.mark.parametrize("body", [b"<p>words of a page, and more of them</p>\n" * 300, NOISE])
def test_heads_stay_and_bodies_go(body: bytes) -> None:
    answer, request = head("HTTP/1.1 200 OK", "Content-Length: 12000"), get("/next")
    kept = needed(answer + body + request + client_hello("a.example"))
    assert answer in kept and request in kept and client_hello("a.example") in kept
    assert body[BEGINNING + 500 : BEGINNING + 560].strip() not in kept


def test_the_sizes_of_chunks_stay() -> None:
    said = b"x" * 3000 + b"\r\n1f4\r\n" + b"y" * 500 + b"\r\n0\r\n\r\n"
    kept = needed(said)
    assert b"\r\n1f4\r\n" in kept and kept.endswith(b"\r\n0\r\n\r\n") and b"yy" not in kept


def test_a_pac_file_stays() -> None:
    said = b"  if (shExpMatch(host, '*.example')) return 'PROXY a:1';\n" * 20
    assert needed(said) == said


def test_the_rest_of_a_head_stays() -> None:
    said = b"xample\r\nUser-Agent: a\r\n\r\n" + b"z" * 5000
    assert first_range(said) == (0, 25)
    assert ranges_of(said)[0] == (0, 25)
