"""Bytes that a part keeps unread, with what is secret in them blanked, and zeros where nobody will read: a part file is handed on.

A piece that begins in the middle of a connection keeps payload until the piece before is known, and a head that isn't complete
waits. What readers read of such bytes stays as it is, and so does every length: in heads the first line without user info
and query, and the fields that are read. A line of which the beginning was sent in an earlier piece may be the end of a credential:
it stays only where it plainly is something else, and what is read of it otherwise is missing (UNSURE), never wrong.
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

# Fields that readers read whole; of all others the value goes, of credentials all but the scheme.
READ: Final = (
    b"host|user-agent|content-length|content-type|transfer-encoding|pragma|proxy-connection|connection|via|x-forwarded-for"
    b"|proxy-authenticate|location"
)
# What divides it stays, as where the host begins depends on it.
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
    """The tables with their unread bytes as they may be written: blanked where they hold secrets, gone where nothing needs them.

    at_rest   for a file: the ends of lines that began in an earlier piece go too, unless they are plainly no secret
    """
    store, arena = np.zeros_like(tables.store), np.zeros_like(tables.arena)
    for side, seq, places in held_streams(tables):
        said = gathered(tables.store, places)
        put(
            store,
            places,
            writable(said, places, encrypted_at=encrypted_from(tables, side, seq, len(said)), from_anywhere=True, at_rest=at_rest),
        )
    for side, seq, places in waiting_streams(tables):
        said = gathered(tables.arena, places)
        put(arena, places, writable(said, places, encrypted_at=None, from_anywhere=begins_behind(tables, side, seq), at_rest=at_rest))
    return tables._replace(store=store, arena=arena)


Places = list[tuple[int, int]]
"""Where the pieces of one stream lie, and their sizes, in the stream's order."""

Stream = tuple[int, int, Places]
"""The side, the sequence number where the stream begins, its places."""


def held_streams(tables: Tables) -> Iterator[Stream]:
    """The pieces that are held back, stream by stream; where bytes are missing a new one begins."""
    held = tables.held[: int(tables.counts[N_HELD])]
    order = np.lexsort((held["seq"], held["side"], held["record"]))
    yield from streams((2 * int(held[i]["record"]) + int(held[i]["side"]), held[i]) for i in order.tolist())


def waiting_streams(tables: Tables) -> Iterator[Stream]:
    """The pieces that wait for others, stream by stream."""
    first = tables.sides["waiting"][: 2 * int(tables.counts[N_RECORDS])]
    for side in np.flatnonzero(first >= 0).tolist():
        pieces, row = [], int(first[side])
        while row >= 0:
            pieces.append(tables.segments[row])
            row = int(tables.segments[row]["next"])
        yield from streams([(side, piece) for piece in pieces])


def begins_behind(tables: Tables, side: int, seq: int) -> bool:
    """Whether bytes are missing before this stream, from where the side is read on."""
    ahead: int = behind(seq, int(tables.sides["resume"][side]))
    return ahead > 0


def encrypted_from(tables: Tables, side: int, seq: int, size: int) -> int | None:
    """Where in this stream encrypted data begins, which may be before it; None where that isn't known, or behind it."""
    if not int(tables.sides[side]["marks"]) & ENCRYPTED:
        return None
    at = behind(int(tables.sides["head_end"][side]), seq)
    return at if at < size else None


def writable(said: bytes, places: Places, *, encrypted_at: int | None, from_anywhere: bool, at_rest: bool) -> bytes:
    """The stream's bytes, as many, as they may be written. from_anywhere: its first line may have begun before it."""
    if not said:
        return said
    kept = needed(said, encrypted_at)
    clean = without_secrets(kept, [size for _, size in places])
    if not from_anywhere or encrypted_at is not None:
        return clean
    end = len(first_rest(kept))
    return (unsure(kept[:end]) if at_rest else kept[:end]) + clean[end:]


def streams(pieces: Iterable[tuple[int, Any]]) -> Iterator[Stream]:
    """The places of these pieces, each with its side, parted where another side's stream or a gap begins."""
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
    """The stream whose pieces lie there."""
    return b"".join(data[at : at + size].tobytes() for at, size in places)


def put(data: npt.NDArray[np.uint8], places: Places, said: bytes) -> None:
    """Lay the stream's bytes where its pieces lie."""
    done = 0
    for at, size in places:
        data[at : at + size] = np.frombuffer(said, np.uint8, size, done)
        done += size


def without_secrets(said: bytes, sizes: list[int]) -> bytes:
    """The stream's bytes, as many, without its secrets; sizes: of the pieces it came in."""
    clean = bytearray(said)
    for pattern in BLANKED:
        for found in pattern.finditer(said):
            a, b = found.span(1)
            clean[a:b] = re.sub(rb"[^:/]", BLANK, said[a:b]) if pattern is USER_INFO else BLANK * (b - a)
    for found in CONNECT.finditer(said):
        for a, b, by in secrets_of_target(found[1]):
            clean[found.start(1) + a : found.start(1) + b] = by * (b - a)
    done = 0
    for size in sizes:  # RFC 1929, a message of its own; and the user of SOCKS4
        piece = said[done : done + size]
        for a, b in user_and_password(piece):
            clean[done + a : done + b] = BLANK * (b - a)
        done += size
    return bytes(clean)


def secrets_of_target(line: bytes) -> list[tuple[int, int, bytes]]:
    """What to blank behind CONNECT, and with what: the user info before a host, or all where none stands, which then is none still."""
    target = line.split(b" ")[0]
    raw = np.frombuffer(target + b" ", np.uint8)
    host = int(tunnel_parts(raw, 0, len(target))[0])
    if host < 0:
        return [(0, len(line), NO_HOST)]
    at = target.rfind(b"@", 0, host)
    return [(max(0, int(scheme_end(raw, 0, len(target)))), at, BLANK)] if at >= 0 else []


def user_and_password(piece: bytes) -> list[tuple[int, int]]:
    """Where they stand in a SOCKS message, which a packet of its own carries."""
    if len(piece) >= 5 and piece[0] == 1:
        behind = 2 + piece[1]
        if behind < len(piece) and behind + 1 + piece[behind] == len(piece):
            return [(2, behind), (behind + 1, len(piece))]
    if len(piece) >= 10 and piece[0] == 4 and piece[1] in (1, 2) and (end := piece.find(b"\0", 8)) >= 0:
        return [(8, end)]
    return []
