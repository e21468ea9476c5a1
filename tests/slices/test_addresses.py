"""Addresses under other names keep their networks; those that mean the same everywhere stay."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yacryptopan import CryptoPAn

from analyzer.slices.addresses import Addresses, kept_bits

KEY = bytes(range(32))
MADE = Addresses(KEY, b"mac")


def shared(a: int, b: int, bits: int) -> int:
    return bits - (a ^ b).bit_length()


@given(st.sampled_from((4, 6)), st.data())
def test_two_addresses_share_as_many_bits_as_before(version: int, data: st.DataObject) -> None:
    bits = 32 if version == 4 else 128
    some = st.integers(0, (1 << bits) - 1)
    a = data.draw(some)
    b = a ^ data.draw(st.integers(0, bits).flatmap(lambda n: st.integers(0, (1 << n) - 1)))
    assert shared(MADE.number(version, a), MADE.number(version, b), bits) == shared(a, b, bits)


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "224.0.0.251", "239.255.255.250", "255.255.255.255", "::", "::1", "ff02::fb"])
def test_what_is_everyones_stays(address: str) -> None:
    assert MADE.text(address) == address


def test_what_is_someones_goes() -> None:
    given = ["10.0.0.1", "172.16.11.92", "192.168.1.1", "126.0.0.1", "1.1.1.1", "2001:db8::1", "fd00::1", "fe80::211:22ff:fe33:4455"]
    made = [MADE.text(address) for address in given]
    assert not set(given) & set(made) and len(set(made)) == len(given)
    assert ipaddress.ip_address(made[-1]).is_link_local and made[-2].startswith("fd")
    assert kept_bits(4, 172 << 24) == 3


def test_beyond_the_bits_that_stay_it_is_crypto_pan() -> None:
    value = int(ipaddress.ip_address("172.16.11.92"))
    assert (MADE.number(4, value) ^ CryptoPAn(KEY).anonymize_bin(value, 4)) >> 29 << 29 in {n << 29 for n in range(8)}
    assert MADE.number(4, value) & (1 << 29) - 1 == CryptoPAn(KEY).anonymize_bin(value, 4) & (1 << 29) - 1


def test_networks_hold_their_addresses() -> None:
    for network, inside in (("172.16.12.0/24", "172.16.12.10"), ("10.0.0.0/8", "10.1.2.3"), ("2001:db8::/32", "2001:db8::5")):
        assert ipaddress.ip_address(MADE.text(inside)) in ipaddress.ip_network(MADE.network(network))


def test_mac_addresses() -> None:
    macs = [bytes.fromhex(text) for text in ("001122334455", "001122334456")]
    made = [MADE.mac(mac) for mac in macs]
    assert all(a != b for a, b in combinations([*macs, *made], 2)) and all(mac[0] & 3 == 2 for mac in made)
    for stays in (b"\xff" * 6, bytes(6), bytes.fromhex("01005e0000fb"), b"short"):
        assert MADE.mac(stays) == stays
    assert Addresses(KEY, b"other").mac(macs[0]) != made[0]
