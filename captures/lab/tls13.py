"""A TLS 1.3 client small enough to read, for ClientHellos that no library would send.

It speaks AES-GCM suites with X25519 and checks the server's Finished, but no certificate: it plays a client, it protects nothing.
Source: RFC 8446 4.4 (Finished), 5 (records), 7.1 (key schedule).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HANDSHAKE, APPLICATION, ALERT, CHANGE_CIPHER_SPEC = 22, 23, 21, 20
SERVER_HELLO, FINISHED = 2, 20
SUITES = {0x1301: ("sha256", 16), 0x1302: ("sha384", 32)}  # → hash, key bytes
CLOSE_NOTIFY = b"\x01\x00"


class Stream(Protocol):
    """The transport below TLS."""

    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...


class TlsFailure(Exception):
    """The server ended the handshake or sent what a client can't accept."""


class Keys:
    """One direction's traffic keys. RFC 8446 7.3."""

    def __init__(self, algorithm: str, key_bytes: int, secret: bytes) -> None:
        self.aead = AESGCM(expand_label(algorithm, secret, b"key", b"", key_bytes))
        self.iv = int.from_bytes(expand_label(algorithm, secret, b"iv", b"", 12), "big")
        self.sequence = 0

    def nonce(self) -> bytes:
        self.sequence += 1
        return (self.iv ^ (self.sequence - 1)).to_bytes(12, "big")

    def seal(self, kind: int, data: bytes) -> bytes:
        header = struct.pack("!BHH", APPLICATION, 0x0303, len(data) + 17)
        return header + self.aead.encrypt(self.nonce(), data + bytes([kind]), header)

    def open(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        plain = self.aead.decrypt(self.nonce(), body, header).rstrip(b"\0")
        return plain[-1], plain[:-1]


class HandMadeTls:
    """TLS 1.3 over `stream`, begun with the given ClientHello message.

    hello   the handshake message, header included, that offers `key`'s public half for X25519
    cuts    byte counts of the records the hello is sent in, each in its own segment; the rest follows in a last one
    """

    version = "1.3"

    def __init__(self, stream: Stream, hello: bytes, key: X25519PrivateKey, cuts: tuple[int, ...] = ()) -> None:
        self.stream, self.hello, self.key, self.cuts = stream, hello, key, cuts
        self.incoming = b""
        self.read_keys: Keys | None = None

    def handshake(self) -> None:
        rest = self.hello
        for size in (*self.cuts, len(rest)):
            piece, rest = rest[:size], rest[size:]
            self.stream.send(struct.pack("!BHH", HANDSHAKE, 0x0301, len(piece)) + piece)
        kind, server_hello = self._record()
        if kind != HANDSHAKE or server_hello[0] != SERVER_HELLO:
            raise TlsFailure(f"record of type {kind} instead of a ServerHello: {server_hello[:2].hex()}")
        suite, share = read_server_hello(server_hello)
        self.algorithm, self.key_bytes = SUITES[suite]
        self.transcript = self.hello + server_hello
        shared = self.key.exchange(X25519PublicKey.from_public_bytes(share))
        empty = b"\0" * hashlib.new(self.algorithm).digest_size
        early = hmac.digest(empty, empty, self.algorithm)
        handshake_secret = hmac.digest(self._derive(early, b"derived", b""), shared, self.algorithm)
        client_secret = self._derive(handshake_secret, b"c hs traffic", self.transcript)
        server_secret = self._derive(handshake_secret, b"s hs traffic", self.transcript)
        self.read_keys = Keys(self.algorithm, self.key_bytes, server_secret)
        self._read_flight(server_secret)
        master = hmac.digest(self._derive(handshake_secret, b"derived", b""), empty, self.algorithm)
        verify = self._finished(client_secret)
        finished = struct.pack("!I", FINISHED << 24 | len(verify)) + verify
        ccs = struct.pack("!BHHB", CHANGE_CIPHER_SPEC, 0x0303, 1, 1)
        self.stream.send(ccs + Keys(self.algorithm, self.key_bytes, client_secret).seal(HANDSHAKE, finished))
        self.write_keys = Keys(self.algorithm, self.key_bytes, self._derive(master, b"c ap traffic", self.transcript))
        self.read_keys = Keys(self.algorithm, self.key_bytes, self._derive(master, b"s ap traffic", self.transcript))

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), 16_000):
            self.stream.send(self.write_keys.seal(APPLICATION, data[start : start + 16_000]))

    def receive(self) -> bytes:
        """The next application data; b"" at the end. Session tickets are passed over."""
        while True:
            kind, data = self._record()
            if kind == APPLICATION:
                return data
            if kind in (ALERT, 0):
                return b""

    def close(self) -> None:
        self.stream.send(self.write_keys.seal(ALERT, CLOSE_NOTIFY))

    def _read_flight(self, server_secret: bytes) -> None:
        """EncryptedExtensions to Finished, added to the transcript; TlsFailure when Finished doesn't verify."""
        flight = b""
        while True:
            while len(flight) >= 4 and len(flight) >= (end := 4 + int.from_bytes(flight[1:4], "big")):
                message, flight = flight[:end], flight[end:]
                if message[0] == FINISHED:
                    if message[4:] != self._finished(server_secret):
                        raise TlsFailure("the server's Finished does not verify")
                    self.transcript += message
                    return
                self.transcript += message
            kind, data = self._record()
            if kind != HANDSHAKE:
                raise TlsFailure(f"record of type {kind} within the server's flight")
            flight += data

    def _record(self) -> tuple[int, bytes]:
        """Type and content of the next record, decrypted once there are keys; (0, b"") at the end of the stream."""
        while True:
            while len(self.incoming) < 5 or len(self.incoming) < (end := 5 + int.from_bytes(self.incoming[3:5], "big")):
                more = self.stream.receive()
                if not more:
                    return 0, b""
                self.incoming += more
            header, body, self.incoming = self.incoming[:5], self.incoming[5:end], self.incoming[end:]
            if header[0] == CHANGE_CIPHER_SPEC:
                continue
            if self.read_keys is None or header[0] != APPLICATION:
                return header[0], body
            return self.read_keys.open(header, body)

    def _derive(self, secret: bytes, label: bytes, messages: bytes) -> bytes:
        digest = hashlib.new(self.algorithm, messages).digest()
        return expand_label(self.algorithm, secret, label, digest, len(digest))

    def _finished(self, secret: bytes) -> bytes:
        digest = hashlib.new(self.algorithm, self.transcript).digest()
        return hmac.digest(expand_label(self.algorithm, secret, b"finished", b"", len(digest)), digest, self.algorithm)


def expand_label(algorithm: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446 7.1; one block of output is always enough here."""
    label = b"tls13 " + label
    info = struct.pack("!HB", length, len(label)) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", algorithm)[:length]


def read_server_hello(message: bytes) -> tuple[int, bytes]:
    """Cipher suite and X25519 share of a ServerHello; TlsFailure without one (a HelloRetryRequest, an older version)."""
    at = 4 + 2 + 32
    at += 1 + message[at]
    (suite,) = struct.unpack_from("!H", message, at)
    at += 2 + 1 + 2
    while at + 4 <= len(message):
        kind, size = struct.unpack_from("!HH", message, at)
        if kind == 51 and size == 36:
            return suite, message[at + 8 : at + 40]
        at += 4 + size
    raise TlsFailure("a ServerHello without an X25519 share")


def fresh_random() -> bytes:
    return secrets.token_bytes(32)
