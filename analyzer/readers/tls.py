"""TLS handshakes: the ClientHello's facts, the ServerHello's version, and the issuer of a visible certificate.

Source: RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 6066 3 (server_name), RFC 7301 (ALPN), RFC 8701 (GREASE).
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes
from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import (
    CLIENT_HELLO,
    ISSUER,
    MAX_LISTED,
    POOL_USED,
    SERVER_HELLO,
    TRAIT_CUT,
    TRAIT_DELEGATED,
    TRAIT_ECH,
    TRAIT_ENCRYPT_THEN_MAC,
    TRAIT_GREASE,
    TRAIT_QUIC,
    TRAIT_SCHANNEL,
)
from analyzer.flows.messages import as_certificate, as_client_hello, as_server_hello
from analyzer.packets.fields import u16, u24
from analyzer.readers.certificate import certificate_names
from analyzer.readers.extensions import ends_like_schannel, find_extensions, highest_versions, server_name
from analyzer.readers.ja4 import JA4_SIZE, is_grease, write_ja4
from analyzer.readers.states import MORE, NOT
from analyzer.readers.texts import DIGEST_SIZE, keep, keep_digest, new_message

HANDSHAKE: Final = 22
MAX_RECORD: Final = 16384 + 2048
MAX_HANDSHAKE: Final = 1 << 16

RANDOM_SIZE: Final = 32
HELLO_CLIENT: Final = 1
HELLO_SERVER: Final = 2
CERTIFICATE_MESSAGE: Final = 11
MAX_BEFORE: Final = 16  # messages before a Certificate: the hello, and perhaps a session ticket or status


def starts_like_handshake(buf, at, end, kind):
    """True when the bytes, at least six of them, can be a TLS record with the beginning of handshake message `kind`."""
    return (
        end - at >= 6
        and buf[at] == HANDSHAKE
        and buf[at + 1] == 3
        and buf[at + 2] <= 4
        and 1 <= u16(buf, at + 3) <= MAX_RECORD
        and buf[at + 5] == kind
        and (u16(buf, at + 3) < 4 or end - at < 9 or u24(buf, at + 6) <= MAX_HANDSHAKE)
    )


def starts_like_application_data(buf, at, end):
    """True when a TLS record of encrypted data begins here."""
    return end - at >= 5 and buf[at] == 23 and buf[at + 1] == 3 and 1 <= buf[at + 2] <= 3 and 0 < u16(buf, at + 3) <= MAX_RECORD


def after_change_cipher_spec(buf, at, end):
    """Behind a ChangeCipherSpec record, MORE, or NOT. It means nothing in TLS 1.3, and may come before any other record (RFC 8446 D.4)."""
    if end - at < 6:
        return MORE if end - at < 2 or buf[at + 1] == 3 else NOT
    return at + 6 if buf[at + 1] == 3 and buf[at + 2] <= 4 and u16(buf, at + 3) == 1 and buf[at + 5] == 1 else NOT


def join_handshake(buf, at, end, out, room, wanted):
    """(bytes joined, position behind the last whole record used, another kind of record follows).

    Copies the handshake bytes of consecutive handshake records to out[:room] until `wanted` are there, the bytes end, or
    something else begins. A record that isn't all there gives what it has.
    """
    n = 0
    p = at
    while n < wanted and end - p >= 5:
        if buf[p] != HANDSHAKE or buf[p + 1] != 3:
            return n, p, True
        size = u16(buf, p + 3)
        if size == 0 or size > MAX_RECORD:
            return n, p, True
        there = min(size, end - p - 5)
        if n + there > room:
            return n, p, True
        copy_bytes(buf, p + 5, there, out, n)
        n += there
        if there < size:
            return n, p, False
        p += 5 + size
    return n, p, False


def await_records(side, buf, at, p, end, missing):
    """Say what buf[at:end] lacks: `missing` handshake bytes; p is where the record begins that isn't all there."""
    side.lacking = missing
    if end - p < 5:
        side.wanted = p - at + 5
        return
    rest = u16(buf, p + 3) - (end - p - 5)
    if missing <= rest:
        side.wanted = end - at + missing
        side.lacking = 0
    else:
        side.wanted = end - at + rest + 5
        side.lacking = missing - rest


def read_client_hello(tables, buf, at, end, row, side, seq, ts_ns, ack, final):
    """Behind the ClientHello that begins at `at`, MORE, or NOT; keeps its facts as a message.

    final   nothing more will come: a hello that was cut gives the name it shows, and nothing else
    """
    first, size, p = whole_message(buf, at, end)
    if p >= 0:
        kept = keep_client_hello(tables, buf, first + 4, first + size, row, side, seq, as_u32(seq + p - at), ts_ns, ack, False)
        return p if kept else NOT
    hello = tables.handshake
    n, p, other = join_handshake(buf, at, end, hello, tables.len_handshake, 4)
    if n < 4:
        return NOT if other or final else MORE
    size = 4 + u24(hello, 1)
    if hello[0] != HELLO_CLIENT or size > MAX_HANDSHAKE:
        return NOT
    n, p, other = join_handshake(buf, at, end, hello, tables.len_handshake, size)
    if n < size:
        if not final:
            await_records(tables.sides + 2 * row + side, buf, at, p, end, size - n)
            return NOT if other else MORE
        cut_hello(tables, hello, n, row, side, seq, ts_ns, ack)
        return end
    kept = keep_client_hello(tables, hello, 4, size, row, side, seq, as_u32(seq + p - at), ts_ns, ack, False)
    return p if kept else NOT


