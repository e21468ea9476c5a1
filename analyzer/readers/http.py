"""HTTP/1 heads: requests in their three forms, and answers.

Source: RFC 9112 (messages), RFC 9110 9.3.6 (CONNECT). Read more loosely than specified, as gateways see it: lines may end in LF
alone, any case and order, any version, empty lines before a request, no Host, an authority without a port.
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import (
    ABSOLUTE,
    ANSWER,
    ANSWER_CUT,
    ANSWER_HTML,
    ANSWER_UNSAID,
    CONNECT,
    ORIGIN,
    SHAPE_AGENT,
    SHAPE_BARE,
    SHAPE_BROWSER_AGENT,
    SHAPE_CUT,
    SHAPE_FORWARDED,
    SHAPE_HOST,
    SHAPE_HOST_PORT,
    SHAPE_HTTP_10,
    SHAPE_LENGTH_0,
    SHAPE_PRAGMA,
    SHAPE_PROXY_CONNECTION,
)
from analyzer.flows.messages import as_answer
from analyzer.readers.authentication import keep_challenges, keep_offered
from analyzer.readers.pac import UNSAID, keep_pac, lacks_of_pac, pac_state, pac_type
from analyzer.readers.request_line import MAX_METHOD, SPACE, W_CONNECT, W_HEAD, W_VERSION, cut_line, line_end, request_line
from analyzer.readers.states import (
    A_BLANK_LINE,
    A_LINE,
    FOUND_ANSWER,
    FOUND_CONNECT,
    FOUND_HEAD_REQUEST,
    FOUND_INTERIM_ANSWER,
    FOUND_REQUEST,
    MORE,
    NOT,
    WAIT_BYTES,
)
from analyzer.readers.texts import keep, keep_without_users, new_message, own_side
from analyzer.readers.uri import COLON, SLASH, absolute_parts, is_shown, reference_host, tunnel_parts
from analyzer.readers.words import begins_like, begins_with, same_word

MAX_BODY: Final = 1 << 30  # a longer one is ambiguous in 32-bit sequence numbers

# The end of a body (CURSOR.body): BODY_CHUNKED, BODY_TO_CLOSE, or its length.
BODY_CHUNKED: Final = -1
BODY_TO_CLOSE: Final = -2

SEMICOLON: Final = 59

W_HOST: Final = b"host"
W_AGENT: Final = b"user-agent"
W_LENGTH: Final = b"content-length"
W_TYPE: Final = b"content-type"
W_ENCODING: Final = b"transfer-encoding"
W_CHUNKED: Final = b"chunked"
W_PRAGMA: Final = b"pragma"
W_PROXY_CONNECTION: Final = b"proxy-connection"
W_OFFERED: Final = b"proxy-authorization"
W_CHALLENGE: Final = b"proxy-authenticate"
W_VIA: Final = b"via"
W_FORWARDED: Final = b"x-forwarded-for"
W_LOCATION: Final = b"location"
W_HTML: Final = b"text/html"
W_XHTML: Final = b"application/xhtml+xml"
W_BROWSER: Final = b"mozilla/"
W_PRI: Final = b"pri"  # HTTP/2 with prior knowledge begins with PRI * HTTP/2.0 (RFC 9113 3.4)


def head_end(buf, at, end):
    """The position behind the empty line that ends a head whose first line begins at `at`, -1 where it isn't there."""
    p = line_end(buf, at, end)
    while p >= 0:
        if p + 1 < end and buf[p + 1] == 10:
            return p + 2
        if p + 2 < end and buf[p + 1] == 13 and buf[p + 2] == 10:
            return p + 3
        p = line_end(buf, p + 1, end)
    return -1


def complete_lines(buf, at, end):
    """The position behind the last LF in buf[at:end], `at` without one."""
    p = end
    while p > at and buf[p - 1] != 10:
        p -= 1
    return p


def starts_like_answer(buf, at, end):
    """True when the bytes, at least twelve, are the beginning of a status line (RFC 9112 4)."""
    if end - at < 12 or not begins_with(buf, at, end, W_VERSION):
        return False
    p = at + 5
    while p < end and (48 <= buf[p] <= 57 or buf[p] == 46):
        p += 1
    if p == at + 5 or end - p < 4 or buf[p] != SPACE:
        return False
    while p < end and buf[p] == SPACE:
        p += 1
    return end - p >= 3 and 49 <= buf[p] <= 57 and 48 <= buf[p + 1] <= 57 and 48 <= buf[p + 2] <= 57


