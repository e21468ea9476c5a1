"""Hellos and certificates: whole, in pieces, cut anywhere, with any length wrong; and what the slow twin makes of the same bytes."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import ECH_GREASE, X25519MLKEM768, certificate, client_hello, handshake, leaf, records, server_hello
from tests.build.hellos import extension, vector
from tests.reference import tls as twin
from tests.streams.harness import Message, Stage, byte_by_byte, client, cut, names, one_by_one, read, server, summary, untimed

PQ = client_hello("pq.example", groups=(X25519MLKEM768, 0x001D), grease=True, ech=ECH_GREASE)
PLAIN = client_hello("plain.example", alpn=("h2", "http/1.1"))
OLD = client_hello("old.example", versions=(), legacy_version=0x0302, alpn=())
HELLOS = {
    "plain": PLAIN,
    "post-quantum, GREASE, ECH": PQ,
    "TLS 1.1": OLD,
    "no name": client_hello(None),
    "records": client_hello("records.example", cuts=(4, 5, 100, 101, 150)),
    "TLCP": records(
        client_hello("tlcp.example", bare=True, versions=(), legacy_version=0x0101, ciphers=(0xE013, 0xE011)), [40], version=0x0101
    ),
    "name last": client_hello("last.example", sni_last=True, padding=300),
}
ECH, GREASE, ENCRYPT_THEN_MAC, DELEGATED, CUT = 1, 2, 4, 8, 32


def only(messages: list[Message], kind: str = "client_hello") -> Message:
    (found,) = [message for message in messages if message.kind == kind]
    return found


def agrees_with_twin(message: Message, data: bytes) -> None:
    hello = twin.read_client_hello(data)
    assert hello is not None
    name = twin.server_name(hello)
    assert message.host == (None if name is None else name.encode())
    assert message.field == hello.random
    assert message.agent == twin.ja4(hello, "t").encode()
    assert bool(message.port & ECH) == (hello.extension(65037) is not None)
    offered, sent = [], message.path or b""
    while sent:
        offered.append(sent[1 : 1 + sent[0]])
        sent = sent[1 + sent[0] :]
    assert offered == twin.alpn(hello)
    assert twin.VERSIONS.get(message.status) == twin.tls_offered(hello)


@pytest.mark.parametrize("hello", HELLOS.values(), ids=HELLOS)
def test_whole(hello: bytes) -> None:
    message = only(read([client(hello)]))
    agrees_with_twin(message, hello)
    assert (message.at, message.end) == (0, len(hello))


def test_a_hello_that_is_malformed_behind_its_name_still_has_it() -> None:
    """As Wireshark reads it: bytes behind the extensions belong to nothing, and what an extension that is too long holds isn't known."""
    body = b"\3\3" + bytes(32) + vector(1, b"") + vector(2, b"\x13\x01") + b"\1\0"
    name = extension(0, vector(2, b"\0" + vector(2, b"bad.example")))
    trailing = records(handshake(1, body + vector(2, name) + b"abc"))
    message = only(read([client(trailing)]))
    agrees_with_twin(message, trailing)
    for rest in (b"\0\x10\0\x20ab", b"\0\x10"):
        data = records(handshake(1, body + vector(2, name + rest)), [50])
        found = read([client(data), client(records(b"\x10\0\0\0"))])
        if len(rest) < 4:
            assert names(found) == [b"bad.example"] == [twin.cut_server_name(data).encode()]
            continue
        assert names(found) == [b"bad.example"] == [twin.cut_server_name(data).encode()] and only(found).port & CUT
        assert found[-1].kind == "went_on"
    for wrong in (body + vector(2, rest + name), body + b"\0\x40" + name, body[:-1] + b"\x09"):
        assert names(read([client(records(handshake(1, wrong)))])) == []


@pytest.mark.parametrize("hello", HELLOS.values(), ids=HELLOS)
def test_one_byte_at_a_time(hello: bytes) -> None:
    stage = Stage()
    assert stage.feed([client(hello[i : i + 1]) for i in range(len(hello) - 1)]) == []
    assert untimed(stage.feed([client(hello[-1:])])) == untimed(read([client(hello)]))


