from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import Conversation, client_hello, pcap, server_hello, socks4, socks4_reply, socks5, socks5_greeting, socks5_reply
from tests.engine import engine_rows
from tests.reference import socks as twin
from tests.streams.harness import CLIENT, SERVER, Segment, Stage, byte_by_byte, client, names, one_by_one, read, server, summary, untimed

ADDRESS = 128
CREDENTIALS = b"\1\4user\6secret"
HELLO = client_hello("inner.example")
SOCKS5 = {
    "name": ("proxied.example", b"proxied.example", 0),
    "IPv4": ("192.0.2.7", bytes((192, 0, 2, 7)), ADDRESS),
    "IPv6": ("2001:db8::7", bytes.fromhex("20010db8000000000000000000000007"), ADDRESS),
}


def dialogue5(host: str, method: int = 0, code: int = 0) -> list[Segment]:
    asked = [client(socks5_greeting(0, 2)), server(bytes((5, method)))]
    if method == 2:
        asked += [client(CREDENTIALS), server(b"\1\0")]
    return [*asked, client(socks5(host, 443)), server(socks5_reply(code))]


@pytest.mark.parametrize(("host", "kept", "shape"), SOCKS5.values(), ids=SOCKS5)
@pytest.mark.parametrize("method", [0, 2], ids=["open", "credentials"])
def test_socks5(host: str, kept: bytes, shape: int, method: int) -> None:
    found = read([*dialogue5(host, method), client(HELLO), server(server_hello())])
    assert [(m.kind, m.host, m.port, m.status) for m in found[:2]] == [("socks5", kept, 443, -1), ("socks_answer", None, -1, 0)]
    assert found[0].shape == shape
    assert summary(found[2:]) == [("client_hello", CLIENT, b"inner.example", 0x0304), ("server_hello", SERVER, None, 0x0304)]
    assert not any(secret in (m.host or b"") + (m.path or b"") + (m.field or b"") for m in found for secret in (b"user", b"secret"))


@pytest.mark.parametrize("method", [0, 2], ids=["open", "credentials"])
def test_socks5_one_byte_at_a_time(method: int) -> None:
    segments = [*dialogue5("proxied.example", method, 5), client(HELLO)]
    pieces = [segment._replace(data=segment.data[i : i + 1]) for segment in segments for i in range(len(segment.data))]
    assert untimed(one_by_one(pieces)) == untimed(read(segments))


def token(kind: int, size: int, first: int = 0x60) -> bytes:
    """A GSSAPI message (RFC 1961): version, type, length, token."""
    return bytes((1, kind)) + size.to_bytes(2, "big") + bytes((first,)) + bytes(size - 1)


@pytest.mark.parametrize("sizes", [(1500,), (40, 90), (8191,), (20000,), (1,)])
def test_socks5_with_gssapi(sizes: tuple[int, ...]) -> None:
    segments = [client(socks5_greeting(1, 2)), server(b"\5\1")]
    for size in sizes:
        segments += [client(token(1, size)), server(token(1, 34))]
    segments += [client(token(2, 4, 0)), server(token(2, 4, 0)), client(socks5("proxied.example", 443)), server(socks5_reply())]
    found = read([*segments, client(HELLO)])
    assert names(found) == [b"proxied.example", b"inner.example"]
    assert [m.status for m in found if m.kind == "socks_answer"] == [0]
    sent = b"".join(segment.data for segment in segments if segment.side == CLIENT)
    assert twin.read_socks(sent, b"")[1:3] == ("proxied.example", 443)  # type: ignore[index]
    said = b"".join(segment.data for segment in segments if segment.side == SERVER)
    assert twin.read_reply("socks5", said)[0] == 0  # type: ignore[index]
    if sum(sizes) < 200:
        pieces = [segment._replace(data=segment.data[i : i + 1]) for segment in segments for i in range(len(segment.data))]
        assert untimed(one_by_one(pieces)) == untimed(read(segments))


@pytest.mark.parametrize("user", [b"a", b"ab", b"root"])
def test_short_user_names_are_no_tokens(user: bytes) -> None:
    said = bytes((1, len(user))) + user + b"\6secret"
    found = read(
        [
            client(socks5_greeting(2)),
            server(b"\5\2"),
            client(said),
            server(b"\1\0"),
            client(socks5("proxied.example", 443)),
            server(socks5_reply()),
        ]
    )
    assert names(found) == [b"proxied.example"]
    assert [m.status for m in found if m.kind == "socks_answer"] == [0]


def test_a_hasty_client_sends_everything_at_once() -> None:
    said = socks5_greeting(2) + CREDENTIALS + socks5("proxied.example", 443) + HELLO
    assert names(read([client(said)])) == [b"proxied.example", b"inner.example"]
    assert names(byte_by_byte(said)) == [b"proxied.example", b"inner.example"]
    for n in range(len(said)):
        assert names(read([client(said[:n])])) in ([], [b"proxied.example"], [b"proxied.example", b"inner.example"])


