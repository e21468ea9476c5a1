"""TLS handshakes: the ClientHello's facts, the ServerHello's version, and the issuer of a visible certificate.

Source: RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 6066 3 (server_name), RFC 7301 (ALPN), RFC 8701 (GREASE). TLCP (GB/T 38636-2020) is TLS
1.1's handshake under the version 1.1 (0x0101); it is read as in Wireshark's packet-tls-utils.c.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes
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
from analyzer.packets.layout import TCP
from analyzer.readers.certificate import certificate_names
from analyzer.readers.extensions import ends_like_schannel, find_extensions, highest_versions, server_name
from analyzer.readers.ja4 import JA4_SIZE, is_grease, write_ja4
from analyzer.readers.records import HANDSHAKE, HELLO_CLIENT, HELLO_SERVER, MAX_HANDSHAKE, MAX_RECORD
from analyzer.readers.states import (
    FOUND_CERTIFICATE,
    FOUND_CLIENT_HELLO,
    FOUND_LAST_HELLO,
    FOUND_SERVER_HELLO,
    MORE,
    NOT,
)
from analyzer.readers.texts import DIGEST_SIZE, keep, keep_digest, new_message

RANDOM_SIZE: Final = 32
TLS_13: Final = 0x0304
CERTIFICATE_MESSAGE: Final = 11
MAX_BEFORE: Final = 16  # messages before a Certificate: the hello, and perhaps a session ticket or status


def join_handshake(tables, buf, cursor, wanted):
    """(bytes joined, position behind the last whole record used, whether another kind of record follows).

    Copies the handshake bytes of consecutive handshake records to tables.handshake until `wanted` are there, the bytes end, or
    another kind of record begins. An incomplete record contributes the bytes it has.
    """
    out, room, end = tables.handshake, tables.len_handshake, cursor.end
    n = 0
    p = cursor.at
    while n < wanted and end - p >= 5:
        if buf[p] != HANDSHAKE or buf[p + 1] not in (1, 3):
            return n, p, True
        size = u16(buf, p + 3)
        if size > MAX_RECORD:
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


def await_records(cursor, buf, p, missing):
    """Set what is missing: `missing` handshake bytes; p is the start of the incomplete record."""
    there, in_record = cursor.end - cursor.at, cursor.end - p
    cursor.lacking = missing
    if in_record < 5:
        cursor.wanted = there - in_record + 5
        return
    rest = u16(buf, p + 3) - (in_record - 5)
    if missing <= rest:
        cursor.wanted = there + missing
        cursor.lacking = 0
    else:
        cursor.wanted = there + rest + 5
        cursor.lacking = missing - rest


def read_client_hello(tables, buf, cursor):
    """The position behind the ClientHello, MORE, or NOT; keeps its facts as a message.

    At the side's last bytes a truncated hello gives its name, or not even that, and nothing else; a hello with an extension longer than
    the list it is in gives its name alone.
    """
    at = cursor.at
    cursor.found = FOUND_CLIENT_HELLO
    first, size, p = whole_message(buf, at, cursor.end)
    if p >= 0:
        body, stop = first + 4, first + size
        return p if keep_client_hello(tables, buf, body, stop, cursor, p - at) or keep_malformed(tables, buf, body, stop, cursor) else NOT
    hello = tables.handshake
    n, p, other = join_handshake(tables, buf, cursor, 4)
    if n < 4:
        return NOT if other or cursor.final else MORE
    size = 4 + u24(hello, 1)
    if hello[0] != HELLO_CLIENT or size > MAX_HANDSHAKE:
        return NOT
    n, p, other = join_handshake(tables, buf, cursor, size)
    if n < size:
        if not cursor.final:
            await_records(cursor, buf, p, size - n)
            return NOT if other else MORE
        if not keep_name(tables, hello, 4, n, cursor) and not other:
            as_client_hello(new_message(tables, cursor, CLIENT_HELLO, 0)).traits = TRAIT_CUT
        return cursor.end
    return p if keep_client_hello(tables, hello, 4, size, cursor, p - at) or keep_malformed(tables, hello, 4, size, cursor) else NOT


def whole_message(buf, at, end):
    """(start, size, position behind the record) of a handshake message that is contained in one record.

    The position is -1 otherwise: the message continues in another record, or isn't complete.
    """
    if end - at < 9:
        return 0, 0, -1
    record = u16(buf, at + 3)
    size = 4 + u24(buf, at + 6)
    if size > record or end - at - 5 < record:
        return 0, 0, -1
    return at + 5, size, at + 5 + record


def keep_malformed(tables, hello, at, end, cursor):
    """True for a whole ClientHello body whose list of extensions fits and has the server's name, otherwise malformed; the name is kept."""
    return find_extensions(hello, at, end)[1] <= end and keep_name(tables, hello, at, end, cursor)