def whole_message(buf, at, end):
    """(where it begins, its size, position behind the record) of a handshake message that one record holds whole.

    The position is -1 when it isn't so: the message goes on in another record, or not all of it is there.
    """
    if end - at < 9:
        return 0, 0, -1
    record = u16(buf, at + 3)
    size = 4 + u24(buf, at + 6)
    if size > record or end - at - 5 < record:
        return 0, 0, -1
    return at + 5, size, at + 5 + record


def cut_hello(tables, hello, n, row, side, seq, ts_ns, ack):
    """Keep the server name of a ClientHello of which only the first n bytes were captured, if they hold it whole."""
    p, _ = find_extensions(hello, 4, n)
    while p >= 0 and n - p >= 4:
        kind, size = u16(hello, p), u16(hello, p + 2)
        if p + 4 + size > n:
            return
        if kind == 0:
            name_at, name_size = server_name(hello, p + 4, p + 4 + size)
            if name_size >= 0:
                cut = as_client_hello(new_message(tables, CLIENT_HELLO, row, side, seq, seq, ts_ns, ack))
                cut.server_name_at = keep(tables, hello, name_at, name_at + name_size)
                cut.server_name_size = name_size
                cut.traits = TRAIT_CUT
            return
        p += 4 + size


@kernel
def keep_client_hello(tables, hello, at, end, row, side, seq, seq_end, ts_ns, ack, quic):
    """True when hello[at:end] is a ClientHello body whose lengths fit; keeps its facts as a message."""
    p, extensions_end = find_extensions(hello, at, end)
    if p < 0 or extensions_end != end:
        return False
    suites_at = at + 35 + hello[at + 34]
    n_suites = u16(hello, suites_at) // 2
    suites, extensions = tables.suites, tables.extensions
    traits = TRAIT_QUIC if quic else 0
    n_kept = 0
    for i in range(min(n_suites, MAX_LISTED)):
        suite = u16(hello, suites_at + 2 + 2 * i)
        if is_grease(suite):
            traits |= TRAIT_GREASE
        else:
            suites[n_kept] = suite
            n_kept += 1
    n_extensions = 0
    version = u16(hello, at)
    listed = version
    name_at, name_size, has_name = 0, -1, False
    alpn_at, alpn_end = 0, 0
    algorithms_at, algorithms_end = 0, 0
    while p < end:
        if end - p < 4 or end - p - 4 < u16(hello, p + 2):
            return False
        kind, size = u16(hello, p), u16(hello, p + 2)
        body = p + 4
        p = body + size
        if is_grease(kind):
            traits |= TRAIT_GREASE
            continue
        if n_extensions < MAX_LISTED:
            extensions[n_extensions] = kind
            n_extensions += 1
        if kind == 0:
            has_name = True
            if name_size < 0:
                name_at, name_size = server_name(hello, body, p)
        elif kind == 13 and size >= 2:
            algorithms_at, algorithms_end = body + 2, min(p, body + 2 + u16(hello, body))
        elif kind == 16 and size >= 2:
            alpn_at, alpn_end = body + 2, min(p, body + 2 + u16(hello, body))
        elif kind == 22:
            traits |= TRAIT_ENCRYPT_THEN_MAC
        elif kind == 34:
            traits |= TRAIT_DELEGATED
        elif kind == 43 and size >= 1:
            version, listed = highest_versions(hello, body + 1, min(p, body + 1 + hello[body]))
        elif kind == 65037:
            traits |= TRAIT_ECH
    if traits & (TRAIT_GREASE | TRAIT_ENCRYPT_THEN_MAC) == 0 and ends_like_schannel(extensions, n_extensions):
        traits |= TRAIT_SCHANNEL
    kept = as_client_hello(new_message(tables, CLIENT_HELLO, row, side, seq, seq_end, ts_ns, ack))
    kept.version = version
    kept.traits = traits
    if name_size >= 0:
        kept.server_name_at = keep(tables, hello, name_at, name_at + name_size)
        kept.server_name_size = name_size
    kept.alpn_at = keep(tables, hello, alpn_at, alpn_end)
    kept.alpn_size = alpn_end - alpn_at
    while alpn_end - alpn_at >= 3 and hello[alpn_at] == 2 and is_grease(u16(hello, alpn_at + 1)):
        alpn_at += 3
    kept.random_at = keep(tables, hello, at + 2, at + 34)
    keep_digest(tables, hello, at, end)
    kept.random_size = RANDOM_SIZE + DIGEST_SIZE
    alpn_size = min(hello[alpn_at], alpn_end - alpn_at - 1) if alpn_end > alpn_at else 0
    fingerprint = tables.counts[POOL_USED]
    tables.counts[POOL_USED] = fingerprint + JA4_SIZE
    write_ja4(
        hello,
        suites,
        n_kept,
        extensions,
        n_extensions,
        algorithms_at,
        algorithms_end,
        alpn_at + 1,
        alpn_size,
        has_name,
        listed,
        quic,
        tables.pool,
        fingerprint,
        tables,
    )
    kept.ja4_at = fingerprint
    kept.ja4_size = JA4_SIZE
    return True