def test_nothing_is_said_before_the_request_is_complete() -> None:
    stage = Stage()
    asked = socks5("proxied.example", 443)
    stage.feed([client(socks5_greeting()), server(b"\5\0")])
    for i in range(len(asked) - 1):
        assert stage.feed([client(asked[i : i + 1])]) == []
    assert names(stage.feed([client(asked[-1:])])) == [b"proxied.example"]


def test_socks5_refused_then_closed() -> None:
    assert summary(read([client(socks5_greeting()), server(b"\5\xff")])) == []
    assert [m.status for m in read(dialogue5("proxied.example", code=2)) if m.kind == "socks_answer"] == [2]


@pytest.mark.parametrize(
    "data",
    [
        b"\5\0",  # no methods
        b"\5\1\x50",  # an unassigned method
        b"\5\1\0GET / HTTP/1.1\r\n",  # followed by something else
    ],
)
def test_what_is_no_greeting(data: bytes) -> None:
    stage = Stage()
    stage.feed([client(data)])
    assert stage.side(CLIENT)["asked_socks"] == 0


@pytest.mark.parametrize("changed", [(0, 4), (1, 0), (1, 4), (3, 0), (3, 2), (3, 5), (4, 0)], ids=str)
def test_what_is_no_request(changed: tuple[int, int]) -> None:
    at, value = changed
    asked = bytearray(socks5("proxied.example", 443))
    asked[at] = value
    assert names(read([client(socks5_greeting()), server(b"\5\0"), client(bytes(asked))])) == []


@pytest.mark.parametrize("user", [b"", b"proxyuser"], ids=["no user", "user"])
def test_socks4_and_4a(user: bytes) -> None:
    for host, kept, shape in (("192.0.2.7", bytes((192, 0, 2, 7)), ADDRESS), ("proxied.example", b"proxied.example", 0)):
        segments = [client(socks4(host, 443, user)), server(socks4_reply()), client(HELLO), server(server_hello())]
        found = read(segments)
        assert (found[0].kind, found[0].host, found[0].port, found[0].shape) == ("socks4", kept, 443, shape)
        assert summary(found[1:]) == [
            ("socks_answer", SERVER, None, 90),
            ("client_hello", CLIENT, b"inner.example", 0x0304),
            ("server_hello", SERVER, None, 0x0304),
        ]
        pieces = [s._replace(data=s.data[i : i + 1]) for s in segments for i in range(len(s.data))]
        assert untimed(one_by_one(pieces)) == untimed(found)


def test_socks4_cut_at_every_offset() -> None:
    said = socks4("proxied.example", 443, b"user")
    assert [names(read([client(said[:n])])) for n in range(len(said))] == [[]] * len(said)


@pytest.mark.parametrize(
    "data",
    [
        b"\4\1\0\0" + bytes((192, 0, 2, 7)) + b"\0",  # port 0
        b"\4\3\1\xbb" + bytes((192, 0, 2, 7)) + b"\0",  # neither CONNECT nor BIND
        b"\4\1\1\xbb" + bytes((0, 1, 2, 7)) + b"\0",  # no address to connect to
        b"\4\1\1\xbb\0\0\0\1\0\0",  # 4a without a name
        b"\4\1\1\xbb\0\0\0\1\0na\x01me\0",  # control characters in it
        b"\4\1\1\xbb" + bytes((192, 0, 2, 7)) + b"x" * 600 + b"\0",  # no user name is so long
    ],
)
def test_what_is_no_socks4(data: bytes) -> None:
    assert read([client(data)]) == []


def test_a_server_that_says_no_more_than_its_reply() -> None:
    """Where it is bound is left out, or was cut; the bytes behind are not looked for."""
    for reply in (b"\5\2", b"\5\5\0", b"\5\2\0\1\0\0"):
        messages = read([client(socks5_greeting()), server(b"\5\0"), client(socks5("a.example", 443)), server(reply)])
        assert [(m.kind, m.status) for m in messages] == [("socks5", -1), ("socks_answer", reply[1])]


def test_a_server_that_answers_with_the_version_of_the_request() -> None:
    messages = read([client(socks4("a.example", 443)), server(b"\4\x5a" + bytes(6)), client(b"GET / HTTP/1.0\r\n\r\n")])
    assert [(m.kind, m.status) for m in messages] == [("socks4", -1), ("socks_answer", 90), ("origin", -1)]


def test_socks_is_read_where_the_capture_begins_behind_the_handshake() -> None:
    """What is no accident: a greeting and a request behind it; SOCKS4 by name, or to its port, alone in its segment."""
    assert names(read(dialogue5("proxied.example", 2), syn=False)) == [b"proxied.example"]
    assert names(read([client(socks5_greeting()), client(socks5("192.0.2.7", 443))], syn=False)) == [bytes((192, 0, 2, 7))]
    assert names(read([client(socks4("proxied.example", 443))], syn=False)) == [b"proxied.example"]
    assert names(read([client(socks4("192.0.2.7", 443, b"me"))], syn=False, port=1080)) == [bytes((192, 0, 2, 7))]
    for way in (client, server):  # which of both asks doesn't matter
        assert names(read([way(socks5_greeting()), way(socks5("proxied.example", 443))], syn=False)) == [b"proxied.example"]


