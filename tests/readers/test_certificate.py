from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.certificate import issuer_text


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(*part) for part in parts])


@pytest.mark.parametrize(
    "subject",
    [
        name((NameOID.COMMON_NAME, "Example CA")),
        name((NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "Example, Inc."), (NameOID.COMMON_NAME, "A+B=C")),
        name((NameOID.COMMON_NAME, "b\u00fccher \u4e2d")),
        name((NameOID.ORGANIZATION_NAME, "x" * 64), *[(NameOID.ORGANIZATIONAL_UNIT_NAME, "y" * 60)] * 20),
    ],
    ids=["plain", "escaped", "not ASCII", "long"],
)
def test_names_in_the_form_of_rfc_4514(subject: x509.Name) -> None:
    assert issuer_text(subject.public_bytes()) == subject.rfc4514_string()


def test_an_empty_name_is_none() -> None:
    assert issuer_text(name().public_bytes()) is None


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x80", b"\x02\x01\x05", b"\x30\x03\x31\x05\x00", bytes(40)])
def test_what_is_no_name_is_none(der: bytes) -> None:
    assert issuer_text(der) is None


@given(st.binary(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_bytes(rest: bytes) -> None:
    for der in (rest, b"\x30" + bytes((len(rest),)) + rest):
        assert issuer_text(der) is None or der[:1] == b"\x30"
