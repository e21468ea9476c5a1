"""Conversations as the twin reads them."""

from __future__ import annotations

from tests.build import ESTABLISHED, Conversation, Frame, client_hello, connect, pcap, server_hello
from tests.reference import rows_of
from tests.reference.agree import Row


def rows(frames: list[Frame], **options: object) -> list[Row]:
    """The twin's rows of a capture of these frames."""
    return rows_of(("test.pcap", pcap(frames, nanosecond=True, **options)))  # type: ignore[arg-type]


def only(talk: Conversation) -> Row:
    """The twin's row of a capture that holds nothing else."""
    (row,) = rows(talk.frames)
    return row


def tunnel(host: str = "example.com:443", hello: bytes | None = None) -> Conversation:
    """A CONNECT with a 200, and a hello and its answer within; left open."""
    talk = Conversation().handshake().send_client(connect(host, f"Host: {host}")).send_server(ESTABLISHED)
    return talk.send_client(client_hello() if hello is None else hello).send_server(server_hello())
