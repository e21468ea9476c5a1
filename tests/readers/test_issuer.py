"""Ordinary names are what the library reads in them, and all others are left to it."""

from __future__ import annotations

import subprocess
import sys

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.readers.certificate import issuer_text
from analyzer.readers.issuer import PLAIN, ordinary_name
from tests.conftest import ROOT

KINDS = [
    *(NameOID.COMMON_NAME, NameOID.LOCALITY_NAME, NameOID.STATE_OR_PROVINCE_NAME, NameOID.ORGANIZATION_NAME),
    *(NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.DOMAIN_COMPONENT, NameOID.EMAIL_ADDRESS, NameOID.SERIAL_NUMBER),
]
LETTERS = st.text(st.sampled_from("abcXYZ019 '()./:?-+,=#;<>\"\\*&_\u00fc\0"), min_size=1, max_size=64)
ATTRIBUTES = st.builds(
    x509.NameAttribute,
    st.sampled_from(KINDS),
    LETTERS | st.sampled_from(["Example CA", "DigiCert Global G2 TLS RSA SHA256 2020 CA1", "Microsoft Corporation", "x" * 64]),
    st.sampled_from([_ASN1Type.UTF8String, _ASN1Type.UTF8String, _ASN1Type.UTF8String, _ASN1Type.T61String]),
)
ORDINARY = st.builds(
    x509.NameAttribute,
    st.sampled_from(KINDS[:5]),
    st.from_regex(PLAIN.pattern.decode(), fullmatch=True),
    st.sampled_from([_ASN1Type.UTF8String, _ASN1Type.PrintableString]),
)
NAMES = st.lists(ORDINARY, min_size=1, max_size=3).map(x509.Name) | st.lists(
    st.lists(ATTRIBUTES, min_size=1, max_size=2, unique_by=lambda a: a.oid), max_size=4
).map(lambda names: x509.Name([x509.RelativeDistinguishedName(name) for name in names]))


def plain(*parts: tuple[x509.ObjectIdentifier, str]) -> bytes:
    return x509.Name([x509.NameAttribute(*part) for part in parts]).public_bytes()


def test_names_as_nearly_all_are() -> None:
    der = plain((NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "Example Trust (EU)"), (NameOID.COMMON_NAME, "Example CA 7"))
    assert ordinary_name(der) == issuer_text(der) == "CN=Example CA 7,O=Example Trust (EU),C=US"


def test_what_has_to_be_escaped_is_left_to_the_library() -> None:
    for text in ("Example, Inc.", "b\u00fccher", " a", "a ", "#a", "a+b", "x" * 65):
        assert ordinary_name(plain((NameOID.ORGANIZATION_NAME, text))) is None, text


@given(st.lists(ORDINARY, min_size=1, max_size=3).map(x509.Name))
@settings(max_examples=20, deadline=None)
def test_no_ordinary_name_is_left_to_the_library(name: x509.Name) -> None:
    if len(name.public_bytes()) < 0x100:
        assert ordinary_name(name.public_bytes()) == name.rfc4514_string()


@given(NAMES, st.data())
@settings(max_examples=150, deadline=None)
def test_every_name_is_none_or_what_the_library_reads(name: x509.Name, data: st.DataObject) -> None:
    der = name.public_bytes()
    assert ordinary_name(der) in (None, issuer_text(der))
    at = data.draw(st.integers(0, len(der) - 1))
    changed = der[:at] + bytes((data.draw(st.integers(0, 255)),)) + der[at + 1 :]
    for other in (changed, der[:at], der + b"0"):
        assert ordinary_name(other) in (None, issuer_text(other))


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x30\x00")
@settings(max_examples=100, deadline=None)
def test_any_bytes(der: bytes) -> None:
    assert ordinary_name(der) in (None, issuer_text(der))


def test_it_loads_no_library_of_certificates() -> None:
    der = plain((NameOID.COUNTRY_NAME, "US"), (NameOID.COMMON_NAME, "Example CA"))
    code = f"import sys\nfrom analyzer.facts.handshakes import issuer\nprint(issuer({der!r}), 'cryptography.x509' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "CN=Example CA,C=US False\n"
