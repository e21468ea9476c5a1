"""DNS messages under other names are DNS messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.addresses import Addresses
from analyzer.slices.dns_mask import masked_dns
from analyzer.slices.names import Names
from tests.build import dns_answer, dns_query

NAMES = Names(b"key", load_catalogue())
ADDRESSES = Addresses(bytes(range(32)), b"mac")


def made(message: bytes) -> bytes:
    return masked_dns(message, NAMES, ADDRESSES)


def test_questions() -> None:
    asked = dns_query("winatp-gw-neu.microsoft.com")
    assert made(asked) == asked
    assert made(dns_query("pc.contoso.com")) == dns_query(NAMES.host(b"pc.contoso.com").decode())


def test_answers_and_aliases() -> None:
    answer = dns_answer("pc.contoso.com", "192.0.2.1", "192.0.2.2", alias="lb.contoso.net")
    other = dns_answer(
        NAMES.host(b"pc.contoso.com").decode(),
        ADDRESSES.text("192.0.2.1"),
        ADDRESSES.text("192.0.2.2"),
        alias=NAMES.host(b"lb.contoso.net").decode(),
    )
    assert made(answer) == other


def test_other_records_are_blank() -> None:
    text = dns_query("a.example", kind=16)
    text = text[:6] + b"\0\1" + text[8:] + b"\xc0\x0c\0\x10\0\1\0\0\0\x09\0\x05\x04anna"
    assert made(text).endswith(b"\0\x05" + bytes(5))


@given(st.binary(max_size=80), st.integers(0, 100))
def test_nothing_breaks_it(noise: bytes, cut: int) -> None:
    whole = dns_answer("pc.contoso.com", "192.0.2.1")[:cut] + noise
    assert len(made(whole)) <= len(whole)
    assert made(noise[:11]) == b""
