"""A part's unread payload without secrets: a part file may be passed on, so secrets are blanked and bytes no reader needs are zeros.

A part that begins in the middle of a connection keeps payload until the part before it is merged, and it keeps an incomplete head.
Every byte that readers use stays, and so does every length: in heads the first line without user info and query, and the fields that
are read. A line whose beginning was sent in an earlier part may end a credential: it is kept only where it plainly can't. Values read
from it are then missing (UNSURE), never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.coverage import behind
from analyzer.flows.layout import ENCRYPTED, N_HELD, N_RECORDS, Tables
from analyzer.parts.needed import needed
from analyzer.parts.tails import first_rest, unsure
from analyzer.readers.uri import scheme_end, tunnel_parts

BLANK: Final = b"x"
NO_HOST: Final = b"{"
CONNECT: Final = re.compile(rb"^connect +([^\r\n]+)", re.IGNORECASE | re.MULTILINE)

# Fields whose values readers use. All other values are blanked; of a credential the scheme stays.
READ: Final = (
    b"host|user-agent|content-length|content-type|transfer-encoding|pragma|proxy-connection|connection|via|x-forwarded-for"
    b"|proxy-authenticate|location"
)
# The delimiters stay, because they decide where the host begins.
USER_INFO: Final = re.compile(rb"([^\s\"'(),;<=>/?#@]{0,200}:(?!//)[^\s\"'(),;<=>?#@]{0,200}|(?<=//)[^\s\"'(),;<=>/?#@:]{1,200})@")
BLANKED: Final = (
    USER_INFO,
    *(
        re.compile(pattern, re.IGNORECASE | re.MULTILINE)
        for pattern in (
            rb"^(?:proxy-)?authorization[ \t]*:[ \t]*(?:[!#-'*+.^-z|~0-9-]{1,64}[ \t]+(?=[^ \t\r\n]|\Z))?([^\r\n]*)",
            rb"^(?!(?:" + READ + rb"|(?:proxy-)?authorization)[ \t]*:)[a-z][a-z0-9_-]{2,60}[ \t]*:[ \t]*([^\r\n]+)",
            rb"^[a-z_-]{3,20} +[^ ?#\r\n]*[?#]([^ \r\n]+)",  # a query
            rb"^location[ \t]*:[^?#\r\n]*[?#]([^\r\n]+)",
            rb"^(?:user|pass|acct|auth|login)[ \t]+([^\r\n]+)",  # FTP, POP3, SMTP, IMAP
            rb"(?:^|[ \t])([\w.%-]+=[^&\s]*(?:&[\w.%-]+=[^&\s]*)+)",  # a form
            rb"%3a([^\s/]{0,200})%40",
        )
    ),
)


def blanked(tables: Tables, *, at_rest: bool = True) -> Tables:
    """The tables with their unread bytes as they may be written: secrets blanked, bytes that no reader needs zeroed.

    at_rest   for a file: the end of a line that began in an earlier part is blanked too, unless it is plainly no secret
    """
    store, arena = np.zeros_like(tables.store), np.zeros_like(tables.arena)
    for side, seq, places in held_streams(tables):
        payload = gathered(tables.store, places)
        put(
            store,
            places,
            writable(payload, places, encrypted_at=encrypted_from(tables, side, seq, len(payload)), from_anywhere=True, at_rest=at_rest),
        )
    for side, seq, places in waiting_streams(tables):
        payload = gathered(tables.arena, places)
        put(arena, places, writable(payload, places, encrypted_at=None, from_anywhere=begins_behind(tables, side, seq), at_rest=at_rest))
    return tables._replace(store=store, arena=arena)


Places = list[tuple[int, int]]
"""(position, size) of each piece of one stream, in the stream's order."""

Stream = tuple[int, int, Places]
"""The side, the sequence number of the stream's first byte, its places."""


def held_streams(tables: Tables) -> Iterator[Stream]:
    """Each stream of held pieces; a gap in the sequence numbers begins a new stream."""
    held = tables.held[: int(tables.counts[N_HELD])]
    order = np.lexsort((held["seq"], held["side"], held["record"]))
    yield from streams((2 * int(held[i]["record"]) + int(held[i]["side"]), held[i]) for i in order.tolist())


def waiting_streams(tables: Tables) -> Iterator[Stream]:
    """Each stream of segments that wait for earlier bytes."""
    first = tables.sides["waiting"][: 2 * int(tables.counts[N_RECORDS])]
    for side in np.flatnonzero(first >= 0).tolist():
        pieces, row = [], int(first[side])
        while row >= 0:
            pieces.append(tables.segments[row])
            row = int(tables.segments[row]["next"])
        yield from streams([(side, piece) for piece in pieces])