@pytest.mark.parametrize("hello", HELLOS.values(), ids=HELLOS)
def test_bytes_behind_it_are_left_alone(hello: bytes) -> None:
    alone = untimed(read([client(hello)]))
    for rest in (b"\x14\3\3\0\1\1", b"\x17\3\3\0\x20" + bytes(32), PLAIN, b"GET / HTTP/1.1\r\n\r\n"):
        found = untimed(read([client(hello + rest)]))
        assert [m for m in found if m.kind == "client_hello"] == alone
        assert {m.kind for m in found} <= {"client_hello", "went_on"}


@pytest.mark.parametrize("hello", [PLAIN, HELLOS["name last"], HELLOS["records"]], ids=["plain", "name last", "records"])
def test_cut_at_every_offset(hello: bytes) -> None:
    """A hello that was cut is one, from its length on, and gives its name where that is there: no other fact of it is known."""
    name = only(read([client(hello)])).host
    found = set()
    for n in range(len(hello)):
        messages = read([client(hello[:n], wire_bytes=len(hello))])
        assert all(m.kind == "client_hello" and m.host in (name, None) and m.port == CUT for m in messages)
        found |= {m.host for m in messages}
        expected = twin.cut_server_name(hello[:n])
        assert expected is None or names(messages) == [expected.encode()]
        assert len(messages) == twin.is_cut_hello(hello[:n]), n
    assert found == ({None} if hello is HELLOS["name last"] else {None, name})


def lengths_of(hello: bytes) -> list[int]:
    """Offsets of every byte of a length field in a hello of one record."""
    body = 9
    at = [3, 4, 6, 7, 8]
    session = body + 34
    suites = session + 1 + hello[session]
    compression = suites + 2 + int.from_bytes(hello[suites : suites + 2], "big")
    extensions = compression + 1 + hello[compression]
    at += [session, suites, suites + 1, compression, extensions, extensions + 1]
    p = extensions + 2
    while p < len(hello):
        kind, size = int.from_bytes(hello[p : p + 2], "big"), int.from_bytes(hello[p + 2 : p + 4], "big")
        at += [p + 2, p + 3]
        if kind in (0, 16, 13, 10, 51):
            at += [p + 4, p + 5]
        if kind == 0:
            at.append(p + 7)
        if kind in (16, 43):
            at.append(p + (6 if kind == 16 else 4))
        p += 4 + size
    return at


@pytest.mark.parametrize("hello", [PLAIN, OLD, HELLOS["name last"]], ids=["plain", "TLS 1.1", "name last"])
def test_every_length_wrong(hello: bytes) -> None:
    name = only(read([client(hello)])).host
    assert lengths_of(hello)
    for at in lengths_of(hello):
        for value in {0, hello[at] - 1, hello[at] + 1, 255} - {hello[at]}:
            changed = hello[:at] + bytes((value & 0xFF,)) + hello[at + 1 :]
            assert set(names(read([client(changed)]))) <= {name}, f"byte {at} as {value}"


def test_a_name_shorter_than_its_list_is_none() -> None:
    at = PLAIN.index(b"plain.example") - 1
    assert names(read([client(PLAIN[:at] + bytes((PLAIN[at] - 1,)) + PLAIN[at + 1 :])])) == []


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_any_byte_changed_gives_what_the_twin_says_or_nothing(at: int, value: int) -> None:
    changed = PLAIN[:at] + bytes((value,)) + PLAIN[at + 1 :]
    hello = twin.read_client_hello(changed)
    expected = hello and twin.server_name(hello)
    for message in read([client(changed)]):
        if message.kind == "client_hello" and message.port != CUT and hello and expected:
            assert message.host == expected.encode("utf-8", "surrogateescape") or b"\\x" in expected.encode()


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\x16\3\1\1\0\1", b"\x16\3\1\0\x50\1\0\0\x4c\3\3" + bytes(32)]), st.binary(max_size=200)
)
@settings(max_examples=300, deadline=None)
def test_random_bytes(data: bytes, before: bytes, answer: bytes) -> None:
    """Whatever is said, texts lie in what was sent."""
    for message in read([client(before + data), server(b"\x16\3\3\0\x40" + answer)]):
        for text in (message.host, message.path, message.field):
            assert text is None or text in before + data or message.side


