"""Initial packets of RFC 9001 A.2 and RFC 9369 A.2, and of a client that cuts, repeats and shuffles its hello."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.readers.quic import (
    MAX_IDS,
    MAX_PACKETS,
    SALT_V1,
    SALT_V2,
    V2,
    V2_DRAFT,
    V2_DRAFT_0,
    hello_in_datagrams,
    initial_keys,
    salt_of,
)
from tests.build import X25519MLKEM768, client_hello
from tests.build.hellos import vector
from tests.conftest import ORACLES, needs_oracles
from tests.engine import engine_rows
from tests.reference import quic as twin_quic
from tests.reference import tls as twin_tls
from tests.reference.capture import read_capture
from tests.reference.packets import Fragments, peel

ENDS = (("10.0.0.1", 40_000), ("10.0.0.2", 443))
ID = bytes.fromhex("8394c8f03e515708")  # the destination connection id of both appendices
HELLO = client_hello("quic.example", groups=(X25519MLKEM768, 0x001D), alpn=("h3",), bare=True)
HALF = len(HELLO) // 2

# RFC 9001 A.2: the ClientHello, the first 32 and the last 16 bytes of the protected packet.
RFC_HELLO = bytes.fromhex(
    "010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9"
    "caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d000201"
    "01001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ff"
    "ff"
)
RFC_9001 = ("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11", "e221af44860018ab0856972e194cd934")
RFC_9369 = ("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485", "a18b2faa745b6fe189cf772a9f84cbfc")


def integer(value: int) -> bytes:
    """RFC 9000 16, in two or four bytes."""
    return (value | 0x4000).to_bytes(2, "big") if value < 1 << 14 else (value | 1 << 31).to_bytes(4, "big")


def crypto(data: bytes, offset: int = 0) -> bytes:
    return b"\x06" + integer(offset) + integer(len(data)) + data


def expand(secret: bytes, label: bytes, size: int) -> bytes:
    return HKDFExpand(SHA256(), size, size.to_bytes(2, "big") + vector(1, b"tls13 " + label) + b"\0").derive(secret)


def seal(
    frames: bytes,
    number: int = 0,
    *,
    keys_of: bytes = ID,
    to: bytes | None = None,
    version: int = 1,
    token: bytes = b"",
    size: int = 1162,
    number_bytes: int = 4,
    way: bytes = b"client in",
    salt: bytes | None = None,
) -> bytes:
    """A protected Initial packet (RFC 9001 5). keys_of: the id its keys come from; to: the id it is sent to, None: the same."""
    extractor = HMAC(salt or salt_of(version) or b"", SHA256())
    extractor.update(keys_of)
    secret = expand(extractor.finalize(), way, 32)
    word = b"quicv2 " if version in (V2, V2_DRAFT, V2_DRAFT_0) else b"quic "
    key, iv, hp = expand(secret, word + b"key", 16), expand(secret, word + b"iv", 12), expand(secret, word + b"hp", 16)
    frames = frames.ljust(size, b"\0")
    first = (0xD0 if version in (V2, V2_DRAFT) else 0xC0) | (number_bytes - 1)
    header = bytes((first,)) + version.to_bytes(4, "big") + vector(1, keys_of if to is None else to) + b"\0"
    header += (integer(len(token)) if token else b"\0") + token + integer(number_bytes + len(frames) + 16)
    number_at = len(header)
    header += number.to_bytes(number_bytes, "big")
    sealed = AESGCM(key).encrypt((int.from_bytes(iv, "big") ^ number).to_bytes(12, "big"), frames, header)
    packet = bytearray(header + sealed)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(bytes(packet[number_at + 4 : number_at + 20]))
    packet[0] ^= mask[0] & 0x0F
    for i in range(number_bytes):
        packet[number_at + i] ^= mask[1 + i]
    return bytes(packet)


def test_keys_of_rfc_9001_and_9369() -> None:
    keys = initial_keys(1, ID, SALT_V1)
    assert [part.hex() if isinstance(part, bytes) else part for part in keys] == [
        "1f369613dd76d5467730efcbe3b1a22d",
        0xFA044B2F42A3FD3B46FB255C,
        "9f50449e04a0e810283a1e9933adedd2",
    ]
    keys = initial_keys(V2, ID, SALT_V2)
    assert [part.hex() if isinstance(part, bytes) else part for part in keys] == [
        "8b1a0bc121284290a29e0971b5cd045d",
        0x91F73E2351D8FA91660E909F,
        "45b95e15235d6f45a6b19cbcb0294ba9",
    ]


@pytest.mark.parametrize(("version", "ends"), [(1, RFC_9001), (V2, RFC_9369)], ids=["RFC 9001 A.2", "RFC 9369 A.2"])
def test_client_initial_of_the_appendix(version: int, ends: tuple[str, str]) -> None:
    packet = seal(b"\x06\0" + integer(len(RFC_HELLO)) + RFC_HELLO, 2, version=version)
    assert (packet[:32].hex(), packet[-16:].hex(), len(packet)) == (*ends, 1200)  # the tag is over every byte
    assert hello_in_datagrams([packet]) == RFC_HELLO


@pytest.mark.parametrize("version", [0xFF000000 | draft for draft in (22, 23, 27, 28, 29, 32, 33, 34)], ids=hex)
def test_drafts(version: int) -> None:
    assert hello_in_datagrams([seal(crypto(RFC_HELLO), version=version)]) == RFC_HELLO


@pytest.mark.parametrize(
    ("version", "salt"),
    [
        (0xFACEB001, "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"),
        (0xFACEB002, "c3eef712c72ebb5a11a7d2432bb46365bef9f502"),
        (0xFACEB00E, "c3eef712c72ebb5a11a7d2432bb46365bef9f502"),
        (0x54303530, "7ff579e5acd072915580304c43a2367c60488310"),
        (0x54303531, "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),
    ],
    ids=["mvfst of draft 22", "mvfst", "mvfst's trials", "T050", "T051"],
)
def test_versions_of_facebook_and_google(version: int, salt: str) -> None:
    """Wireshark's packet-quic.c has these salts; and the whole way from a datagram to the flow's row."""
    found = salt_of(version)
    assert found is not None and found.hex() == salt
    datagram = seal(crypto(RFC_HELLO), version=version)
    assert hello_in_datagrams([datagram]) == RFC_HELLO
    (row,) = engine_rows(build.pcap([(10**9, build.ethernet(build.ip("10.0.0.1", "10.0.0.2", 17, build.udp(*ENDS, datagram))))]))
    assert (row["sni"], row["host_source"]) == ("example.com", "quic")


@pytest.mark.parametrize(
    ("version", "salt"),
    [
        (0xFF020000, "a707c203a59b47184a1d62ca570406ea7ae3e5d3"),
        (0x709A50C4, "a707c203a59b47184a1d62ca570406ea7ae3e5d3"),
        (0x709A50C4, "0dede3def700a6db819381be6e269dcbf9bd2ed9"),
        (0x1A2A3A4A, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
        (0xFACADAEA, "afbfec289993d24c9e9786f19c6111e04390a899"),
        (0xFACEB010, "afbfec289993d24c9e9786f19c6111e04390a899"),
        (0xFACEB013, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    ],
    ids=["v2 draft 0", "v2 draft 1", "v2 draft 7", "negotiation, v1", "negotiation, draft 29", "mvfst of draft 29", "mvfst's later trials"],
)
def test_versions_that_leave_the_salt_open(version: int, salt: str) -> None:
    """Each salt is tried, from the datagram to the flow's row."""
    datagram = seal(crypto(RFC_HELLO), version=version, salt=bytes.fromhex(salt))
    assert salt_of(version) is None and hello_in_datagrams([datagram]) == RFC_HELLO
    assert hello_in_datagrams([seal(crypto(RFC_HELLO), version=version, salt=b"another")]) is None
    (row,) = engine_rows(build.pcap([(10**9, build.ethernet(build.ip("10.0.0.1", "10.0.0.2", 17, build.udp(*ENDS, datagram))))]))
    assert (row["sni"], row["host_source"]) == ("example.com", "quic")


