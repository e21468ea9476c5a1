"""The ClientHello of a QUIC connection, from Initial packets, which are sealed with keys that anyone can derive.

Source: RFC 9000 12.2, 17.2, 19 (packets and frames), RFC 9001 5.2 to 5.4 (keys), RFC 9369 3 (version 2); drafts 22 to 34;
draft-ietf-quic-v2-00 to -07 (version 2 before it had its number); for Google's T050 and T051 and Facebook's mvfst, Google's quiche
(quic/core/crypto/crypto_utils.cc) and Wireshark's packet-quic.c, 2026-11-26.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

V1: Final = 0x00000001
V2: Final = 0x6B3343CF
V2_DRAFT_0: Final = 0xFF020000  # with version 1's packet types
V2_DRAFT: Final = 0x709A50C4
SALT_V1: Final = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
SALT_V2: Final = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
SALT_V2_DRAFT: Final = bytes.fromhex("a707c203a59b47184a1d62ca570406ea7ae3e5d3")
SALT_DRAFT_29: Final = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
SALT_DRAFT_23: Final = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
SALT_DRAFT_22: Final = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")

SALTS: Final = {
    V1: SALT_V1,
    V2: SALT_V2,
    0xFACEB001: SALT_DRAFT_22,  # mvfst, as with draft 22
    0xFACEB002: SALT_DRAFT_23,  # mvfst, as with draft 27
    0xFACEB00E: SALT_DRAFT_23,  # mvfst's experimental version
    0x54303530: bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"),  # T050
    0x54303531: bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),  # T051
}

# Versions with an ambiguous salt: drafts of version 2 whose number stayed when the salt changed, versions that only provoke a
# negotiation (RFC 9000 15: 0x?a?a?a?a), and Facebook's experiments. Each salt is tried: only a packet's own keys open it.
RESERVED: Final = 0x0F0F0F0F, 0x0A0A0A0A
MVFST: Final = 0xFACEB0

# Limits the work for one flow: each packet is tried with each connection id's keys. A hello takes one to four packets, and two
# or three ids (the client's first, a Retry's, the server's).
MAX_PACKETS: Final = 32
MAX_IDS: Final = 8
MAX_FRAMES: Final = 1024  # of one packet; Chrome cuts a hello into a few dozen
MAX_HELLO: Final = 4 + (1 << 16)  # as over TCP
MAX_ID_BYTES: Final = 20  # RFC 9000 17.2

PADDED: Final = re.compile(rb"\0*").match
CLIENT_HELLO: Final = 1
PADDING: Final = 0x00
PING: Final = 0x01
ACK: Final = 0x02
ACK_ECN: Final = 0x03
CRYPTO: Final = 0x06
CONNECTION_CLOSE: Final = 0x1C


class Initial(NamedTuple):
    """An Initial packet with its place in the datagram."""

    version: int
    connection_id: bytes  # of its destination
    packet: bytes  # from the first byte of its header to its end
    number_at: int  # offset of the packet number


class Keys(NamedTuple):
    """The keys by which a client seals its Initial packets (RFC 9001 5.1)."""

    key: bytes
    iv: int
    header: bytes


def hello_in_datagrams(datagrams: Sequence[bytes]) -> bytes | None:
    """The ClientHello handshake message, header and body, in the client's Initial packets; None where it isn't complete.

    datagrams   UDP payloads of one flow in order of arrival. The server's, and packets of other types, are skipped.

    Each pair of version and connection id has a stream of its own: after a Retry the client sends its whole hello again, and
    a port may be reused for another connection. A version may change while the first id's keys stay (RFC 9368, 9369 4.1).
    """
    initials: list[Initial] = []
    for datagram in datagrams:
        initials += initial_packets(datagram)
        if len(initials) >= MAX_PACKETS:
            break
    initials = initials[:MAX_PACKETS]
    ids = list({initial.connection_id: None for initial in initials})[:MAX_IDS]
    streams: dict[tuple[int, bytes], list[tuple[int, bytes]]] = {}
    for initial in initials:
        opened = open_with(initial, ids)
        if opened is None:
            continue
        connection_id, _, frames = opened
        stream = streams.setdefault((initial.version, connection_id), [])
        stream.extend((piece.offset, frames[piece.at : piece.at + piece.size]) for piece in crypto_pieces(frames))
        hello = first_message(stream)
        if hello is not None:
            return hello
    return None


def open_with(initial: Initial, ids: Sequence[bytes]) -> tuple[bytes, Keys, bytes] | None:
    """(the connection id whose keys open the packet, those keys, its frames), None where no id's keys do."""
    for connection_id in ids:
        for salt in salts_of(initial.version):
            keys = initial_keys(initial.version, connection_id, salt)
            frames = open_packet(initial, keys)
            if frames is not None:
                return connection_id, keys, frames
    return None