@pytest.mark.parametrize(
    "said",
    [
        [client(socks4("192.0.2.7", 443, b"me"))],  # any four bytes
        [client(socks4("proxied.example", 443) + b"more")],
        [client(socks5("proxied.example", 443))],  # no greeting before it
        [client(socks5_greeting()), client(socks5("proxied.example", 443).replace(b"\5\1\0", b"\5\1\1"))],
        [server(b"220 hello\r\n"), client(socks5_greeting(), ack=5012), client(socks5("proxied.example", 443))],
        [server(b"\0\0"), client(socks4("proxied.example", 443), ack=5003)],
    ],
)
def test_what_is_no_socks_in_the_middle_of_a_connection(said: list[Segment]) -> None:
    assert names(read(said, syn=False)) == []


@pytest.mark.parametrize("code", [90, 91, 92, 93])
def test_socks4_answers(code: int) -> None:
    found = read([client(socks4("192.0.2.7", 80)), server(socks4_reply(code))])
    assert summary(found)[1:] == [("socks_answer", SERVER, None, code)]


def test_a_server_that_speaks_first_is_no_socks_server() -> None:
    assert summary(read([server(socks4_reply()), client(HELLO)])) == [("client_hello", CLIENT, b"inner.example", 0x0304)]


HOSTS = st.one_of(st.from_regex(r"[a-z0-9.-]{1,255}", fullmatch=True), st.ip_addresses().map(str))


@given(HOSTS, st.integers(1, 65535), st.sampled_from([0, 2]), st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_socks5_equals_the_twin(host: str, port: int, method: int, behind: bytes) -> None:
    said = socks5_greeting(method) + (CREDENTIALS if method else b"") + socks5(host, port)
    expected = twin.read_socks(said, b"")
    assert expected is not None
    (found,) = [m for m in read([client(said), client(behind)]) if m.kind == "socks5"]
    assert (found.at, found.end, found.port) == (expected.begin, expected.end, port)


@given(
    st.sampled_from([b"", b"\4", b"\4\1", b"\4\1\1\xbb", b"\5", b"\5\1\0", b"\5\1\0\5\1\0"]), st.binary(max_size=80), st.binary(max_size=30)
)
@settings(max_examples=300, deadline=None)
def test_random_bytes(start: bytes, rest: bytes, answer: bytes) -> None:
    """The twin, that knows the same rules, finds the same request where the kernel finds one."""
    said = start + rest
    for message in read([client(said), server(b"\0\x5a" + answer if start[:1] == b"\4" else b"\5\0" + answer)]):
        if message.kind in ("socks4", "socks5") and message.side == CLIENT:
            expected = twin.read_socks(said, b"")
            assert expected is not None
            assert (expected.kind, expected.port or 0) == (message.kind, message.port)


def test_socks_is_what_a_client_says_first() -> None:
    """A server's answer that begins like SOCKS4 is none, nor is what a client answers to a greeting of FTP or SMTP."""
    four, five = socks4("four.example", 443, b"user"), [socks5_greeting(), socks5("five.example", 443)]
    assert names(read([client(b"hello"), server(four)])) == []
    assert names(read([server(four)])) == []
    assert names(read([server(b"220 hello\r\n"), client(four)])) == []
    assert names(read([server(b"220 hello\r\n"), *map(client, five)])) == []
    assert names(read([client(four, ack=0), server(b"220 hello\r\n", 0)])) == [b"four.example"]  # it hadn't come yet
    assert names(read([client(four, ack=9), server(b"220 hello\r\n", 0)])) == []  # captured late
    assert names(read([client(b"\x4e\x5a"), *map(server, five)])) == [b"five.example"]  # a relay that is called by its proxy


@pytest.mark.parametrize("method", [10, 0x20, 0x7F])
def test_a_server_that_chooses_what_is_no_method_speaks_another_protocol(method: int) -> None:
    """What the client said then looks like SOCKS and is none: no proxy is found of it, and the twin says the same."""
    (row,) = engine_rows(pcap(said(b"\5" + bytes((method,)) + bytes(8)).frames))
    assert (row["request"], row["requested_host"]) == (None, None)
    assert twin.read_socks(socks5_greeting(0, 2) + socks5("proxied.example", 443), b"\5" + bytes((method,))) is None
    (row,) = engine_rows(pcap(said(b"\5\0" + socks5_reply()).frames))
    assert (row["request"], row["requested_host"]) == ("socks5", "proxied.example")


def said(answer: bytes) -> Conversation:
    return Conversation().handshake().send_client(socks5_greeting(0, 2) + socks5("proxied.example", 443)).send_server(answer)
