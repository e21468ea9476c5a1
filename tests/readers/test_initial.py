"""A hello out of Initial packets inside a kernel: the one that quic.py finds with the library, or none, and then quic.py is asked."""

from __future__ import annotations

import random

import numpy as np
import pytest

from analyzer.readers import initial, quic
from analyzer.readers.initial import SALT_BYTES, SALTS, Room, fill_room, read_initials_of, room, salt_of
from tests.build import client_hello
from tests.readers.test_quic import HELLO, ID, RFC_HELLO, V2, crypto, seal

SMALL = client_hello("a.example", bare=True)
VERSIONS = [*quic.SALTS, *(0xFF000000 | draft for draft in range(20, 38)), 2, 0, 0xFFFFFFFF]


@pytest.fixture(scope="module")
def free() -> Room:
    made = room()
    fill_room(made)
    return made


def found(free: Room, *datagrams: bytes) -> bytes | None:
    """What the kernel finds in these datagrams."""
    data, at, so_far = np.frombuffer(b"".join(datagrams) + b"\0", np.uint8).copy(), 0, (0, 0, 0, 0, 0)
    for datagram in datagrams:
        *so_far, size = read_initials_of(free, data, at, at + len(datagram), *so_far)  # type: ignore[assignment]
        at += len(datagram)
        if size > 0:
            return bytes(free.hello[:size])
        if so_far[2] < 0:
            return None
    return None


@pytest.mark.parametrize("version", [1, V2], ids=["RFC 9001 A.2", "RFC 9369 A.2"])
def test_client_initial_of_the_appendix(version: int, free: Room) -> None:
    packet = seal(b"\x06\0\x40\xf1" + RFC_HELLO, 2, version=version)  # test_quic.py compares it with the RFC
    assert found(free, packet) == RFC_HELLO == quic.hello_in_datagrams([packet])


def test_the_salts_and_labels_are_those_of_quic() -> None:
    for version in VERSIONS:
        own = salt_of(version)
        assert (SALTS[SALT_BYTES * own : SALT_BYTES * (own + 1)] if own >= 0 else None) == quic.salt_of(version), hex(version)
    assert initial.CLIENT_IN == quic.CLIENT_IN
    assert (initial.KEY_INFO, initial.IV_INFO, initial.HEADER_INFO) == (quic.KEY, quic.IV, quic.HEADER)
    assert (initial.KEY_INFO_V2, initial.IV_INFO_V2, initial.HEADER_INFO_V2) == (quic.KEY_V2, quic.IV_V2, quic.HEADER_V2)


@pytest.mark.parametrize("version", [version for version in VERSIONS if quic.salt_of(version)], ids=hex)
def test_every_version_number_and_size_of_it(version: int, free: Room) -> None:
    size = 1 + version % 4
    packet = seal(crypto(SMALL), version % 200, version=version, number_bytes=size, size=len(SMALL) + 30, token=b"t" * (version % 3))
    assert found(free, packet) == SMALL


def test_a_hello_in_two_packets_in_one_or_two_datagrams_in_any_order(free: Room) -> None:
    half = len(HELLO) // 2
    first, second = (seal(crypto(data, at), n, size=0) for n, (data, at) in enumerate(((HELLO[:half], 0), (HELLO[half:], half))))
    for datagrams in ([first, second], [second, first], [first + second], [second + first + b"\0" * 9]):
        assert found(free, *datagrams) == HELLO
    assert found(free, first) is None


def test_what_is_left_to_quic(free: Room) -> None:
    plain, other = seal(crypto(SMALL), size=300), seal(crypto(SMALL), keys_of=b"12345678", size=300)
    after_retry = seal(crypto(SMALL), keys_of=b"12345678", to=ID, size=300)
    half = seal(crypto(SMALL[:20]), size=100)
    servers = seal(crypto(SMALL), way=b"server in", size=300)
    for datagrams in ([half, other], [after_retry, other], [servers, plain], [half, seal(crypto(SMALL), version=V2, size=300)]):
        assert found(free, *datagrams) is None and quic.hello_in_datagrams(datagrams) in (SMALL, None)


def any_frames(chance: random.Random) -> bytes:
    """Frames that a client may send, and others."""
    cut = sorted(chance.sample(range(1, len(SMALL)), chance.randrange(4)))
    pieces = [crypto(SMALL[start:end], start) for start, end in zip([0, *cut], [*cut, len(SMALL)], strict=True)]
    more = [b"\1", b"\2\0\0\0\0", b"\3\0\0\1\0\0\0\0\0\0", b"\0" * chance.randrange(9), b"\x1c\0\0\1x", chance.randbytes(3), crypto(b"")]
    pieces += chance.choices([*more, crypto(chance.randbytes(9), chance.randrange(99))], k=chance.randrange(4))
    chance.shuffle(pieces)
    return b"".join(pieces)


def altered(packet: bytes, chance: random.Random) -> bytes:
    """The packet, or a part of it, or with another byte in it."""
    match chance.randrange(6):
        case 0:
            return packet[: chance.randrange(len(packet))]
        case 1:
            at = chance.randrange(min(40, len(packet)))
            return packet[:at] + chance.randbytes(1) + packet[at + 1 :]
        case _:
            return packet


@pytest.mark.parametrize("seed", range(40))
def test_it_finds_what_quic_finds_or_leaves_it(seed: int, free: Room) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        datagrams = []
        for number in range(chance.randrange(1, 4)):
            chosen = {"version": chance.choice([1, 1, 1, V2]), "keys_of": chance.choice([ID, ID, ID, b"", b"other"])}
            packet = seal(any_frames(chance), number, size=chance.randrange(300), **chosen)  # type: ignore[arg-type]
            datagrams.append(altered(packet, chance))
        ours, theirs = found(free, *datagrams), quic.hello_in_datagrams(datagrams)
        assert ours in (theirs, None)
        if theirs is not None and len({datagram[1:15] for datagram in datagrams}) == 1 and len(datagrams) == 1:
            assert ours == theirs