def salts_of(version: int) -> tuple[bytes, ...]:
    """The possible salts of a version's Initial keys, in the order in which they are tried; none for an unknown version."""
    salt = salt_of(version)
    if salt is not None:
        return (salt,)
    if version in (V2_DRAFT_0, V2_DRAFT):
        return SALT_V2_DRAFT, SALT_V2
    if version & RESERVED[0] == RESERVED[1]:
        return SALT_V1, SALT_DRAFT_29
    return (SALT_V1, SALT_DRAFT_29, SALT_DRAFT_23, SALT_DRAFT_22) if version >> 8 == MVFST else ()


def salt_of(version: int) -> bytes | None:
    """The salt of a version's Initial keys, None where it is ambiguous or the version is unknown."""
    if version in SALTS:
        return SALTS[version]
    draft = version & 0xFF if version >> 8 == 0xFF0000 else 0
    if 33 <= draft <= 34:
        return SALT_V1
    if 29 <= draft <= 32:
        return SALT_DRAFT_29
    if draft == 22:
        return SALT_DRAFT_22
    return SALT_DRAFT_23 if 23 <= draft <= 28 else None


def initial_packets(datagram: bytes) -> list[Initial]:
    """The Initial packets among the coalesced ones of a datagram, as far as their lengths fit (RFC 9000 12.2, 17.2).

    The fixed bit isn't checked: RFC 9287 lets a client clear it, and only a real packet can be opened.
    """
    found: list[Initial] = []
    at = 0
    while at + 7 <= len(datagram) and datagram[at] & 0x80:
        version = int.from_bytes(datagram[at + 1 : at + 5], "big")
        kind = (datagram[at] >> 4) & 3
        initial, retry = (1, 0) if version in (V2, V2_DRAFT) else (0, 3)
        id_at, id_end = at + 6, at + 6 + datagram[at + 5]
        if not salts_of(version) or kind == retry or id_end - id_at > MAX_ID_BYTES or id_end >= len(datagram):
            break
        behind = id_end + 1 + datagram[id_end]
        if kind == initial:
            token_bytes, behind = variable(datagram, behind)
            behind += token_bytes
        size, number_at = variable(datagram, behind)
        end = number_at + size
        if end > len(datagram):
            break
        if kind == initial:
            found.append(Initial(version, datagram[id_at:id_end], datagram[at:end], number_at - at))
        at = end
    return found


def variable(data: bytes, at: int) -> tuple[int, int]:
    """(the variable-length integer at `at`, the position behind it); the position is past the end where it isn't complete (RFC 9000 16)."""
    if at >= len(data):
        return 0, len(data) + 1
    end = at + (1 << (data[at] >> 6))
    if end > len(data):
        return 0, len(data) + 1
    bits = 8 * (end - at) - 2
    return int.from_bytes(data[at:end], "big") & ((1 << bits) - 1), end


def label_info(label: bytes, size: int) -> bytes:
    """The info of HKDF-Expand-Label without context, for at most 32 bytes, and the counter behind it (RFC 8446 7.1, RFC 5869 2.3)."""
    label = b"tls13 " + label
    return size.to_bytes(2, "big") + bytes((len(label),)) + label + b"\0\x01"


CLIENT_IN: Final = label_info(b"client in", 32)
KEY, IV, HEADER = (label_info(b"quic " + word, size) for word, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
KEY_V2, IV_V2, HEADER_V2 = (label_info(b"quicv2 " + word, size) for word, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))


