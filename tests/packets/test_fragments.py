from __future__ import annotations

import io
import ipaddress
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.capture.interleave import numbered
from analyzer.capture.source import Source
from analyzer.decoded import decode
from analyzer.packets import fragments as module
from analyzer.packets.fragments import KNOWN_NS, MAX_WAITING, WAIT_NS, Fragments, all_apart, joined_again
from analyzer.packets.layout import OK
from analyzer.parts.partial import Partial, merge
from tests.engine import engine_rows, reading
from tests.packets.twin import decoded, frame_row
from tests.pieces import Whole, differences, finish
from tests.reference import rows_of
from tests.reference.agree import disagreements
from tests.reference.capture import Frame

NOW_NS = 1_700_000_000_000_000_000
FOUR = ("10.0.0.1", 40000), ("10.0.0.2", 80)
SIX = ("2001:db8::1", 40000), ("2001:db8::2", 80)
REQUEST = build.get("/", "Host: whole.example", "X: " + "x" * 60)


def cut(packet: bytes, sizes: Sequence[int], id: int = 7) -> list[bytes]:
    """The fragments of an IP packet without options, their data of these sizes, the rest in the last."""
    six = packet[0] >> 4 == 6
    body, found, at = packet[40 if six else 20 :], [], 0
    for size in [*sizes, len(body)]:
        piece = body[at : at + size]
        more = at + len(piece) < len(body)
        if six:
            extension = (44, b"\0" + struct.pack(">HI", at | more, id))
            found.append(build.ipv6(*ends_of(packet), packet[6], piece, extensions=(extension,)))
        else:
            found.append(build.ipv4(*ends_of(packet), packet[9], piece, id=id, fragment=more << 13 | at >> 3))
        at += len(piece)
        if not more:
            break
    return found


def ends_of(packet: bytes) -> tuple[str, str]:
    raw = [packet[8:24], packet[24:40]] if packet[0] >> 4 == 6 else [packet[12:16], packet[16:20]]
    src, dst = (str(ipaddress.ip_address(one)) for one in raw)
    return src, dst


def segment(ends: Any = FOUR, payload: bytes = REQUEST) -> bytes:
    return build.ip(ends[0][0], ends[1][0], 6, build.tcp(*ends, payload, seq=1, flags=24))


def capture(packets: Sequence[bytes], wrap: Any = build.ethernet, step_ns: int = 1000) -> bytes:
    return build.pcap([(NOW_NS + i * step_ns, wrap(packet)) for i, packet in enumerate(packets)], nanosecond=True)


@pytest.mark.parametrize("ends", [FOUR, SIX], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (0, 0, 1, 1, 2, 2, 3, 3)], ids=str)
def test_a_request_in_fragments_of_any_order_is_one_packet(ends: Any, order: tuple[int, ...]) -> None:
    parts = cut(segment(ends), [24, 24, 48])
    data = capture([parts[i] for i in order])
    (row,) = engine_rows(data)
    assert (row["http_host"], row["packets_out"], row["bytes_out"], row["retransmitted"]) == ("whole.example", 1, len(REQUEST), 0)
    assert row["first_seen"] == NOW_NS + 1000 * (len(order) - 1 - (len(order) == 8))
    assert disagreements([row], rows_of(("stream", data))) == []


def test_a_hello_over_quic_in_fragments() -> None:
    initial = build.quic_initial(build.client_hello("quic.example", alpn=("h3",), bare=True))
    packet = build.ip(FOUR[0][0], FOUR[1][0], 17, build.udp(FOUR[0], (FOUR[1][0], 443), initial))
    (row,) = engine_rows(capture(cut(packet, [600])))
    assert (row["protocol"], row["sni"], row["packets_out"], row["bytes_out"]) == ("udp", "quic.example", 1, len(initial))


TUNNELS = {
    "vlan 5": lambda packet: build.ethernet(build.vlan(packet, 5), 0x8100),
    "gre": lambda packet: build.ethernet(build.ipv4("1.1.1.1", "2.2.2.2", 47, build.gre(packet, 0x0800), id=1)),
}


