"""How long each thing is that stands in a connection's bytes: heads, TLS records, SOCKS messages, a PROXY protocol's header.

Sizes are of what begins at the first byte: 0 for more bytes needed, NOT for something else.
Sources: RFC 9112 (HTTP), RFC 1928 and 1929 (SOCKS), RFC 8446 (TLS), haproxy.org's proxy-protocol.txt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# A head or hello longer than this is taken for none. Servers stop at 8 to 64 KiB.
MAX_HEAD: Final = 1 << 16
MAX_METHOD: Final = 20
MAX_PROXY_LINE: Final = 107

# A longer body can't be distinguished from an earlier place in 32-bit sequence numbers.
MAX_BODY: Final = 1 << 30

NOT: Final = -1
CHUNKED: Final = -1
SKIP: Final = -2

CHANGE_CIPHER_SPEC, ALERT_RECORD, HANDSHAKE_RECORD = 20, 21, 22
CLIENT_HELLO, SERVER_HELLO = 1, 2
# What is kept of a record that is encrypted: its kind and length, and the byte that says whether it begins another hello.
RECORD_HEAD: Final = 6

_METHOD = re.compile(rb"[A-Za-z_-]{1,20} ")
_REQUEST_LINE = re.compile(rb"(?!PRI )[A-Za-z_-]{1,20} +[^ \r\n][^\n]* HTTP/\d[^ \r\n]* *\r?\n", re.IGNORECASE)
_ANSWER_LINE = re.compile(rb"HTTP/[\d.]+ +[1-9]\d\d", re.IGNORECASE)
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding[ \t]*:.*chunked")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")


def request_size(data: bytes) -> int:
    """Of a request's head, the empty line with it."""
    if b"\n" not in data:
        return 0 if _METHOD.match(data) or (len(data) <= MAX_METHOD and data.replace(b"-", b"").replace(b"_", b"").isalpha()) else NOT
    return _to_empty_line(data) if _REQUEST_LINE.match(data) else NOT


def answer_size(data: bytes) -> int:
    """Of an answer's head, the empty line with it."""
    if not _ANSWER_LINE.match(data):
        return 0 if len(data) < 16 and b"HTTP/1.1 200".startswith(data[:5].upper()) and b"\n" not in data else NOT
    return _to_empty_line(data)


def whole_lines(data: bytes) -> int:
    """Of the lines that are whole in a head that is cut: what is still read of it. An answer's status is enough."""
    if _REQUEST_LINE.match(data):
        return data.rindex(b"\n") + 1
    answer = _ANSWER_LINE.match(data)
    return max(data.rfind(b"\n") + 1, answer.end()) if answer else 0


def body_size(head: bytes, unsaid: int | None) -> int | None:
    """Bytes of the body behind a head, CHUNKED, or None for one that goes on to the end; `unsaid` where the head says nothing."""
    if _CHUNKED.search(head):
        return CHUNKED
    length = _LENGTH.search(head)
    if length is None:
        return unsaid
    return int(length[1]) if length[1].isdigit() and len(length[1]) < 11 and int(length[1]) <= MAX_BODY else None


def chunk_line(data: bytes) -> tuple[int, int]:
    """(size of a chunk's line, or with the last chunk of its trailer too; of the chunk)."""
    line = _CHUNK_LINE.match(data)
    if line is None:
        return 0 if len(data) < 1024 and b"\n" not in data else NOT, 0
    size = int(line[1], 16)
    if size:
        return line.end(), size
    return _to_empty_line(data), 0


def _to_empty_line(data: bytes) -> int:
    found = _END_OF_HEAD.search(data)
    return found.end() if found else 0


def starts_like_head(data: bytes) -> bool:
    """Whether a segment begins like an HTTP head, a TLS hello or an alert."""
    hello = data[:2] == b"\x16\x03" and data[5:6] in (b"\x01", b"\x02")
    return hello or alert_size(data) > 0 or bool(_REQUEST_LINE.match(data) or _ANSWER_LINE.match(data))


def alert_size(data: bytes) -> int:
    """Of a record that holds an alert which can be read."""
    if len(data) < 7:
        return 0 if data[:1] == b"\x15" and data[1:2] in (b"", b"\x03") else NOT
    return 7 if data[:2] == b"\x15\x03" and data[3:5] == b"\x00\x02" and data[5] in (1, 2) else NOT