def read_server_hello(tables, buf, at, end, row, side, seq, ts_ns, ack, final):
    """(position behind the record that ends the ServerHello, MORE or NOT; its version); keeps the version as a message."""
    first, size, p = whole_message(buf, at, end)
    if p >= 0:
        version = server_version(buf, first, size)
    else:
        hello = tables.handshake
        n, p, other = join_handshake(buf, at, end, hello, tables.len_handshake, 4)
        if n < 4:
            return (NOT if other or final else MORE), 0
        size = 4 + u24(hello, 1)
        if hello[0] != HELLO_SERVER or size > MAX_HANDSHAKE:
            return NOT, 0
        n, p, other = join_handshake(buf, at, end, hello, tables.len_handshake, size)
        if n < size:
            await_records(tables.sides + 2 * row + side, buf, at, p, end, size - n)
            return (NOT if other or final else MORE), 0
        version = server_version(hello, 0, size)
    if version < 0:
        return NOT, 0
    as_server_hello(new_message(tables, SERVER_HELLO, row, side, seq, as_u32(seq + p - at), ts_ns, ack)).version = version
    return p, version


def server_version(hello, at, size):
    """The version that a ServerHello of `size` bytes at `at` chooses, -1 when it is too short for one (RFC 8446 4.1.3)."""
    if size < 42:
        return -1
    stop = at + size
    version = u16(hello, at + 4)
    p = at + 42 + hello[at + 38]  # behind the session's id, the cipher suite and the compression
    if p + 2 <= stop:
        p += 2
        while stop - p >= 4:
            kind, length = u16(hello, p), u16(hello, p + 2)
            if p + 4 + length > stop:
                break
            if kind == 43 and length == 2:
                version = u16(hello, p + 4)
            p += 4 + length
    return version


def last_record_end(buf, at, end):
    """Where the last handshake record ends when it isn't all there, and none before it begins with a Certificate; else 0.

    Said before anything is copied: a chain of certificates comes in several packets.
    """
    p = at
    while end - p >= 5 and buf[p] == HANDSHAKE and buf[p + 1] == 3:
        size = u16(buf, p + 3)
        if size == 0 or size > MAX_RECORD:
            return 0
        if end - p - 5 < size:
            return p + 5 + size
        if buf[p + 5] == CERTIFICATE_MESSAGE:
            return 0
        p += 5 + size
    return 0


def read_certificate(tables, buf, at, end, row, side, seq, ts_ns, ack, final):
    """Behind the server's flight up to its Certificate, MORE, or NOT; keeps the leaf's issuer and host as a message (RFC 5246 7.4.2).

    buf[at:] begins with the ServerHello's record, as the Certificate may begin in the same one.
    """
    stop = 0 if final else last_record_end(buf, at, end)
    if stop:
        (tables.sides + 2 * row + side).wanted = stop - at
        return MORE
    out = tables.handshake
    n, p, other = join_handshake(buf, at, end, out, tables.len_handshake, tables.len_handshake)
    q, turn, needed = 0, 0, 4
    while n - q >= 4:
        size = u24(out, q + 1)
        if out[q] == CERTIFICATE_MESSAGE:
            needed = q + min(4 + size, 10 + (u24(out, q + 7) if n - q >= 10 else 0))
            if n < needed:
                break
            if size >= 6:
                stop = min(n, q + 10 + u24(out, q + 7))
                issuer_at, issuer_end, host_at, host_end = certificate_names(out, q + 10, stop)
                if issuer_end > issuer_at:
                    kept = as_certificate(new_message(tables, ISSUER, row, side, seq, as_u32(seq + p - at), ts_ns, ack))
                    kept.issuer_at = keep(tables, out, issuer_at, issuer_end)
                    kept.issuer_size = issuer_end - issuer_at
                    if host_end > host_at:
                        kept.subject_at = keep(tables, out, host_at, host_end)
                        kept.subject_size = host_end - host_at
            return p
        turn += 1
        if out[q] not in (HELLO_SERVER, 4, 22) or turn > MAX_BEFORE:
            return NOT
        q += 4 + size
        needed = q + 4
    await_records(tables.sides + 2 * row + side, buf, at, p, end, needed - n)
    return NOT if other or final or n >= tables.len_handshake else MORE
