"""The first line of an HTTP/1 request, whole or truncated.

Source: RFC 9112 3. Any method of letters, any version; without a version only unmistakable requests.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.memory import find_byte
from analyzer.readers.states import MORE, NOT, WAIT_BYTES
from analyzer.readers.uri import COLON, SLASH, absolute_parts, host_parts, is_host, port_of, tunnel_parts
from analyzer.readers.words import begins_like, begins_with, same_word

SPACE: Final = 32
MAX_METHOD: Final = 20  # the longest registered is UPDATEREDIRECTREF

W_VERSION: Final = b"http/"
W_POST: Final = b"post"
W_PUT: Final = b"put"
W_HEAD: Final = b"head"
W_RTSP: Final = b"rtsp/"
W_SIP: Final = b"sip/"
W_ICAP: Final = b"icap/"
W_CONNECT: Final = b"connect"
W_HTTP_SCHEME: Final = b"http://"
W_HTTPS_SCHEME: Final = b"https://"
# Schemes of protocols with HTTP's form, whose version is at the end of the line.
W_RTSP_SCHEME: Final = b"rtsp"  # rtsps, rtspu
W_SIP_SCHEME: Final = b"sip"
W_ICAP_SCHEME: Final = b"icap"


def line_end(buf, at, end):
    """The position of the next LF, -1 without one."""
    return find_byte(buf, at, end, 10)


def method_end(buf, at, end):
    """The position of the space behind a method; MORE where the bytes end before it, NOT where they can't be a method."""
    for p in range(at, min(end, at + MAX_METHOD + 1)):
        c = buf[p]
        if c == SPACE:
            return p if p > at else NOT
        if not (65 <= c <= 90 or 97 <= c <= 122 or c == 45 or c == 95):
            return NOT
    return NOT if end - at > MAX_METHOD else MORE


def is_version(buf, at, end):
    """True for HTTP/ followed by digits with dots."""
    p = at + 5
    while p < end and (48 <= buf[p] <= 57 or buf[p] == 46):
        p += 1
    return p == end and end - at > 5 and begins_with(buf, at, end, W_VERSION)


def is_another_protocol(buf, at, stop):
    """True for a line that ends with the version of RTSP, SIP or ICAP, which have HTTP's form."""
    version = stop
    while version > at and buf[version - 1] != SPACE:
        version -= 1
    return begins_with(buf, version, stop, W_RTSP) or begins_with(buf, version, stop, W_SIP) or begins_with(buf, version, stop, W_ICAP)


def target_without_version(buf, at, space, first, stop):
    """The target's end in a request line without a valid version, NOT where it is no request.

    Many text protocols begin with two words. So a request is only: a GET of a path or of an absolute form, whatever follows the target; a
    POST, PUT or HEAD of nothing but a path; and a CONNECT to nothing but a host and a port, whose reality is decided by what follows
    (facts/settle.py).
    """
    last = first
    while last < stop and buf[last] != SPACE:
        last += 1
    if same_word(buf, at, space, W_CONNECT):
        return last if last == stop and host_parts(buf, first, last, True)[2] >= 0 else NOT
    if is_another_protocol(buf, at, stop):
        return NOT
    if first == stop:
        return NOT
    if space - at != 3 or buf[at] != 71 or buf[at + 1] != 69 or buf[at + 2] != 84:
        return last if last == stop and buf[first] == SLASH and is_bare_method(buf, at, space) else NOT
    return last if buf[first] == SLASH or absolute_parts(buf, first, last)[0] >= 0 else NOT


def is_bare_method(buf, at, space):
    """True for POST, PUT and HEAD in capitals."""
    for p in range(at, space):
        if buf[p] > 90:
            return False
    return same_word(buf, at, space, W_POST) or same_word(buf, at, space, W_PUT) or same_word(buf, at, space, W_HEAD)


def request_line(buf, at, end):
    """(method's end or MORE or NOT, target's start, target's end, version's start, line feed's position)."""
    space = method_end(buf, at, end)
    if space < 0:
        return space, 0, 0, 0, 0
    feed = line_end(buf, at, end)
    if feed < 0:
        for p in range(space, end):
            if buf[p] < SPACE and buf[p] != 9 and not (buf[p] == 13 and p == end - 1):
                return NOT, 0, 0, 0, 0
        return (NOT if end - at > WAIT_BYTES else MORE), 0, 0, 0, 0
    stop = feed
    while stop > space and (buf[stop - 1] == 13 or buf[stop - 1] == SPACE):
        stop -= 1
    first, version = space, stop
    while first < stop and buf[first] == SPACE:
        first += 1
    while version > first and buf[version - 1] != SPACE:
        version -= 1
    if not is_version(buf, version, stop):
        last = target_without_version(buf, at, space, first, stop)
        return (space if last >= 0 else NOT), first, last, stop, feed
    last = version
    while last > first and buf[last - 1] == SPACE:
        last -= 1
    # A version without a target: a malformed request, but one all the same. A CONNECT must have a target.
    if same_word(buf, at, space, W_CONNECT) and tunnel_parts(buf, first, last)[0] < 0:
        return NOT, 0, 0, 0, 0
    return space, first, last, version, feed


def cut_line(buf, at, end):
    """(method's end or NOT, target's start, end of its complete part) of a request line whose end was not captured.

    A name is complete with its delimiter: a CONNECT's target with the space behind it, the authority of an absolute-form target with
    its slash. A snap length of 96 bytes cuts most lines behind it, a shorter one inside the name: then no part of the target is complete,
    and only the request's form is known.
    """
    space = method_end(buf, at, end)
    if space < 0:
        return NOT, 0, 0
    first = space
    while first < end and buf[first] == SPACE:
        first += 1
    last = first
    while last < end and buf[last] != SPACE:
        last += 1
    if same_word(buf, at, space, W_CONNECT):
        version = last
        while version < end and buf[version] == SPACE:
            version += 1
        if last == end:
            return (space if buf[at] == 67 and begins_authority(buf, first, end) else NOT), first, first
        is_whole = begins_like(buf, version, end, W_VERSION) and tunnel_parts(buf, first, last)[0] >= 0
        return (space if is_whole else NOT), first, last
    host, _, _, path, _ = absolute_parts(buf, first, last)
    if last == end and (host < 0 or path == end):
        is_target = begins_like(buf, first, end, W_HTTP_SCHEME) or begins_like(buf, first, end, W_HTTPS_SCHEME)
        is_target = (is_target and end - first > 4) or (end > first and buf[first] == SLASH)
        return (space if is_target and 65 <= buf[at] <= 90 else NOT), first, first
    is_whole = host >= 0 and path < end and not is_of_another_protocol(buf, first, end)
    return (space if is_whole else NOT), first, path


def is_of_another_protocol(buf, at, end):
    """True for a target with a scheme of RTSP, SIP or ICAP."""
    return begins_with(buf, at, end, W_RTSP_SCHEME) or begins_with(buf, at, end, W_SIP_SCHEME) or begins_with(buf, at, end, W_ICAP_SCHEME)


def begins_authority(buf, at, end):
    """True for a possible beginning of an authority: characters of hosts, and a port behind a colon."""
    stop = at
    while stop < end and buf[stop] != COLON:
        stop += 1
    return is_host(buf, at, stop) and (stop == end or port_of(buf, stop + 1, end) >= -1)


def starts_like_request(buf, at, end):
    """True when a request line begins here, whole or long enough to show its form."""
    space = request_line(buf, at, end)[0]
    return space >= 0 or (space == MORE and cut_line(buf, at, end)[0] >= 0)