@pytest.mark.parametrize("version", [0, 2, 0xFF000015, 0xFF000023, 0x51303530, 0xFACEB100], ids=hex)
def test_versions_that_are_not_known(version: int) -> None:
    assert salt_of(version) is None
    assert hello_in_datagrams([b"\xc0" + version.to_bytes(4, "big") + seal(crypto(RFC_HELLO))[5:]]) is None


@pytest.mark.parametrize("number_bytes", [1, 2, 3, 4])
def test_packet_numbers_of_every_size(number_bytes: int) -> None:
    assert hello_in_datagrams([seal(crypto(RFC_HELLO), 7, number_bytes=number_bytes)]) == RFC_HELLO


def test_a_hello_in_two_packets_in_any_order_and_repeated() -> None:
    first, second = seal(crypto(HELLO[:HALF])), seal(crypto(HELLO[HALF:], HALF), 1)
    for datagrams in ([first, second], [second, first], [first, first, second], [second, second, first, second]):
        assert hello_in_datagrams(datagrams) == HELLO
    for datagrams in ([first], [second], [], [b""], [second, second]):
        assert hello_in_datagrams(datagrams) is None


def test_coalesced_packets_and_padding_behind_them() -> None:
    """RFC 9000 12.2: the second Initial, a 0-RTT packet between, padding that is no packet."""
    first, second = seal(crypto(HELLO[:HALF]), size=HALF + 9), seal(crypto(HELLO[HALF:], HALF), 1, size=HALF + 9)
    early = b"\xd0\0\0\0\1" + vector(1, ID) + b"\0" + integer(40) + bytes(40)
    assert hello_in_datagrams([first + early + second + bytes(200)]) == HELLO
    assert hello_in_datagrams([early + first, second]) == HELLO


