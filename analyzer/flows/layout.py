"""The flow tables while they grow: records and their sides, the facts read from them, and the bytes that still wait.

A record is one stretch of a conversation, begun by a SYN or by the first packet captured. Which records are one flow is
decided when all are known (fold.py), so that a capture cut in two gives the same flows as the whole.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.compiled.addressed import Addressed

# The number of inputs with a bit in RECORD.sources.
SOURCE_BITS: Final = 63

# Packets that a side has sent (SIDE.seen).
SENT_SYN: Final = 1  # without ACK
SENT_SYN_ACK: Final = 2
SENT_FIN: Final = 4
SENT_RST: Final = 8
SENT_OTHER: Final = 16  # anything but a SYN without ACK
HAS_BASE: Final = 32  # base, low, high and resume are set
HELD_BACK: Final = 64  # both sides' payload is kept unread (Tables.held): it may continue a stream from an earlier part
GIVEN_UP: Final = 128  # with HELD_BACK: more came than is kept; it was read on its own

# Other facts about a side (SIDE.marks).
HAS_ACKED: Final = 1  # acked, acked_low and acked_turns are set
SENT_NEW: Final = 2  # pending_ns is set
KNOWS_ACKED: Final = 4  # acked_then is set
ENCRYPTED: Final = 8  # with HELD_BACK: encrypted from head_end on, so not kept
SEEMS_ENCRYPTED: Final = 16  # with HELD_BACK: the same, if a TLS record begins `wanted` bytes behind head_end
FIRST_CUT: Final = 32  # its first payload wasn't captured completely

# SIDE.state of a side from which nothing more can be read, because the rest is encrypted. The other states are in
# readers/states.py; each side begins with 0.
DONE: Final = 8

# A packet's conversation, a hash that is equal for both directions; a digest of the packet; and its sender's side.
KEY = np.dtype([("conversation", "u8"), ("digest", "u8"), ("side", "u1")], align=True)

# The fields of a record and of a side that every packet needs come first: they are in one cache line (grow.cleared), the rest in a second.
RECORD = np.dtype(
    [
        ("a_hi", "u8"),  # the two endpoints in a fixed order: side 0 sends from a, side 1 from b
        ("a_lo", "u8"),
        ("b_hi", "u8"),
        ("b_lo", "u8"),
        ("last_ns", "i8"),  # NO_TIME: none of its packets had a time
        ("data_ns", "i8"),  # latest time of a packet with payload, up to the end
        ("a_port", "u2"),
        ("b_port", "u2"),
        ("protocol", "u1"),
        ("version", "u1"),
        ("syn_side", "i1"),  # the sender of the SYN that began the record, -1: no SYN
        ("end_side", "i1"),  # the sender of the first FIN or RST, -1: none
        ("first_source", "i4"),
        ("last_source", "i4"),
        ("first_ns", "i8"),
        ("end_ns", "i8"),  # of the first FIN or RST
        ("outer0", "u8"),  # of the first packet, as in packets.layout.PACKET
        ("outer1", "u8"),
        ("sources", "u8"),  # bit i: captured in input i, for the first 63 inputs; later ones are in `sightings`
        ("isn", "u4"),  # of the SYN that began the record
        ("previous", "i4"),  # the conversation's record before this one, -1: none
        ("label", "i4"),  # of the first packet with one: a row of Tables.labels, -1: none
        ("pauses", "i4"),  # first of a list in Tables.pauses, the newest first, -1: none
        ("first_frame", "u4"),  # number of the first packet's frame in its input, from 1; 0: unknown
        ("end_reset", "u1"),  # the end was a RST
        ("unreachable", "u1"),  # an ICMP error quoted it
    ],
    align=True,
)

SIDE = np.dtype(
    [
        ("packets", "i8"),
        ("bytes", "i8"),  # payload by the IP length
        ("distinct", "i8"),  # sequence numbers covered by payload
        ("last_ns", "i8"),  # of its latest packet
        ("pending_ns", "i8"),  # when it last sent new data while all its data before was acknowledged
        ("high", "u4"),  # captured payload is in [low, high), without the holes
        ("acked", "u4"),  # the highest number of the other side's that it acknowledged
        ("base", "u4"),  # the ISN, or one before the first sequence number captured
        ("acked_then", "u4"),  # how much of this stream the other had acknowledged at pending_ns; at first the stream's beginning
        ("seen", "u1"),
        ("marks", "u1"),
        ("state", "u1"),  # the expected message at `resume` (readers.states)
        ("asked_socks", "u1"),  # 4 or 5 once this side sent a SOCKS request
        ("resume", "u4"),  # sequence number from which the stream is read on
        ("low", "u4"),
        ("acked_low", "u4"),  # the lowest number it acknowledged
        ("acked_turns", "i4"),  # how often its acknowledgements passed 2**32 between the lowest and the highest
        ("holes", "i4"),  # first of a list in Tables.holes, -1: none
        ("waiting", "i4"),  # first of a list in Tables.segments, by sequence number, -1: none
        ("waiting_bytes", "i4"),
        ("tried", "i4"),  # bytes from resume on that were checked and held nothing complete; 0: not checked yet
        ("wanted", "i4"),  # what is missing (streams.attempts): a total number of bytes, or A_LINE, A_BLANK_LINE; 0: unknown
        ("lacking", "i4"),  # handshake bytes missing behind `wanted`, which is then the end of the next record's header
        ("requests", "i4"),  # HTTP requests read from this side
        ("responses", "i4"),
        ("head_end", "u4"),  # the end of the last response's head
        ("heads", "u8"),  # bit k % 64: request k was a HEAD, whose answer has no body
        ("tunnels", "u8"),  # bit k % 64: request k was a CONNECT, whose 2xx answer begins the tunnel
    ],
    align=True,
)

# A pause of the record, more than ten seconds without a packet, from end_ns to start_ns, with each side's bytes before it.
PAUSE = np.dtype([("end_ns", "i8"), ("start_ns", "i8"), ("bytes_a", "i8"), ("bytes_b", "i8"), ("next", "i4")], align=True)

HOLE = np.dtype([("start", "u4"), ("end", "u4"), ("next", "i4")], align=True)

# Payload that waits for earlier payload: `size` bytes of the arena, the first of them at sequence number `seq`.
SEGMENT = np.dtype([("ts_ns", "i8"), ("at", "i8"), ("seq", "u4"), ("ack", "u4"), ("size", "i4"), ("next", "i4")], align=True)

# A text in Tables.pool is (at, size); size -1: missing.
MESSAGE = np.dtype(
    [
        ("ts_ns", "i8"),  # of the packet with its first byte
        ("host_at", "i8"),
        ("path_at", "i8"),
        ("agent_at", "i8"),
        ("field_at", "i8"),
        ("scheme_at", "i8"),
        ("record", "i4"),
        ("host_size", "i4"),
        ("path_size", "i4"),
        ("agent_size", "i4"),
        ("field_size", "i4"),
        ("scheme_size", "i4"),
        ("port", "i4"),  # -1: missing
        ("seq", "u4"),  # of its first byte in its side's stream
        ("end", "u4"),  # the end of its head
        ("ack", "u4"),  # what the sender had received by then
        ("code", "i4"),  # of other kinds; a request has none
        ("shape", "u2"),
        ("side", "u1"),
        ("kind", "u1"),
    ],
    align=True,
)

TEXTS: Final = ("host", "path", "agent", "field", "scheme")

# Kinds of message, with their fields; those that aren't requests have the names in messages.py.
CONNECT: Final = 1  # host, port; agent: User-Agent; field: Host; scheme: of Proxy-Authorization
ABSOLUTE: Final = 2  # host, port, path; agent; field; scheme
ORIGIN: Final = 3  # path; agent; field
SOCKS4: Final = 4  # host, port
SOCKS5: Final = 5
ANSWER: Final = 6  # status; location: its host; schemes: those of Proxy-Authenticate, a comma between; traits: ANSWER_...
SOCKS_ANSWER: Final = 7  # reply
CLIENT_HELLO: Final = 8  # server_name; alpn as sent; ja4; random, behind it a digest; version; traits: TRAIT_...
SERVER_HELLO: Final = 9  # version
ISSUER: Final = 10  # of the leaf certificate: issuer, DER; subject: its host
DATAGRAM: Final = 11  # payload: of UDP, read later (QUIC Initial)
DNS_QUESTION: Final = 12  # name, query_type, message_id
DNS_ANSWER: Final = 13  # as its question; code; addresses, DNS_ADDRESS bytes each; ttl_s
PAC_FILE: Final = 14  # script: its text, as far as it is kept
DHCP: Final = 15  # url: of a PAC file; client: its address; message_type
ALERT: Final = 16  # description, ENCRYPTED_ALERT where it can't be read
WENT_ON: Final = 17  # after its ClientHello the client continued the handshake, or sent data

# Everything that was read, kept only with counts[REGIONS], and never among a flow's facts: from seq to end; state: the state in which
# it was read; behind: the state after it; found: FOUND_... (readers.states); holds: REGION_...
REGION: Final = 18

REGION_PAC: Final = 1  # an answer whose body is a PAC file

# One address in a DNS_ANSWER: its version, and 16 bytes, of which an IPv4 address takes the last four.
DNS_ADDRESS: Final = 17

# The form of a request (shape), and properties of an answer and a ClientHello (traits).
SHAPE_HTTP_10: Final = 1
SHAPE_AGENT: Final = 2
SHAPE_HOST: Final = 4
SHAPE_HOST_PORT: Final = 8
SHAPE_LENGTH_0: Final = 16
SHAPE_PRAGMA: Final = 32
SHAPE_PROXY_CONNECTION: Final = 64
SHAPE_ADDRESS: Final = 128  # host holds the 4 or 16 bytes of an address
SHAPE_BROWSER_AGENT: Final = 256
SHAPE_CUT: Final = 512  # the head's end was not captured: missing fields may be there
SHAPE_FORWARDED: Final = 1024  # Via or X-Forwarded-For
SHAPE_BARE: Final = 2048  # its first line has no version
ANSWER_HTML: Final = 1
ANSWER_CONTINUES: Final = 2  # the challenge carries the next token of its scheme, or stale=true
ANSWER_UNSAID: Final = 4  # the head's end was not captured, and it has no Content-Type before
ANSWER_CUT: Final = 8  # the head's end was not captured
TRAIT_ECH: Final = 1
TRAIT_GREASE: Final = 2
TRAIT_ENCRYPT_THEN_MAC: Final = 4  # OpenSSL offers it, Schannel and browsers don't
TRAIT_DELEGATED: Final = 8  # delegated credentials: Firefox
TRAIT_QUIC: Final = 16
TRAIT_CUT: Final = 32  # the hello wasn't captured completely
TRAIT_SCHANNEL: Final = 64  # its extensions end as those of Windows' Schannel do

# The description of an ALERT that is encrypted (RFC 8446 6).
ENCRYPTED_ALERT: Final = 256

# Cipher suites, extensions or signature algorithms of one hello; more are ignored, and no real hello has more.
MAX_LISTED: Final = 512

# Lists of cipher suites and extensions whose digests are kept, the longest such list, and the digits of a digest.
MEMO_SLOTS: Final = 256
MEMO_LISTED: Final = 128
DIGITS: Final = 12

# A packet of a moment ago: its digest, whose highest 8 bits are replaced by its TTL (duplicates.with_ttl). Two of them, which are compared
# together, are in one cache line.
RECENT = np.dtype([("digest", "u8"), ("ts_ns", "i8")], align=True)

# A reader's position and results (Tables.cursor, one row): it reads from `at` of its buffer on.
CURSOR = np.dtype(
    [
        ("at", "i8"),
        ("end", "i8"),  # the end of the buffer's bytes
        ("ts_ns", "i8"),  # the time of the packet with the first byte
        ("record", "i4"),
        ("seq", "u4"),  # of the byte at `at`; 0 in a datagram
        ("ack", "u4"),  # what the sender had received by then
        ("wanted", "i4"),  # what is missing where the result is MORE: as SIDE.wanted and SIDE.lacking, which are set from these
        ("lacking", "i4"),
        ("body", "i4"),  # behind a head: BODY_... or its length (readers.http)
        ("status", "i4"),  # of an answer's head
        ("side", "u1"),
        ("final", "u1"),  # no more payload will come
        ("found", "u1"),  # the finding: FOUND_... (readers.states)
    ],
    align=True,
)

# A ClientHello's body while it is read (Tables.hello, one row): offsets in it, and sizes of lists in Tables.suites and Tables.extensions.
HELLO = np.dtype(
    [
        ("suites", "i8"),  # their number without GREASE, as of extensions
        ("extensions", "i8"),
        ("name_at", "i8"),
        ("name_size", "i8"),  # -1: missing
        ("alpn_at", "i8"),
        ("alpn_end", "i8"),
        ("algorithms_at", "i8"),
        ("algorithms_end", "i8"),
        ("version", "i4"),  # the highest published one
        ("listed", "i4"),  # the highest number in the list of versions, as JA4 takes it
        ("traits", "i4"),
        ("has_name", "u1"),  # the extension is there, with or without a name
    ],
    align=True,
)

# A packet's label: the process that sent or gets it, and the firewall's action; UTF-8, padded with zeros.
# As numbers, because kernels have no texts; Python reads them as LABEL_TEXTS.
LABEL = np.dtype([(f"word{i}", "u8") for i in range(8)])
LABEL_TEXTS = np.dtype([("process", "S48"), ("action", "S16")])

SIGHTING = np.dtype([("record", "i4"), ("source", "i4")])

# A packet's payload that is kept unread, `size` bytes of Tables.store, in the order of arrival.
HELD = np.dtype([("ts_ns", "i8"), ("at", "i8"), ("record", "i4"), ("size", "i4"), ("seq", "u4"), ("ack", "u4"), ("side", "u1")], align=True)

# One of the first packets of a part: merging decides whether it is a duplicate of one in the part before.
FIRST = np.dtype(
    [
        ("digest", "u8"),
        ("ts_ns", "i8"),
        ("record", "i4"),
        ("source", "i4"),
        ("payload_bytes", "i4"),
        ("seq", "u4"),
        ("number", "u4"),  # of its frame
        ("ip_id", "u2"),
        ("flags", "u1"),
        ("ttl", "u1"),
        ("side", "u1"),
        ("protocol", "u1"),
        ("copy", "u1"),
    ],
    align=True,
)

# Indices in Tables.counts.
N_RECORDS: Final = 0
N_MESSAGES: Final = 1
POOL_USED: Final = 2
ARENA_USED: Final = 3
ARENA_LIVE: Final = 4
N_HOLES: Final = 5
FREE_HOLE: Final = 6
N_SEGMENTS: Final = 7
FREE_SEGMENT: Final = 8
N_SIGHTINGS: Final = 9
N_DUPLICATES: Final = 10  # duplicate packets
N_BY_STATUS: Final = 11  # and the next len(STATUS_NAMES): frames by decode status
N_HELD: Final = 19
STORE_USED: Final = 20
N_FIRSTS: Final = 21
CONTINUED: Final = 22  # 1: an earlier part may contain packets before these
N_LABELS: Final = 23
N_PAUSES: Final = 24
REGIONS: Final = 25  # 1: regions are kept, as messages of kind REGION
N_COUNTS: Final = 26

# The most distinct processes and actions kept; a capture has hundreds at most.
MAX_LABELS: Final = 1 << 16

# The number of a part's first packets that are kept.
MAX_FIRSTS: Final = 1 << 12

# Recent packets, to recognise duplicates. 2**16 packets are a few milliseconds at 10 Gbit/s; copies
# come within one.
DUPLICATE_SLOTS: Final = 1 << 16


class TableArrays(NamedTuple):
    """The arrays of Tables."""

    slots: npt.NDArray[np.int32]  # hash table: the newest record of a conversation, plus one; 0: empty
    records: npt.NDArray[Any]
    sides: npt.NDArray[Any]  # row 2 * record + side
    holes: npt.NDArray[Any]
    pauses: npt.NDArray[Any]
    segments: npt.NDArray[Any]
    arena: npt.NDArray[np.uint8]
    messages: npt.NDArray[Any]
    pool: npt.NDArray[np.uint8]
    sightings: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    recent: npt.NDArray[Any]
    held: npt.NDArray[Any]
    store: npt.NDArray[np.uint8]
    firsts: npt.NDArray[Any]
    cursor: npt.NDArray[Any]
    hello: npt.NDArray[Any]
    scratch: npt.NDArray[np.uint8]  # a stream's bytes, joined
    handshake: npt.NDArray[np.uint8]  # a TLS handshake without its record headers
    suites: npt.NDArray[np.uint16]  # a hello's cipher suites, its extensions, and the input of their digests
    extensions: npt.NDArray[np.uint16]
    text: npt.NDArray[np.uint8]
    memo: npt.NDArray[np.uint16]  # recent lists, with their digests
    memo_sizes: npt.NDArray[np.int32]
    memo_digests: npt.NDArray[np.uint8]
    state: npt.NDArray[np.uint32]
    schedule: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]


class Tables(Addressed, TableArrays):
    """All tables that grow while packets are read. `counts` has the number of used rows."""