@lru_cache(maxsize=64)
def initial_keys(version: int, connection_id: bytes, salt: bytes) -> Keys:
    """The client's keys for the destination connection id of its first packet (RFC 9001 5.2, RFC 9369 3.3)."""
    secret = hmac.digest(hmac.digest(salt, connection_id, "sha256"), CLIENT_IN, "sha256")
    is_second = version in (V2, V2_DRAFT, V2_DRAFT_0)
    key, iv, header = (KEY_V2, IV_V2, HEADER_V2) if is_second else (KEY, IV, HEADER)
    return Keys(
        hmac.digest(secret, key, "sha256")[:16],
        int.from_bytes(hmac.digest(secret, iv, "sha256")[:12], "big"),
        hmac.digest(secret, header, "sha256")[:16],
    )


@cache
def ciphers() -> tuple[Any, ...]:
    """(AES-GCM, its exception for a wrong key, AES by the block), imported when the first packet is opened: 30 ms."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    block_by_block = modes.ECB()
    return AESGCM, InvalidTag, lambda key: Cipher(algorithms.AES128(key), block_by_block)


def open_packet(initial: Initial, keys: Keys) -> bytes | None:
    """The packet's frames, None where these aren't its keys (RFC 9001 5.3, 5.4).

    The packet number isn't expanded: a client has sent fewer than 256 packets when its hello ends.
    """
    packet, number_at = initial.packet, initial.number_at
    sample = packet[number_at + 4 : number_at + 20]
    if len(sample) < 16:
        return None
    gcm, wrong_key, block_cipher = ciphers()
    mask = block_cipher(keys.header).encryptor().update(sample)
    first = packet[0] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    number_end = number_at + size
    number = int.from_bytes(packet[number_at:number_end], "big") ^ int.from_bytes(mask[1 : 1 + size], "big")
    header = b"%c%b%b" % (first, packet[1:number_at], number.to_bytes(size, "big"))
    try:
        frames: bytes = gcm(keys.key).decrypt((keys.iv ^ number).to_bytes(12, "big"), packet[number_end:], header)
    except wrong_key:
        return None
    return frames


class Piece(NamedTuple):
    """A CRYPTO frame: its start in the packet's frames, its data's offset there, its offset in the stream, its size."""

    start: int
    at: int
    offset: int
    size: int


def crypto_pieces(frames: bytes) -> Iterator[Piece]:
    """The CRYPTO frames, up to the first frame that isn't allowed in an Initial packet (RFC 9000 12.4, 19)."""
    at = 0
    for _ in range(MAX_FRAMES):
        if at >= len(frames):
            return
        start, kind = at, frames[at]
        at += 1
        if kind == PADDING:
            padded = PADDED(frames, at)
            at = padded.end() if padded else at
        elif kind == CRYPTO:
            offset, at = variable(frames, at)
            size, at = variable(frames, at)
            if at + size > len(frames):
                return
            yield Piece(start, at, offset, size)
            at += size
        elif kind in (ACK, ACK_ECN):
            at = behind_ack(frames, at, kind)
        elif kind == CONNECTION_CLOSE:
            _, at = variable(frames, at)
            _, at = variable(frames, at)
            size, at = variable(frames, at)
            at += size
        elif kind != PING:
            return


def behind_ack(frames: bytes, at: int, kind: int) -> int:
    """The position behind the body of an ACK frame (RFC 9000 19.3)."""
    _, at = variable(frames, at)
    _, at = variable(frames, at)
    ranges, at = variable(frames, at)
    for _ in range(1 + 2 * ranges + (3 if kind == ACK_ECN else 0)):
        if at > len(frames):
            break
        _, at = variable(frames, at)
    return at


def first_message(pieces: Iterable[tuple[int, bytes]]) -> bytes | None:
    """The handshake message at the beginning of a stream of CRYPTO pieces, None where it isn't a complete ClientHello."""
    whole = bytearray()
    for offset, data in sorted(pieces, key=lambda piece: piece[0]):
        if offset > len(whole) or len(whole) >= MAX_HELLO:
            break
        whole += data[len(whole) - offset :]
    size = 4 + int.from_bytes(whole[1:4], "big")
    if len(whole) < 4 or whole[0] != CLIENT_HELLO or not size <= min(len(whole), MAX_HELLO):
        return None
    return bytes(whole[:size])
