"""Authentication to a proxy: the schemes that are challenged and offered, never the credentials.

Source: RFC 9110 11 (challenges and credentials), RFC 7616 3.3 (stale), RFC 4559 4 (Negotiate), MS-NTHT (NTLM): the last two take
several steps, each with a token behind the scheme's name.
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import ANSWER_CONTINUES, POOL_USED
from analyzer.readers.words import begins_with, same_word

COMMA: Final = 44
EQUALS: Final = 61
QUOTE: Final = 34
BACKSLASH: Final = 92

# No scheme's name is nearly as long; a longer word is none.
MAX_SCHEME: Final = 64

W_NTLM: Final = b"ntlm"
W_NEGOTIATE: Final = b"negotiate"
W_STALE: Final = b"stale"
W_TRUE: Final = b"true"


def keep_offered(tables, buf, at, end, message):
    """Keep the scheme of the credentials buf[at:end] (Proxy-Authorization), and nothing behind it.

    A single word is no scheme: it may be the credentials themselves.
    """
    stop = token_end(buf, at, end)
    if at < stop <= at + MAX_SCHEME and stop < end and is_blank(buf[stop]):
        message.scheme_at, message.scheme_size = with_scheme(tables, buf, at, stop, message.scheme_at, message.scheme_size)


def keep_challenges(tables, buf, at, end, answer):
    """Add the schemes of the challenges buf[at:end] (Proxy-Authenticate) to the answer's, and note whether one continues.

    Commas separate both challenges and the parameters of one; a parameter is a name followed by an equals sign.
    """
    while at < end:
        while at < end and (is_blank(buf[at]) or buf[at] == COMMA):
            at += 1
        stop = element_end(buf, at, end)
        name_end = token_end(buf, at, stop)
        value = after_blanks(buf, name_end, stop)
        if name_end == at or name_end > at + MAX_SCHEME:
            at = stop
            continue
        if value < stop and buf[value] == EQUALS:
            note_parameter(buf, at, name_end, value, stop, answer)
        elif value > name_end or value == stop:
            answer.schemes_at, answer.schemes_size = with_scheme(tables, buf, at, name_end, answer.schemes_at, answer.schemes_size)
            inner_end = token_end(buf, value, stop)
            equals = after_blanks(buf, inner_end, stop)
            if same_word(buf, at, name_end, W_NTLM) or same_word(buf, at, name_end, W_NEGOTIATE):
                if value < stop:
                    answer.traits |= ANSWER_CONTINUES
            elif inner_end > value and equals < stop and buf[equals] == EQUALS:
                note_parameter(buf, value, inner_end, equals, stop, answer)
        at = stop


def note_parameter(buf, at, name_end, equals, end, answer):
    """Note a challenge's parameter stale=true: the credentials were right, and only their nonce was too old."""
    if same_word(buf, at, name_end, W_STALE):
        value = after_blanks(buf, equals + 1, end)
        if value < end and buf[value] == QUOTE:
            value += 1
        if begins_with(buf, value, end, W_TRUE):
            answer.traits |= ANSWER_CONTINUES


def with_scheme(tables, buf, at, end, schemes_at, schemes_size):
    """(offset, size) of the schemes with one more appended, in lower case; size -1: none yet. They are at the end of the pool."""
    used = tables.counts[POOL_USED]
    if schemes_size < 0:
        schemes_at = used
    else:
        tables.pool[used] = COMMA
        used += 1
    for p in range(at, end):
        c = buf[p]
        tables.pool[used] = c + 32 if 65 <= c <= 90 else c
        used += 1
    tables.counts[POOL_USED] = used
    return schemes_at, used - schemes_at


def element_end(buf, at, end):
    """The end of the list element that begins at `at`: the next comma outside of quotes."""
    quoted = False
    while at < end and (quoted or buf[at] != COMMA):
        if buf[at] == QUOTE:
            quoted = not quoted
        elif quoted and buf[at] == BACKSLASH:
            at += 1
        at += 1
    return min(at, end)


def token_end(buf, at, end):
    """The position behind the token that begins at `at` (RFC 9110 5.6.2)."""
    while at < end:
        c = buf[at]
        letter = 48 <= c <= 57 or 65 <= c <= 90 or 94 <= c <= 122 or c == 124 or c == 126
        if not (letter or c == 33 or 35 <= c <= 39 or c == 42 or c == 43 or c == 45 or c == 46):
            return at
        at += 1
    return end


def after_blanks(buf, at, end):
    """The position behind the blanks that begin at `at`."""
    while at < end and is_blank(buf[at]):
        at += 1
    return at


def is_blank(c):
    """True for a space or a tab."""
    return c == 32 or c == 9
