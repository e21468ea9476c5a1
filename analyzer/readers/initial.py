"""A ClientHello from QUIC Initial packets, in a kernel: packets with one connection id that are sealed with its own keys.

That is nearly every connection. The others (a Retry, another version, keys of another id) are left to quic.py, which examines more of
the packets and gives the same hello.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.addressed import Addressed
from analyzer.compiled.memory import copy_bytes
from analyzer.packets.fields import u24, u32
from analyzer.readers.aes import BLOCK, HEADER_KEY, KEY, encrypt, expand_key, fill_steps
from analyzer.readers.gcm import GCM_WORDS, NONCE, fill_reduced, open_sealed
from analyzer.readers.mac import MAC_WORDS, finish, take_key
from analyzer.readers.quic import (
    ACK,
    ACK_ECN,
    CONNECTION_CLOSE,
    CRYPTO,
    MAX_FRAMES,
    MAX_HELLO,
    MAX_ID_BYTES,
    MAX_PACKETS,
    PADDING,
    PING,
    V2,
)
from analyzer.readers.records import HELLO_CLIENT
from analyzer.readers.states import NOT

# The salts of quic.py, concatenated.
SALT_BYTES: Final = 20
SALTS: Final = (
    b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
    b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
    b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
    b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
    b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
    b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
    b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"
)
N_SALTS: Final = 7
OF_V1: Final = 0
OF_V2: Final = 1
OF_DRAFT_29: Final = 2
OF_DRAFT_23: Final = 3
OF_DRAFT_22: Final = 4
OF_T050: Final = 5
OF_T051: Final = 6

FIRST_VERSION: Final = 0x00000001
MVFST_22: Final = 0xFACEB001
MVFST_23: Final = 0xFACEB002
MVFST_TRIAL: Final = 0xFACEB00E
T050: Final = 0x54303530
T051: Final = 0x54303531
DRAFTS: Final = 0xFF0000

# HKDF-Expand-Label's info, and the counter behind it.
CLIENT_IN: Final = b"\x00\x20\x0ftls13 client in\x00\x01"
KEY_INFO: Final = b"\x00\x10\x0etls13 quic key\x00\x01"
IV_INFO: Final = b"\x00\x0c\x0dtls13 quic iv\x00\x01"
HEADER_INFO: Final = b"\x00\x10\x0dtls13 quic hp\x00\x01"
KEY_INFO_V2: Final = b"\x00\x10\x10tls13 quicv2 key\x00\x01"
IV_INFO_V2: Final = b"\x00\x0c\x0ftls13 quicv2 iv\x00\x01"
HEADER_INFO_V2: Final = b"\x00\x10\x0ftls13 quicv2 hp\x00\x01"

# Limits for one side of a flow; sides with more are left to quic.py.
MAX_PIECES: Final = 512
MAX_BYTES: Final = 1 << 16

# Offsets in a room's text: the key for HMAC, its block, the first bytes of the packet's header, and their number.
SECRET: Final = 0
MAC_BLOCK: Final = 64
HEADER_TEXT: Final = 128
TEXT_BYTES: Final = HEADER_TEXT + MAX_BYTES


class RoomArrays(NamedTuple):
    """The buffers for opening packets.

    words multiples   as in gcm.py;  states state w   as in mac.py;  salts   the HMAC states of each salt
    text     for keys, and for the header as it was sealed
    frames   of the packets opened so far;  pieces   their CRYPTO frames by offset: offset, place, size
    hello    the stream's beginning, joined from its pieces
    """

    words: npt.NDArray[np.uint32]
    multiples: npt.NDArray[np.uint64]
    states: npt.NDArray[np.uint32]
    salts: npt.NDArray[np.uint32]
    state: npt.NDArray[np.uint32]
    w: npt.NDArray[np.uint32]
    text: npt.NDArray[np.uint8]
    frames: npt.NDArray[np.uint8]
    pieces: npt.NDArray[np.int64]
    hello: npt.NDArray[np.uint8]


class Room(Addressed, RoomArrays):
    """The buffers for opening packets, as kernels take them."""


def room() -> Room:
    """New buffers for a kernel that opens packets; fill_room must be called first."""
    return Room(
        np.zeros(GCM_WORDS, np.uint32),
        np.zeros(512, np.uint64),
        np.zeros(MAC_WORDS, np.uint32),
        np.zeros(N_SALTS * MAC_WORDS, np.uint32),
        np.zeros(8, np.uint32),
        np.zeros(64, np.uint32),
        np.zeros(TEXT_BYTES, np.uint8),
        np.zeros(MAX_BYTES, np.uint8),
        np.zeros(3 * MAX_PIECES, np.int64),
        np.zeros(MAX_HELLO + MAX_BYTES, np.uint8),
    )


@kernel
def fill_room(room):
    """Fill the parts that depend on no connection: tables, and the HMAC states of each salt."""
    fill_steps(room.words)
    fill_reduced(room.words)
    for salt in range(N_SALTS):
        for i in range(SALT_BYTES):
            room.text[SECRET + i] = SALTS[SALT_BYTES * salt + i]
        take_secret(room, SALT_BYTES)
        for i in range(MAC_WORDS):
            room.salts[MAC_WORDS * salt + i] = room.states[i]


def salt_of(version):
    """The index in SALTS of a version's salt, NOT for an unknown version."""
    if version == FIRST_VERSION:
        return OF_V1
    if version == V2:
        return OF_V2
    if version >> 8 == DRAFTS:
        draft = version & 0xFF
        if 33 <= draft <= 34:
            return OF_V1
        if 29 <= draft <= 32:
            return OF_DRAFT_29
        if draft == 22:
            return OF_DRAFT_22
        return OF_DRAFT_23 if 23 <= draft <= 28 else NOT
    if version == MVFST_22:
        return OF_DRAFT_22
    if version in (MVFST_23, MVFST_TRIAL):
        return OF_DRAFT_23
    if version == T050:
        return OF_T050
    return OF_T051 if version == T051 else NOT


