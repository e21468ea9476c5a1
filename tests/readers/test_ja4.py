"""JA4 against its specification's own examples (FoxIO, technical_details/JA4.md) and against the slow twin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.build import client_hello, handshake, records
from tests.build.hellos import extension, numbers, vector
from tests.reference import tls as twin
from tests.streams.harness import client, read

CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035)
KINDS = (0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B, 0x000A, 0x0015)
SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)


def hello(extensions: Sequence[tuple[int, bytes]], ciphers: Sequence[int] = CIPHERS, version: int = 0x0303) -> bytes:
    """A ClientHello with exactly these extensions and ciphers."""
    body = version.to_bytes(2, "big") + bytes(32) + b"\0" + vector(2, numbers(ciphers)) + b"\1\0"
    return records(handshake(1, body + vector(2, b"".join(extension(*each) for each in extensions))))


def ja4(data: bytes) -> str:
    (message,) = read([client(data)])
    assert message.agent is not None
    return message.agent.decode()


def of_the_specification(**data: bytes) -> list[tuple[int, bytes]]:
    """The specification's extensions in its order; keywords replace a body by extension number in hex."""
    bodies = {
        0x0000: vector(2, b"\0" + vector(2, b"example.com")),
        0x0010: vector(2, vector(1, b"h2")),
        0x002B: vector(1, numbers((0x3A3A, 0x0304, 0x0303))),
        0x000D: vector(2, numbers(SIGNATURES)),
    }
    bodies |= {int(key[1:], 16): value for key, value in data.items()}
    return [(kind, bodies.get(kind, b"")) for kind in KINDS]


def test_example_of_the_specification() -> None:
    assert ja4(hello(of_the_specification())) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_grease_counts_nowhere() -> None:
    extensions = [(0x1A1A, b""), *of_the_specification(x000d=vector(2, numbers((0x5A5A, *SIGNATURES)))), (0xFAFA, b"\0")]
    assert ja4(hello(extensions, (0x2A2A, *CIPHERS))) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_without_signature_algorithms() -> None:
    """The specification's second example: the list ends without an underscore."""
    assert ja4(hello(of_the_specification(x000d=b""))) == "t13d1516h2_8daaf6152771_6d807ffa2a79"


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
        (b"h", "hh"),
        (b"http/1.1", "h1"),
        (b"", "00"),
    ],
)
def test_alpn_examples_of_the_specification(first: bytes, shown: str) -> None:
    assert (
        ja4(hello(of_the_specification(x0010=vector(2, vector(1, first) + vector(1, b"h2")))))
        == f"t13d1516{shown}_8daaf6152771_e5627efa2ab1"
    )


@pytest.mark.parametrize(
    ("version", "shown"), [(0x0304, "13"), (0x0303, "12"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (0x0305, "00")]
)
def test_versions(version: int, shown: str) -> None:
    assert ja4(hello([(10, b"")], version=version))[1:3] == shown


def test_no_name_no_alpn_few_ciphers() -> None:
    assert ja4(hello([(10, b"")], (0x1301,))).startswith("t12i010100_")


def test_more_than_99() -> None:
    many = hello([(0x100 + i, b"") for i in range(120)], [0x100 + i for i in range(150) if not twin.is_grease(0x100 + i)])
    parsed = twin.read_client_hello(many)
    assert parsed is not None
    assert ja4(many) == twin.ja4(parsed, "t")
    assert ja4(many)[:10] == "t12i999900"


def test_repeated_extensions_and_ciphers() -> None:
    data = hello([(10, b""), (10, b""), (0x3374, b"")], (0xC02F, 0xC02F, 0x0005))
    parsed = twin.read_client_hello(data)
    assert parsed is not None
    assert ja4(data) == twin.ja4(parsed, "t")


def test_only_grease_ciphers() -> None:
    """No ciphers in the sorted list: zeros, not the digest of nothing."""
    assert ja4(hello([(10, b"")], (0x0A0A,))).split("_")[1] == "000000000000"


def test_no_extensions() -> None:
    assert ja4(hello([])).split("_")[2] == "000000000000"


def test_only_name_and_alpn() -> None:
    """No extensions in the sorted list, which leaves these two out: zeros as well."""
    shown = ja4(hello([(0, vector(2, b"\0" + vector(2, b"example.com"))), (16, vector(2, vector(1, b"h2")))]))
    assert shown.split("_")[::2] == ["t12d1502h2", "000000000000"]


def test_grease_as_first_alpn() -> None:
    """GREASE is to be ignored anywhere it is seen."""
    offered = vector(2, vector(1, b"\x0a\x0a") + vector(1, b"h2"))
    assert ja4(hello(of_the_specification(x0010=offered))) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_hellos_of_the_builder_equal_the_twin() -> None:
    for data in (client_hello(), client_hello(grease=True), client_hello(None, alpn=()), client_hello(versions=(), legacy_version=0x0301)):
        parsed = twin.read_client_hello(data)
        assert parsed is not None
        assert ja4(data) == twin.ja4(parsed, "t")
