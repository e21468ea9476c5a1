"""A tunnel's bytes and what is read of them: the request, the answer's body, the hello within, the server's answer to that."""

from __future__ import annotations

from tests.build import X25519MLKEM768, certificate, client_hello, connect, head, leaf, records, server_hello
from tests.streams.harness import CLIENT

OK = head("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok"
ASKED = connect("name.example:443", "Host: name.example:443")
HELLO = client_hello("inner.example", groups=(X25519MLKEM768, 0x001D))
STREAM = ASKED + HELLO
"""All that the client says."""
TUNNEL = [("connect", CLIENT, b"name.example", -1), ("client_hello", CLIENT, b"inner.example", 0x0304)]
"""The two messages that STREAM holds."""
TLS12 = records(server_hello(0x0303, bare=True) + certificate(leaf(), bare=True), (40, 90), version=0x0303)
CCS = b"\x14\3\1\0\1\1"