@given(
    st.binary(min_size=1, max_size=40), st.lists(st.binary(min_size=1, max_size=12), max_size=4), st.booleans(), st.booleans(), st.data()
)
@settings(max_examples=150, deadline=None)
def test_equals_the_twin(name: bytes, alpn: list[bytes], grease: bool, ech: bool, data: st.DataObject) -> None:
    numbers = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40)
    hello = client_hello(
        name,
        alpn=alpn if not (alpn and len(alpn[0]) == 2 and twin.is_grease(int.from_bytes(alpn[0], "big"))) else (),
        ciphers=data.draw(numbers),
        signatures=data.draw(numbers),
        versions=data.draw(st.sampled_from([(0x0304,), (0x0304, 0x0303), (0x0303, 0x0302), ()])),
        grease=grease,
        ech=ECH_GREASE if ech else None,
        extra=[(kind, b"") for kind in data.draw(st.lists(st.integers(100, 0xFD00), max_size=20))],
        random=data.draw(st.binary(min_size=32, max_size=32)),
        session=data.draw(st.binary(max_size=32)),
    )
    cuts = sorted(data.draw(st.sets(st.integers(1, len(hello) - 6), max_size=3)))
    hello = records(hello[5:], cuts if not cuts or cuts[0] >= 4 else [4, *(c for c in cuts if c > 4)])
    parts = sorted(data.draw(st.sets(st.integers(1, len(hello) - 1), max_size=4)))
    message = only(read(cut(client(hello), *parts)))
    parsed = twin.read_client_hello(hello)
    assert parsed is not None
    assert (message.host, message.field) == (name, parsed.random)
    assert message.agent == twin.ja4(parsed, "t").encode()
    assert twin.VERSIONS.get(message.status) == twin.tls_offered(parsed)


def test_traits() -> None:
    shown = only(read([client(client_hello("a.example", grease=True, ech=ECH_GREASE, extra=[(22, b""), (34, b"\0\2\4\3")]))])).port
    assert shown == ECH | GREASE | ENCRYPT_THEN_MAC | DELEGATED
    assert only(read([client(PLAIN)])).port == 0


def test_versions() -> None:
    for versions, legacy, status in [
        ((0x0304, 0x0303), 0x0303, 0x0304),
        ((0x0303,), 0x0303, 0x0303),
        ((), 0x0301, 0x0301),
        ((), 0x0302, 0x0302),
    ]:
        assert only(read([client(client_hello(versions=versions, legacy_version=legacy))])).status == status
        assert only(read([server(server_hello(versions[0] if versions else legacy))]), "server_hello").status == status


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_first_record_too_small_for_the_message_header(first: int) -> None:
    """RFC 8446 5.1 lets a record hold any part of a message."""
    assert names(read([client(client_hello("tiny.example", cuts=(first,)))])) == [b"tiny.example"]


def test_a_record_for_every_byte() -> None:
    bare = client_hello("bytes.example", bare=True)
    data = records(bare, range(4, len(bare)))
    assert names(read([client(data)])) == [b"bytes.example"]
    assert names(byte_by_byte(data)) == [b"bytes.example"]


def test_the_longest_hello_in_public_captures_arrives_in_segments_out_of_order() -> None:
    hello = client_hello("long.example", padding=11_000, sni_last=True)
    assert len(hello) > 11_000
    pieces = cut(client(hello), *range(1400, len(hello), 1400))
    for order in (pieces, pieces[::-1], pieces[1::2] + pieces[::2]):
        assert names(one_by_one(order)) == [b"long.example"]


def flight(*ders: bytes, tail: bytes = b"") -> bytes:
    return server_hello(0x0303, bare=True) + certificate(*ders, bare=True) + tail


ISSUED = leaf("cert.example", "Some CA")
ISSUER = x509.load_der_x509_certificate(ISSUED).issuer.public_bytes()
DONE = handshake(14, b"")


