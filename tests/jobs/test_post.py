"""Calling a webhook: one deadline however the server behaves, and nothing of the address in what is said."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import BadStatusLine, InvalidURL, RemoteDisconnected
from urllib.error import HTTPError, URLError

import pytest

from analyzer.jobs.post import post, reason

SECRET = "s3cr3t-t0ken"
Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve) -> Iterator[tuple[str, threading.Event]]:
    """(an address, set once its one connection is over): `serve` has the connection."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection, _ = listener.accept()
        with connection:
            serve(connection)
        over.set()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}", over


def answering(text: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65_536)
        connection.sendall(text)

    return serve


def dripping(before: bytes) -> Serve:
    """A byte every fiftieth of a second, as long as the client reads: each one in time, and the answer never whole."""

    def serve(connection: socket.socket) -> None:
        never = threading.Event()
        try:
            connection.sendall(before)
            for _ in range(1500):
                connection.sendall(b"x")
                never.wait(0.02)
            connection.sendall(b"\r\n\r\n")
        except OSError:
            return

    return serve


@pytest.mark.parametrize("before", [b"HTTP/1.1 204 ", b"HTTP/1.1 204 OK\r\nX-Slow: "], ids=["status", "header"])
def test_a_server_that_drips_has_one_deadline_in_all(before: bytes) -> None:
    with server(dripping(before)) as (url, over):
        assert post(url, b"{}", 0.3) == "it took longer than 0.3 s"
        assert over.wait(60), "the connection is left open"


def test_what_is_taken_is_said_by_nothing_and_what_is_not_by_its_code() -> None:
    for answer, said in (
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", None),
        (f"HTTP/1.1 403 no {SECRET}\r\nContent-Length: 0\r\n\r\n".encode(), "it answered 403"),
        (f"HTTP/1.1 302 Found\r\nLocation: /{SECRET}\r\nContent-Length: 0\r\n\r\n".encode(), "it answered 302"),
        (f"nonsense {SECRET}\r\n\r\n".encode(), "its answer isn't HTTP"),
        (b"", "it closed the connection without an answer"),
    ):
        with server(answering(answer)) as (url, _):
            assert post(url, b"{}", 30) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (URLError(socket.gaierror(-2, "Name or service not known")), "name or service not known"),
        (URLError(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")), "connection refused"),
        (URLError(f"unknown url type: {SECRET}"), "its address can't be used"),
        (TimeoutError(), "it didn't answer in time"),
        (InvalidURL(f"nonnumeric port: '{SECRET}'"), "its address can't be used"),
        (ValueError(f"unknown url type: '{SECRET}'"), "its address can't be used"),
        (BadStatusLine(SECRET), "its answer isn't HTTP"),
        (RemoteDisconnected(SECRET), "it closed the connection without an answer"),
        (HTTPError(f"https://x/{SECRET}", 500, SECRET, Message(), None), "it answered 500"),
        (URLError(ssl.SSLError(1, f"[SSL: WRONG_VERSION_NUMBER] {SECRET}")), "TLS failed (no reason given)"),
        (URLError(ssl.SSLCertVerificationError(1, f"Hostname mismatch, not valid for '{SECRET}'")), "its certificate can't be trusted"),
    ],
)
def test_why_a_call_failed_never_repeats_what_the_library_said(error: Exception, said: str) -> None:
    assert reason(error).startswith(said) and SECRET not in reason(error)


def test_an_address_that_is_none_is_no_traceback() -> None:
    assert post(f"https://[{SECRET}", b"{}", 5) == "its address can't be used"
    assert post(f"nothing://{SECRET}", b"{}", 5) == "its address can't be used"
