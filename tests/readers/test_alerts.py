"""The client's reaction to the server's answer: alerts in every form, continuing, and their columns."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.packets.layout import ACK, FIN, RST
from analyzer.readers.alerts import NAMES
from tests.build import ESTABLISHED, client_hello, connect
from tests.facts.settled import settled
from tests.facts.test_table import FLIGHT
from tests.streams.harness import START_NS, Segment, Stage, byte_by_byte, client, read, server

HELLO = client_hello("name.example")
FATAL_UNKNOWN_CA = bytes.fromhex("15 0303 0002 02 30")  # alert record, TLS 1.2, 2 bytes: fatal, unknown_ca (48)
REFUSED_BY_SERVER = bytes.fromhex("15 0303 0002 02 28")  # handshake_failure (40)
UNRECOGNIZED_NAME = bytes.fromhex("15 0303 0002 01 70")  # a warning
NO_CERTIFICATE = bytes.fromhex("15 0300 0002 01 29")  # another
CHANGE_CIPHER_SPEC = bytes.fromhex("14 0303 0001 01")
ENCRYPTED = bytes.fromhex("17 0303 0013") + bytes(19)  # an alert and its tag
FINISHED = bytes.fromhex("17 0303 0035") + bytes(53)  # Finished and its tag
KEY_EXCHANGE = bytes.fromhex("16 0303 0005 10 000001 00")


def row_of(*segments: Segment, syn: bool = True) -> dict[str, Any]:
    stage = Stage(syn=syn)
    stage.add([client(connect("name.example:443")), server(ESTABLISHED), client(HELLO), *segments])
    (row,) = settled(stage)
    return row


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["tls_completed"], row["tls_alert"], row["tls_alert_from"]


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (FATAL_UNKNOWN_CA, (False, "unknown_ca", "client")),
        (CHANGE_CIPHER_SPEC + FATAL_UNKNOWN_CA, (False, "unknown_ca", "client")),
        (ENCRYPTED, (False, "encrypted", "client")),
        (CHANGE_CIPHER_SPEC + ENCRYPTED, (False, "encrypted", "client")),
        (FINISHED, (True, None, None)),
        (CHANGE_CIPHER_SPEC + FINISHED, (True, None, None)),
        (KEY_EXCHANGE + FATAL_UNKNOWN_CA, (True, None, None)),
        (HELLO + FINISHED, (True, None, None)),
        (HELLO + FATAL_UNKNOWN_CA, (False, "unknown_ca", "client")),
        (CHANGE_CIPHER_SPEC, (None, None, None)),
        (NO_CERTIFICATE + KEY_EXCHANGE, (True, None, None)),
        (NO_CERTIFICATE + FATAL_UNKNOWN_CA, (False, "unknown_ca", "client")),
        (bytes.fromhex("15 0303 0002 01 30"), (False, "unknown_ca", "client")),
        (b"something else", (None, None, None)),
        (bytes.fromhex("15 0303 0002 02 07"), (False, "alert 7", "client")),
    ],
)
def test_what_follows_a_hello(behind: bytes, expected: tuple[Any, ...]) -> None:
    assert told(row_of(server(FLIGHT), client(behind))) == expected
    whole = [m for m in read([client(HELLO + behind)]) if m.kind in ("alert", "went_on")]
    assert [m._replace(ts_ns=0) for m in byte_by_byte(HELLO + behind) if m.kind in ("alert", "went_on")] == [
        m._replace(ts_ns=0) for m in whole
    ]


def test_a_client_that_leaves_without_a_word() -> None:
    assert told(row_of(server(FLIGHT))) == (None, None, None)
    for flags in (ACK | FIN, ACK | RST):
        assert told(row_of(server(FLIGHT), client(b"", flags=flags))) == (False, None, None)
        assert told(row_of(server(b"", flags=flags))) == (False, None, None)


def test_bytes_that_were_not_captured_are_no_silence() -> None:
    assert told(row_of(server(FLIGHT), client(b"", wire_bytes=90), client(b"", flags=ACK | FIN))) == (None, None, None)


def test_a_server_that_refuses() -> None:
    row = row_of(server(REFUSED_BY_SERVER), server(b"", flags=ACK | FIN), client(b"", flags=ACK | FIN))
    assert told(row) == (False, "handshake_failure", "server")
    assert (row["ended_by"], row["ended_with"], row["tls_version"]) == ("server", "fin", None)


@pytest.mark.parametrize("separately", [False, True])
def test_a_server_that_warns_and_goes_on(separately: bool) -> None:
    """One that doesn't know the name says so before its hello, and sends the certificate that it has."""
    said = [server(UNRECOGNIZED_NAME), server(FLIGHT)] if separately else [server(UNRECOGNIZED_NAME + FLIGHT)]
    row = row_of(*said, client(KEY_EXCHANGE))
    assert told(row) == (True, "unrecognized_name", "server")
    assert (row["tls_version"], row["certificate_issuer"] is None) == ("1.2", False)
    assert [m.kind for m in byte_by_byte(UNRECOGNIZED_NAME + FLIGHT, 1)] == ["alert", "server_hello", "issuer"]
    refused = row_of(server(UNRECOGNIZED_NAME))
    assert (refused["tls_version"], refused["tls_alert"]) == (None, "unrecognized_name")


def test_when_it_was_said() -> None:
    """Packets are a microsecond apart: SYN, SYN-ACK, CONNECT, 200, hello, answer, alert, end."""
    row = row_of(server(FLIGHT), client(FATAL_UNKNOWN_CA), client(b"", flags=ACK | RST))
    times = [row["client_hello_at"], row["server_hello_at"], row["last_data"], row["ended_at"]]
    assert times == [START_NS + 1000 * k for k in (4, 5, 6, 7)]
    assert row["requests"][0]["answered"] == START_NS + 3000
    assert (row["ended_by"], row["ended_with"]) == ("client", "rst")


def test_what_comes_behind_the_end_is_no_part_of_it() -> None:
    row = row_of(server(b"", flags=ACK | FIN), client(ENCRYPTED), client(b"", flags=ACK | FIN))
    assert (row["last_data"], row["ended_at"], row["ended_by"]) == (START_NS + 4000, START_NS + 5000, "server")


def test_a_digest_tells_hellos_with_the_same_random_apart() -> None:
    same, other = client_hello("name.example"), client_hello("other.example")
    digests = []
    for hello in (HELLO, same, other):
        stage = Stage()
        stage.add([client(hello)])
        (row,) = settled(stage)
        digests.append((row["client_random"], row["client_hello_digest"]))
    assert digests[0] == digests[1]
    assert digests[0][0] == digests[2][0] and digests[0][1] != digests[2][1]


def test_names_are_ianas() -> None:
    assert (NAMES[0], NAMES[48], NAMES[80], NAMES[120]) == ("close_notify", "unknown_ca", "internal_error", "no_application_protocol")
