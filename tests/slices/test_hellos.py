"""Masked hellos keep the facts read from them and lose everything that identifies a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.hellos import mask_messages, masked_records
from analyzer.slices.names import Names
from tests.build import certificate, client_hello, handshake, leaf, records, server_hello

NAMES = Names(b"key", load_catalogue())
TICKET = b"ticket-of-anna--"
KEYS = (len(TICKET) + 6).to_bytes(2, "big") + len(TICKET).to_bytes(2, "big") + TICKET + b"AGES" + b"\x00\x21\x20" + b"binder-of-anna--" * 2


def only(data: bytes) -> bytes:
    made = masked_records(data, NAMES)
    assert len(made) == len(data)
    return made


def test_defenders_hello_stays_as_it_was() -> None:
    hello = client_hello("winatp-gw-neu.microsoft.com", grease=True, ech=b"\0" * 20, padding=9)
    assert only(hello) == hello


def test_names_tickets_and_keys_go() -> None:
    hello = client_hello("pc.contoso.com", session=b"session-of-anna-" * 2, extra=[(35, TICKET), (9999, b"anna"), (41, KEYS)])
    made = only(hello)
    for secret in (b"contoso", b"anna", b"AGES", TICKET):
        assert secret in hello and secret not in made
    assert NAMES.host(b"pc.contoso.com") in made and len(TICKET).to_bytes(2, "big") + NAMES.blur(TICKET + b"AGES")[:16] in made
    again = only(client_hello("pc.contoso.com", session=b"session-of-anna-" * 2))
    assert made[11:43] == hello[11:43] and made[44:76] == again[44:76]  # the random stays; equal sessions are equal


def test_cut_into_records_and_segments() -> None:
    whole = client_hello("pc.contoso.com", bare=True)
    expected = bytearray(whole)
    mask_messages(expected, NAMES)
    first, second = records(whole[:60]), records(whole[60:])
    made = masked_records(first + second, NAMES)
    assert made[5 : len(first)] + made[len(first) + 5 :] == bytes(expected)


@pytest.mark.parametrize("cut", [5, 20, 47, 60, 90, 120])
def test_of_a_hello_that_is_cut_what_is_there(cut: int) -> None:
    made = only(client_hello("pc.contoso.com")[:cut])
    assert b"contoso" not in made


def test_a_servers_flight() -> None:
    flight = server_hello(0x0303, session=b"s" * 32, bare=True) + certificate(leaf("pc.contoso.com", "Contoso CA"), bare=True)
    flight += handshake(12, b"exchange") + handshake(14, b"")
    made = only(records(flight, version=0x0303))
    assert b"ontoso" not in made and b"exchange" not in made and b"s" * 32 not in made
    assert handshake(12, bytes(8)) + handshake(14, b"") in made


@given(st.binary(max_size=120), st.integers(0, 200))
def test_nothing_breaks_it(noise: bytes, cut: int) -> None:
    only(client_hello("pc.contoso.com")[:cut] + noise)
    for kind in (1, 2, 11, 4):
        body = bytearray(handshake(kind, noise) + noise)
        size = len(body)
        mask_messages(body, NAMES)
        assert len(body) == size
