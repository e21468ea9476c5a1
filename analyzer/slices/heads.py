"""Where the names of a connection lie in its bytes: HTTP heads, SOCKS requests and TLS hellos, told from what they frame.

Each direction is walked in the order of its sequence numbers. Only these heads are kept; bodies are counted off, and nothing is
kept of what is encrypted or unknown. Sources: RFC 9112 (HTTP), RFC 1928 and 1929 (SOCKS), RFC 8446 (TLS).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

# A head or hello longer than this is taken for none. Servers stop at 8 to 64 KiB.
MAX_HEAD: Final = 1 << 16
# Bytes that wait for what comes before them, on one side.
MAX_WAITING: Final = 1 << 20

REQUEST: Final = "request"
ANSWER: Final = "answer"
CHUNK: Final = "chunk"
SOCKS: Final = "socks"
HELLO: Final = "hello"

SKIP: Final = -2

_REQUEST_LINE = re.compile(rb"[A-Z][A-Z-]{1,31} [!-~]")
_ANSWER_LINE = re.compile(rb"HTTP/1\.[01] \d\d\d")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,18})[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:.*chunked[ \t]*\r?$")


class Region(NamedTuple):
    """A stretch of one direction that holds names: where it begins, counted from the direction's first byte, its kind and bytes."""

    start: int
    kind: str
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


@dataclass
class Talk:
    """Both directions of one connection; what one says tells how the other is framed."""

    socks: int = 0  # 4 or 5: it begins with that
    methods: list[str] = field(default_factory=list)
    answered: int = 0
    client: Side = field(init=False)
    server: Side = field(init=False)

    def __post_init__(self) -> None:
        self.client, self.server = Side(self, from_client=True), Side(self, from_client=False)


class Side:
    """One direction: `feed` it segments in the order of capture, then `finish` it; `regions` is what was found."""

    def __init__(self, talk: Talk, *, from_client: bool) -> None:
        self._talk = talk
        self._from_client = from_client
        self._base: int | None = None
        self._at = 0  # the next byte that is wanted
        self._buffer = b""  # bytes before it that aren't understood yet
        self._waiting: dict[int, bytes] = {}
        self._skip = 0  # bytes of a body that are still to come; -1: all that come
        self._state = "socks" if talk.socks else "head"
        self._steps = _SOCKS_STEPS[talk.socks, from_client] if talk.socks else ()
        self._step = 0
        self.regions: list[Region] = []

    def place(self, seq: int) -> int | None:
        """Where this sequence number lies, counted from the first byte; None before anything was seen."""
        if self._base is None:
            return None
        place = (seq - self._base) & 0xFFFFFFFF
        return place if place < 1 << 31 else place - (1 << 32)

    @property
    def named(self) -> int:
        """Where the last region ends."""
        return self.regions[-1].end if self.regions else 0

    def feed(self, seq: int, data: bytes) -> None:
        """Take in a segment; an empty one still tells where the direction begins."""
        if self._base is None:
            self._base = seq
        place = self.place(seq)
        assert place is not None
        if not data or self._state == "done" or place + len(data) <= self._at:
            return
        if place > self._at:
            self._waiting.setdefault(place, data)
            if sum(map(len, self._waiting.values())) > MAX_WAITING:
                self._leap()
            return
        self._take(data[self._at - place :])
        self._drain()

    def finish(self) -> None:
        """Nothing more comes: what still waits is read on its own."""
        while self._waiting:
            self._leap()

    def _drain(self) -> None:
        while self._waiting and (first := min(self._waiting)) <= self._at:
            data = self._waiting.pop(first)
            if first + len(data) > self._at:
                self._take(data[self._at - first :])

    def _leap(self) -> None:
        """Go on behind a gap: a body may lie over it, a head is lost."""
        first = min(self._waiting)
        gap = first - self._at
        if self._skip > 0:
            self._skip = max(0, self._skip - gap)
        elif self._skip == 0:
            self._state = "scan"
        self._buffer = b""
        self._at = first
        self._drain()

    def _take(self, data: bytes) -> None:
        """Read bytes that come in order; in a stretch of unknown kind only where a segment begins like a head."""
        self._at += len(data)
        if self._skip:
            taken = len(data) if self._skip < 0 else min(self._skip, len(data))
            self._skip -= taken if self._skip > 0 else 0
            data = data[taken:]
        if self._state == "scan":
            if not starts_like_head(data):
                return
            self._state = "head"
        self._buffer += data
        while self._buffer and self._state not in ("done", "scan") and self._read():
            pass
        if len(self._buffer) > MAX_HEAD or self._state in ("done", "scan"):
            self._buffer = b""
            self._state = "done" if self._state == "done" else "scan"

    def _read(self) -> bool:
        """One step: whether anything was read."""
        if self._state == "socks":
            return self._read_socks()
        if self._state == "chunk":
            return self._read_chunk_line()
        if self._buffer[:1] == b"\x16":
            return self._read_hello()
        return self._read_head()

    def _region(self, kind: str, size: int) -> bytes:
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self.regions.append(Region(self._at - len(self._buffer) - size, kind, data))
        return data

    def _unknown(self) -> bool:
        self._state = "scan"
        return False

    def _read_socks(self) -> bool:
        size = self._steps[self._step](self._buffer)
        if size == 0:
            return False
        if size == SKIP:
            self._step += 1
            return True
        if size < 0:
            self._state = "head"
            return True
        self._region(SOCKS, size)
        self._step += 1
        if self._step == len(self._steps):
            self._state = "head"
        return True

    def _read_hello(self) -> bool:
        size = hello_size(self._buffer)
        if size > 0:
            self._region(HELLO, size)
            self._state = "done"
            return True
        return self._unknown() if size < 0 else False

    def _read_head(self) -> bool:
        asked = self._buffer[:5] != b"HTTP/"
        if not (_REQUEST_LINE if asked else _ANSWER_LINE).match(self._buffer):
            return False if len(self._buffer) < 16 and self._buffer[:1].isupper() else self._unknown()
        found = _END_OF_HEAD.search(self._buffer)
        if found is None:
            return False
        head = self._region(REQUEST if asked else ANSWER, found.end())
        self._frame_body(head, asked=asked)
        return True

    def _frame_body(self, head: bytes, *, asked: bool) -> None:
        """What follows the head (RFC 9112 6.3)."""
        status = 0
        if asked:
            method = head.partition(b" ")[0].decode("ascii")
            self._talk.methods.append(method)
        else:
            status = int(head[9:12])
            nth = self._talk.answered
            method = self._talk.methods[nth] if nth < len(self._talk.methods) else "GET"
            if status < 200 and status != 101:
                return
            self._talk.answered += 1
        if method == "CONNECT" and (asked or 200 <= status < 300):
            return
        if not asked and (method == "HEAD" or status in (204, 304)):
            return
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            self._state = "chunk"
        elif length:
            self._begin_skip(int(length[1]))
        elif not asked:
            self._begin_skip(-1)

    def _begin_skip(self, size: int) -> None:
        taken = len(self._buffer) if size < 0 else min(size, len(self._buffer))
        self._buffer = self._buffer[taken:]
        self._skip = -1 if size < 0 else size - taken

    def _read_chunk_line(self) -> bool:
        line = _CHUNK_LINE.match(self._buffer)
        if line is None:
            return False if len(self._buffer) < 1024 and b"\n" not in self._buffer else self._unknown()
        size = int(line[1], 16)
        if size == 0:
            end = _END_OF_HEAD.search(self._buffer)
            if end is None:
                return False
            self._region(CHUNK, end.end())
            self._state = "head"
            return True
        self._region(CHUNK, line.end())
        self._begin_skip(size + 2)
        return True


