"""QUIC Initials that were kept become the ClientHello of their flow."""

from __future__ import annotations

from analyzer.packets.layout import UDP
from analyzer.streams.initials import read_initials
from tests.build import X25519MLKEM768, client_hello, quic_initial, server_hello
from tests.facts.settled import settled
from tests.reference import tls as twin
from tests.streams.harness import CLIENT, SERVER, Message, Segment, Stage

HELLO = client_hello("quic.example", groups=(X25519MLKEM768, 0x001D), alpn=("h3",), bare=True)
FIRST, SECOND = quic_initial(HELLO[:900]), quic_initial(HELLO[900:], offset=900, number=1)
QUIC_TRAIT = 16


def hellos(*segments: Segment) -> list[Message]:
    stage = Stage(protocol=UDP, syn=False)
    stage.add(segments)
    stage.tables = read_initials(stage.tables)
    return [message for message in stage.messages() if message.kind == "client_hello"]


def test_a_hello_in_two_datagrams_whatever_their_order() -> None:
    for order in ((FIRST, SECOND), (SECOND, FIRST)):
        (message,) = hellos(*(Segment(CLIENT, data) for data in order))
        assert (message.side, message.host, message.field, message.port & QUIC_TRAIT) == (
            CLIENT,
            b"quic.example",
            bytes(range(32)),
            QUIC_TRAIT,
        )


def test_what_isnt_complete_or_isnt_the_clients_says_nothing() -> None:
    assert hellos(Segment(CLIENT, FIRST)) == []
    assert hellos(Segment(CLIENT, FIRST), Segment(SERVER, SECOND)) == []
    assert hellos(Segment(CLIENT, quic_initial(server_hello(bare=True)))) == []
    assert hellos() == []


def test_the_flow_tables_columns() -> None:
    stage = Stage(protocol=UDP, syn=False)
    stage.add([Segment(CLIENT, FIRST), Segment(SERVER, bytes(900)), Segment(CLIENT, SECOND)])
    (row,) = settled(stage)
    parsed = twin.parse_client_hello(HELLO[4:])
    assert parsed is not None
    assert [row[name] for name in ("protocol", "host", "host_source", "sni", "alpn", "tls_offered", "ech", "ja4", "client_random")] == [
        "udp",
        "quic.example",
        "quic",
        "quic.example",
        ["h3"],
        "1.3",
        False,
        twin.ja4(parsed, "q"),
        bytes(range(32)).hex(),
    ]
