"""PAC files on their way to a client: the body of an HTTP answer with the function FindProxyForURL.

Servers label them application/x-ns-proxy-autoconfig, JavaScript, plain text or not at all, so the function's name decides.
Source: developer.mozilla.org, Proxy Auto-Configuration file.
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import PAC_FILE
from analyzer.flows.messages import as_pac
from analyzer.readers.states import MORE
from analyzer.readers.texts import keep_without_users, new_message
from analyzer.readers.words import begins_with, letters

MAX_PAC: Final = 32 << 10  # kept of a file; bytes behind aren't read
SEARCHED: Final = 4096  # bytes of a body that are searched for the function's name

# Whether a Content-Type names a PAC file.
UNSAID: Final = -1
NO_PAC: Final = 0
MAYBE_PAC: Final = 1
IS_PAC: Final = 2

W_FUNCTION: Final = b"findproxyforurl"
# The name's letters: bit k is the k-th letter of the alphabet, from a on.
FUNCTION_LETTERS: Final = 1 << 3 | 1 << 5 | 1 << 8 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 17 | 1 << 20 | 1 << 23 | 1 << 24
W_AUTOCONFIG: Final = b"proxy-autoconfig"
W_SCRIPT: Final = b"javascript"
W_PLAIN: Final = b"text/plain"
W_OCTETS: Final = b"application/octet-stream"


def pac_type(buf, at, end):
    """Whether a body of the Content-Type buf[at:end] is a PAC file: IS_PAC, MAYBE_PAC or NO_PAC."""
    if begins_with(buf, at, end, W_PLAIN) or begins_with(buf, at, end, W_OCTETS):
        return MAYBE_PAC
    for p in range(at, min(end, at + 40)):
        if begins_with(buf, p, end, W_AUTOCONFIG):
            return IS_PAC
        if begins_with(buf, p, end, W_SCRIPT):
            return MAYBE_PAC
    return NO_PAC


def pac_state(buf, cursor, at, kind, body):
    """1 for a PAC file's body that begins at `at`, 0 for another, MORE where the next bytes will decide.

    Short bodies that may be one are waited for; of others the function's name must be there already.
    """
    end = cursor.end
    if kind == IS_PAC:
        return 1
    if kind == NO_PAC or body == 0:
        return 0
    if holds_pac(buf, at, end):
        return 1
    if kind == MAYBE_PAC and 0 < body <= MAX_PAC and end - at < min(body, SEARCHED) and not cursor.final:
        return MORE
    return 0


def holds_pac(buf, at, end):
    """True when the function's name is near the beginning of buf[at:end]."""
    size = letters(W_FUNCTION)
    p, stop = at, min(end - size + 1, at + SEARCHED)
    while p < stop:
        c = (buf[p + size - 1] | 32) - 97
        if not 0 <= c < 26 or FUNCTION_LETTERS >> c & 1 == 0:  # no name that begins at or before this byte fits
            p += size
        elif begins_with(buf, p, end, W_FUNCTION):
            return True
        else:
            p += 1
    return False


def keep_pac(tables, buf, cursor, at, body):
    """MORE while a PAC file that begins at `at`, behind the head at the cursor, isn't complete, else 0; keeps it as a message.

    body   its length, or negative where unknown: then the bytes there at the side's end
    """
    wanted = MAX_PAC if body < 0 else min(body, MAX_PAC)
    if cursor.end - at < wanted and not cursor.final:
        return MORE
    stop = min(cursor.end, at + wanted)
    message = as_pac(new_message(tables, cursor, PAC_FILE, 0))
    message.script_at, message.script_size = keep_without_users(tables, buf, at, stop)
    return 0


def lacks_of_pac(buf, at, end, kind, body):
    """The number of body bytes that pac_state or keep_pac, which returned MORE, needs to decide."""
    wanted = MAX_PAC if body < 0 else min(body, MAX_PAC)
    return wanted if kind == IS_PAC or holds_pac(buf, at, end) else min(wanted, SEARCHED)