def derive(room, info, size):
    """Put HKDF-Expand's first block for this info, with HMAC's current key, at MAC_BLOCK."""
    for i in range(size):
        room.text[MAC_BLOCK + i] = info[i]
    finish(room.states, room.text, MAC_BLOCK, size, room.state, room.w)


def take_secret(room, size):
    """Set HMAC's key to the one at SECRET."""
    take_key(room.states, room.text, SECRET, size, MAC_BLOCK, room.state, room.w)


def take_keys(room, data, id_at, id_size, version):
    """Derive and expand the keys of a version and a connection id (RFC 9001 5.1, 5.2, RFC 9369 3.3); sets the nonce to the IV."""
    text, words = room.text, room.words
    salt = salt_of(version)
    for i in range(MAC_WORDS):
        room.states[i] = room.salts[MAC_WORDS * salt + i]
    for i in range(id_size):
        text[MAC_BLOCK + i] = data[id_at + i]
    finish(room.states, text, MAC_BLOCK, id_size, room.state, room.w)
    for i in range(32):
        text[SECRET + i] = text[MAC_BLOCK + i]
    take_secret(room, 32)
    derive(room, CLIENT_IN, 20)
    for i in range(32):
        text[SECRET + i] = text[MAC_BLOCK + i]
    take_secret(room, 32)
    second = version == V2
    derive(room, KEY_INFO_V2 if second else KEY_INFO, 21 if second else 19)
    expand_key(words, KEY, text, MAC_BLOCK)
    derive(room, HEADER_INFO_V2 if second else HEADER_INFO, 20 if second else 18)
    expand_key(words, HEADER_KEY, text, MAC_BLOCK)
    derive(room, IV_INFO_V2 if second else IV_INFO, 20 if second else 18)
    for i in range(3):
        words[NONCE + i] = u32(text, MAC_BLOCK + 4 * i)


def varint(data, at, end):
    """(the variable-length integer at `at`, the position behind it); the position is past the end where it isn't complete (RFC 9000 16)."""
    if at >= end:
        return 0, end + 1
    size = 1 << (data[at] >> 6)
    if at + size > end:
        return 0, end + 1
    value = data[at] & 0x3F
    for i in range(1, size):
        value = value << 8 | data[at + i]
    return value, at + size


def open_packet(room, data, at, number_at, end, used):
    """The number of bytes of frames in the packet data[at:end], NOT where the keys don't open it; the frames go to room.frames[used:]."""
    text, words = room.text, room.words
    if end - number_at < 20 or end - at > MAX_BYTES or used + end - number_at > MAX_BYTES:
        return NOT
    for i in range(4):
        words[BLOCK + i] = u32(data, number_at + 4 + 4 * i)
    encrypt(words, HEADER_KEY)
    mask, more = words[BLOCK], words[BLOCK + 1]
    first = data[at] ^ (mask >> 24 & 0x0F)
    size = (first & 3) + 1
    header_size = number_at + size - at
    copy_bytes(data, at, header_size, text, HEADER_TEXT)
    text[HEADER_TEXT] = first
    number = 0
    for i in range(size):
        part = data[number_at + i] ^ (mask >> 16 - 8 * i & 0xFF if i < 3 else more >> 24)
        text[HEADER_TEXT + header_size - size + i] = part
        number = number << 8 | part
    words[NONCE + 2] ^= number
    opened = open_sealed(words, room.multiples, text, HEADER_TEXT, header_size, data, number_at + size, end, room.frames, used)
    words[NONCE + 2] ^= number
    return end - number_at - size - 16 if opened else NOT


