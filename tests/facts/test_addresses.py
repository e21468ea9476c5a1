"""Addresses as text, against the standard library."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.facts.addresses import address_text, address_texts

GROUPS = st.lists(st.sampled_from([0, 0, 0, 1, 0xF, 0x10, 0xABC, 0xFFFF]), min_size=8, max_size=8)
SPARSE = GROUPS.map(lambda groups: IPv6Address(b"".join(group.to_bytes(2, "big") for group in groups)))
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), SPARSE.filter(lambda address: address.ipv4_mapped is None))


def halves(addresses: list[Any]) -> tuple[Any, Any, Any]:
    numbers = [int(address) for address in addresses]
    high, low = (np.array(part, np.uint64) for part in ([n >> 64 for n in numbers], [n & (2**64 - 1) for n in numbers]))
    return high, low, np.array([address.version for address in addresses], np.uint8)


@given(st.lists(ADDRESSES, max_size=8))
@settings(max_examples=200, deadline=None)
def test_addresses_as_the_standard_library_writes_them(addresses: list[Any]) -> None:
    texts = address_texts(*halves(addresses))
    texts.validate(full=True)
    assert texts.to_pylist() == [str(address) for address in addresses]
    assert [address_text(address.packed) for address in addresses] == texts.to_pylist()


@pytest.mark.parametrize(
    "text",
    ["::", "::1", "1::", "1:0:0:2::3", "1::2:0:0:3:4", "1:0:2:3:4:5:6:7", "0.0.0.0", "255.255.255.255", "10.9.100.0"],
)
def test_zeros(text: str) -> None:
    assert address_text(ip_address(text).packed) == text


def test_no_dotted_quad_in_an_address_of_ipv6() -> None:
    """As every Python before 3.13 writes it."""
    assert address_text(bytes(10) + b"\xff\xff\1\2\3\4") == "::ffff:102:304"


def test_room_that_few_long_addresses_leave_is_given_back() -> None:
    texts = address_texts(*halves([ip_address("::")] * 100))
    assert texts.to_pylist() == ["::"] * 100 and texts.buffers()[2].size == 200
