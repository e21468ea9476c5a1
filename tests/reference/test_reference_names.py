"""The slow twin's names, on streams whose every answer is known."""

from __future__ import annotations

import pytest

from tests import build
from tests.build import CLIENT, ESTABLISHED, RST, SERVER, Conversation, client_hello, connect, server_hello
from tests.reference import tls
from tests.reference.http import split_authority
from tests.reference.talks import only, rows, tunnel


@pytest.mark.parametrize("isn", [1000, 2**32 - 1, 2**32 - 60])
def test_order_overlap_and_wrap_do_not_matter(isn: int) -> None:
    asked, hello = connect("example.com:443"), client_hello(groups=(build.X25519MLKEM768,))
    talk = Conversation(isns=(isn, 2**32 - 2)).handshake().send_client(asked, cuts=(1, 9, 30), order=(3, 1, 0, 2))
    talk.send_server(ESTABLISHED, cuts=(5,), order=(1, 0))
    talk.send_client(hello, cuts=(700, 1300), order=(2, 0, 1)).send_client(b"\xff" * 900, at=len(asked) + 100).close()
    row = only(talk)
    assert (row["requested_host"], row["proxy_status"], row["sni"], row["retransmitted"]) == ("example.com", 200, "example.com", 900)


def test_the_first_copy_of_a_byte_wins() -> None:
    talk = Conversation().handshake().send_client(b"GET / HTTP/1.1\r\nHost: first.example\r\n\r\n")
    talk.send_client(b"other", at=22)
    assert only(talk)["http_host"] == "first.example"


def test_names_behind_a_gap() -> None:
    talk = Conversation().handshake().send_client(b"\0\0\0\0data").skip(CLIENT, 1000).skip(SERVER, 300)
    talk.send_client(connect("late.example:443")).send_server(ESTABLISHED).send_client(client_hello("late.example")).send_server(
        server_hello()
    )
    row = only(talk)
    assert (row["requested_host"], row["proxy_status"], row["sni"], row["tls_version"]) == ("late.example", 200, "late.example", "1.3")
    for begin in (Conversation(), Conversation().handshake()):
        assert only(begin.send_client(b"EHLO a\r\n").send_client(connect("late.example:443")))["requested_host"] == "late.example"
    for begin in (Conversation(), Conversation().handshake()):
        assert only(begin.send_client(b"\x17\3\3\0\4data").send_client(connect("late.example:443")))["requested_host"] is None


def test_a_reset_says_nothing() -> None:
    talk = Conversation().handshake().packet(CLIENT, RST, connect("no.example:443"))
    row = only(talk)
    assert (row["requested_host"], row["bytes_out"]) == (None, len(connect("no.example:443")))


def test_a_cut_hello_gives_its_name_and_nothing_else() -> None:
    (row,) = rows(Conversation().handshake().send_client(client_hello("cut.example")).frames, snap_bytes=54 + 130)
    assert (row["sni"], row["host_source"], row["alpn"], row["ech"], row["ja4"], row["client_random"]) == (
        "cut.example",
        "sni",
        *[None] * 4,
    )


def test_a_head_cut_by_the_snap_length_gives_its_whole_lines() -> None:
    talk = (
        Conversation()
        .handshake()
        .send_client(connect("cut.example:443", "User-Agent: whole", "Host: lost.example"))
        .send_server(ESTABLISHED)
    )
    (row,) = rows(talk.send_client(client_hello()).frames, snap_bytes=54 + 60)
    assert (row["requested_host"], row["user_agent"], row["http_host"], row["sni"], row["proxy_status"]) == (
        "cut.example",
        "whole",
        None,
        None,
        200,
    )


def test_authentication_then_tunnel() -> None:
    denied = b"HTTP/1.1 407 Proxy Authentication Required\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/\r\n0\r\n\r\n"
    talk = Conversation().handshake().send_client(connect("a.example:443")).send_server(denied)
    row = only(
        talk.send_client(connect("a.example:443", "Proxy-Authorization: x")).send_server(ESTABLISHED).send_client(client_hello("b.example"))
    )
    assert [r["status"] for r in row["requests"]] == [407, 200]
    assert (row["proxy_status"], row["sni"], row["host"], row["host_source"]) == (200, "b.example", "a.example", "connect")
    assert row["requests"][1]["first_seen"] == talk.frames[5][0]


def test_an_answer_that_was_not_captured() -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443")).send_client(client_hello()).send_server(server_hello(0x0303))
    row = only(talk)
    assert (row["requested_host"], row["proxy_status"], row["sni"], row["tls_version"]) == ("a.example", None, "example.com", "1.2")


