"""The ClientHello of a QUIC connection: its Initial packets are protected with keys that anyone can derive (RFC 9000, 9001, 9369)."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from tests.reference import tls
from tests.reference.tls import Reader, Short

V2 = 0x6B3343CF
SALT_V1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
SALT_V2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
SALT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
MAX_HELLO_BYTES = 65536


def salt_of(version: int) -> bytes | None:
    """The Initial salt of versions 1 and 2 and drafts 22 to 34."""
    draft = version & 0xFF if version >> 8 == 0xFF0000 else 0
    if version == 1 or 33 <= draft <= 34:
        return SALT_V1
    if version == V2:
        return SALT_V2
    if draft == 22:
        return SALT_22
    return SALT_29 if 29 <= draft <= 32 else SALT_23 if 23 <= draft <= 28 else None


def hmac(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, hashes.SHA256())
    mac.update(data)
    return mac.finalize()


def expand_label(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446 7.1 with an empty context; every length here fits in one block."""
    label = b"tls13 " + label
    return hmac(secret, length.to_bytes(2, "big") + bytes((len(label),)) + label + b"\0\x01")[:length]


class InitialKeys:
    """The client's Initial keys for a connection id (RFC 9001 5.2)."""

    def __init__(self, version: int, salt: bytes, connection_id: bytes) -> None:
        secret = expand_label(hmac(salt, connection_id), b"client in", 32)
        prefix = b"quicv2 " if version == V2 else b"quic "
        self.key = expand_label(secret, prefix + b"key", 16)
        self.iv = expand_label(secret, prefix + b"iv", 12)
        self.hp = expand_label(secret, prefix + b"hp", 16)

    def open(self, packet: bytes, number_at: int, end: int) -> bytes | None:
        """The frames of a packet whose packet number stands at number_at (RFC 9001 5.4), or None."""
        sample = packet[number_at + 4 : number_at + 20]
        if len(sample) < 16 or end > len(packet):
            return None
        mask = Cipher(algorithms.AES(self.hp), modes.ECB()).encryptor().update(sample)
        first = packet[0] ^ (mask[0] & 0x0F)
        size = (first & 3) + 1
        number = bytes(a ^ b for a, b in zip(packet[number_at : number_at + size], mask[1:], strict=False))
        header = bytes((first,)) + packet[1:number_at] + number
        nonce = bytes(a ^ b for a, b in zip(self.iv, number.rjust(12, b"\0"), strict=True))
        sealed = packet[number_at + size : end]
        try:
            return AESGCM(self.key).decrypt(nonce, sealed, header) if len(sealed) >= 16 else None
        except InvalidTag:
            return None


def variable(reader: Reader) -> int:
    """RFC 9000 16."""
    first = reader.number(1)
    size = 1 << (first >> 6)
    return (first & 0x3F) << 8 * (size - 1) | reader.number(size - 1)


class Conversation:
    """One UDP flow direction: collects CRYPTO bytes of Initial packets until the ClientHello is whole.

    Keys come from the connection id of the first Initial; after a Retry from the packet's own.
    """

    def __init__(self) -> None:
        self.crypto: dict[int, int] = {}
        self.first_ids: list[bytes] = []

    def feed(self, datagram: bytes) -> None:
        """Take in the coalesced packets of a datagram; anything else is passed over."""
        while datagram:
            try:
                datagram = self.feed_packet(datagram)
            except Short:
                return

    def feed_packet(self, packet: bytes) -> bytes:
        """Take in the first packet, give what follows it."""
        reader = Reader(packet)
        first, version = reader.number(1), reader.number(4)
        salt = salt_of(version)
        if first & 0xC0 != 0xC0 or salt is None:
            return b""
        kind = (first >> 4) & 3
        initial, retry = (1, 0) if version == V2 else (0, 3)
        destination = reader.vector(1)
        source = reader.vector(1)
        if kind == retry or len(destination) > 20 or len(source) > 20:
            return b""
        if kind == initial:
            reader.take(variable(reader))  # token
        length = variable(reader)
        number_at = len(packet) - len(reader.data)
        end = number_at + length
        if kind == initial:
            for connection_id in dict.fromkeys((*self.first_ids, destination)):
                frames = InitialKeys(version, salt, connection_id).open(packet, number_at, end)
                if frames is not None:
                    self.first_ids = self.first_ids or [connection_id]
                    self.read_frames(frames)
                    break
        return packet[end:]

    def read_frames(self, frames: bytes) -> None:
        """PADDING, PING, ACK and CRYPTO (RFC 9000 19); the first copy of a byte wins."""
        reader = Reader(frames)
        while reader.data:
            kind = reader.number(1)
            if kind in (0, 1):
                continue
            if kind in (2, 3):
                variable(reader), variable(reader)
                ranges = variable(reader)
                for _ in range(1 + 2 * ranges + (3 if kind == 3 else 0)):
                    variable(reader)
            elif kind == 6:
                offset, size = variable(reader), variable(reader)
                data = reader.take(size)
                for i, byte in enumerate(data):
                    if offset + i < MAX_HELLO_BYTES:
                        self.crypto.setdefault(offset + i, byte)
            else:
                return

    def client_hello(self) -> tls.ClientHello | None:
        """The hello, once all its bytes are there."""
        whole = bytearray()
        while len(whole) in self.crypto:
            whole.append(self.crypto[len(whole)])
        found = tls.messages(bytes(whole))
        return tls.parse_client_hello(found[0][1]) if found and found[0][0] == tls.CLIENT_HELLO else None