def keep_name(tables, hello, at, end, cursor):
    """True when hello[at:end], of which nothing else can be read, has the complete server name; then keeps it."""
    p, extensions_end = find_extensions(hello, at, end)
    end = min(end, extensions_end)
    while p >= 0 and end - p >= 4:
        kind, size = u16(hello, p), u16(hello, p + 2)
        if p + 4 + size > end:
            return False
        if kind == 0:
            name_at, name_size = server_name(hello, p + 4, p + 4 + size)
            if name_size >= 0:
                cut = as_client_hello(new_message(tables, cursor, CLIENT_HELLO, 0))
                cut.server_name_at = keep(tables, hello, name_at, name_at + name_size)
                cut.server_name_size = name_size
                cut.traits = TRAIT_CUT
            return name_size >= 0
        p += 4 + size
    return False


@kernel
def keep_client_hello(tables, hello, at, end, cursor, size):
    """True when hello[at:end] is a ClientHello body whose lengths fit; keeps its facts as a message, `size` bytes of the stream."""
    if not read_hello_body(tables, hello, at, end):
        return False
    read = tables.hello
    if (tables.records + cursor.record).protocol != TCP:
        read.traits |= TRAIT_QUIC
    kept = as_client_hello(new_message(tables, cursor, CLIENT_HELLO, size))
    kept.version = read.version
    kept.traits = read.traits
    if read.name_size >= 0:
        kept.server_name_at = keep(tables, hello, read.name_at, read.name_at + read.name_size)
        kept.server_name_size = read.name_size
    kept.alpn_at = keep(tables, hello, read.alpn_at, read.alpn_end)
    kept.alpn_size = read.alpn_end - read.alpn_at
    kept.random_at = keep(tables, hello, at + 2, at + 34)
    keep_digest(tables, hello, at, end)
    kept.random_size = RANDOM_SIZE + DIGEST_SIZE
    fingerprint = tables.counts[POOL_USED]
    tables.counts[POOL_USED] = fingerprint + JA4_SIZE
    write_ja4(tables, hello, fingerprint)
    kept.ja4_at = fingerprint
    kept.ja4_size = JA4_SIZE
    return True


def read_hello_body(tables, hello, at, end):
    """True when hello[at:end] is a ClientHello body whose lengths fit: then fills tables.hello."""
    p, extensions_end = find_extensions(hello, at, end)
    if p < 0 or extensions_end > end:
        return False
    end = extensions_end  # bytes behind them are ignored
    suites_at = at + 35 + hello[at + 34]
    n_suites = u16(hello, suites_at) // 2
    suites, extensions = tables.suites, tables.extensions
    traits = 0
    n_kept = 0
    for i in range(min(n_suites, MAX_LISTED)):
        suite = u16(hello, suites_at + 2 + 2 * i)
        if is_grease(suite):
            traits |= TRAIT_GREASE
        else:
            suites[n_kept] = suite
            n_kept += 1
    read = tables.hello
    read.suites = n_kept
    read.version = u16(hello, at)
    read.listed = read.version
    read.name_at, read.name_size, read.has_name = 0, -1, 0
    read.alpn_at, read.alpn_end = 0, 0
    read.algorithms_at, read.algorithms_end = 0, 0
    n_extensions = 0
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
            read.has_name = 1
            if read.name_size < 0:
                read.name_at, read.name_size = server_name(hello, body, p)
        elif kind == 13 and size >= 2:
            read.algorithms_at, read.algorithms_end = body + 2, min(p, body + 2 + u16(hello, body))
        elif kind == 16 and size >= 2:
            read.alpn_at, read.alpn_end = body + 2, min(p, body + 2 + u16(hello, body))
        elif kind == 22:
            traits |= TRAIT_ENCRYPT_THEN_MAC
        elif kind == 34:
            traits |= TRAIT_DELEGATED
        elif kind == 43 and size >= 1:
            read.version, read.listed = highest_versions(hello, body + 1, min(p, body + 1 + hello[body]))
        elif kind == 65037:
            traits |= TRAIT_ECH
    if traits & (TRAIT_GREASE | TRAIT_ENCRYPT_THEN_MAC) == 0 and ends_like_schannel(extensions, n_extensions):
        traits |= TRAIT_SCHANNEL
    read.extensions = n_extensions
    read.traits = traits
    return True


