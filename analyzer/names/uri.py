"""The parts of a request's target: authority, scheme, path.

Source: RFC 3986 3.2 (authority), RFC 9112 3.2 (the forms of a target).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.kernels import kernel
from analyzer.names.words import same_word, word

COLON: Final = 58

W_HTTPS = word("https")
W_FTP = word("ftp")


@kernel
def authority_parts(buf, at, end):  # type: ignore[no-untyped-def]
    """(host's start, host's end, port or -1) of an authority, brackets left off; an empty host has start == end (RFC 3986 3.2)."""
    if at < end and buf[at] == 91:
        close = at + 1
        while close < end and buf[close] != 93:
            close += 1
        first, last, p = at + 1, close, close + 1
    else:
        last = at
        while last < end and buf[last] != COLON:
            last += 1
        first, p = at, last
    port = -1
    if p < end and buf[p] == COLON:
        number = np.int64(0)
        digits = 0
        for q in range(p + 1, end):
            if not 48 <= buf[q] <= 57 or digits > 5:
                digits = 99
                break
            number = number * 10 + np.int64(buf[q]) - 48
            digits += 1
        if 0 < digits <= 6 and 0 < number <= 65535:
            port = number
        elif digits == 99:
            for q in range(p + 1, end):
                if buf[q] == COLON and at == first:
                    return first, end, -1  # several colons without brackets: no port can be told
    return first, last, port


@kernel
def authority_place(buf, at, end):  # type: ignore[no-untyped-def]
    """(start, end) of the authority that begins at `at`, without user information (RFC 3986 3.2)."""
    stop = at
    while stop < end and buf[stop] != 47 and buf[stop] != 63 and buf[stop] != 35:
        stop += 1
    for q in range(at, stop):
        if buf[q] == 64:
            at = q + 1
    return at, stop


@kernel
def reference_host(buf, at, end):  # type: ignore[no-untyped-def]
    """(start, end) of the host that a URI reference names, start -1 for one that names none, as a path alone (RFC 3986 4.2)."""
    if end - at > 2 and buf[at] == 47 and buf[at + 1] == 47:
        first, stop = authority_place(buf, at + 2, end)
        host, host_end, _ = authority_parts(buf, first, stop)
    else:
        host, host_end, _, _, _ = absolute_parts(buf, at, end)
    return (host if host_end > host else -1), host_end


@kernel
def absolute_parts(buf, at, end):  # type: ignore[no-untyped-def]
    """(host's start, end, port, path's start, path's end) of an absolute-form target, host's start -1 for another form.

    Without a port, the scheme's own (80, 443, 21). User information and the query are left out (RFC 9112 3.2.2).
    """
    p = at
    while p < end and p - at < 12 and (65 <= buf[p] <= 90 or 97 <= buf[p] <= 122):
        p += 1
    if p == at or end - p < 4 or buf[p] != COLON or buf[p + 1] != 47 or buf[p + 2] != 47:
        return -1, 0, 0, 0, 0
    default = 80
    if same_word(buf, at, p, W_HTTPS):
        default = 443
    elif same_word(buf, at, p, W_FTP):
        default = 21
    first, stop = authority_place(buf, p + 3, end)
    path_end = stop
    while path_end < end and buf[path_end] != 63 and buf[path_end] != 35:
        path_end += 1
    host, host_end, port = authority_parts(buf, first, stop)
    return host, host_end, (port if port >= 0 else default), stop, path_end