def read_request(tables, buf, cursor):
    """The position behind a request's head, MORE, or NOT; keeps it as a message, and sets the end of its body.

    At the side's last bytes an incomplete head is read as far as it goes.
    """
    at, end = cursor.at, cursor.end
    space, target, target_end, version, feed = request_line(buf, at, end)
    if space == MORE and cursor.final:
        space, target, target_end = cut_line(buf, at, end)
        version = feed = end
    if space < 0:
        if end - at > MAX_METHOD + 1:
            cursor.wanted = A_LINE
        return space
    if same_word(buf, at, space, W_PRI):
        return NOT
    stop = head_end(buf, feed, end)
    is_cut = stop < 0
    if is_cut:
        if end - at <= WAIT_BYTES and not cursor.final:
            cursor.wanted = A_BLANK_LINE
            return MORE
        stop = complete_lines(buf, feed, end)
    is_connect = same_word(buf, at, space, W_CONNECT)
    host, host_end, port, path, path_end = -1, 0, -1, target, target
    kind = ORIGIN
    if is_connect:
        kind = CONNECT
        host, host_end, port = tunnel_parts(buf, target, target_end)
    elif target == target_end:
        kind = ORIGIN if buf[target] == SLASH or feed < end else ABSOLUTE  # cut in its path, or in its host; or it has none
    else:
        host, host_end, port, path, path_end = absolute_parts(buf, target, target_end)
        if host >= 0:
            kind = ABSOLUTE
        elif buf[target] == 47:
            path, path_end = target, target
            while path_end < target_end and buf[path_end] != 63 and buf[path_end] != 35:
                path_end += 1
    message = new_message(tables, cursor, kind, stop - at)
    if kind != ORIGIN:
        if host >= 0 and host_end > host:
            message.host_at = keep(tables, buf, host, host_end)
            message.host_size = host_end - host
        message.port = port
    if path_end > path:
        message.path_at, message.path_size = keep_without_users(tables, buf, path, path_end)
    if is_cut:
        message.shape |= SHAPE_CUT
    if feed < end and not begins_with(buf, version, feed, W_VERSION):
        message.shape |= SHAPE_BARE
    if version + 8 <= feed and buf[version + 7] == 48:
        message.shape |= SHAPE_HTTP_10
    body = fill_request_fields(tables, buf, feed + 1, stop, message)
    if is_connect:
        cursor.body = 0
        cursor.found = FOUND_CONNECT
    else:
        cursor.body = body
        cursor.found = FOUND_HEAD_REQUEST if same_word(buf, at, space, W_HEAD) else FOUND_REQUEST
    return stop


def field_parts(buf, at, feed):
    """(name's end, value's start, value's end) of the header line buf[at:feed], name's end -1 where it is no header line."""
    p = at
    while p < feed and buf[p] != COLON:
        p += 1
    if p in (feed, at) or buf[at] == SPACE or buf[at] == 9:
        return -1, 0, 0
    first, last = p + 1, feed
    while first < last and (buf[first] == SPACE or buf[first] == 9):
        first += 1
    while last > first and (buf[last - 1] == SPACE or buf[last - 1] == 9 or buf[last - 1] == 13):
        last -= 1
    while p > at and (buf[p - 1] == SPACE or buf[p - 1] == 9):
        p -= 1
    return p, first, last


def fill_request_fields(tables, buf, at, end, message):
    """The end of the request's body; fills the message's Host, User-Agent and shape from the header lines buf[at:end]."""
    body = 0
    while at < end:
        feed = line_end(buf, at, end)
        if feed < 0:
            break
        name, first, last = field_parts(buf, at, feed)
        if name >= 0:
            size = name - at
            if size == 4 and message.field_size < 0 and same_word(buf, at, name, W_HOST):
                message.shape |= SHAPE_HOST
                host, host_end, port = tunnel_parts(buf, first, last)
                if port >= 0:
                    message.shape |= SHAPE_HOST_PORT
                if host < 0 and is_shown(buf, first, last):
                    host, host_end = first, last
                if host >= 0:
                    message.field_at = keep(tables, buf, host, host_end)
                    message.field_size = host_end - host
            elif size == 10 and message.agent_size < 0 and same_word(buf, at, name, W_AGENT):
                message.shape |= SHAPE_AGENT
                if begins_with(buf, first, last, W_BROWSER):
                    message.shape |= SHAPE_BROWSER_AGENT
                if last > first:
                    message.agent_at, message.agent_size = keep_without_users(tables, buf, first, last)
            elif size == 6 and same_word(buf, at, name, W_PRAGMA):
                message.shape |= SHAPE_PRAGMA
            elif size == 16 and same_word(buf, at, name, W_PROXY_CONNECTION):
                message.shape |= SHAPE_PROXY_CONNECTION
            elif size == 19 and message.scheme_size < 0 and same_word(buf, at, name, W_OFFERED):
                keep_offered(tables, buf, first, last, message)
            elif (size == 3 and same_word(buf, at, name, W_VIA)) or (size == 15 and same_word(buf, at, name, W_FORWARDED)):
                message.shape |= SHAPE_FORWARDED
            else:
                body = body_after(buf, at, name, first, last, body)
                if size == 14 and body == 0 and same_word(buf, at, name, W_LENGTH):
                    message.shape |= SHAPE_LENGTH_0
        at = feed + 1
    return body