@pytest.mark.parametrize("cuts", [(), (50,), (50, 51, 300), tuple(range(100, 400, 10))], ids=str)
def test_certificate_flight_in_records_and_segments(cuts: tuple[int, ...]) -> None:
    """The messages in one record, in one each, and in pieces (RFC 5246 6.2.1)."""
    data = records(flight(ISSUED, tail=DONE), cuts, version=0x0303)
    whole = read([client(PLAIN), server(data)])
    assert [(m.kind, m.status, m.host) for m in whole[1:]] == [("server_hello", 0x0303, None), ("issuer", -1, ISSUER)]
    assert summary(byte_by_byte(data, 1, before=[client(PLAIN)])) == summary(whole)
    pieces = cut(server(data), *range(100, len(data), 100))
    assert summary(one_by_one([client(PLAIN), *pieces[::-1]])) == summary(whole)


def test_certificate_chain_over_many_segments() -> None:
    chain = [ISSUED, *(leaf(f"ca{i}.example", "x" * 60) for i in range(30))]
    data = records(server_hello(0x0303, bare=True)) + records(certificate(*chain, bare=True), range(4000, 12000, 4000)) + records(DONE)
    found = one_by_one([client(PLAIN), *cut(server(data), *range(1460, len(data), 1460))])
    assert [(m.kind, m.host) for m in found[1:]] == [("server_hello", None), ("issuer", ISSUER)]


def test_certificate_cut_at_every_offset() -> None:
    """Only the leaf must be complete; a truncated one gives no issuer."""
    data = records(flight(ISSUED, leaf("ca.example", "Root")), version=0x0303)
    leaf_end = data.index(ISSUED) + len(ISSUED)
    for n in range(0, len(data), 3):
        hosts = [m.host for m in read([client(PLAIN), server(data[:n], wire_bytes=len(data))]) if m.kind == "issuer"]
        assert hosts in ([], [ISSUER])
        if n >= leaf_end:
            assert hosts == [ISSUER]


def test_every_length_of_a_certificate_wrong() -> None:
    data = records(flight(ISSUED), version=0x0303)
    start = data.index(ISSUED)
    for at in (
        start - 9,
        start - 8,
        start - 7,
        start - 6,
        start - 5,
        start - 4,
        start - 3,
        start - 2,
        start - 1,
        *range(start, start + 12),
    ):
        for value in {0, data[at] - 1, data[at] + 1, 255} - {data[at]}:
            changed = data[:at] + bytes((value & 0xFF,)) + data[at + 1 :]
            for message in read([client(PLAIN), server(changed)]):
                assert message.kind != "issuer" or message.host in changed  # the report reads it as DER, and says nothing if it isn't


def test_session_ticket_and_status_before_nothing() -> None:
    """A resumed session shows no certificate."""
    resumed = records(server_hello(0x0303, bare=True) + handshake(4, bytes(40))) + b"\x14\3\3\0\1\1"
    assert summary(read([client(PLAIN), server(resumed)]))[1:] == [("server_hello", 1, None, 0x0303)]


def test_tls_1_3_server_hello_ends_reading() -> None:
    stage = Stage()
    assert summary(stage.feed([client(PLAIN), server(server_hello() + records(certificate(ISSUED, bare=True)))])) == [
        ("client_hello", 0, b"plain.example", 0x0304),
        ("server_hello", 1, None, 0x0304),
    ]
    assert stage.feed([server(records(certificate(ISSUED, bare=True)))]) == stage.finish()
    assert len(stage.messages()) == 2


def test_two_names_and_other_kinds_of_name() -> None:
    """The first host_name counts; another kind of name before it is passed over (RFC 6066 3)."""
    listed = vector(2, b"\1" + vector(2, b"other") + b"\0" + vector(2, b"first.example") + b"\0" + vector(2, b"second.example"))
    assert names(read([client(client_hello(None, extra=[(0, listed)]))])) == [b"first.example"]
    assert names(read([client(client_hello(None, extra=[(0, vector(2, b"\0" + vector(2, b"")))]))])) == []
    assert extension(0, b"") in client_hello(None, extra=[(0, b"")])
    assert names(read([client(client_hello(None, extra=[(0, b"")]))])) == []
