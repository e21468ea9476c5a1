"""The messages of the two ends of a TCP flow: requests with their answers, hellos, SOCKS; in tunnels too.

Messages are read one after the other. Where the next one isn't recognized (bytes of another kind, missing bytes, no beginning), reading
goes on at the next packet that begins with a request, a response or a hello, up to a TLS record of encrypted data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.reference import http, socks, tls
from tests.reference.packets import RST
from tests.reference.streams import Cursor, Stream


@dataclass
class Asked:
    """One request. kind is connect, absolute, socks4, socks5, or None for a request to an origin."""

    kind: str | None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    status: int | None = None
    first_seen: int | None = None
    answered: int | None = None
    http_host: str | None = None
    user_agent: str | None = None
    offered: str | None = None
    forwarded: bool = False
    end: int = 0  # position behind the head
    answer_end: int | None = None
    challenge: list[str] = field(default_factory=list)
    continues: bool | None = None
    location: str | None = None
    html: bool | None = None
    answer_cut: bool | None = None
    bare: bool = False
    cut: bool = False  # its head's end wasn't captured


@dataclass
class Dialogue:
    """One end's requests to the other."""

    asked: list[Asked] = field(default_factory=list)
    hello: tls.ClientHello | None = None
    cut_hello: bool = False  # a hello that wasn't captured whole
    cut_name: str | None = None  # its server name
    server_hello: tls.ServerHello | None = None
    certificate_host: str | None = None
    answered: bool = False  # a response or ServerHello was seen
    hello_seen: int | None = None
    server_hello_seen: int | None = None
    alert: tuple[int | None, str] | None = None  # this end's first alert: its time and name
    went_on: bool = False  # more than an alert came behind the hello
    silent: bool = False  # nothing came behind the hello

    @property
    def is_empty(self) -> bool:
        return not (self.asked or self.hello or self.cut_hello)


def first_kind(server: Stream, client: Stream, said: Dialogue) -> str | None:
    """The kind of a server's first payload; None where nothing of its stream was captured."""
    if not server.known:
        return None
    at = min(position for position, packet in server.pieces if not packet.flags & RST)
    data = server.bytes_from(at)
    if http.read_response(data) or (5 <= len(data) < 12 and data[:5].upper() == b"HTTP/" and b"\n" not in data):
        return "http"
    if tls.alert(data):
        return "alert"
    if tls.looks_like_handshake(data, tls.SERVER_HELLO) and tls.read_server_hello(data):
        return "tls"
    greeted = client.has_syn and client.bytes_from(client.start)[:1] == b"\5" == data[:1]
    if greeted or (any(a.kind == "socks4" for a in said.asked) and data[:1] == b"\0"):
        return "socks"
    return None if server.first_cut else "other"


def listen(asker: Stream, answerer: Stream, no_socks: bool = False) -> Dialogue:
    """Everything `asker` asked, paired with the answers in order. no_socks: it is known to be none."""
    said = Dialogue()
    cursor, answers = Cursor(asker), Answers(answerer)
    cursor.at += proxy_preface(cursor.bytes())
    asked = None if no_socks else read_socks_request(cursor, answers)
    if asked:
        said.asked.append(asked)
    while True:
        data = cursor.bytes()
        if tls.is_change_cipher_spec(data):
            cursor.at += 6
            continue
        request = http.read_request(data)
        if request:
            said.asked.append(read_request(request, cursor, answers))
            continue
        if tls.looks_like_handshake(data, tls.CLIENT_HELLO):
            said.hello = tls.read_client_hello(data)
            said.cut_name = None if said.hello else tls.cut_server_name(data)
            said.cut_hello = not said.hello and (said.cut_name is not None or tls.is_cut_hello(data))
            said.hello_seen = asker.time_at(cursor.at) if said.hello or said.cut_hello else None
        elif tls.is_warning(data):
            said.alert = said.alert or (asker.time_at(cursor.at), str(tls.alert(data)))
            cursor.at += 7
            continue
        elif tls.alert(data):
            said.alert = said.alert or (asker.time_at(cursor.at), str(tls.alert(data)))
        if said.hello or said.cut_hello or tls.alert(data) or tls.looks_like_encrypted(data) or not cursor.resync():
            break
    if said.hello:
        read_after_hello(said, cursor)
    said.asked = [asked for asked in said.asked if not asked.bare or asked.status is not None or said.hello or said.cut_hello]
    said.server_hello = answers.server_hello()
    said.server_hello_seen = answers.hello_seen
    said.certificate_host = said.server_hello.host if said.server_hello else None
    said.answered = answers.any
    return said