def record_size(data: bytes) -> int:
    """Of a TLS record, which may not be all there."""
    if len(data) < RECORD_HEAD:
        return 0
    size = int.from_bytes(data[3:5], "big")
    return 5 + size if data[1] == 3 and 0 < size <= (1 << 14) + 2048 else NOT


def hello_size(data: bytes) -> int:
    """Of the TLS records that hold the first handshake message, a ClientHello or ServerHello."""
    at, got, want = 0, 0, 4
    first = b""
    while True:
        if len(data) - at < 5:
            return 0
        if data[at] != HANDSHAKE_RECORD or data[at + 1] != 3:
            return NOT
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if not 0 < size <= 1 << 14:
            return NOT
        if first == b"" and data[at + 5 : at + 6] not in (b"", b"\x01", b"\x02"):
            return NOT
        if len(data) - at - 5 < size:
            return 0
        first = (first + data[at + 5 : at + 5 + size])[:4]
        got += size
        at += 5 + size
        if len(first) == 4:
            if first[0] not in (CLIENT_HELLO, SERVER_HELLO):
                return NOT
            want = 4 + int.from_bytes(first[1:4], "big")
        if got >= want:
            return at
        if want > MAX_HEAD:
            return NOT


def proxy_header_size(data: bytes) -> int:
    """Of the PROXY protocol's header, version 1 or 2."""
    signature = b"\r\n\r\n\x00\r\nQUIT\n" if data[:1] == b"\r" else b"PROXY "
    if not data.startswith(signature):
        return 0 if signature.startswith(data) else NOT
    if data[:1] == b"\r":
        size = 16 + int.from_bytes(data[14:16], "big") if len(data) >= 16 else 0
        return size if len(data) >= size else 0
    end = data.find(b"\n", 0, MAX_PROXY_LINE)
    return end + 1 if end >= 0 else 0 if len(data) < MAX_PROXY_LINE else NOT


def dns_size(data: bytes) -> int:
    """Of a DNS message over TCP with the two bytes of its length (RFC 1035 4.2.2)."""
    if len(data) < 2:
        return 0
    size = int.from_bytes(data[:2], "big")
    return NOT if size < 12 else 2 + size if len(data) >= 2 + size else 0


def _greeting(data: bytes) -> int:
    if data[0] != 5:
        return NOT
    return 0 if len(data) < 2 or len(data) < 2 + data[1] else 2 + data[1]


def _login(data: bytes) -> int:
    """Name and password, where they were asked for (RFC 1929); a request comes at once where they weren't."""
    if data[0] != 1:
        return SKIP
    if len(data) < 2 or len(data) < 3 + data[1]:
        return 0
    size = 3 + data[1] + data[2 + data[1]]
    return size if len(data) >= size else 0


def _address(data: bytes) -> int:
    """A request or a reply of SOCKS5."""
    if len(data) < 5:
        return 0
    size = {1: 10, 4: 22, 3: 7 + data[4]}.get(data[3], NOT)
    return size if size < 0 or len(data) >= size else 0


def _socks4(data: bytes) -> int:
    """A request of SOCKS4 or 4a: a user name, and in 4a a host name, each ended by a zero."""
    if data[0] != 4:
        return NOT
    if len(data) < 9:
        return 0
    end = data.find(b"\0", 8)
    if end >= 0 and data[4:7] == bytes(3) and data[7]:
        end = data.find(b"\0", end + 1)
    return end + 1 if end >= 0 else NOT if len(data) > 1024 else 0


def _login_answer(data: bytes) -> int:
    if data[0] != 1:
        return SKIP
    return 2 if len(data) >= 2 else 0


def _method(data: bytes) -> int:
    return 2 if len(data) >= 2 else 0


def _socks4_answer(data: bytes) -> int:
    return 8 if len(data) >= 8 else 0


SOCKS_STEPS: Final[dict[tuple[int, bool], tuple[Callable[[bytes], int], ...]]] = {
    (5, True): (_greeting, _login, _address),
    (5, False): (_method, _login_answer, _address),
    (4, True): (_socks4,),
    (4, False): (_socks4_answer,),
}
"""Version, from the client → the sizes of what comes one after the other; SKIP: it is left out here."""