def body_after(buf, at, name, first, last, body):
    """The end of the body after one more header line; chunks take precedence over a length (RFC 9112 6.3)."""
    size = name - at
    if size == 14 and body != BODY_CHUNKED and same_word(buf, at, name, W_LENGTH):
        number = 0
        for p in range(first, last):
            if not 48 <= buf[p] <= 57 or number > MAX_BODY:
                return BODY_TO_CLOSE
            number = number * 10 + buf[p] - 48
        return number if number <= MAX_BODY else BODY_TO_CLOSE
    if size == 17 and same_word(buf, at, name, W_ENCODING):
        for p in range(first, last - 6):
            if begins_with(buf, p, last, W_CHUNKED):
                return BODY_CHUNKED
    return body


def read_answer(tables, buf, cursor):
    """The position behind an answer's head, MORE, or NOT; keeps final answers and 101 as messages, and sets the end of the body."""
    at, end = cursor.at, cursor.end
    if not starts_like_answer(buf, at, end):
        if end - at < 32 and begins_like(buf, at, end, W_VERSION) and line_end(buf, at, end) < 0:
            if not cursor.final:
                return MORE
            if 5 <= end - at < 12:  # cut in its status
                own_side(tables, cursor).responses += 1
                cursor.found = FOUND_INTERIM_ANSWER
                return end
        return NOT
    stop = head_end(buf, at, end)
    is_cut = stop < 0
    if is_cut:
        if end - at <= WAIT_BYTES and not cursor.final:
            cursor.wanted = A_BLANK_LINE
            return MORE
        stop = max(complete_lines(buf, at, end), at + 12)
    p = at + 5
    while buf[p] != SPACE:
        p += 1
    while buf[p] == SPACE:
        p += 1
    status = (buf[p] - 48) * 100 + (buf[p + 1] - 48) * 10 + buf[p + 2] - 48
    feed = line_end(buf, p, stop)
    body, pac, html, tells_more = BODY_TO_CLOSE, UNSAID, ANSWER_UNSAID if is_cut else 0, False
    fields = feed + 1 if feed >= 0 else stop
    q = fields
    while q < stop:
        feed = line_end(buf, q, stop)
        if feed < 0:
            break
        name, first, last = field_parts(buf, q, feed)
        if name >= 0:
            body = body_after(buf, q, name, first, last, body)
            if name - q == 12 and same_word(buf, q, name, W_TYPE):
                pac = pac_type(buf, first, last)
                html = html_type(buf, first, last)
            tells_more |= name - q == 8 or name - q == 18
        q = feed + 1
    if status == 200:
        is_pac = pac_state(buf, cursor, stop, pac, body)
        if is_pac == 1:
            is_pac = keep_pac(tables, buf, cursor, stop, body)
        if is_pac == MORE:
            cursor.wanted = stop - at + lacks_of_pac(buf, stop, end, pac, body)
            return MORE
    if status == 101 or status >= 200:
        answer = as_answer(new_message(tables, cursor, ANSWER, stop - at))
        answer.status = status
        answer.traits = (html | ANSWER_CUT) if is_cut else html
        if tells_more:
            fill_answer_fields(tables, buf, fields, stop, answer)
    cursor.found = FOUND_INTERIM_ANSWER if status < 200 and status != 101 else FOUND_ANSWER
    cursor.status = status
    cursor.body = 0 if status < 200 or status in (204, 304) else body
    return stop


def html_type(buf, at, end):
    """ANSWER_HTML for the Content-Type of a web page, else 0."""
    stop = at
    while stop < end and buf[stop] != SEMICOLON and buf[stop] != SPACE and buf[stop] != 9:
        stop += 1
    return ANSWER_HTML if same_word(buf, at, stop, W_HTML) or same_word(buf, at, stop, W_XHTML) else 0


def fill_answer_fields(tables, buf, at, end, answer):
    """Fill the answer's schemes and its redirect target from the header lines buf[at:end]."""
    host, host_end = -1, 0
    while at < end:
        feed = line_end(buf, at, end)
        if feed < 0:
            break
        name, first, last = field_parts(buf, at, feed)
        if name >= 0 and name - at == 18 and same_word(buf, at, name, W_CHALLENGE):
            keep_challenges(tables, buf, first, last, answer)
        elif name >= 0 and host < 0 and 300 <= answer.status < 400 and same_word(buf, at, name, W_LOCATION):
            host, host_end = reference_host(buf, first, last)
        at = feed + 1
    if host >= 0:
        answer.location_at = keep(tables, buf, host, host_end)
        answer.location_size = host_end - host


def read_chunk_line(buf, at, end):
    """(the position behind a chunk's size line or MORE or NOT, the chunk's size) (RFC 9112 7.1)."""
    number = 0
    p = at
    digits = 0
    while p < end:
        c = buf[p]
        if 48 <= c <= 57:
            value = c - 48
        elif 65 <= c <= 70:
            value = c - 55
        elif 97 <= c <= 102:
            value = c - 87
        else:
            break
        number = number * 16 + value
        digits += 1
        if digits > 8 or number > MAX_BODY:
            return NOT, 0
        p += 1
    if p < end and digits == 0:
        return NOT, 0
    feed = line_end(buf, p, min(end, at + 1024))
    if feed < 0:
        return (NOT if end - at >= 1024 else MORE), 0
    return feed + 1, number