def test_requests_in_a_tunnel_and_several_on_a_connection() -> None:
    talk = (
        Conversation()
        .handshake()
        .send_client(build.absolute_get("http://u@One.example:81/p/q?secret#f", "Host: one.example", "User-Agent: ua"))
    )
    talk.send_server(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
    talk.send_client(b"\r\nPOST http://two.example HTTP/1.1\nHost: two.example\nContent-Length: 3\n\nabc").send_server(
        b"HTTP/1.0 403 No\r\nContent-Length: 0\r\n\r\n"
    )
    talk.send_client(connect("[2001:db8::5]:8443", version="HTTP/1.0", end="\n")).send_server(b"HTTP/1.0 200 OK\nVia: x\n\n")
    row = only(talk.send_client(build.get("/in", "Host: Inside.example:80")).send_server(b"HTTP/1.1 204 No\r\n\r\n"))
    assert [(r["kind"], r["host"], r["port"], r["path"], r["status"]) for r in row["requests"]] == [
        ("absolute", "One.example", 81, "/p/q", 304),
        ("absolute", "two.example", 80, None, 403), ("connect", "2001:db8::5", 8443, None, 200),
    ]  # fmt: skip
    assert (row["request"], row["requested_host"], row["http_host"], row["user_agent"]) == ("connect", "2001:db8::5", "one.example", "ua")
    assert (row["host"], row["host_source"]) == ("one.example", "absolute")


@pytest.mark.parametrize("stack", build.CONNECT_SHAPES)
def test_every_shape_of_connect(stack: str) -> None:
    row = only(
        Conversation()
        .handshake()
        .send_client(build.connect_as(stack, "Shape.example"))
        .send_server(ESTABLISHED)
        .send_client(client_hello())
    )
    assert (row["requested_host"], row["requested_port"], row["proxy_status"], row["host"]) == ("Shape.example", 443, 200, "shape.example")
    assert row["http_host"] == (None if stack == "agent" else "Shape.example")


@pytest.mark.parametrize("preface", [b"PROXY TCP4 10.1.1.1 10.2.2.2 5000 443\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)])
def test_the_proxy_protocol_is_stepped_over(preface: bytes) -> None:
    assert only(Conversation().handshake().send_client(preface + client_hello("behind.example")))["sni"] == "behind.example"
    assert (
        only(Conversation().handshake().send_client(preface).send_client(connect("behind.example:443")))["requested_host"]
        == "behind.example"
    )


def test_authorities() -> None:
    for text, answer in {
        b"a:443": ("a", 443), b"a": ("a", None),
        b"[::1]:443": ("::1", 443), b"[::1]": ("::1", None), b"::1": ("::1", None), b":443": (None, None),
        b"a:": ("a", None), b"a:0": ("a", None), b"a:65536": ("a", None), b"a\xff:1": ("a\\xff", 1),
    }.items():  # fmt: skip
        assert split_authority(text) == answer


def test_socks() -> None:
    talk = (
        Conversation()
        .handshake()
        .send_client(build.socks5_greeting(0, 2))
        .send_server(b"\5\2")
        .send_client(b"\1\2me\2pw")
        .send_server(b"\1\0")
    )
    row = only(
        talk.send_client(build.socks5("five.example", 443)).send_server(build.socks5_reply()).send_client(client_hello("six.example"))
    )
    assert (row["request"], row["requested_host"], row["requested_port"], row["proxy_status"]) == ("socks5", "five.example", 443, 0)
    assert (row["sni"], row["host_source"], row["requests"][0]["first_seen"]) == ("six.example", "socks", talk.frames[7][0])
    for host in ("20.1.2.3", "four.example"):
        talk = Conversation().handshake().send_client(build.socks4(host, 80, b"me")).send_server(build.socks4_reply())
        row = only(talk.send_client(build.get("/", "Host: web.example")).send_server(b"HTTP/1.1 200 OK\r\n\r\n"))
        assert (row["request"], row["requested_host"], row["proxy_status"], row["http_host"]) == ("socks4", host, 90, "web.example")
    lookalike = Conversation().handshake().send_client(b"\4\1\0\x25\0\0\1\0\0\0").send_server(b"\4\1\1\x81")
    assert only(lookalike)["request"] is None


def test_hello_columns() -> None:
    hello = client_hello("Name.example.", alpn=("h2",), grease=True, ech=build.ECH_GREASE, padding=9, cuts=(5, 50), random=b"\xab" * 32)
    row = only(tunnel("20.1.2.3:443", hello))
    assert (row["sni"], row["alpn"], row["tls_offered"], row["ech"], row["client_random"]) == (
        "Name.example.",
        ["h2"],
        "1.3",
        True,
        "ab" * 32,
    )
    assert (row["host"], row["host_source"], row["requested_host"], row["ja4"][:10]) == ("name.example", "sni", "20.1.2.3", "t13d0509h2")
    old = only(tunnel(hello=client_hello(None, alpn=(), versions=(), legacy_version=0x0302)))
    assert (old["sni"], old["alpn"], old["tls_offered"], old["ech"], old["ja4"][:10]) == (None, [], "1.1", False, "t11i050300")
    none = only(tunnel(hello=client_hello(sni_last=True)[:-1]))
    assert [none[column] for column in ("sni", "alpn", "tls_offered", "ech", "ja4", "client_random")] == [None] * 6


def test_no_cut_or_changed_length_of_a_hello_gives_another_name() -> None:
    hello = client_hello("whole.example", padding=3, grease=True)
    for end in range(len(hello)):
        assert tls.read_client_hello(hello[:end]) is None
    for at in range(len(hello)):
        in_name = 0 <= at - hello.index(b"whole") < len("whole.example")
        for value in (0, hello[at] - 1, hello[at] + 1, 255) if not in_name else ():
            changed = tls.read_client_hello(hello[:at] + bytes((value & 255,)) + hello[at + 1 :])
            name = tls.server_name(changed) if changed else None
            assert name in (None, "whole.example")


def test_ja4_example_of_its_specification() -> None:
    kinds = [0x1B, 0, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 5, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15]
    data = {0x10: b"\0\3\2h2", 0x2B: b"\4\x3a\x3a\3\4", 0x0D: b"\0\x10" + bytes.fromhex("04030804040105030805050108060601")}
    ciphers = tls.numbers(bytes.fromhex("130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035"))
    hello = tls.ClientHello(0x0303, bytes(32), ciphers, [(0x1A1A, b""), *((kind, data.get(kind, b"")) for kind in kinds)])
    assert tls.ja4(hello, "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    for first, answer in (
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"0\xab", "3b"),
        (b"01\xab\xcd", "3d"),
        (b"0\xab\xcd1", "01"),
        (b"h", "hh"),
        (b"", "00"),
    ):
        assert tls.ja4_alpn([first]) == answer


def test_server_hello_and_certificate() -> None:
    flight = build.records(
        server_hello(0x0303, bare=True) + build.certificate(build.leaf("cert.example", "Some CA"), bare=True), (50, 300), version=0x0303
    )
    row = only(Conversation().handshake().send_client(client_hello(None)).send_server(flight))
    assert (row["tls_version"], row["certificate_issuer"]) == ("1.2", "CN=Some CA,O=Example\\, Inc.")
    assert (row["host"], row["host_source"]) == ("cert.example", "certificate")
    retry = server_hello(random=tls.HELLO_RETRY) + build.records(b"\1", kind=20) + server_hello()
    assert only(Conversation().handshake().send_client(client_hello()).send_server(retry))["tls_version"] == "1.3"


def test_quic_and_dns() -> None:
    ends = ("10.0.0.1", 40000), ("10.0.0.2", 443)
    hello = client_hello("quic.example", alpn=("h3",), bare=True)
    parts = [build.quic_initial(hello[100:], offset=100, number=1), build.quic_initial(hello[:100])]
    frames = [(i, build.ethernet(build.ip("10.0.0.1", "10.0.0.2", 17, build.udp(*ends, part), id=i + 1))) for i, part in enumerate(parts)]
    (row,) = rows(frames)
    assert (row["sni"], row["host_source"], row["alpn"], row["state"], row["ja4"][0]) == ("quic.example", "quic", ["h3"], "no-answer", "q")
    question = build.udp(("10.0.0.1", 50000), ("10.0.0.53", 53), build.dns_query("asked.example"))
    answer = build.udp(("10.0.0.53", 53), ("10.0.0.1", 50000), build.dns_answer("asked.example", "172.16.12.10", alias="alias.example"))
    talk = Conversation(("10.0.0.1", 50001)).handshake()
    asked_ns = talk.frames[0][0] - 1_000_000
    names = [
        (asked_ns, build.ethernet(build.ip("10.0.0.1", "10.0.0.53", 17, question))),
        (asked_ns + 1, build.ethernet(build.ip("10.0.0.53", "10.0.0.1", 17, answer))),
    ]
    assert [(r["host"], r["host_source"], r["state"]) for r in rows(names + talk.frames)] == [("asked.example", "dns", "open")] * 2
    assert only(talk)["host"] is None
