"""One connection of a client stand-in. It records its own truth: the request, the answer, how it ended."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import time
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from captures.lab import hellos, requests
from captures.lab.tls13 import HandMadeTls, fresh_random
from captures.lab.truth import Connection, Request, rfc3339

ANSWER_TIMEOUT_S = 20
IDLE_TIMEOUT_S = 90
GATEWAYS_ICMP = {errno.EACCES, errno.EHOSTUNREACH, errno.ENETUNREACH}
HAND_MADE = {
    "chromium": (hellos.chromium_hello, ["h2", "http/1.1"]),
    "schannel": (hellos.schannel_hello, []),
    "windows11": (hellos.windows11_hello, ["h2", "http/1.1"]),
}


class Answer(NamedTuple):
    """An HTTP response's status and its headers, names in lower case, in order."""

    status: int
    headers: list[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection behind it."""
        return "close" in [value.lower() for name in ("connection", "proxy-connection") for value in self.values(name)]


def scheme_of(challenge: str) -> str:
    """The scheme of a Proxy-Authenticate or Proxy-Authorization, in lower case as the flow table has it."""
    return challenge.partition(" ")[0].lower()


class Conversation:
    """A TCP connection that counts its bytes and fills in `truth`. A tls13.Stream."""

    def __init__(self, truth: Connection) -> None:
        self.truth = truth
        self.socket = socket.socket(socket.AF_INET6 if ":" in truth.client_ip else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((truth.client_ip, truth.client_port))
        self.socket.settimeout(ANSWER_TIMEOUT_S)
        self.ended = False

    def open(self) -> bool:
        """Whether the connection came up; its state is in the truth when it did not."""
        self.truth.opened_at = rfc3339(time.time_ns())
        try:
            self.socket.connect((self.truth.server_ip, self.truth.server_port))
        except ConnectionRefusedError:
            return self._failed("refused")
        except TimeoutError:
            return self._failed("no-answer")
        except OSError as error:
            if error.errno not in GATEWAYS_ICMP:
                raise
            return self._failed("unreachable")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.truth.state, self.truth.sent_bytes, self.truth.received_bytes = "open", 0, 0
        return True

    def _failed(self, state: str) -> bool:
        self.truth.state, self.truth.outcome = state, state
        self._end()
        return False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.truth.sent_bytes = (self.truth.sent_bytes or 0) + len(data)

    def receive(self) -> bytes:
        """The next bytes; b"" when the other side has closed or reset the connection."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            self.truth.state, self.ended = "reset", True
            return b""
        self.truth.received_bytes = (self.truth.received_bytes or 0) + len(data)
        return data

    def ask_connect(self, shape: str, host: str, credentials: str | None = None) -> Answer:
        """Send a CONNECT of that shape, with these credentials ("Basic dXNlcg=="), and return the proxy's answer."""
        asked = Request("connect", host, 443, None)
        self.truth.ask(asked, host, requests.CONNECT[shape].user_agent, scheme_of(credentials) if credentials else None)
        self.send(requests.connect(shape, host) if credentials is None else requests.connect_as(shape, host, credentials))
        answer = read_answer(self)
        self._note(answer)
        return answer

    def ask_absolute(self, host: str, path: str, user_agent: str) -> int:
        self.truth.ask(Request("absolute", host, 80, path.partition("?")[0]), host, user_agent)
        self.send(requests.absolute(host, path, user_agent))
        answer = read_answer(self)
        self._note(answer)
        return answer.status

    def _note(self, answer: Answer) -> None:
        self.truth.answer(answer.status, [scheme_of(value) for value in answer.values("proxy-authenticate")])

    def ask_origin(self, host: str, path: str, user_agent: str) -> int:
        """A GET without a proxy; its status."""
        self.truth.http_host, self.truth.user_agent = host, user_agent
        self.send(requests.origin(host, path, user_agent))
        return read_response(self)

    def close(self) -> None:
        """Close in order: FIN, then read everything up to the other side's FIN. Nothing more where it was reset."""
        if not self.ended:
            self.socket.shutdown(socket.SHUT_WR)
            while self.receive():
                pass
        if not self.ended:
            self.truth.state = "closed"
        self._end()

    def wait_for_close(self) -> None:
        """Send nothing more until the other side closes, then close too."""
        self.socket.settimeout(IDLE_TIMEOUT_S)
        while self.receive():
            pass
        if not self.ended:
            self.truth.state = "closed"
        self._end()

    def abandon(self) -> None:
        """Close without waiting for an answer, as a client does after its timeout: only the capture shows how it ended."""
        self.truth.state = "reset" if self.ended else None
        self._end()

    def abort(self) -> None:
        """Close with RST, as a killed process does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.truth.state = "reset"
        self._end()

    def _end(self) -> None:
        self.truth.ended_at = rfc3339(time.time_ns())
        self.socket.close()


class LibraryTls:
    """TLS by Python's ssl over a conversation, with memory BIOs, so that the hello's random can be noted."""

    def __init__(self, conversation: Conversation, context: ssl.SSLContext, name: str | None) -> None:
        self.conversation = conversation
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.hello = b""

    def handshake(self) -> None:
        """Finish the handshake; ssl.SSLError when either side refuses (the alert is sent first)."""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._exchange()
            finally:
                self._flush()

    @property
    def version(self) -> str:
        return (self.tls.version() or "").removeprefix("TLSv")

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self._flush()

    def receive(self) -> bytes:
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._exchange()
            except ssl.SSLZeroReturnError:
                return b""

    def close(self) -> None:
        """Send close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            self._flush()

    def _flush(self) -> None:
        data = self.outgoing.read()
        self.hello = self.hello or data[5:]
        if data:
            self.conversation.send(data)

    def _exchange(self) -> None:
        self._flush()
        data = self.conversation.receive()
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()


Tls = LibraryTls | HandMadeTls


def start_tls(conversation: Conversation, kind: str, host: str, authority: str | None, cuts: tuple[int, ...] = ()) -> Tls:
    """TLS over the conversation after its handshake; the hello's facts go into the conversation's truth.

    kind        library (Python's ssl) · tls12 (the same, TLS 1.2 only) · no-sni · chromium · schannel · windows11 (made by hand)
    authority   the CA certificate to trust; None: trust none, as a client that pins another certificate
    """
    truth = conversation.truth
    truth.hello, truth.sni, truth.ech = kind, None if kind == "no-sni" else host, kind == "chromium"
    truth.tls_offered = "1.2" if kind == "tls12" else "1.3"
    tls: Tls
    if kind in HAND_MADE:
        build, truth.alpn = HAND_MADE[kind]
        key, random = X25519PrivateKey.generate(), fresh_random()
        tls = HandMadeTls(conversation, build(host, random, key.public_key().public_bytes_raw()), key, cuts)
        truth.client, truth.client_random = "hand-made", random.hex()
        tls.handshake()
    else:
        truth.client, truth.alpn = "python", []
        tls = LibraryTls(conversation, context(kind, authority), truth.sni)
        try:
            tls.handshake()
        finally:
            truth.client_random = tls.hello[6:38].hex()
            if tls.tls.version():
                truth.tls_version = tls.version
    truth.tls_version = tls.version
    return tls


def context(kind: str, authority: str | None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is not None:
        made.load_verify_locations(authority)
    if kind == "tls12":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = kind != "no-sni"
    return made


def read_response(stream: Conversation | Tls) -> int:
    """Status of the HTTP response on the stream, read to the end of its body; ConnectionError when it stays incomplete."""
    return read_answer(stream).status


def read_answer(stream: Conversation | Tls) -> Answer:
    """The HTTP response on the stream, read to the end of its body; ConnectionError when it stays incomplete."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += more(stream)
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    lines = (line.decode("latin-1").partition(":") for line in head.split(b"\r\n")[1:])
    answer = Answer(status, [(name.lower(), value.strip()) for name, _, value in lines])
    length = next((int(value) for value in answer.values("content-length")), 0)
    while len(body) < length:
        body += more(stream)
    return answer


def more(stream: Conversation | Tls) -> bytes:
    data = stream.receive()
    if not data:
        raise ConnectionError("the other side closed in the middle of a response")
    return data
