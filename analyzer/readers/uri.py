"""The parts of a request's target: authority, scheme, path.

Source: RFC 3986 3.2 (authority), RFC 9112 3.2 (the forms of a target), RFC 9110 4.2.4 (user info in a URI is deprecated: removed,
never kept). Where nothing else shows that it is HTTP, a host is checked strictly: other protocols have a CONNECT too, and it may be
followed by a password.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import find_byte
from analyzer.readers.words import same_word

COLON: Final = 58
SLASH: Final = 47
AT: Final = 64

W_HTTP: Final = b"http"
W_HTTPS: Final = b"https"
W_FTP: Final = b"ftp"
W_WS: Final = b"ws"  # RFC 6455 3
W_WSS: Final = b"wss"


def ends_authority(c):
    """True for / ? and # (RFC 3986 3.2)."""
    return c in (SLASH, 63, 35)


def is_host(buf, at, end):
    """True for letters, digits, - . _ and non-ASCII bytes, at least one: RFC 3986 allows more, but no resolver does."""
    for p in range(at, end):
        c = buf[p]
        if not (97 <= c <= 122 or 65 <= c <= 90 or 48 <= c <= 57 or c in (45, 46, 95) or c >= 0x80):
            return False
    return end > at


def is_registered_name(buf, at, end):
    """True for the characters of a URI's host and non-ASCII bytes, at least one (RFC 3986 3.2.2).

    Without % and =: a password may follow them, as in jane%3ASecret1%40host.
    """
    if is_host(buf, at, end):
        return True
    for p in range(at, end):
        c = buf[p]
        if c < 0x80 and not is_host(buf, p, p + 1) and c not in (33, 36, 38, 39, 40, 41, 42, 43, 44, 59, 126):  # !$&'()*+,;~
            return False
    return end > at


def is_v6(buf, at, end):
    """True for a possible IPv6 address: hexadecimal digits, colons and dots, with :: or seven colons; a zone may follow."""
    colons, double = 0, False
    for p in range(at, end):
        c = buf[p]
        if c == 37 and p > at:
            return (double or colons >= 7) and is_host(buf, p + 1, end)
        if c == COLON:
            colons += 1
            double = double or (p > at and buf[p - 1] == COLON)
        elif not (is_hex(c) or c == 46):
            return False
    return double or colons >= 7


def port_of(buf, at, end):
    """The port buf[at:end], -1 where it is empty or out of range, -2 where it has other characters than digits."""
    number = 0
    for p in range(at, end):
        if not 48 <= buf[p] <= 57:
            return -2
        if number <= 65535:
            number = number * 10 + buf[p] - 48
    return number if 0 < number <= 65535 else -1


def host_parts(buf, at, end, strict):
    """(host's start, host's end, port or -1) of host:port, brackets removed; start -1 where there is none.

    strict   a name must be one that resolvers accept
    """
    last = at
    if at < end and buf[at] == 91:
        while last < end and buf[last] != 93:
            last += 1
        if last == end or not is_v6(buf, at + 1, last) or (last + 1 < end and buf[last + 1] != COLON):
            return -1, 0, -1
        port = port_of(buf, last + 2, end)
        if port < -1:
            return -1, 0, -1
        return at + 1, last, port
    colon = find_byte(buf, at, end, COLON)
    last = colon if colon >= 0 else max(at, end)
    port = port_of(buf, last + 1, end)
    if port >= -1 and (is_host(buf, at, last) if strict else is_registered_name(buf, at, last)):
        return at, last, port
    if is_v6(buf, at, end):
        return at, end, -1  # without brackets a port is ambiguous
    return -1, 0, -1


def authority_parts(buf, at, end):
    """As host_parts, without user info."""
    first, sign = at, find_byte(buf, at, end, AT)
    while sign >= 0:
        first = sign + 1
        sign = find_byte(buf, first, end, AT)
    return host_parts(buf, first, end, False)


@kernel
def scheme_end(buf, at, end):
    """The position behind scheme:// at `at`, else -1."""
    p = at
    while p < end and p - at < 12 and (65 <= buf[p] <= 90 or 97 <= buf[p] <= 122):
        p += 1
    if p == at or end - p < 3 or buf[p] != COLON or buf[p + 1] != SLASH or buf[p + 2] != SLASH:
        return -1
    return p + 3


@kernel
def tunnel_parts(buf, at, end):
    """As host_parts, for a CONNECT's target or a Host field, without the parts that some clients write around the authority.

    These are a scheme or its slashes, whose port counts where no other is given, user info, and a path.
    """
    if scheme_end(buf, at, end) >= 0:
        host, host_end, port, _, _ = absolute_parts(buf, at, end)
        if host < 0 or host_end == host:
            return -1, 0, -1
        return host, host_end, port
    if end - at > 2 and buf[at] == SLASH and buf[at + 1] == SLASH:
        at += 2
    stop = at
    while stop < end and not ends_authority(buf[stop]):
        stop += 1
    if find_byte(buf, stop, end, AT) >= 0:  # the slash is in a password
        return -1, 0, -1
    return authority_parts(buf, at, stop)


def is_shown(buf, at, end):
    """True for a Host field's value that is no host and is shown as sent: printable, and without possible user information.

    Scanners and broken clients send quotes, lists, text of pages. Text separated by @ or :, or hidden by = or a %-escape, may be a
    password; text behind ? or # a query.
    """
    for p in range(at, end):
        c = buf[p]
        if c < 32 or c == 127 or c in (35, COLON, 61, 63, AT):
            return False
        if c == 37 and end - p > 2 and is_hex(buf[p + 1]) and is_hex(buf[p + 2]):
            return False
    return end > at


def is_hex(c):
    """True for a hexadecimal digit."""
    return 48 <= c <= 57 or 65 <= c <= 70 or 97 <= c <= 102


def reference_host(buf, at, end):
    """(start, end) of the host in a URI reference, start -1 without one, as in a path alone (RFC 3986 4.2)."""
    if scheme_end(buf, at, end) < 0 and (end - at <= 2 or buf[at] != SLASH or buf[at + 1] != SLASH):
        return -1, 0
    host, host_end, _ = tunnel_parts(buf, at, end)
    return host, host_end


def absolute_parts(buf, at, end):
    """(host's start, end, port, path's start, path's end) of an absolute-form target, host's start -1 for another form.

    Without a port, the scheme's default (-1 for an unknown scheme). User information and the query are left out (RFC 9112 3.2.2).
    Without a host, host and path are empty.
    """
    first = scheme_end(buf, at, end)
    if first < 0 or first == end:
        return -1, 0, 0, 0, 0
    default = -1
    if same_word(buf, at, first - 3, W_HTTP) or same_word(buf, at, first - 3, W_WS):
        default = 80
    elif same_word(buf, at, first - 3, W_HTTPS) or same_word(buf, at, first - 3, W_WSS):
        default = 443
    elif same_word(buf, at, first - 3, W_FTP):
        default = 21
    stop = first
    while stop < end and not ends_authority(buf[stop]):
        stop += 1
    path_end = stop
    while path_end < end and buf[path_end] != 63 and buf[path_end] != 35:
        path_end += 1
    host, host_end, port = authority_parts(buf, first, stop)
    if host < 0:
        return first, first, default, path_end, path_end
    return host, host_end, (port if port >= 0 else default), stop, path_end
