"""What a side's stream is expected to hold next (SIDE.state), and what a reader says of the bytes it was given."""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import DONE

START: Final = 0  # the stream's first bytes
HEAD: Final = 1  # an HTTP head or a TLS handshake
CHUNK: Final = 2  # a chunk's size line (RFC 9112 7.1)
TRAILER: Final = 3  # the lines behind the last chunk
SOCKS5_ASKING: Final = 4  # after the client's greeting: its credentials or its request
SOCKS5_ANSWERING: Final = 5  # after the server's choice
CERTIFICATE: Final = 6  # after a ServerHello of TLS 1.2 or older: the rest of the server's flight
SCAN: Final = 7  # bytes of no known kind: only segments that begin like a head are read

DNS: Final = 9  # DNS messages, each behind its length (RFC 1035 4.2.2)
AFTER_HELLO: Final = 10  # behind a ClientHello: what the client makes of the server's answer

# SIDE.asked_socks of a side whose SOCKS greeting was answered in another language: it was none.
SOCKS_REFUTED: Final = 255

# A reader returns the position behind what it read, or one of these.
MORE: Final = -1  # not all there yet
NOT: Final = -2  # something else

# What a reader that answered with MORE says it lacks (SIDE.wanted), beside a number of bytes in all.
A_LINE: Final = -1  # another control character, as the end of a line is one
A_BLANK_LINE: Final = -2  # the empty line behind a head

# How much of a side may wait for missing bytes. The longest ClientHello seen in public captures is 11,414 bytes; squid and
# nginx take heads of up to 64 KiB and 32 KiB, with a Negotiate token in them.
WAIT_BYTES: Final = 64 << 10

__all__ = [
    "AFTER_HELLO",
    "A_BLANK_LINE",
    "A_LINE",
    "CERTIFICATE",
    "CHUNK",
    "DNS",
    "DONE",
    "HEAD",
    "MORE",
    "NOT",
    "SCAN",
    "SOCKS5_ANSWERING",
    "SOCKS5_ASKING",
    "SOCKS_REFUTED",
    "START",
    "TRAILER",
    "WAIT_BYTES",
]
