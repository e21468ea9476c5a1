"""QUIC Initial packets with a masked ClientHello: decrypted, masked, and encrypted again with the keys that anyone can derive.

Source: RFC 9000 17.2.2 and 19, RFC 9001 5.2 to 5.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from analyzer.readers.quic import MAX_PACKETS, Initial, Keys, crypto_pieces, initial_packets, open_with, variable

MAX_HELLO: Final = 1 << 16
SAMPLE_AHEAD: Final = 4  # where the sample for the header begins, counted from the packet number
SAMPLE_BYTES: Final = 16
TAG_BYTES: Final = 16


class _Opened(NamedTuple):
    initial: Initial
    keys: Keys
    frames: bytes


def masked_datagrams(datagrams: Sequence[bytes], mask: Callable[[bytearray], None], blur: Callable[[bytes], bytes]) -> dict[bytes, bytes]:
    """A client's datagram → the datagram with its hello masked. Datagrams without an Initial that can be decrypted are left out.

    mask   changes handshake messages in place;  blur   replaces the bytes of a token

    All other bytes of a datagram become zeros, which end it as padding does.
    """
    opened = {}
    ids = list(dict.fromkeys(initial.connection_id for datagram in datagrams[:MAX_PACKETS] for initial in initial_packets(datagram)))
    for datagram in datagrams[:MAX_PACKETS]:
        packets = [packet for initial in initial_packets(datagram) if (packet := _open(initial, ids)) is not None]
        if packets:
            opened[datagram] = packets
    hellos = _hellos([packet for packets in opened.values() for packet in packets], mask)
    return {
        datagram: b"".join(_sealed(packet, hellos, blur) for packet in packets).ljust(len(datagram), b"\0")
        for datagram, packets in opened.items()
    }


def _open(initial: Initial, ids: Sequence[bytes]) -> _Opened | None:
    opened = open_with(initial, ids)
    return None if opened is None else _Opened(initial, *opened[1:])


def _hellos(packets: Sequence[_Opened], mask: Callable[[bytearray], None]) -> dict[Keys, bytes]:
    """Keys → the handshake bytes that their packets carry, in stream order and masked; missing bytes are zeros."""
    streams: dict[Keys, bytearray] = {}
    for packet in packets:
        stream = streams.setdefault(packet.keys, bytearray())
        for _, at, offset, size in crypto_pieces(packet.frames):
            if offset + size <= MAX_HELLO:
                stream.extend(bytes(max(0, offset + size - len(stream))))
                stream[offset : offset + size] = packet.frames[at : at + size]
    for stream in streams.values():
        mask(stream)
    return {keys: bytes(stream) for keys, stream in streams.items()}


def _sealed(packet: _Opened, hellos: dict[Keys, bytes], blur: Callable[[bytes], bytes]) -> bytes:
    """The packet with its piece of the masked hello and nothing else, and its token replaced."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    frames = bytearray(len(packet.frames))  # PADDING frames, where nothing is copied
    for start, at, offset, size in crypto_pieces(packet.frames):
        frames[start:at] = packet.frames[start:at]
        frames[at : at + size] = hellos[packet.keys][offset : offset + size].ljust(size, b"\0")
    raw, number_at = packet.initial.packet, packet.initial.number_at
    cipher = Cipher(algorithms.AES(packet.keys.header), modes.ECB())  # RFC 9001 5.4.3
    number_bytes = len(raw) - number_at - TAG_BYTES - len(frames)
    was = cipher.encryptor().update(raw[number_at + SAMPLE_AHEAD : number_at + SAMPLE_AHEAD + SAMPLE_BYTES])
    first = raw[0] ^ (was[0] & 0x0F)
    number = bytes(a ^ b for a, b in zip(raw[number_at : number_at + number_bytes], was[1:], strict=False))
    header = bytes((first,)) + _without_token(raw[1:number_at], blur) + number
    nonce = (packet.keys.iv ^ int.from_bytes(number, "big")).to_bytes(12, "big")
    body = AESGCM(packet.keys.key).encrypt(nonce, bytes(frames), header)
    sample_at = SAMPLE_AHEAD - number_bytes
    becomes = cipher.encryptor().update(body[sample_at : sample_at + SAMPLE_BYTES])
    hidden = bytes(a ^ b for a, b in zip(number, becomes[1:], strict=False))
    return bytes((first ^ (becomes[0] & 0x0F),)) + header[1:number_at] + hidden + body


def _without_token(head: bytes, blur: Callable[[bytes], bytes]) -> bytes:
    """An Initial's header from the version to the length, with its token replaced."""
    at = 4 + 1 + head[4]
    at += 1 + head[at]
    size, at = variable(head, at)
    return head[:at] + blur(head[at : at + size]) + head[at + size :]
