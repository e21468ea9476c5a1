"""Unread payload reduced to the bytes that a reader may still need. All others become zeros, which compress to nothing.

Whatever the parts before hold, readers can use only these bytes of a stream's rest: HTTP heads, the size lines of chunks, TLS handshakes,
the headers of other records, a PAC file, and the first bytes, which may end any of these. Bodies and encrypted data are never kept.
"""

from __future__ import annotations

import re
from typing import Final

from analyzer.readers.records import MAX_RECORD

BEGINNING: Final = 2048
"""Bytes kept of a stream of no known kind: the rest of a hello, of a SOCKS request, of a server's certificates."""

LINE: Final = 256
"""Bytes kept of a first line that isn't an HTTP head's."""

HELLO_END: Final = 48
SHORT: Final = 64
ENOUGH: Final = 7
MAX_PAC: Final = 32 << 10
TDS_HEADER: Final = 8

ANSWER: Final = re.compile(rb"http/[\d.]{1,8} +[1-9]\d\d", re.IGNORECASE)
REQUEST: Final = re.compile(rb"[A-Za-z_-]{1,20} +[^\x00-\x1f]{1,65000}?http/[\d.]{1,8} *\r?\n", re.IGNORECASE)
BARE: Final = re.compile(rb"(?:GET +/|GET +http|CONNECT +)[^\x00-\x1f]{0,4096}\r?\n")
BLANK_LINE: Final = re.compile(rb"\n\r?\n")
CHUNK: Final = re.compile(rb"\r?\n[0-9a-fA-F]{1,8}(?:[ \t;][^\r\n]{0,200})?(?=\r?\n)")
SHORT_RECORD: Final = re.compile(
    rb"\x15\x03[\x00-\x04]\x00\x02[\x01\x02].|\x14\x03[\x00-\x04]\x00\x01\x01|\x17\x03[\x01-\x03]..", re.DOTALL
)
HANDSHAKE: Final = re.compile(rb"\x16\x03[\x00-\x04]..[\x01\x02]\x00", re.DOTALL)
ANY_RECORD: Final = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)
RECORD: Final = re.compile(rb"[\x14-\x16]\x03[\x00-\x04]", re.DOTALL)
PAC: Final = re.compile(
    rb"findproxyforurl|shexpmatch|dnsdomain(?:is|levels)|isplainhostname|isinnet|[\"'](?:proxy |direct|socks)", re.IGNORECASE
)
NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
FIELD_LINE: Final = re.compile(rb"[\w.-]{1,80}[ \t]*:|[ \t]")

LINE_ENDS: Final = bytes(c if c in b"\r\n" else 0 for c in range(256))

Range = tuple[int, int]


def needed(payload: bytes, encrypted_at: int | None = None) -> bytes:
    """The stream's bytes with zeros for those that no reader will need, of the same length.

    encrypted_at   where its encrypted data begins, if known
    """
    if encrypted_at is None and len(payload) <= LINE:
        return payload
    kept = bytearray(len(payload) if encrypted_at is not None else payload.translate(LINE_ENDS))
    for a, b in ranges_before(payload, encrypted_at) if encrypted_at is not None else ranges_of(payload):
        kept[a:b] = payload[a:b]
    return bytes(kept)


def ranges_before(payload: bytes, end: int) -> list[Range]:
    """The ranges to keep of a stream that is encrypted from `end` on: everything before if it is a handshake, else nothing.

    A handshake ends with a ChangeCipherSpec or with records of its own kind right before the encrypted data, or it is the rest of a
    hello, which has zeros at its end or few distinct bytes, unlike encrypted data. Otherwise it is the rest of an encrypted record.
    """
    shown = (max(end, 0), max(end + ENOUGH, 0))
    for found in RECORD.finditer(payload, 0, max(end, 0)):
        stop = record_chain(payload, found.start())
        if stop == end or record_chain(payload[:end], stop, ANY_RECORD) == end:
            return [(0, min(end, stop + ENOUGH)), shown]
    zeros = payload.count(0, max(0, end - HELLO_END), max(end, 0)) >= 3
    if 0 < end <= SHORT or (0 < end <= BEGINNING and (zeros or varies_little(payload[:end]))):
        return [(0, end), shown]
    return [shown]


def varies_little(payload: bytes) -> bool:
    """Whether far fewer of the 256 byte values occur than in encrypted data of this length."""
    return len(set(payload)) < 0.75 * 256 * (1 - (255 / 256) ** len(payload))


def record_chain(payload: bytes, at: int, kind: re.Pattern[bytes] = RECORD) -> int:
    """Where the run of records that begins at `at` ends; encrypted records aren't part of it by default."""
    while len(payload) - at >= 5 and kind.match(payload, at):
        size = int.from_bytes(payload[at + 3 : at + 5], "big")
        if not 0 < size <= MAX_RECORD:
            break
        at += 5 + size
    return at


def ranges_of(payload: bytes) -> list[Range]:
    """The ranges to keep of a stream without known encrypted data."""
    kept = [first_range(payload)]
    for pattern in (ANSWER, REQUEST, BARE):
        for found in pattern.finditer(payload):
            blank = BLANK_LINE.search(payload, found.start())
            kept.append((found.start(), blank.end() if blank else len(payload)))
    kept += [found.span() for found in CHUNK.finditer(payload)]
    kept += [(found.start(), found.end() + 2) for found in CHUNK.finditer(payload)]
    kept += [(found.start(), found.start() + ENOUGH) for found in SHORT_RECORD.finditer(payload)]
    for found in HANDSHAKE.finditer(payload):
        kept.append((max(0, found.start() - TDS_HEADER), record_chain(payload, found.start()) + ENOUGH))
    script = PAC.search(payload)
    if script:
        kept.append((max(0, script.start() - MAX_PAC), script.end() + MAX_PAC))
    return kept


def first_range(payload: bytes) -> Range:
    """The range of first bytes, which may end a head, a handshake or anything else that began before."""
    binary = NO_TEXT.search(payload, 0, LINE)
    if binary:
        record = next((found.start() for found in RECORD.finditer(payload) if record_chain(payload, found.start()) > found.start()), 0)
        return 0, max(BEGINNING, record if record <= MAX_RECORD else 0)
    blank = BLANK_LINE.search(payload)
    end = blank.end() if blank else len(payload)
    lines = payload[:end].split(b"\n")
    if len(lines) > 1 and all(not line.strip() or FIELD_LINE.match(line) for line in lines[1:-1]):
        return 0, end
    return 0, min(LINE, len(payload))
