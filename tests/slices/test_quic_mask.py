"""QUIC hellos are masked inside their packets, which open with the same keys."""

from __future__ import annotations

from analyzer.readers.quic import V2, hello_in_datagrams
from analyzer.services.catalogue import load_catalogue
from analyzer.slices.hellos import mask_messages
from analyzer.slices.names import Names
from analyzer.slices.quic_mask import masked_datagrams
from tests.build import client_hello, quic_initial

NAMES = Names(b"key", load_catalogue())


def masked(datagrams: list[bytes]) -> list[bytes]:
    made = masked_datagrams(datagrams, lambda body: mask_messages(body, NAMES), NAMES.blur)
    return [made.get(datagram, b"") for datagram in datagrams]


def expected(hello: bytes) -> bytes:
    body = bytearray(hello)
    mask_messages(body, NAMES)
    return bytes(body)


def test_one_packet_of_either_version() -> None:
    hello = client_hello("pc.contoso.com", bare=True)
    for version in (1, V2):
        datagram = quic_initial(hello, version=version)
        (made,) = masked([datagram])
        assert len(made) == len(datagram) and hello_in_datagrams([made]) == expected(hello) != hello


def test_a_hello_in_two_packets() -> None:
    hello = client_hello("pc.contoso.com", bare=True, padding=900)
    cut = hello.index(b"contoso") + 3
    datagrams = [quic_initial(hello[:cut]), quic_initial(hello[cut:], offset=cut, number=1)]
    made = masked(datagrams)
    assert hello_in_datagrams(made) == expected(hello) and b"contoso" not in expected(hello)


def test_defenders_stay_and_what_follows_is_blank() -> None:
    hello = client_hello("winatp-gw-neu.microsoft.com", bare=True)
    datagram = quic_initial(hello)
    assert masked([datagram + b"more of it"]) == [datagram + bytes(10)]


def test_what_cannot_be_opened_is_not_kept() -> None:
    datagram = quic_initial(client_hello("pc.contoso.com", bare=True))
    assert masked([datagram[:-1] + b"?", b"\xc0 noise", b""]) == [b"", b"", b""]
