"""Whether what is looked for among bytes of no known kind begins here: an HTTP head, a hello, or an alert."""

from __future__ import annotations

from analyzer.readers.alerts import starts_like_alert
from analyzer.readers.http import starts_like_answer
from analyzer.readers.records import HELLO_CLIENT, HELLO_SERVER, starts_like_handshake
from analyzer.readers.request_line import starts_like_request


def starts_like_head(buf, at, end):
    """True when a request, an answer, a hello of TLS or an unencrypted alert begins at `at`, with enough bytes to show it."""
    return (
        starts_like_handshake(buf, at, end, HELLO_CLIENT)
        or starts_like_handshake(buf, at, end, HELLO_SERVER)
        or starts_like_answer(buf, at, end)
        or starts_like_request(buf, at, end)
        or starts_like_alert(buf, at, end)
    )