def read_after_hello(said: Dialogue, cursor: Cursor) -> None:
    """Read behind the client's hello: an alert, another message, or nothing. A second hello and ChangeCipherSpec are skipped."""
    cursor.at += tls.hello_size(cursor.bytes())
    highest = max((at + packet.payload_bytes for at, packet in cursor.stream.pieces if not packet.flags & RST), default=0)
    highest = max(highest, cursor.stream.fin)
    said.silent = highest <= cursor.at
    while (
        len(data := cursor.bytes()) >= 6
        and (data[0] == 20 or (data[0] == 22 and data[5] == 1) or tls.is_warning(data))
        and data[3:5] != b"\0\0"
    ):
        cursor.at += 5 + int.from_bytes(data[3:5], "big")
    if tls.alert(data):
        said.alert = said.alert or (cursor.stream.time_at(cursor.at), str(tls.alert(data)))
    elif len(data) >= 6 and data[0] == 23 and data[3:5] == b"\0\x13":
        said.alert = said.alert or (cursor.stream.time_at(cursor.at), "encrypted")
    elif len(data) >= 6 and data[0] in (20, 22, 23):
        said.went_on = True


def proxy_preface(data: bytes) -> int:
    """Length of the PROXY protocol's header at the beginning of data (haproxy.org, proxy-protocol.txt 2.1 and 2.2), 0 without one."""
    if data.startswith(b"\r\n\r\n\0\r\nQUIT\n") and len(data) >= 16:
        length = 16 + int.from_bytes(data[14:16], "big")
        return length if length <= len(data) else 0
    if data.startswith(b"PROXY "):
        return data.find(b"\n", 0, 107) + 1
    return 0


def read_socks_request(cursor: Cursor, answers: Answers) -> Asked | None:
    """The SOCKS request at the stream's beginning; both cursors move behind it and its reply."""
    found = socks.read_socks(cursor.bytes(), answers.cursor.bytes())
    if not found:
        return None
    asked = Asked(found.kind, found.host, found.port, first_seen=cursor.stream.time_at(cursor.at + found.begin))
    cursor.at += found.end
    asked.end = cursor.at
    reply = socks.read_reply(found.kind, answers.cursor.bytes())
    if reply:
        asked.status = reply[0]
        asked.answered = answers.cursor.stream.time_at(answers.cursor.at + reply[2])
        asked.html = False
        asked.answer_cut = False
        asked.answer_end = answers.cursor.at + reply[1]
        answers.cursor.at += reply[1]
        answers.any = True
    return asked