def begins_behind(tables: Tables, side: int, seq: int) -> bool:
    """Whether bytes are missing between the side's next sequence number to read and this stream."""
    ahead: int = behind(seq, int(tables.sides["resume"][side]))
    return ahead > 0


def encrypted_from(tables: Tables, side: int, seq: int, size: int) -> int | None:
    """The offset in this stream where encrypted data begins, negative if before it; None if unknown or behind the stream."""
    if not int(tables.sides[side]["marks"]) & ENCRYPTED:
        return None
    at = behind(int(tables.sides["head_end"][side]), seq)
    return at if at < size else None


def writable(payload: bytes, places: Places, *, encrypted_at: int | None, from_anywhere: bool, at_rest: bool) -> bytes:
    """The stream's bytes as they may be written, of the same length. from_anywhere: the first line may have begun before the stream."""
    if not payload:
        return payload
    kept = needed(payload, encrypted_at)
    clean = without_secrets(kept, [size for _, size in places])
    if not from_anywhere or encrypted_at is not None:
        return clean
    end = len(first_rest(kept))
    return (unsure(kept[:end]) if at_rest else kept[:end]) + clean[end:]


def streams(pieces: Iterable[tuple[int, Any]]) -> Iterator[Stream]:
    """The places of these pieces, each with its side; a new stream begins at another side or at a gap."""
    places: Places = []
    owner, begin, end = -1, 0, 0
    for side, one in pieces:
        at, size, seq = int(one["at"]), int(one["size"]), int(one["seq"])
        if places and (side != owner or seq != end):
            yield owner, begin, places
            places = []
        if not places:
            owner, begin = side, seq
        places.append((at, size))
        end = (seq + size) & 0xFFFFFFFF
    if places:
        yield owner, begin, places


def gathered(data: npt.NDArray[np.uint8], places: Places) -> bytes:
    """The stream's bytes, joined from its pieces."""
    return b"".join(data[at : at + size].tobytes() for at, size in places)


def put(data: npt.NDArray[np.uint8], places: Places, payload: bytes) -> None:
    """Write the stream's bytes back to its pieces."""
    done = 0
    for at, size in places:
        data[at : at + size] = np.frombuffer(payload, np.uint8, size, done)
        done += size


def without_secrets(payload: bytes, sizes: list[int]) -> bytes:
    """The stream's bytes without secrets, of the same length. sizes: of the pieces that carried it."""
    clean = bytearray(payload)
    for pattern in BLANKED:
        for found in pattern.finditer(payload):
            a, b = found.span(1)
            clean[a:b] = re.sub(rb"[^:/]", BLANK, payload[a:b]) if pattern is USER_INFO else BLANK * (b - a)
    for found in CONNECT.finditer(payload):
        for a, b, by in secrets_of_target(found[1]):
            clean[found.start(1) + a : found.start(1) + b] = by * (b - a)
    done = 0
    for size in sizes:  # RFC 1929, one message per piece; and the user id of SOCKS4
        piece = payload[done : done + size]
        for a, b in user_and_password(piece):
            clean[done + a : done + b] = BLANK * (b - a)
        done += size
    return bytes(clean)


def secrets_of_target(line: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, filler) of what to blank in a CONNECT target: the user info before the host, or the whole line where it has no host."""
    target = line.split(b" ")[0]
    raw = np.frombuffer(target + b" ", np.uint8)
    host = int(tunnel_parts(raw, 0, len(target))[0])
    if host < 0:
        return [(0, len(line), NO_HOST)]
    at = target.rfind(b"@", 0, host)
    return [(max(0, int(scheme_end(raw, 0, len(target)))), at, BLANK)] if at >= 0 else []


def user_and_password(piece: bytes) -> list[tuple[int, int]]:
    """(start, end) of the user name and password in a SOCKS message that fills its packet."""
    if len(piece) >= 5 and piece[0] == 1:
        behind = 2 + piece[1]
        if behind < len(piece) and behind + 1 + piece[behind] == len(piece):
            return [(2, behind), (behind + 1, len(piece))]
    if len(piece) >= 10 and piece[0] == 4 and piece[1] in (1, 2) and (end := piece.find(b"\0", 8)) >= 0:
        return [(8, end)]
    return []