def test_frames_of_other_kinds_are_passed_over() -> None:
    ack = b"\2" + integer(9) + integer(0) + integer(2) + integer(1) + integer(0) * 4
    ecn = b"\3" + integer(9) + integer(0) + b"\0" + integer(1) + integer(5) * 3
    close = b"\x1c" + integer(0x100) + b"\x06" + vector(1, b"bye")
    frames = b"\1\0\0\0\1" + ack + crypto(HELLO[:100]) + ecn + bytes(30) + close + crypto(HELLO[100:HALF], 100)
    assert hello_in_datagrams([seal(frames), seal(crypto(HELLO[HALF:], HALF), 1)]) == HELLO


def test_a_frame_that_has_no_place_there_ends_the_reading() -> None:
    stream = b"\x08\0" + bytes(10)
    assert hello_in_datagrams([seal(stream + crypto(RFC_HELLO))]) is None
    assert hello_in_datagrams([seal(crypto(RFC_HELLO) + stream)]) == RFC_HELLO


def test_after_a_retry_the_keys_are_of_the_new_id() -> None:
    new = b"from the retry"
    retry = b"\xf0\0\0\0\1\0" + vector(1, new) + b"a token" + bytes(16)
    assert hello_in_datagrams([seal(crypto(HELLO[:HALF])), retry, *retried(new)]) == HELLO
    assert hello_in_datagrams([retry, *retried(new)]) == HELLO


def retried(new: bytes) -> list[bytes]:
    return [
        seal(crypto(HELLO[:HALF]), 2, keys_of=new, token=b"a token"),
        seal(crypto(HELLO[HALF:], HALF), 3, keys_of=new, token=b"a token"),
    ]


def test_the_rest_is_sent_to_the_id_that_the_server_chose() -> None:
    first, rest = seal(crypto(HELLO[:HALF])), seal(crypto(HELLO[HALF:], HALF), 1, to=b"server's")
    assert hello_in_datagrams([first, rest]) == HELLO
    assert hello_in_datagrams([rest, first]) == HELLO
    assert hello_in_datagrams([rest]) is None


def test_the_version_may_change_on_the_way() -> None:
    """RFC 9369 4.1: version 2 keys are of the first packet's id."""
    parts = [
        seal(crypto(HELLO[:HALF]), 0),
        seal(crypto(HELLO[:HALF]), 1, version=V2, to=b"server's"),
        seal(crypto(HELLO[HALF:], HALF), 2, version=V2),
    ]
    assert hello_in_datagrams(parts) == HELLO


def test_the_servers_packets_say_nothing() -> None:
    answer = seal(crypto(b"\2" + HELLO[1:]), way=b"server in", to=b"")
    assert hello_in_datagrams([answer]) is None
    assert hello_in_datagrams([answer, seal(crypto(RFC_HELLO)), answer]) == RFC_HELLO


def test_two_connections_on_one_port_are_not_mixed() -> None:
    other = client_hello("other.example", groups=(X25519MLKEM768, 0x001D), alpn=("h3",), bare=True)
    assert len(other) > HALF
    mixed = [seal(crypto(HELLO[:HALF])), seal(crypto(other[HALF:], HALF), keys_of=b"another id")]
    assert hello_in_datagrams(mixed) is None
    assert hello_in_datagrams([*mixed, seal(crypto(other[:HALF]), keys_of=b"another id")]) == other


def test_another_handshake_message_is_no_hello() -> None:
    assert hello_in_datagrams([seal(crypto(b"\2" + RFC_HELLO[1:]))]) is None
    assert hello_in_datagrams([seal(crypto(b"\1\xff\xff\xff" + bytes(900)))]) is None