def behind_ack(frames, at, end, kind):
    """The position behind the body of an ACK frame (RFC 9000 19.3)."""
    _skipped, at = varint(frames, at, end)
    _skipped, at = varint(frames, at, end)
    ranges, at = varint(frames, at, end)
    left = 1 + 2 * min(ranges, end) + (3 if kind == ACK_ECN else 0)
    while left > 0 and at <= end:
        _skipped, at = varint(frames, at, end)
        left -= 1
    return at


def take_pieces(room, at, end, n_pieces):
    """The number of CRYPTO frames with those of frames[at:end] added, NOT where there is no room for more (RFC 9000 12.4, 19)."""
    frames = room.frames
    for _ in range(MAX_FRAMES):
        if at >= end:
            break
        kind = frames[at]
        at += 1
        if kind == PADDING:
            while at < end and frames[at] == 0:
                at += 1
        elif kind == CRYPTO:
            offset, at = varint(frames, at, end)
            size, at = varint(frames, at, end)
            if at + size > end:
                break
            if n_pieces == MAX_PIECES:
                return NOT
            insert(room.pieces, n_pieces, offset, at, size)
            n_pieces += 1
            at += size
        elif kind in (ACK, ACK_ECN):
            at = behind_ack(frames, at, end, kind)
        elif kind == CONNECTION_CLOSE:
            _skipped, at = varint(frames, at, end)
            _skipped, at = varint(frames, at, end)
            size, at = varint(frames, at, end)
            at += size
        elif kind != PING:
            break
    return n_pieces


def insert(pieces, n, offset, at, size):
    """Insert a piece among the n others, behind those of the same offset."""
    place = n
    while place > 0 and pieces[3 * place - 3] > offset:
        for i in range(3):
            pieces[3 * place + i] = pieces[3 * place - 3 + i]
        place -= 1
    pieces[3 * place] = offset
    pieces[3 * place + 1] = at
    pieces[3 * place + 2] = size


def first_message(room, n_pieces):
    """The size of the ClientHello at the beginning of the stream, which is then in room.hello; NOT while it isn't complete."""
    whole = 0
    pieces, hello = room.pieces, room.hello
    for i in range(n_pieces):
        offset, at, size = pieces[3 * i], pieces[3 * i + 1], pieces[3 * i + 2]
        if offset > whole or whole >= MAX_HELLO:
            break
        known = whole - offset
        if size > known:
            copy_bytes(room.frames, at + known, size - known, hello, whole)
            whole += size - known
    if whole < 4 or hello[0] != HELLO_CLIENT:
        return NOT
    size = 4 + u24(hello, 1)
    return size if size <= min(whole, MAX_HELLO) else NOT


@kernel
def read_initials_of(room, data, at, end, version, id_at, n_packets, used, n_pieces):
    """(version, connection id's position, number of packets, bytes of frames, number of pieces, the hello's size) after the datagram
    data[at:end]; the size is NOT while the hello isn't complete, and the number of packets is NOT where the datagram is left to quic.py.

    version, id_at   of the packets before; 0: there were none
    """
    while at + 7 <= end and data[at] & 0x80:
        own = u32(data, at + 1)
        kind = data[at] >> 4 & 3
        is_initial = kind == (1 if own == V2 else 0)
        is_retry = kind == (0 if own == V2 else 3)
        own_id, id_end = at + 6, at + 6 + data[at + 5]
        if salt_of(own) == NOT or is_retry or id_end - own_id > MAX_ID_BYTES or id_end >= end:
            break
        behind = id_end + 1 + data[id_end]
        if is_initial:
            token, behind = varint(data, behind, end)
            behind += token
        size, number_at = varint(data, behind, end)
        packet_end = number_at + size
        if packet_end > end:
            break
        if is_initial:
            n_packets += 1
            if n_packets > MAX_PACKETS:
                return version, id_at, NOT, used, n_pieces, NOT
            if version == 0:
                version, id_at = own, own_id
                take_keys(room, data, own_id, id_end - own_id, own)
            elif own != version or not same_id(data, id_at, own_id):
                return version, id_at, NOT, used, n_pieces, NOT
            opened = open_packet(room, data, at, number_at, packet_end, used)
            if opened < 0:
                return version, id_at, NOT, used, n_pieces, NOT
            n_pieces = take_pieces(room, used, used + opened, n_pieces)
            if n_pieces < 0:
                return version, id_at, NOT, used, n_pieces, NOT
            used += opened
            hello = first_message(room, n_pieces)
            if hello > 0:
                return version, id_at, n_packets, used, n_pieces, hello
        at = packet_end
    return version, id_at, n_packets, used, n_pieces, NOT


def same_id(data, one, other):
    """True when the connection ids at both positions are equal; their sizes are in the byte before."""
    i, size = -1, data[one - 1]
    while i < size and data[one + i] == data[other + i]:
        i += 1
    return i == size
