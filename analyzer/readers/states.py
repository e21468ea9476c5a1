"""The expected next message of a side's stream (SIDE.state), and a reader's results."""

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
AFTER_HELLO: Final = 10  # behind a ClientHello: whether the client accepts the server's answer

# A reader's finding, where its result is a position (CURSOR.found); streams/transitions.py has the state that follows it.
FOUND_NOTHING: Final = 0  # bytes of no known kind
FOUND_GAP: Final = 1  # bytes that were never captured
FOUND_NO_PREFACE: Final = 2  # the stream begins with no message that occurs only at a beginning
FOUND_PROXY_HEADER: Final = 3
FOUND_SOCKS5_GREETING: Final = 4
FOUND_SOCKS5_CREDENTIALS: Final = 5
FOUND_SOCKS5_REQUEST: Final = 6
FOUND_SOCKS5_CHOICE: Final = 7  # the server's, of a method
FOUND_SOCKS5_VERDICT: Final = 8  # the server's, on the credentials
FOUND_SOCKS5_ANSWER: Final = 9
FOUND_SOCKS4_REQUEST: Final = 10
FOUND_OPENING: Final = 11  # opens a stream and needs no state behind it, as a SOCKS4 server's answer
FOUND_DNS_MESSAGE: Final = 12
FOUND_EMPTY_LINE: Final = 13
FOUND_CONNECT: Final = 14
FOUND_HEAD_REQUEST: Final = 15  # of the method HEAD, whose answer has no body
FOUND_REQUEST: Final = 16
FOUND_INTERIM_ANSWER: Final = 17  # 1xx except 101: another one follows
FOUND_ANSWER: Final = 18
FOUND_CHUNKED_BODY: Final = 19  # the body of the head found before
FOUND_BODY_TO_CLOSE: Final = 20
FOUND_CHUNK: Final = 21
FOUND_LAST_CHUNK: Final = 22
FOUND_TRAILER_LINE: Final = 23
FOUND_TRAILER_END: Final = 24
FOUND_CLIENT_HELLO: Final = 25
FOUND_SERVER_HELLO: Final = 26  # of TLS 1.2 or older: its certificate can be read
FOUND_LAST_HELLO: Final = 27  # the server's of TLS 1.3, behind which all is encrypted
FOUND_CERTIFICATE: Final = 28  # or another message in its place
FOUND_PASSING_RECORD: Final = 29  # of TLS, without meaning
FOUND_MORE_HANDSHAKE: Final = 30  # of a client behind its hello, which decides nothing
FOUND_WENT_ON: Final = 31
FOUND_ALERT: Final = 32
FOUND_ENCRYPTED: Final = 33
FOUND_HEAD_BEGINS: Final = 34  # bytes like one, among bytes of no known kind
FOUND_WARNING: Final = 35  # an alert after which both sides continue

# SIDE.asked_socks of a side whose SOCKS greeting was answered in another protocol: it was none.
SOCKS_REFUTED: Final = 255

# A reader returns the position behind what it read, or one of these.
MORE: Final = -1  # not complete yet
NOT: Final = -2  # something else

# What a reader that returned MORE needs (SIDE.wanted), besides a total number of bytes.
A_LINE: Final = -1  # another control character, such as a line's end
A_BLANK_LINE: Final = -2  # the empty line behind a head

# Bytes of a side that may wait for missing bytes. The longest ClientHello seen in public captures is 11,414 bytes; squid and
# nginx take heads of up to 64 KiB and 32 KiB, with a Negotiate token in them.
WAIT_BYTES: Final = 64 << 10
# The same among bytes of no known kind, of which a head is wanted that came in several segments out of order.
SCAN_WAIT_BYTES: Final = 16 << 10

__all__ = [
    "AFTER_HELLO",
    "A_BLANK_LINE",
    "A_LINE",
    "CERTIFICATE",
    "CHUNK",
    "DNS",
    "DONE",
    "FOUND_ALERT",
    "FOUND_ANSWER",
    "FOUND_BODY_TO_CLOSE",
    "FOUND_CERTIFICATE",
    "FOUND_CHUNK",
    "FOUND_CHUNKED_BODY",
    "FOUND_CLIENT_HELLO",
    "FOUND_CONNECT",
    "FOUND_DNS_MESSAGE",
    "FOUND_EMPTY_LINE",
    "FOUND_ENCRYPTED",
    "FOUND_GAP",
    "FOUND_HEAD_BEGINS",
    "FOUND_HEAD_REQUEST",
    "FOUND_INTERIM_ANSWER",
    "FOUND_LAST_CHUNK",
    "FOUND_LAST_HELLO",
    "FOUND_MORE_HANDSHAKE",
    "FOUND_NOTHING",
    "FOUND_NO_PREFACE",
    "FOUND_OPENING",
    "FOUND_PASSING_RECORD",
    "FOUND_PROXY_HEADER",
    "FOUND_REQUEST",
    "FOUND_SERVER_HELLO",
    "FOUND_SOCKS4_REQUEST",
    "FOUND_SOCKS5_ANSWER",
    "FOUND_SOCKS5_CHOICE",
    "FOUND_SOCKS5_CREDENTIALS",
    "FOUND_SOCKS5_GREETING",
    "FOUND_SOCKS5_REQUEST",
    "FOUND_SOCKS5_VERDICT",
    "FOUND_TRAILER_END",
    "FOUND_TRAILER_LINE",
    "FOUND_WARNING",
    "FOUND_WENT_ON",
    "HEAD",
    "MORE",
    "NOT",
    "SCAN",
    "SCAN_WAIT_BYTES",
    "SOCKS5_ANSWERING",
    "SOCKS5_ASKING",
    "SOCKS_REFUTED",
    "START",
    "TRAILER",
    "WAIT_BYTES",
]