def starts_like_head(data: bytes) -> bool:
    """Whether a segment begins like an HTTP head or a TLS hello."""
    return bool(_REQUEST_LINE.match(data) or _ANSWER_LINE.match(data)) or (data[:2] == b"\x16\x03" and data[5:6] in (b"\x01", b"\x02"))


def hello_size(data: bytes) -> int:
    """Bytes of the TLS records that hold the first handshake message; 0: more is needed, -1: that is none."""
    at, got, want = 0, 0, 4
    first = b""
    while True:
        if len(data) - at < 5:
            return 0
        if data[at] != 22 or data[at + 1] != 3:
            return -1
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if not 0 < size <= 1 << 14:
            return -1
        if len(data) - at - 5 < size:
            return 0
        first = (first + data[at + 5 : at + 5 + size])[:4]
        got += size
        at += 5 + size
        if len(first) == 4:
            if first[0] not in (1, 2):
                return -1
            want = 4 + int.from_bytes(first[1:4], "big")
        if got >= want:
            return at
        if want > MAX_HEAD:
            return -1


def _greeting(data: bytes) -> int:
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
    size = {1: 10, 4: 22, 3: 7 + data[4]}.get(data[3], -1)
    return size if size < 0 or len(data) >= size else 0


def _socks4(data: bytes) -> int:
    """A request of SOCKS4 or 4a: a user name, and in 4a a host name, each ended by a zero."""
    if len(data) < 9:
        return 0
    end = data.find(b"\0", 8)
    if end >= 0 and data[4:7] == bytes(3) and data[7]:
        end = data.find(b"\0", end + 1)
    return end + 1 if end >= 0 else -1 if len(data) > 1024 else 0


def _login_answer(data: bytes) -> int:
    if data[0] != 1:
        return SKIP
    return 2 if len(data) >= 2 else 0


def _method(data: bytes) -> int:
    return 2 if len(data) >= 2 else 0


def _socks4_answer(data: bytes) -> int:
    return 8 if len(data) >= 8 else 0


_SOCKS_STEPS: Final[dict[tuple[int, bool], tuple[Callable[[bytes], int], ...]]] = {
    (5, True): (_greeting, _login, _address),
    (5, False): (_method, _login_answer, _address),
    (4, True): (_socks4,),
    (4, False): (_socks4_answer,),
}
"""Version, from the client → what comes one after the other: bytes of each, 0 for more, -1 for none of it, SKIP for left out."""