def read_server_hello(tables, buf, cursor):
    """The position from which the server's flight is read on, MORE, or NOT; keeps the ServerHello's version as a message.

    In TLS 1.3 that is the end, because the rest is encrypted. Else it is the hello's own start: its record may contain the certificate.
    """
    at, end = cursor.at, cursor.end
    first, size, p = whole_message(buf, at, end)
    if p >= 0:
        version = server_version(buf, first, size)
    else:
        hello = tables.handshake
        n, p, other = join_handshake(tables, buf, cursor, 4)
        if n < 4:
            return NOT if other or cursor.final else MORE
        size = 4 + u24(hello, 1)
        if hello[0] != HELLO_SERVER or size > MAX_HANDSHAKE:
            return NOT
        n, p, other = join_handshake(tables, buf, cursor, size)
        if n < size:
            await_records(cursor, buf, p, size - n)
            return NOT if other or cursor.final else MORE
        version = server_version(hello, 0, size)
    if version < 0:
        return NOT
    as_server_hello(new_message(tables, cursor, SERVER_HELLO, p - at)).version = version
    if version >= TLS_13:
        cursor.found = FOUND_LAST_HELLO
        return end
    cursor.found = FOUND_SERVER_HELLO
    return at


def server_version(hello, at, size):
    """The version in the ServerHello of `size` bytes at `at`, -1 where it is too short for one (RFC 8446 4.1.3)."""
    if size < 42:
        return -1
    stop = at + size
    version = u16(hello, at + 4)
    p = at + 42 + hello[at + 38]  # behind the session id, the cipher suite and the compression method
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
    """The end of the last handshake record where it is incomplete, and no record before it begins with a Certificate; else 0.

    Computed before anything is copied: a chain of certificates comes in several packets.
    """
    p = at
    while end - p >= 5 and buf[p] == HANDSHAKE and buf[p + 1] in (1, 3):
        size = u16(buf, p + 3)
        if size == 0 or size > MAX_RECORD:
            return 0
        if end - p - 5 < size:
            return p + 5 + size
        if buf[p + 5] == CERTIFICATE_MESSAGE:
            return 0
        p += 5 + size
    return 0


def read_certificate(tables, buf, cursor):
    """The end of the bytes, or MORE; keeps the leaf's issuer and host as a message (RFC 5246 7.4.2), where the server sends a certificate.

    The bytes begin with the ServerHello's record, because the Certificate may begin in the same one.
    """
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_CERTIFICATE
    stop = 0 if cursor.final else last_record_end(buf, at, end)
    if stop:
        cursor.wanted = stop - at
        return MORE
    out = tables.handshake
    n, p, other = join_handshake(tables, buf, cursor, tables.len_handshake)
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
                    kept = as_certificate(new_message(tables, cursor, ISSUER, p - at))
                    kept.issuer_at = keep(tables, out, issuer_at, issuer_end)
                    kept.issuer_size = issuer_end - issuer_at
                    if host_end > host_at:
                        kept.subject_at = keep(tables, out, host_at, host_end)
                        kept.subject_size = host_end - host_at
            return end
        turn += 1
        if out[q] not in (HELLO_SERVER, 4, 22) or turn > MAX_BEFORE:
            return end
        q += 4 + size
        needed = q + 4
    await_records(cursor, buf, p, needed - n)
    return end if other or cursor.final or n >= tables.len_handshake else MORE
