"""Calls a webhook, with one deadline for the whole call. Its address is a secret, so no message holds any part of it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, InvalidURL, RemoteDisconnected
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "whichproxy"}


def post(url: str, body: bytes, seconds: float) -> str | None:
    """None if the server took the JSON body, else the reason why not, without the address.

    seconds   for the whole call: names, connecting, TLS, and the answer however slow
    """
    call = _Call(url, body, seconds)
    call.start()
    call.join(seconds)
    if call.is_alive():
        call.break_off()
        return f"it took longer than {seconds:g} s"
    return call.why


class _Call(threading.Thread):
    """The call, in a thread that can be abandoned: a socket's timeout restarts with every byte, and looking up a name has none."""

    def __init__(self, url: str, body: bytes, seconds: float) -> None:
        super().__init__(daemon=True)
        self.why: str | None = None
        self._url = url
        self._body = body
        self._seconds = max(seconds, 0.001)
        self._connections: list[HTTPConnection] = []

    def run(self) -> None:
        context = ssl.create_default_context()
        plain, secure = _Plain(self._kept(HTTPConnection)), _Secure(self._kept(HTTPSConnection, context=context))
        try:
            request = Request(self._url, data=self._body, headers=HEADERS, method="POST")
            with build_opener(plain, secure, _NoRedirect()).open(request, timeout=self._seconds):
                pass
        except (OSError, HTTPException, ValueError) as error:  # URLError and HTTPError are OSErrors
            self.why = reason(error)

    def _kept(self, kind: type[HTTPConnection], **more: Any) -> Callable[..., HTTPConnection]:
        def connect(host: str, **options: Any) -> HTTPConnection:
            connection = kind(host, **options, **more)
            self._connections.append(connection)
            return connection

        return connect

    def break_off(self) -> None:
        """End the call: its connection is shut down."""
        for connection in self._connections:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


class _Plain(HTTPHandler):
    def __init__(self, connect: Callable[..., HTTPConnection]) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connect, req)


class _Secure(HTTPSHandler):
    def __init__(self, connect: Callable[..., HTTPConnection]) -> None:
        super().__init__()
        self._connect = connect

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connect, req)


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST arrives as a GET without its body, so a redirect is a failure."""

    def redirect_request(self, *args: Any) -> None:
        return None


def reason(error: Exception) -> str:
    """The reason why a call failed, in our own words: the libraries' words may repeat the address, or the server's answer."""
    if isinstance(error, HTTPError):
        return f"it answered {error.code}"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return reason(error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted (OpenSSL's code {getattr(error, 'verify_code', 'unknown')})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({getattr(error, 'reason', None) or 'no reason given'})"
    if isinstance(error, TimeoutError):
        return "it didn't answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, HTTPException) and not isinstance(error, InvalidURL):
        return "its answer isn't HTTP"
    return "its address can't be used"