@pytest.mark.parametrize("outer", TUNNELS)
def test_fragments_in_a_tunnel(outer: str) -> None:
    (row,) = engine_rows(capture(cut(segment(), [24, 24]), TUNNELS[outer]))
    assert (row["http_host"], row["outer"]) == ("whole.example", outer)


def test_a_tunnel_in_fragments_and_fragments_in_it() -> None:
    inner = cut(segment(), [40])
    outer = [cut(build.ipv4("1.1.1.1", "2.2.2.2", 47, build.gre(part, 0x0800), id=9), [32], id=50 + i) for i, part in enumerate(inner)]
    (row,) = engine_rows(capture([part for parts in outer for part in parts]))
    assert (row["http_host"], row["outer"], row["packets_out"]) == ("whole.example", "gre", 1)


def test_what_is_missing_leaves_what_the_first_fragment_holds() -> None:
    parts = cut(segment(), [24, 24])
    found = {i: engine_rows(capture([part for k, part in enumerate(parts) if k != i])) for i in range(3)}
    assert found[0] == []
    damage = reading(capture(parts[:2])).captures[0]["damage"]
    assert [(entry["code"], entry["count"]) for entry in damage] == [("capture-gap", 1)]
    assert [(row["http_host"], row["packets_out"], row["bytes_out"]) for i in (1, 2) for row in found[i]] == [(None, 1, 4)] * 2


def test_a_first_fragment_that_was_cut_is_a_packet_of_its_own() -> None:
    parts = cut(segment(), [96])
    frames = [(NOW_NS + i, build.ethernet(part)[:60], 14 + len(part)) for i, part in enumerate(parts)]
    (row,) = engine_rows(build.pcap(frames, nanosecond=True))
    assert (row["packets_out"], row["bytes_out"], row["http_host"]) == (1, 76, None)


def test_an_id_that_comes_round() -> None:
    first, second = cut(segment(), [24]), cut(segment(payload=REQUEST.replace(b"whole", b"other")), [24])
    frames = [(NOW_NS, first[0]), (NOW_NS + WAIT_NS + 1, second[0]), (NOW_NS + WAIT_NS + 2, second[1])]
    data = build.pcap([(ts, build.ethernet(packet)) for ts, packet in frames], nanosecond=True)
    rows = engine_rows(data)
    assert [(row["http_host"], row["packets_out"]) for row in rows] == [("other.example", 2)]
    assert disagreements(rows, rows_of(("stream", data))) == []


def test_parts_of_a_copy_begin_no_packet() -> None:
    parts = cut(segment(), [24])
    copied = [(NOW_NS, parts[1]), (NOW_NS, parts[1]), (NOW_NS + 1, parts[0]), (NOW_NS + 1 + KNOWN_NS, parts[0])]
    data = build.pcap([(ts, build.ethernet(packet)) for ts, packet in copied], nanosecond=True)
    (row,) = engine_rows(data)
    assert (row["packets_out"], row["bytes_out"]) == (1, len(REQUEST))
    assert disagreements([row], rows_of(("stream", data))) == []


def test_the_first_copy_of_a_byte_wins() -> None:
    parts = cut(segment(), [24, 24])
    forged = build.ipv4(FOUR[0][0], FOUR[1][0], 6, b"forged!!" * 3, id=7, fragment=0x2003)
    (row,) = engine_rows(capture([*parts[:2], forged, parts[2]]))
    assert row["http_host"] == "whole.example"


def test_no_more_waits_than_may() -> None:
    fragments = Fragments()
    frames = [Frame(NOW_NS, 101, build.ipv4(*ends_of(segment()), 17, bytes(64), id=i, fragment=0x2000), 84) for i in range(MAX_WAITING + 9)]
    buf, packets = decoded(frames)
    at, made = 64, 0
    for i, frame in enumerate(frames):
        made += len(fragments.join(buf, frame_row(frame, at), packets[i : i + 1])[2]) - 1
        at += len(frame.data) + 64
    assert (len(fragments.waiting), made, dict(fragments.lost)) == (MAX_WAITING, 9, {0: 9})
    assert fragments.bytes == 64 * MAX_WAITING


