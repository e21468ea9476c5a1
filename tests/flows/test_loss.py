from __future__ import annotations

import tests.build as build
from tests.build import Conversation
from tests.engine import reading


def damage(talk: Conversation) -> list[tuple[str, str, int]]:
    found = reading(build.pcap(talk.frames, nanosecond=True)).captures[0]["damage"]
    return [(entry["code"], entry["text"], entry["count"]) for entry in found]


def test_bytes_missing_in_the_middle() -> None:
    talk = Conversation().handshake().send_client(b"a" * 100).send_client(b"b" * 50, at=300).send_server(b"c" * 10, at=5)
    assert damage(talk) == [("capture-gap", "205 bytes in the middle of 1 TCP conversation were not captured", 1)]


def test_what_is_sent_again_is_not_missing() -> None:
    talk = Conversation().handshake().send_client(b"a" * 100).send_client(b"b" * 50, at=300).send_client(b"c" * 200, at=100).close()
    assert damage(talk) == []


def test_across_the_end_of_sequence_numbers() -> None:
    talk = Conversation(isns=(2**32 - 50, 7)).handshake().send_client(b"a" * 100).send_client(b"b" * 50, at=150)
    assert damage(talk) == [("capture-gap", "50 bytes in the middle of 1 TCP conversation were not captured", 1)]
