"""Masked certificates stay valid DER, and don't identify their owner."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.certificates import mask_certificates, masked_certificate
from analyzer.slices.names import Names
from tests.build import certificate, leaf

NAMES = Names(b"key", load_catalogue())
BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def personal(issuer: str) -> bytes:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Anna Contoso"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "anna@contoso.example"),
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "contosodomain"),
        ]
    )
    listed = [x509.DNSName("pc17.contoso.com"), x509.RFC822Name("anna2@contoso.com"), x509.UniformResourceIdentifier("ldap://contoso")]
    key = rsa.generate_private_key(65537, 1024)
    built = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]), subject, key.public_key(), 0x1122334455667788
    )
    built = built.not_valid_before(BEGIN).not_valid_after(BEGIN + datetime.timedelta(days=9))
    built = built.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    built = built.add_extension(x509.KeyUsage(*[True] + [False] * 8), critical=True)
    built = built.add_extension(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.311.21.8.7654321.1"), b"template"), critical=False)
    made: bytes = built.sign(key, SHA256()).public_bytes(Encoding.DER)
    return made


def test_what_tells_whose_it_is_is_gone() -> None:
    der = personal("Contoso Issuing CA 3")
    made = masked_certificate(der, NAMES)
    assert len(made) == len(der)
    for secret in (b"ontoso", b"Anna", b"anna", b"pc17", b"ldap", b"template", bytes.fromhex("1122334455667788"), b"240101"):
        assert secret in der and secret not in made
    oid = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.311.21.8.7654321.1"), b"").oid.dotted_string
    assert oid not in str([extension.oid.dotted_string for extension in x509.load_der_x509_certificate(made).extensions])


def test_it_is_still_read_as_one() -> None:
    made = x509.load_der_x509_certificate(masked_certificate(personal("Contoso Issuing CA 3"), NAMES))
    (issuer,) = made.issuer
    assert issuer.value.endswith(" CA " + issuer.value[-1]) and issuer.value.count(" ") == 3
    (host,) = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert host.endswith(".com") and host == NAMES.host(b"pc17.contoso.com").decode()
    assert made.not_valid_before_utc.year == 1970


def test_public_authorities_and_defenders_hosts_stay() -> None:
    made = x509.load_der_x509_certificate(
        masked_certificate(leaf("winatp-gw-neu.microsoft.com", "Microsoft Azure RSA TLS Issuing CA 04"), NAMES)
    )
    assert "CN=Microsoft Azure RSA TLS Issuing CA 04" in made.issuer.rfc4514_string()
    assert made.subject.rfc4514_string() == "CN=winatp-gw-neu.microsoft.com"


@given(st.binary(max_size=200), st.integers(0, 400))
def test_anything_else_becomes_zeros(noise: bytes, cut: int) -> None:
    assert len(masked_certificate(noise, NAMES)) == len(noise)
    body = bytearray(certificate(leaf(), bare=True)[4:][:cut] + noise)
    size = len(body)
    mask_certificates(body, 0, size, NAMES)
    assert len(body) == size


def test_a_certificate_that_is_cut_becomes_zeros() -> None:
    body = bytearray(certificate(leaf("pc.contoso.com"), bare=True)[4:-1])
    mask_certificates(body, 0, len(body), NAMES)
    assert not any(body[6:])
