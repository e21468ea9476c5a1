"""Addresses as texts and numbers: what a person writes, and an order in which IPv6 comes after IPv4."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from analyzer.routes.networks import address_number, address_text, behind_nat64


@pytest.mark.parametrize("text", ["10.0.0.0/8", "2001:db8::/32", "172.16.12.10", "fe80::1"])
def test_a_network_is_written_as_a_person_writes_it(text: str) -> None:
    assert address_text(ip_network(text)) == text


def test_numbers_are_those_of_the_standard_library_with_ipv6_above() -> None:
    mixed = ["::1", "10.0.0.1", "ffff:ffff::", "9.9.9.9", "::", "255.255.255.255", "2001:db8::1", "0.0.0.0"]
    in_order = ["0.0.0.0", "9.9.9.9", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "ffff:ffff::"]
    assert sorted(mixed, key=address_number) == in_order
    assert [address_number(text) & ((1 << 128) - 1) for text in mixed] == [int(ip_address(text)) for text in mixed]


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("64:ff9b::ac10:c0a", "172.16.12.10"),
        ("64:ff9b::a00:0", "10.0.0.0"),
        ("64:ff9b::5", "0.0.0.5"),
        ("64:ff9b::1:ac10:c0a", None),  # not of the /96
        ("64:ff9b:1::ac10:c0a", None),  # the prefix for local use (RFC 8215): where in it the address stands is each network's own choice
        ("2001:db8::ac10:c0a", None),
        ("172.16.12.10", None),
    ],
)
def test_the_address_behind_the_well_known_prefix(text: str, inner: str | None) -> None:
    assert behind_nat64(text) == inner
