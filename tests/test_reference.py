"""The slow twin on conversations whose every answer is known, and on bytes that mean nothing."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import build
from tests.build import ACK, CLIENT, ESTABLISHED, RST, SERVER, SYN, Conversation, client_hello, connect, pcap, server_hello
from tests.conftest import ROOT
from tests.reference import NotACapture, flows_of, rows_of
from tests.reference.agree import Row
from tests.reference.capture import read_capture
from tests.reference.packets import address_text
from tests.reference.talks import only, rows, tunnel

# files


def test_a_capture_reads_alike_in_every_container() -> None:
    frames = tunnel().close().frames
    answer = [frame[:2] for frame in read_capture(pcap(frames, nanosecond=True))]
    assert [frame.data for frame in read_capture(pcap(frames, nanosecond=True))] == [data for _, data in frames]
    for data in (
        pcap(frames, nanosecond=True, order="big"), pcap(frames), pcap(frames, order="big", modified=True), pcap(frames, modified=True),
        build.pcapng(frames), build.pcapng(frames, order="big"), gzip.compress(pcap(frames)),
        gzip.compress(pcap(frames[:3])) + gzip.compress(pcap(frames)[24 + sum(16 + len(d) for _, d in frames[:3]) :]),
    ):  # fmt: skip
        assert [frame[:2] for frame in read_capture(data)] == answer


def test_sections_interfaces_and_times_of_a_pcapng() -> None:
    first = build.section_header() + build.interface(101) + build.enhanced(5, b"a") + build.interface(1, resolution=0x80 | 10, offset_s=-1)
    first += build.pcapng_block(0xBAD, b"vendor") + build.enhanced(1536, b"b", number=1) + build.obsolete(7, b"c") + build.simple(b"d")
    first += build.enhanced(1, b"of no interface", number=2)
    second = build.section_header("big") + build.interface(113, resolution=12, order="big") + build.enhanced(1999, b"e", order="big")
    assert [frame[:3] for frame in read_capture(first + second)] == [
        (5000, 101, b"a"), (500_000_000, 1, b"b"), (7000, 101, b"c"), (None, 101, b"d"), (1, 113, b"e"),
    ]  # fmt: skip


def test_a_time_that_fits_no_column_is_missing() -> None:
    data = build.section_header() + build.interface() + build.enhanced(2**63, b"x")
    assert read_capture(data)[0].ts_ns is None


def test_what_is_before_damage_is_kept() -> None:
    frames = tunnel().frames
    for data in (pcap(frames), build.pcapng(frames)):
        assert [f.data for f in read_capture(data[:-1])] == [d for _, d in frames[:-1]]
    assert len(read_capture(gzip.compress(pcap(frames))[:-30])) < len(frames)
    with pytest.raises(NotACapture):
        read_capture(b"text\n" * 10)


# packets


@pytest.mark.parametrize(
    ("link_type", "wrap"),
    [
        (1, build.ethernet),
        (113, build.sll),
        (276, build.sll2),
        (101, bytes),
        (0, build.null),
        (1, lambda p: build.ethernet(build.vlan(p, 7), 0x8100)),
    ],
)
@pytest.mark.parametrize(("client", "server"), [(("10.0.0.1", 40000), ("10.0.0.2", 80)), (("2001:db8::1", 40000), ("2001:db8::2", 80))])
def test_link_types(link_type: int, wrap: Any, client: tuple[str, int], server: tuple[str, int]) -> None:
    talk = Conversation(client, server, wrap=wrap).handshake().send_client(b"x").close()
    (row,) = rows(talk.frames, link_type=link_type)
    assert (row["client_ip"], row["server_port"], row["bytes_out"], row["bytes_in"], row["state"]) == (client[0], 80, 1, 0, "closed")


def udp_around(port: int) -> Any:
    return lambda data: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 17, build.udp(("1.1.1.1", 9999), ("2.2.2.2", port), data), id=1))


def gre_around(data: bytes) -> bytes:
    return build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 47, data, id=1))


TUNNELS = {
    "vlan 1, vlan 2": lambda p: build.ethernet(build.vlan(build.vlan(p, 2), 1, 0x8100), 0x88A8),
    "vxlan 5": lambda p: udp_around(4789)(build.vxlan(build.ethernet(p), 5)),
    "geneve 6": lambda p: udp_around(6081)(build.geneve(build.ethernet(p), 6, bytes(8))),
    "gtp-u 7": lambda p: udp_around(2152)(build.gtp_u(p, 7, sequence=1)),
    "gre": lambda p: gre_around(build.gre(p, 0x0800, key=1)),
    "erspan": lambda p: gre_around(build.gre(build.ethernet(p), 0x88BE)),
    "erspan 8": lambda p: gre_around(build.erspan2(build.ethernet(p), 8)),
    "erspan 9": lambda p: gre_around(build.erspan3(build.ethernet(p), 9, platform=bytes(8))),
    "mpls 16, mpls 17": lambda p: build.ethernet(build.mpls(p, 16, 17), 0x8847),
    "pppoe 3": lambda p: build.ethernet(build.pppoe(p, 3), 0x8864),
    "ipip": lambda p: build.ethernet(build.ip("1.1.1.1", "2.2.2.2", 4, p)),
    "4in6": lambda p: build.ethernet(build.ip("::1", "::2", 4, p)),
    "vlan 4, erspan 8": lambda p: build.ethernet(build.vlan(gre_around(build.erspan2(build.ethernet(p), 8))[14:], 4), 0x8100),
}


@pytest.mark.parametrize("outer", TUNNELS)
def test_the_innermost_packet_counts(outer: str) -> None:
    row = only(Conversation(wrap=TUNNELS[outer]).handshake().send_client(connect("a.example:443")).close())
    assert (row["outer"], row["client_ip"], row["requested_host"], row["state"]) == (outer, "172.16.11.92", "a.example", "closed")


def test_ipv6_extension_headers_are_stepped_over() -> None:
    segment = build.tcp(("::1", 40000), ("::2", 80), b"data", flags=ACK)
    chain = ((0, b"\0" + bytes(6)), (60, b"\1" + bytes(14)), (44, b"\0\0\1" + bytes(4)), (51, b"\4" + bytes(22)))
    (row,) = rows([(0, build.ethernet(build.ipv6("::1", "::2", 6, segment, extensions=chain)))])
    assert (row["client_ip"], row["bytes_out"]) == ("::1", 4)


def test_lengths_that_cannot_be() -> None:
    ends = ("10.0.0.1", 40000), ("10.0.0.2", 80)
    segment = build.tcp(*ends, b"data", flags=ACK)

    def received(data: bytes, **header: Any) -> list[tuple[int, int]]:
        return [
            (r["packets_out"], r["bytes_out"]) for r in rows([(0, build.ethernet(build.ipv4("10.0.0.1", "10.0.0.2", 6, data, **header)))])
        ]

    assert received(segment) == [(1, 4)]
    assert received(segment, total=0) == [(1, 6)]  # segmentation offload: as long as the captured frame, padding and all
    assert received(segment, total=1500) == [(1, 1460)]  # cut by a snap length
    assert received(segment, total=19) == []
    assert received(segment, fragment=1) == []
    assert received(segment, fragment=0x2000) == [(1, 4)]
    assert received(segment[:12] + b"\x40" + segment[13:]) == []  # 16 bytes of header
    assert received(segment[:12] + b"\x70" + segment[13:]) == []  # 28 of 24
    for captured, answer in ((13, []), (14, [1460])):
        cut = build.ipv4("10.0.0.1", "10.0.0.2", 6, segment[:captured], total=1500)
        assert [row["bytes_out"] for row in rows([(0, cut)], link_type=101)] == answer


def test_fragments_are_put_together() -> None:
    segment = build.tcp(("10.0.0.1", 40000), ("10.0.0.2", 80), build.get("/", "Host: whole.example"), flags=ACK)
    six = build.tcp(("::1", 40000), ("::2", 80), build.get("/", "Host: six.example"), flags=ACK)
    pieces = [(0, 24, 1), (16, 40, 1), (40, 99, 0)]  # the second one overlaps the first
    frames = [
        (2, build.ethernet(build.ipv4("10.0.0.1", "10.0.0.2", 6, segment[a:b], id=7, fragment=more << 13 | a >> 3)))
        for a, b, more in pieces
    ]
    for a, b, more in pieces:
        header = (44, b"\0" + struct.pack(">HI", a | more, 9))
        frames.append((3, build.ethernet(build.ipv6("::1", "::2", 6, six[a:b], extensions=(header,)))))
    for order in (frames, frames[::-1]):
        answer = rows_of(("x", pcap(order)))
        assert sorted((row["http_host"], row["packets_out"], row["bytes_out"]) for row in answer) == [
            ("six.example", 1, len(six) - 20), ("whole.example", 1, len(segment) - 20),
        ]  # fmt: skip
    first = [frame for i, frame in enumerate(frames) if i % 3 == 0]
    assert sorted((row["packets_out"], row["bytes_out"]) for row in rows(first)) == [(1, 4), (1, 4)]
    assert rows([frame for i, frame in enumerate(frames) if i % 3]) == []


def test_addresses_are_written_as_rfc_5952_does() -> None:
    assert address_text(bytes(10) + b"\xff\xff\1\2\3\4") == "::ffff:1.2.3.4"
    assert address_text(bytes(12) + b"\1\2\3\4") == "::102:304"


# flows


def test_states() -> None:
    def talk() -> Conversation:
        return Conversation()

    quoted = build.ip("172.16.11.92", "172.16.12.10", 6, build.tcp(("172.16.11.92", 50000), ("172.16.12.10", 3128), flags=SYN))
    error = (0, build.ethernet(build.icmp_unreachable("10.0.0.9", "172.16.11.92", quoted)))
    assert only(talk().syn().syn())["state"] == "no-answer"
    assert only(talk().syn().rst())["state"] == "refused"
    assert [row["state"] for row in rows([*talk().syn().frames, error])] == ["unreachable"]
    assert [row["state"] for row in rows([error, *talk().syn().frames])] == ["no-answer"]
    assert [row["state"] for row in rows([*talk().handshake().frames, error])] == ["open"]
    assert only(talk().handshake())["state"] == "open"
    assert only(talk().handshake().fin())["state"] == "open"
    assert only(talk().handshake().close().rst())["state"] == "closed"
    assert only(talk().handshake().rst(CLIENT))["state"] == "reset"
    assert only(talk().send_client(b"x").send_server(b"y"))["state"] == "mid-stream"


def test_who_is_the_client() -> None:
    def client(talk: Conversation) -> int:
        return int(only(talk)["client_port"])

    low = {"client": ("10.0.0.1", 80), "server": ("10.0.0.2", 40000)}
    assert client(Conversation(**low).syn()) == 80
    assert client(Conversation(**low).synack()) == 80
    assert client(Conversation(**low).send_client(build.get("/", "Host: a"))) == 80
    assert client(Conversation(**low).send_client(client_hello())) == 80
    begun = Conversation(**low).synack().send_client(build.socks5_greeting() + build.socks5("a.example", 443))
    assert (client(begun), only(begun)["request"]) == (80, "socks5")
    begun = Conversation(**low).send_client(build.socks5_greeting() + build.socks5("a.example", 443))
    assert (client(begun), only(begun)["request"]) == (80, "socks5")  # a greeting with its request needs no handshake
    assert client(Conversation(**low).send_server(b"HTTP/1.1 200 OK\r\n\r\n")) == 80
    assert client(Conversation(**low).send_server(server_hello())) == 80
    assert client(Conversation(**low).send_client(b"who?")) == 40000
    same = Conversation(("10.0.0.9", 443), ("10.0.0.3", 443)).send_client(b"who?")
    assert only(same)["client_ip"] == "10.0.0.3"


def test_a_new_syn_is_a_new_flow() -> None:
    first, again = (
        Conversation().handshake().close(),
        Conversation(isns=(9000, 9500), start_ns=build.Conversation().now_ns + 10**10).handshake(),
    )
    assert [row["packets_out"] for row in rows(first.frames + again.frames)] == [4, 2]
    repeated = Conversation().syn().syn().synack()
    assert only(repeated)["packets_out"] == 2
    late = Conversation().packet(CLIENT, ACK, b"x", seq=1001).syn()
    assert only(late)["packets_out"] == 2
    answer_first = Conversation().synack().syn()
    assert only(answer_first)["packets_out"] == 1
    mid = Conversation().packet(CLIENT, ACK, b"x", seq=7777).syn()
    assert len(rows(mid.frames)) == 2


def test_counting_and_retransmission() -> None:
    talk = Conversation(isns=(2**32 - 4, 5)).handshake().send_client(b"abcdefgh").send_client(b"cdef", at=2).send_client(b"ghij", at=6)
    row = only(talk.close())
    assert (row["bytes_out"], row["retransmitted"], row["packets_out"]) == (16, 6, 7)
    assert row["first_seen"], row["last_seen"] == (talk.frames[0][0], talk.frames[-1][0])


def test_captured_twice_counts_once() -> None:
    frames = tunnel().close().frames
    answer = [dict(row, captures=0) for row in rows(frames)]
    twice = [(ts + shift, data) for ts, data in frames for shift in (0, 1000)]
    assert [dict(row, captures=0, last_seen=frames[-1][0]) for row in rows(twice)] == answer
    ts, syn = frames[0]
    assert rows([(ts, syn), (ts + 10**9, syn)])[0]["packets_out"] == 1
    assert rows([(ts, syn), (ts + 10**9 + 1, syn)])[0]["packets_out"] == 2
    ends = ("10.0.0.1", 40000), ("10.0.0.2", 80)

    def without_id(flags: int, ttl: int = 64) -> bytes:
        return build.ethernet(build.ipv4("10.0.0.1", "10.0.0.2", 6, build.tcp(*ends, flags=flags), ttl=ttl))

    assert rows([(0, without_id(SYN)), (5_000_000, without_id(SYN))])[0]["packets_out"] == 1
    assert rows([(0, without_id(SYN)), (5_000_001, without_id(SYN))])[0]["packets_out"] == 2
    assert rows([(0, without_id(ACK)), (1, without_id(ACK))])[0]["packets_out"] == 2
    assert rows([(0, without_id(ACK)), (1, without_id(ACK, ttl=63))])[0]["packets_out"] == 1


# anything


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 9, 12, 101, 113, 276, 228, 229]), st.binary(max_size=120)), max_size=5),
    st.binary(max_size=60),
)
def test_random_frames_raise_nothing(frames: list[tuple[int, bytes]], tail: bytes) -> None:
    for link_type, data in frames:
        rows_of(("x", pcap([(0, data)], link_type=link_type) + tail))
        rows_of(("x", build.section_header() + tail + build.pcapng([(0, data)])))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), st.integers(0, 40), st.binary(max_size=80)), max_size=8), st.data())
def test_random_streams_raise_nothing(segments: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    whole = {CLIENT: connect("x.example:443") + client_hello(), SERVER: ESTABLISHED + server_hello(0x0303) + build.certificate(b"\x30\x80")}
    talk = Conversation()
    for way, at, noise in segments:
        flags = data.draw(st.sampled_from([ACK, SYN, SYN | ACK, RST, 0]))
        talk.packet(way, flags, data.draw(st.sampled_from([noise, whole[way], whole[way][at:]])), seq=talk.isns[way] + at)
    for row in rows(talk.frames):
        assert 0 <= row["retransmitted"] <= row["bytes_out"] + row["bytes_in"]
        assert struct.pack(">q", row["first_seen"])


@pytest.mark.parametrize("seed", range(40))
def test_messy_captures_are_read_alike_twice_and_in_any_container(seed: int) -> None:
    data = build.messy_capture(seed)
    assert data == build.messy_capture(seed)
    frames = [(frame.ts_ns or 0, frame.data, frame.wire_bytes) for frame in read_capture(data)]
    answer = rows_of(("x", data))
    assert rows_of(("x", build.pcapng(frames, order="big"))) == rows_of(("x", pcap(frames, nanosecond=True))) == answer
    for row in answer:
        assert row["packets_out"] + row["packets_in"] >= 1
        assert 0 <= row["retransmitted"] <= row["bytes_out"] + row["bytes_in"]
        assert row["first_seen"] <= row["last_seen"]
        assert (row["host"] is None) == (row["host_source"] is None)


TOLD = (
    "requests",
    "request",
    "requested_host",
    "requested_port",
    "proxy_status",
    "user_agent",
    "http_host",
    "sni",
    "alpn",
    "tls_offered",
    "ech",
)
TOLD_IF_KNOWN = ("tls_version", "client_random", "certificate_issuer", "state")


@pytest.mark.parametrize("truth", sorted((ROOT / "captures").glob("*.truth.json")), ids=lambda path: path.name.partition(".")[0])
def test_the_laboratorys_captures_hold_what_its_clients_did(truth: Path) -> None:
    """Every connection that a client wrote down is a flow, with what it asked for; what it couldn't know is null in the truth file."""
    told = json.loads(truth.read_text(encoding="utf-8"))
    found = {flow_key(row): row for row in flows_of(truth.with_name(told["capture"]))}
    for connection in told["connections"]:
        row = found.pop(flow_key(connection))
        row["requests"] = [{key: request[key] for key in ("kind", "host", "port", "path", "status")} for request in row["requests"]]
        for column in TOLD:
            assert row[column] == connection[column], column
        for column in TOLD_IF_KNOWN:
            assert row[column] == connection.get(column) or connection.get(column) is None, column
    assert not found


def flow_key(row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in ("protocol", "client_ip", "client_port", "server_ip", "server_port"))
