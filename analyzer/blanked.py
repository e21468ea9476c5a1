"""Bytes that a part keeps unread, with what is secret in them blanked: a part file is handed on, and holds no password.

A piece that begins in the middle of a connection keeps its payload until the piece before is known, and a head that isn't complete
waits. What the names stage reads of such bytes stays as it is, and so does every length: in heads the first line without user info
and query, and the fields that are read. Where a field's name was sent in an earlier piece, its value can't be
distinguished from a host, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import N_HELD, N_RECORDS, Tables
from analyzer.names.uri import scheme_end, tunnel_parts

BLANK: Final = b"x"
NO_HOST: Final = b"{"
CONNECT: Final = re.compile(rb"^connect +([^\r\n]+)", re.IGNORECASE | re.MULTILINE)

# Fields that the names stage reads whole; of all others the value goes, of credentials all but the scheme.
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
            rb"^(?:proxy-)?authorization[ \t]*:[ \t]*(?:[!#-'*+.^-z|~0-9-]{1,64}[ \t]+(?=[^ \t\r\n]))?([^\r\n]+)",
            rb"^(?!(?:" + READ + rb"|(?:proxy-)?authorization)[ \t]*:)[a-z][a-z0-9_-]{2,60}[ \t]*:[ \t]*([^\r\n]+)",
            rb"^[a-z_-]{3,20} +[^ ?#\r\n]*[?#]([^ \r\n]+)",  # a query
            rb"^location[ \t]*:[^?#\r\n]*[?#]([^\r\n]+)",
            rb"^(?:user|pass|acct|auth|login)[ \t]+([^\r\n]+)",  # FTP, POP3, SMTP, IMAP
            rb"(?:^|[ \t])([\w.%-]+=[^&\s]*(?:&[\w.%-]+=[^&\s]*)+)",  # a form
            rb"%3a([^\s/]{0,200})%40",
        )
    ),
)


def blanked(tables: Tables) -> Tables:
    """The tables with their unread bytes as they may be written: blanked where they hold secrets, gone where nothing needs them."""
    store, arena = tables.store.copy(), np.zeros_like(tables.arena)
    for places in held_streams(tables):
        blank(store, places)
    for places in waiting_streams(tables):
        for at, size in places:
            arena[at : at + size] = tables.arena[at : at + size]
        blank(arena, places)
    return tables._replace(store=store, arena=arena)


Places = list[tuple[int, int]]
"""Where the pieces of one stream lie, and their sizes, in the stream's order."""


def held_streams(tables: Tables) -> Iterator[Places]:
    """The pieces that are held back, stream by stream; where bytes are missing a new one begins."""
    held = tables.held[: int(tables.counts[N_HELD])]
    order = np.lexsort((held["seq"], held["side"], held["record"]))
    yield from streams((held[i] for i in order.tolist()), lambda one: (int(one["record"]), int(one["side"])))


def waiting_streams(tables: Tables) -> Iterator[Places]:
    """The pieces that wait for others, stream by stream."""
    for first in tables.sides["waiting"][: 2 * int(tables.counts[N_RECORDS])].tolist():
        pieces, row = [], first
        while row >= 0:
            pieces.append(tables.segments[row])
            row = int(tables.segments[row]["next"])
        yield from streams(pieces, lambda _: 0)


def streams(pieces: Iterable[Any], whose: Any) -> Iterator[Places]:
    """The pieces' places, parted where another stream or a gap begins."""
    places: Places = []
    owner, end = None, 0
    for one in pieces:
        at, size, seq = int(one["at"]), int(one["size"]), int(one["seq"])
        if places and (whose(one) != owner or seq != end):
            yield places
            places = []
        places.append((at, size))
        owner, end = whose(one), (seq + size) & 0xFFFFFFFF
    if places:
        yield places


def blank(data: npt.NDArray[np.uint8], places: Places) -> None:
    """Blank what is secret in the stream whose pieces lie there."""
    said = b"".join(data[at : at + size].tobytes() for at, size in places)
    clean = without_secrets(said, [size for _, size in places])
    if clean == said:
        return
    done = 0
    for at, size in places:
        data[at : at + size] = np.frombuffer(clean, np.uint8, size, done)
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