def read_request(request: http.Request, cursor: Cursor, answers: Answers) -> Asked:
    """One HTTP request and its status; the cursor moves behind its body (a CONNECT has none)."""
    asked = Asked(request.kind, first_seen=cursor.stream.time_at(cursor.at + request.head.begin))
    if request.kind == "connect":
        asked.host, asked.port = http.split_tunnel(request.target)
    elif request.kind == "absolute" and request.target:
        asked.host, asked.port, asked.path = http.split_absolute(request.target)
    elif request.target.startswith(b"/"):
        path = http.without_users(re.split(rb"[?#]", request.target, maxsplit=1)[0])
        asked.path = path.decode("utf-8", "backslashreplace") or None
    asked.http_host = http.split_tunnel(request.head.field(b"host") or b"")[0]
    agent = http.without_users(request.head.field(b"user-agent") or b"")
    asked.user_agent = agent.decode("utf-8", "backslashreplace") or None
    credentials = re.match(rb"([!#-'*+.^-z|~0-9A-Z-]{1,64})[ \t]", request.head.field(b"proxy-authorization") or b"")
    asked.offered = credentials[1].lower().decode() if credentials else None
    asked.forwarded = any(name in (b"via", b"x-forwarded-for") for name, _ in request.head.fields)
    asked.bare = request.bare and request.kind == "connect"
    asked.status, asked.answered = answers.status(request.method)
    if asked.status is not None and answers.response:
        asked.challenge, goes_on = http.challenges(answers.response.head)
        asked.continues = goes_on if asked.challenge else None
        asked.location = http.redirected_to(answers.response)
        asked.html = http.is_html(answers.response.head)
        asked.answer_cut = not answers.response.head.complete
        asked.answer_end = answers.head_end
    cursor.at += request.head.end
    asked.end = cursor.at
    asked.cut = not request.head.complete
    if request.head.complete and request.kind != "connect":
        end = http.body_end(request.head, cursor.stream, cursor.at)
        cursor.at = cursor.at if end is None else end
    return asked


class Answers:
    """Walks the other direction: one final response for each request, then the ServerHello."""

    def __init__(self, stream: Stream) -> None:
        self.cursor = Cursor(stream)
        self.any = False
        self.hello_seen: int | None = None
        self.response: http.Response | None = None
        self.head_end = 0

    def status(self, method: bytes) -> tuple[int | None, int | None]:
        """The next final status and when its response began; None when it wasn't captured."""
        while True:
            response = http.read_response(self.cursor.bytes())
            if response:
                seen = self.cursor.stream.time_at(self.cursor.at + response.head.begin)
                self.head_end = self.cursor.at + response.head.end
                self.skip(response, method)
                if response.status >= 200 or response.status == 101:
                    self.response = response
                    return response.status, seen
            elif self.is_tls() or not self.cursor.resync():
                return None, None

    def is_tls(self) -> bool:
        """Whether a ServerHello, an alert or encrypted data stands at the cursor."""
        data = self.cursor.bytes()
        return tls.looks_like_handshake(data, tls.SERVER_HELLO) or tls.looks_like_encrypted(data) or tls.alert(data) is not None

    def skip(self, response: http.Response, method: bytes) -> None:
        """Move behind a response (RFC 9112 6.3). A hello behind the head shows that it opened a tunnel.

        A body that only the end of the connection ends is passed over packet by packet, as the connection may go on after all.
        """
        self.any = True
        self.cursor.at += response.head.end
        status = response.status
        bodiless = status < 200 or status in (204, 304) or method == b"HEAD" or (method == b"CONNECT" and status < 300)
        if bodiless or not response.head.complete or tls.looks_like_handshake(self.cursor.bytes(), tls.SERVER_HELLO):
            return
        end = http.body_end(response.head, self.cursor.stream, self.cursor.at)
        if end is not None:
            self.cursor.at = end
        elif method != b"CONNECT" and not self.cursor.resync():
            self.cursor.at += len(self.cursor.bytes())

    def server_hello(self) -> tls.ServerHello | None:
        """The ServerHello at the cursor, behind responses to requests that weren't captured, or behind a gap."""
        while True:
            data = self.cursor.bytes()
            response = http.read_response(data)
            if response:
                self.skip(response, b"")
                continue
            hello = tls.read_server_hello(data) if tls.looks_like_handshake(data, tls.SERVER_HELLO) else None
            if hello:
                self.any = True
                self.hello_seen = self.cursor.stream.time_at(self.cursor.at)
            if tls.is_warning(data):
                self.cursor.at += 7
                continue
            if tls.alert(data):
                return None
            if hello or tls.looks_like_encrypted(data) or not self.cursor.resync():
                return hello