def test_packets_that_were_cut_or_changed() -> None:
    packet = seal(crypto(RFC_HELLO))
    assert all(hello_in_datagrams([packet[:n]]) is None for n in range(0, len(packet), 3))
    for at in (*range(30), 600, len(packet) - 1):
        changed = packet[:at] + bytes((packet[at] ^ 0x21,)) + packet[at + 1 :]
        assert hello_in_datagrams([changed]) in (None, RFC_HELLO)


def test_work_is_bounded() -> None:
    strangers = [seal(b"", keys_of=bytes((i,)) * 8, way=b"server in", size=30) for i in range(MAX_IDS + 4)]
    assert hello_in_datagrams([seal(crypto(RFC_HELLO)), *strangers]) == RFC_HELLO
    assert hello_in_datagrams([*strangers, seal(crypto(RFC_HELLO))]) is None
    assert hello_in_datagrams([seal(b"", size=30)] * MAX_PACKETS + [seal(crypto(RFC_HELLO))]) is None
    assert hello_in_datagrams([seal(b"\2" + integer(0) + integer(0) + b"\xff" * 8 + crypto(RFC_HELLO))]) is None  # an ACK of 2**62 ranges


@given(st.binary(max_size=120), st.sampled_from([b"", b"\xc0\0\0\0\1", b"\xd0\x6b\x33\x43\xcf\4abcd\0", seal(crypto(RFC_HELLO))[:40]]))
@settings(max_examples=300, deadline=None)
def test_any_bytes(rest: bytes, start: bytes) -> None:
    assert hello_in_datagrams([start + rest, rest]) is None


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_frames(frames: bytes) -> None:
    assert hello_in_datagrams([seal(frames, size=0 if len(frames) > 4 else 20)]) is None


@given(st.sets(st.integers(1, len(HELLO) - 1), max_size=12), st.randoms(use_true_random=False), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_any_cut_shuffled_and_overlapping(cuts: set[int], random: object, overlap: int) -> None:
    edges = [0, *sorted(cuts), len(HELLO)]
    pieces = [crypto(HELLO[max(a - overlap, 0) : b], max(a - overlap, 0)) for a, b in itertools.pairwise(edges)]
    random.shuffle(pieces)  # type: ignore[attr-defined]
    third = len(pieces) // 3
    packets = [seal(b"\1\0\0".join(part), i) for i, part in enumerate((pieces[:third], pieces[third : 2 * third], pieces[2 * third :]))]
    assert hello_in_datagrams(packets) == HELLO


QUIC_CAPTURES = {
    "probes/M_quic_direct.pcap": {"quic.wd.microsoft.com"},
    "public/OISF__suricata-verify/quic-frag-input.pcap": {"token.services.mozilla.com"},
    "public/arkime__arkime/quicietfooo.pcap": {"ssl.gstatic.com"},
    "public/ntop__nDPI/quic_crypto_aes_auth_size.pcap": {"app-analytics-v2.snapchat.com", "gcp.api.snapchat.com"},
    "public/ntop__nDPI/quic_frags_ch_out_of_order_same_packet_craziness.pcapng": 113,
    "public/zeek__zeek/quic-interop-retry.pcap": {"server4:443"},
    "public/zeek__zeek/chromium-115.0.5790.110-api-cirrus-com.pcap": {"api.cirrus-ci.com"},
}


@needs_oracles
@pytest.mark.parametrize("capture", QUIC_CAPTURES)
def test_real_captures_equal_the_twin(capture: str) -> None:
    flows: dict[tuple[tuple[bytes, int], tuple[bytes, int]], list[bytes]] = {}
    fragments = Fragments()
    for number, frame in enumerate(read_capture((ORACLES / capture).read_bytes())):
        packet = peel(frame, number, fragments)
        if packet and packet.protocol == "udp":
            flows.setdefault((packet.src, packet.dst), []).append(packet.payload)
    found = []
    for ends, datagrams in flows.items():
        conversation = twin_quic.Conversation()
        for datagram in datagrams:
            conversation.feed(datagram)
        hello = hello_in_datagrams(datagrams)
        parsed = twin_tls.parse_client_hello(hello[4:]) if hello else None
        assert parsed == conversation.client_hello(), [(ipaddress.ip_address(ip), port) for ip, port in ends]
        found += [twin_tls.server_name(parsed)] if parsed else []
    expected = QUIC_CAPTURES[capture]
    assert len(found) == expected if isinstance(expected, int) else set(found) == expected