def test_bytes_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 1000)
    parts = [build.ipv4(*ends_of(segment()), 17, bytes(400), id=i, fragment=0x2000) for i in range(9)]
    found = reading(capture(parts))
    assert found.flows.num_rows == 1 and found.flows["packets_out"].to_pylist() == [9]


@pytest.mark.parametrize("cut_at", range(1, 6))
def test_pieces_cut_between_fragments_are_the_whole(cut_at: int) -> None:
    first, second = cut(segment(), [24, 24]), cut(segment(SIX), [48, 24])
    whole = Whole(capture([first[0], second[0], first[1], second[1], second[2], first[2]]))
    pieces = whole.pieces([cut_at])
    assert differences(whole.table(), finish(merge(*pieces))) == []
    assert differences(whole.table(), finish(merge(merge(Partial.empty(), pieces[0]), pieces[1]))) == []


def test_pieces_of_a_packet_that_is_never_whole() -> None:
    parts = cut(segment(), [24, 24])
    whole = Whole(capture([parts[0], segment(SIX), parts[1]]))
    for cut_at in (1, 2):
        assert differences(whole.table(), finish(merge(*whole.pieces([cut_at])))) == []


def test_what_two_pieces_left_over() -> None:
    fragments, (_, _, packets) = joined_again([])
    assert fragments.parts() == [] and len(packets) == 0


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_fragments_as_the_twin(data: st.DataObject) -> None:
    """Any order, overlap and loss of the fragments of a few packets, one byte stream each way."""
    packets = [segment(FOUR), segment(SIX), segment((FOUR[1], FOUR[0]), b"HTTP/1.1 200 OK\r\n\r\n")]
    pool = [part for i, packet in enumerate(packets) for sizes in ([24, 24], [8, 40, 16], [48]) for part in cut(packet, sizes, id=i % 2)]
    chosen = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=12))
    step_ns = data.draw(st.sampled_from([1, 400_000_000, 31_000_000_000]))
    read = capture(chosen, step_ns=step_ns)
    rows = engine_rows(read)
    assert disagreements(rows, rows_of(("stream", read))) == []


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.integers(0, 2), st.binary(max_size=60)), min_size=1, max_size=8))
def test_any_bytes(parts: list[tuple[int, int, bytes]]) -> None:
    frames = [Frame(NOW_NS, 101, build.ipv4("10.0.0.1", "10.0.0.2", 47, body, id=id, fragment=field), 0) for field, id, body in parts]
    frames = [frame._replace(wire_bytes=len(frame.data)) for frame in frames]
    buf, packets = decoded(frames)
    table, at = [], 64
    for frame in frames:
        table.append(frame_row(frame, at))
        at += len(frame.data) + 64
    fragments = Fragments()
    data, joined_frames, joined = fragments.join(buf, np.concatenate(table), packets)
    _, _, left = fragments.flush()
    assert len(joined) == len(joined_frames) and fragments.bytes == 0 and not fragments.waiting
    for packet in joined:
        assert packet["status"] != OK or packet["payload"] + packet["captured_bytes"] <= len(data)
    assert len(left) <= len(frames)


def left_by(frames: Sequence[bytes]) -> Fragments:
    """What waits behind these fragments."""
    source, fragments = Source("a", file=io.BytesIO(capture(frames))), Fragments()
    for _ in decode(numbered(source, 0), [source], fragments):
        pass
    return fragments


def test_pieces_whose_fragments_have_nothing_to_do_with_each_other() -> None:
    one, other, lone = cut(segment(), [40], id=7), cut(segment(), [40], id=8), cut(segment(), [40], id=9)
    assert all_apart([left_by(one), left_by(other)]) and all_apart([])
    assert all_apart([left_by(lone[:1]), left_by([*one, *other])]) and all_apart([left_by([*one, *other]), left_by(lone[:1])])
    assert not all_apart([left_by(lone[:1]), left_by(other), left_by(lone[1:])])
    assert not all_apart([left_by(lone[:1]), left_by(lone)])
    assert not all_apart([left_by(lone), left_by(lone[:1])])


def test_pieces_of_which_more_waits_together_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [left_by(cut(segment(), [40], id=id)[:1]) for id in (7, 8)]
    assert all_apart(pieces)
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", pieces[0].bytes)
    assert not all_apart(pieces)
