"""Where a connection's bytes say something that is read: HTTP heads, SOCKS requests, TLS handshakes, DNS messages, PAC files.

Each direction is walked in the order of its sequence numbers. Only these stretches are kept; bodies are counted off, and nothing
is kept of what is encrypted or unknown, beside where in a handshake it begins. The walk follows the kernels of `names`, which
read the same bytes; sizes are in `framing`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from analyzer.names.pac import MAX_PAC, SEARCHED
from analyzer.slices import framing
from analyzer.slices.framing import CHUNKED, MAX_HEAD, RECORD_HEAD, SKIP, SOCKS_STEPS

# Bytes that wait for what comes before them, on one side.
MAX_WAITING: Final = 1 << 20

REQUEST: Final = "request"
ANSWER: Final = "answer"
CHUNK: Final = "chunk"
SOCKS: Final = "socks"
HELLO: Final = "hello"  # the records of the first handshake message
HANDSHAKE: Final = "handshake"  # another record of handshake messages that can be read
RECORD: Final = "record"  # the beginning of a record of another kind
ALERT: Final = "alert"
PROXY_HEADER: Final = "proxy header"
DNS: Final = "dns"
PAC: Final = "pac"

_TYPE = re.compile(rb"(?im)^content-type[ \t]*:[ \t]*([^\r\n]*)")
_PAC_TYPE = re.compile(rb"(?i).{0,39}proxy-autoconfig")
_MAYBE_PAC_TYPE = re.compile(rb"(?i)text/plain|application/octet-stream|.{0,39}javascript")
_PAC_FUNCTION = re.compile(rb"(?i)findproxyforurl")
_STATUS = re.compile(rb"[^ ]+ +(\d{3})")


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
    dns: bool = False  # it is with a resolver
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
        self._skip = 0  # bytes of a body that are still to come
        self._state = "start"
        self._steps = SOCKS_STEPS[talk.socks, from_client] if talk.socks else ()
        self._step = 0
        self._body: int | None = 0  # as `framing.body_size` has it, of the answer whose body is looked at
        self._is_pac = False  # its head says so
        self._encrypted = False
        self._finished = False
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
        self._read_rest()

    def _drain(self) -> None:
        while self._waiting and (first := min(self._waiting)) <= self._at:
            data = self._waiting.pop(first)
            if first + len(data) > self._at:
                self._take(data[self._at - first :])

    def _leap(self) -> None:
        """Go on behind a gap: a body may lie over it, a head is lost."""
        self._read_rest()
        first = min(self._waiting)
        gap = first - self._at
        if self._skip > 0:
            self._skip = max(0, self._skip - gap)
        elif self._skip == 0 and self._state != "done":
            self._state = "scan"
        self._buffer = b""
        self._at = first
        self._drain()

    def _take(self, data: bytes) -> None:
        """Read bytes that come in order; in a stretch of unknown kind only where a segment begins like a head."""
        self._at += len(data)
        taken = min(self._skip, len(data))
        self._skip -= taken
        data = data[taken:]
        if self._state == "scan":
            if not framing.starts_like_head(data):
                return
            self._state = "head"
        self._buffer += data
        self._read_all()
        if len(self._buffer) > MAX_HEAD:
            self._read_rest()
        if self._state in ("done", "scan"):
            self._buffer = b""

    def _read_all(self) -> None:
        while self._buffer and self._state not in ("done", "scan") and self._read():
            pass

    def _read_rest(self) -> None:
        """Read what is there of something that isn't all there, as nothing more comes."""
        self._finished = True
        self._read_all()
        self._finished = False
        if self._buffer and self._state in ("head", "records"):
            if self._buffer[:2] == b"\x16\x03" and len(self._buffer) >= RECORD_HEAD and not self._encrypted:
                self._region(HELLO if self._state == "head" else HANDSHAKE, len(self._buffer))
            elif self._state == "head" and (size := framing.whole_lines(self._buffer)):
                self._region(ANSWER if self._buffer[:5].upper() == b"HTTP/" else REQUEST, size)
        if self._buffer and self._state != "done":
            self._state = "scan"
        self._buffer = b""

    def _read(self) -> bool:
        """One step: whether anything was read."""
        if self._state == "start":
            return self._read_start()
        if self._state == "socks":
            return self._read_socks()
        if self._state == "dns":
            return self._read_sized(DNS, framing.dns_size(self._buffer))
        if self._state == "body":
            return self._read_body()
        if self._state == "chunk":
            return self._read_chunk_line()
        if self._state == "records":
            return self._read_record()
        return self._read_head()

    def _region(self, kind: str, size: int) -> bytes:
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self.regions.append(Region(self._at - len(self._buffer) - size, kind, data))
        return data

    def _read_sized(self, kind: str, size: int) -> bool:
        """A region of this size, more bytes wanted, or something unknown from here on."""
        if size > 0:
            self._region(kind, size)
            return True
        if size < 0:
            self._state = "scan"
        return False

    def _read_start(self) -> bool:
        size = framing.proxy_header_size(self._buffer)
        if size >= 0:
            return self._read_sized(PROXY_HEADER, size)
        self._state = "head"
        if self._talk.socks:
            self._state = "socks"
        elif self._talk.dns and framing.dns_size(self._buffer) >= 0:
            self._state = "dns"
        return True

    def _read_socks(self) -> bool:
        size = self._steps[self._step](self._buffer)
        if size == 0:
            return False
        if size == SKIP:
            self._step += 1
            return True
        if size < 0:
            self._state = "head"
            if self._step == 0 and self._from_client:  # who opened the connection may be the one that is asked
                self._talk.server._steps = self._steps
            return True
        self._region(SOCKS, size)
        self._step += 1
        if self._step == len(self._steps):
            self._state = "head"
        return True

    def _read_head(self) -> bool:
        first = self._buffer[0]
        if first in (10, 13):  # an empty line before a request (RFC 9112 2.2)
            self._buffer = self._buffer[1:]
            return True
        if first == framing.HANDSHAKE_RECORD:
            read = self._read_sized(HELLO, framing.hello_size(self._buffer))
            self._state = "records" if read else self._state
            return read
        if first == framing.ALERT_RECORD:
            read = self._read_sized(ALERT, framing.alert_size(self._buffer))
            self._state = "done" if read else self._state
            return read
        is_answer = self._buffer[:5].upper() == b"HTTP/"
        size = framing.answer_size(self._buffer) if is_answer else framing.request_size(self._buffer)
        if size <= 0:
            return self._read_sized(REQUEST, size)
        head = self._region(ANSWER if is_answer else REQUEST, size)
        if is_answer:
            self._frame_answer(head)
        else:
            self._frame_request(head)
        return True

    def _read_record(self) -> bool:
        """A record behind the first hello: handshakes that can be read, an alert, or the beginning of what can't."""
        size = framing.record_size(self._buffer)
        if size <= 0:
            return self._read_sized(RECORD, size)
        kind, first = self._buffer[0], self._buffer[5]
        if kind == framing.HANDSHAKE_RECORD and not self._encrypted:
            return len(self._buffer) >= size and self._read_sized(HANDSHAKE, size)
        if kind == framing.ALERT_RECORD and (size := framing.alert_size(self._buffer)) >= 0:
            read = self._read_sized(ALERT, size)
            self._state = "done" if read else self._state
            return read
        self._region(RECORD, RECORD_HEAD)
        changes = kind == framing.CHANGE_CIPHER_SPEC
        if changes or (kind == framing.HANDSHAKE_RECORD and first == framing.CLIENT_HELLO):  # they decide nothing
            self._encrypted = True
            self._begin_skip(size - RECORD_HEAD)
        else:
            self._state = "done"
        return True

    def _frame_request(self, head: bytes) -> None:
        """What follows the head (RFC 9112 6.3)."""
        method = head.partition(b" ")[0].decode("ascii").upper()
        self._talk.methods.append(method)
        if method == "CONNECT":
            return
        self._body = framing.body_size(head, 0)
        self._frame_body()

    def _frame_answer(self, head: bytes) -> None:
        found = _STATUS.match(head)
        status = int(found[1]) if found else 0
        nth = self._talk.answered
        method = self._talk.methods[nth] if nth < len(self._talk.methods) else "GET"
        if status < 200 and status != 101:
            return
        self._talk.answered += 1
        if (method == "CONNECT" and 200 <= status < 300) or method == "HEAD" or status in (204, 304):
            return
        self._body = None if status == 101 else framing.body_size(head, None)
        said = _TYPE.search(head)
        self._is_pac = bool(said and _PAC_TYPE.match(said[1]))
        if status == 200 and self._body != 0 and (said is None or self._is_pac or _MAYBE_PAC_TYPE.match(said[1])):
            self._state = "body"
        else:
            self._frame_body()

    def _read_body(self) -> bool:
        """A body that may be a PAC file: kept if it is one."""
        whole = self._body if self._body is not None and self._body >= 0 else MAX_PAC
        there = len(self._buffer)
        if there < min(whole, SEARCHED) and not self._finished:
            return False
        if self._is_pac or _PAC_FUNCTION.search(self._buffer[:SEARCHED]):
            if there < min(whole, MAX_PAC) and not self._finished:
                return False
            size = min(whole, MAX_PAC, there)
            self._region(PAC, size)
            if self._body == CHUNKED:
                self._state = "scan"
                return False
            if self._body is not None:
                self._body -= size
        self._frame_body()
        return True

    def _frame_body(self) -> None:
        self._state = "scan" if self._body is None else "chunk" if self._body == CHUNKED else "head"
        self._begin_skip(self._body if self._body is not None and self._body > 0 else 0)

    def _begin_skip(self, size: int) -> None:
        taken = min(size, len(self._buffer))
        self._buffer = self._buffer[taken:]
        self._skip = size - taken

    def _read_chunk_line(self) -> bool:
        line, size = framing.chunk_line(self._buffer)
        if not self._read_sized(CHUNK, line):
            return False
        if size:
            self._begin_skip(size + 2)
        else:
            self._state = "head"
        return True
