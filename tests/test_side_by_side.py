"""A capture read in spans by threads gives what one pass gives, in every cell and every note; or it is read as one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from analyzer import side_by_side
from analyzer.capture import packet_starts
from analyzer.capture import pcap as pcap_module
from analyzer.capture.block import Block
from analyzer.capture.inputs import open_inputs
from analyzer.capture.packet_starts import framing_of
from analyzer.capture.pcap import FILE_HEADER
from analyzer.capture.spans import Cut, Span, late_among, spans_between, spans_of
from analyzer.engine import Limits
from analyzer.flows import batches
from analyzer.pipeline import Reading
from analyzer.reading import read
from analyzer.side_by_side import can_be_cut, read_side_by_side
from tests import build
from tests.build import ESTABLISHED, Conversation, client_hello, connect, messy_capture, pcap, records, server_hello
from tests.build.files import options
from tests.engine import knowledge
from tests.pieces import differences

MS = 1_000_000
HELLO = client_hello("edr-neu.eu.endpoint.security.microsoft.com", cuts=[40, 90])
Frames = Sequence[tuple[int, bytes]]


def talk(port: int, start_ms: int = 0, **options: object) -> Conversation:
    start_ns = build.conversation.START_NS + start_ms * MS
    return Conversation(("172.16.11.92", port), start_ns=start_ns, **options)  # type: ignore[arg-type]


def tunnel(port: int, start_ms: int = 0, **options: object) -> Conversation:
    begun = talk(port, start_ms, **options).handshake().send_client(connect("a.example:443"), cuts=[11]).send_server(ESTABLISHED, cuts=[3])
    return begun.send_client(HELLO, cuts=[1, 100, 200]).send_server(server_hello()).send_client(records(b"x" * 50, kind=23)).close()


def in_time_order(*talks: Conversation) -> Frames:
    return sorted((frame for each in talks for frame in each.frames), key=lambda frame: frame[0])


def one_pass(path: Path) -> Reading:
    topology, catalogue = knowledge()
    return read([str(path)], topology=topology, catalogue=catalogue, workers=1)


def compare(one: Reading, other: Reading) -> None:
    assert differences(one.flows, other.flows) == []
    assert one.lookups is not None and one.lookups.equals(other.lookups)
    assert one.captures == other.captures


def tries(patch: pytest.MonkeyPatch) -> list[bool]:
    """A list that grows with each try to read side by side: whether it succeeded."""
    done: list[bool] = []

    def watched(*arguments: object) -> object:
        engine = read_side_by_side(*arguments)  # type: ignore[arg-type]
        done.append(engine is not None)
        return engine

    patch.setattr(side_by_side, "read_side_by_side", watched)
    return done


def as_spans(path: Path, n: int, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the file was read side by side in n spans of about one size; none, where it can't be cut. The result is compared."""
    with monkeypatch.context() as patch:
        patch.setattr(side_by_side, "SPAN_BYTES", 1)
        done = tries(patch)
        topology, catalogue = knowledge()
        compare(one_pass(path), read([str(path)], topology=topology, catalogue=catalogue, workers=n))
    return done


def cut_at(path: Path, frames: Frames, cuts: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the file was read side by side when it was cut before these frames; the result is compared in any case."""
    spans = spans_before(path, frames, cuts)
    with monkeypatch.context() as patch:
        patch.setattr(side_by_side, "can_be_cut", lambda *_: spans)
        done = tries(patch)
        topology, catalogue = knowledge()
        compare(one_pass_of(path), read([str(path)], topology=topology, catalogue=catalogue, workers=len(spans)))
    (was,) = done
    return was


def spans_before(path: Path, frames: Frames, cuts: Sequence[int]) -> list[Span]:
    """The spans of a pcap file that is cut before these of its frames."""
    data = path.read_bytes()
    framing = framing_of(io.BytesIO(data), len(data))
    assert framing is not None
    times, found = np.array([time for time, _ in frames]), framing.frames_from(data, FILE_HEADER, len(frames))
    latest = np.maximum.accumulate(times)
    return spans_between(
        [Cut(framing.begin_of(found[cut]), int(latest[cut - 1]), late_among(data, found[cut:], int(latest[cut - 1]))) for cut in cuts],
        framing,
        len(data),
    )


def one_pass_of(path: Path) -> Reading:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "can_be_cut", lambda *_: [])
        return one_pass(path)


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    def of(frames: Frames, cuts: Sequence[int], **options: object) -> bool:
        path = tmp_path / "a.pcap"
        path.write_bytes(pcap(frames, nanosecond=True, **options))  # type: ignore[arg-type]
        return cut_at(path, frames, cuts, monkeypatch)

    return of


def test_messy_captures_in_spans_of_about_one_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "SPAN_BYTES", 1)
    were_cut, path = [], tmp_path / "messy.pcap"
    topology, catalogue = knowledge()
    for seed in range(30, 46):
        path.write_bytes(messy_capture(seed))
        found = open_inputs([str(path)])
        spans = can_be_cut(found.sources, 2 + seed % 5)
        if len(spans) > 1:
            were_cut.append(read_side_by_side(found.sources[0], spans, lambda blocks: iter(blocks)) is not None)
            compare(one_pass(path), read([str(path)], topology=topology, catalogue=catalogue, workers=2 + seed % 5))
    assert 3 <= sum(were_cut) < len(were_cut)


def test_a_tunnel_cut_before_every_frame_and_before_all(cut: Callable[..., bool]) -> None:
    frames = in_time_order(tunnel(50_000), tunnel(50_001, 3), tunnel(50_000, 40, isns=(90_000, 95_000)))
    assert all(cut(frames, [place]) for place in range(2, len(frames), 4))
    assert cut(frames, range(1, len(frames), 3))


def test_data_behind_a_gap_at_every_border(cut: Callable[..., bool]) -> None:
    sent = talk(50_000).handshake().send_client(connect("a.example:443")).packet(build.SERVER, build.ACK).skip(build.CLIENT, 6)
    frames = sent.send_client(b"x" * 40, cuts=[9], order=[1, 0]).frames
    for at in range(1, len(frames)):
        assert cut(frames, [at])


@pytest.mark.parametrize("late_ms", [2, 9, 45, 60])
def test_late_frames_at_a_border_come_where_they_belong(cut: Callable[..., bool], late_ms: int) -> None:
    frames = list(in_time_order(*(tunnel(50_000 + i, 60 * i) for i in range(9))))
    late = sorted(range(len(frames)), key=lambda place: frames[place][0] + (place % 3 == 0) * late_ms * MS)
    frames = [frames[place] for place in late]
    times = [time for time, _ in frames]
    assert times != sorted(times)
    ragged = [place for place in range(1, len(times)) if max(times[:place]) > min(times[place:])]
    few = late_ms <= 45
    assert all(cut(frames, [place]) == few for place in ragged[::40])
    assert cut(frames, ragged[::30]) == few


def test_a_packet_whose_fragments_lie_on_both_sides_of_a_border(cut: Callable[..., bool]) -> None:
    whole = tunnel(50_000).frames
    packet = whole[3][1][14:]
    first = build.ipv4("172.16.11.92", "172.16.12.10", 6, packet[20:60], id=9, fragment=0x2000)
    rest = build.ipv4("172.16.11.92", "172.16.12.10", 6, packet[60:], id=9, fragment=5)
    frames = [*whole[:3], (whole[3][0], build.ethernet(first)), (whole[3][0] + 1, build.ethernet(rest)), *whole[4:]]
    assert not cut(frames, [4])
    assert cut(frames, [3]) and cut(frames, [5])
    alone = [frame for place, frame in enumerate(frames) if place != 4]
    assert all(cut(alone, [place]) for place in (2, 4, 6))


def test_a_first_fragment_whose_others_never_come_has_its_frames_number_in_the_file(cut: Callable[..., bool]) -> None:
    frames = list(tunnel(50_000).frames)
    datagram = build.udp(("172.16.11.92", 5_000), ("172.16.12.10", 6_000), bytes(40))
    lone = build.ethernet(build.ipv4("172.16.11.92", "172.16.12.10", 17, datagram, id=9, fragment=0x2000))
    frames.insert(12, (frames[11][0], lone))
    assert all(cut(frames, [place]) for place in (3, 9, 14))


def test_the_end_of_the_file_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = in_time_order(*(tunnel(50_000 + i, 7 * i) for i in range(4)))
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(frames, nanosecond=True)[:-7])
    assert cut_at(path, frames, [10, 20], monkeypatch)
    assert [damage["offset"] for damage in one_pass(path).captures[0]["damage"]] == [
        FILE_HEADER + sum(16 + len(data) for _, data in frames[:-1])
    ]


@pytest.mark.parametrize("at", [0.3, 0.7])
def test_another_capture_begins_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: float) -> None:
    frames = in_time_order(*(tunnel(50_000 + i, 3 * i) for i in range(9)))
    path, second = tmp_path / "a.pcap", int(at * len(frames))
    path.write_bytes(pcap(frames[:second], nanosecond=True) + pcap(frames[second:], nanosecond=True))
    assert as_spans(path, 2, monkeypatch) == [at > 0.5]  # what lies behind a border has to know of it


@pytest.mark.parametrize(
    "wrap", [lambda packet: build.ethernet(build.ip("10.0.0.1", "10.0.0.2", 47, build.gre(packet, 0x0800))), build.sll]
)
def test_in_a_tunnel_of_the_network(cut: Callable[..., bool], wrap: Callable[[bytes], bytes]) -> None:
    frames = in_time_order(*(tunnel(50_000 + i, 4 * i, wrap=wrap) for i in range(3)))
    assert cut(frames, [7, 20, 30], link_type=113 if wrap is build.sll else 1)


def test_frames_that_are_cut_and_not_read_are_noted_once(cut: Callable[..., bool]) -> None:
    frames = [*tunnel(50_000).frames]
    frames += [(frames[-1][0] + MS + i, build.arp()) for i in range(6)]
    frames += [(frames[-1][0] + MS + i, build.ethernet(b"\x45" + bytes(3))) for i in range(6)]
    assert cut(frames, [3, len(frames) - 8, len(frames) - 4])


def test_a_download_that_goes_on_over_a_border_is_read_as_one_pass_reads_it(cut: Callable[..., bool]) -> None:
    loading = talk(50_000).handshake().send_client(build.get("/a"))
    loading.send_server(build.head("HTTP/1.1 200 OK", "Content-Length: 120000"))
    for _ in range(120):
        loading.send_server(b"HTTP/1.1 404 No\r\n\r\n".ljust(1000, b"x"))
    loading.send_client(build.get("/b")).send_server(build.head("HTTP/1.1 200 OK", "Content-Length: 0")).close()
    frames = in_time_order(loading, tunnel(50_001))
    assert cut(frames, [len(frames) // 4])  # more than a span keeps of it
    assert cut(frames, [len(frames) - 10])


@pytest.mark.parametrize("small", [(3, 4), (20, 30)])
def test_what_is_over_is_put_away_in_each_span(cut: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, small: tuple[int, int]) -> None:
    monkeypatch.setattr(batches, "BATCH_RECORDS", small[0])
    monkeypatch.setattr(pcap_module, "BLOCK_FRAMES", 64)
    monkeypatch.setattr(
        side_by_side, "FILE_LIMITS", Limits(conversations=small[1], waiting_bytes=1 << 20, name_bytes=1 << 20, messages=1 << 20)
    )
    talks = [tunnel(50_000 + i % 40, 9 * i, isns=(1_000 * i, 2_000 * i)) for i in range(90)]
    frames = in_time_order(*talks)
    assert cut(frames, [len(frames) // 3, 2 * len(frames) // 3])


def ng_blocks(order: str, n: int = 8) -> list[bytes]:
    """A section of two interfaces with packets of both, a comment, options, names, a key, and statistics at the end."""
    frames = in_time_order(*(tunnel(50_000 + i, 11 * i) for i in range(n)))
    blocks = [build.section_header(order), build.interface(resolution=6, order=order), build.interface(resolution=9, order=order)]
    for place, (ts_ns, data) in enumerate(frames):
        number = place % 2
        body = build.enhanced(ts_ns if number else ts_ns // 1_000, data, number=number, order=order)[8:-4]
        said = options(order, (1, b"sent by PID=%d" % (place % 3)), (2, b"\1\0\0\0")) if place % 7 == 3 else b""
        blocks.append(build.pcapng_block(6, body + said, order))
        if place % 5 == 2:
            blocks.append(build.pcapng_block((4, 10, 0xBAD, 0x80000001)[place % 4], b"something", order))
    lost = options(order, (5, (7).to_bytes(8, order)))  # type: ignore[arg-type]
    return [*blocks, build.pcapng_block(5, (1).to_bytes(4, order) + bytes(8) + lost, order)]  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("n", [2, 3, 6])
def test_a_pcapng_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, n: int) -> None:
    path = tmp_path / "a.pcapng"
    blocks = ng_blocks(order)
    path.write_bytes(b"".join(blocks))
    assert as_spans(path, n, monkeypatch) == [True]
    assert [one["code"] for one in one_pass(path).captures[0]["damage"]] == ["packets-dropped"]
    path.write_bytes(b"".join(blocks)[:-5])
    assert as_spans(path, n, monkeypatch) == [True]


@pytest.mark.parametrize(("apart_ms", "late_ms"), [(2, 150), (20, 600), (2, 1_300)])
def test_what_two_interfaces_hand_over_by_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart_ms: int, late_ms: int) -> None:
    frames = in_time_order(*(tunnel(50_000 + i, apart_ms * 25 * i) for i in range(90)))
    begin = frames[0][0]
    handed = [
        ((time - begin + place % 2 * late_ms * MS // 2) // (late_ms * MS), place % 2, time, data)
        for place, (time, data) in enumerate(frames)
    ]
    blocks = [build.enhanced(time, data, number=number) for _, number, time, data in sorted(handed, key=lambda one: one[:3])]
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join([build.section_header(), *[build.interface(resolution=9)] * 2, *blocks]))
    assert as_spans(path, 2, monkeypatch) == [late_ms * 3 // 2 <= 1_000]


@pytest.mark.parametrize("place", [0.02, 0.3, 0.9])
def test_what_a_pcapng_file_says_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: float) -> None:
    path = tmp_path / "a.pcapng"
    blocks = ng_blocks("little", 12)
    at = max(3, int(place * len(blocks)))
    packet = build.enhanced(build.conversation.START_NS // 1_000, b"\2" * 60, number=2)
    statistics = build.pcapng_block(5, bytes(12) + options("little", (5, (7).to_bytes(8, "little"))))
    described, sections = [build.interface(113, resolution=9)], [*ng_blocks("little", 1), *ng_blocks("big", 1)]
    known_before = {  # by those who read what lies behind the border
        "interface": (described, True),
        "packet": ([packet], False),
        "statistics": ([statistics], False),
        "sections": (sections, False),
        "broken": ([b"\0\0\0\7\0\0\0\7"], False),
    }
    for what, (more, known) in known_before.items():
        path.write_bytes(b"".join([*blocks[:at], *more, *blocks[at:]]))
        for looked_at, is_known in ((1 << 20, known), (len(b"".join(blocks[:3])), False)):
            monkeypatch.setattr(packet_starts, "DESCRIBED", looked_at)
            done = as_spans(path, 2, monkeypatch)
            if what not in ("packet", "sections"):  # of which the time alone says that they are late
                assert done == [is_known or place > 0.5], (what, looked_at)
            assert done != [True] or is_known or place > 0.5


def test_an_error_in_a_thread_is_the_readers(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    frames = in_time_order(tunnel(50_000), tunnel(50_001, 3))
    path.write_bytes(pcap(frames, nanosecond=True))
    (source,) = open_inputs([str(path)]).sources

    def broken(blocks: Iterable[Block]) -> Iterator[Block]:
        yield from blocks
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_side_by_side(source, spans_of(path, 2), broken)


def test_progress_is_of_all_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(in_time_order(*(tunnel(50_000 + i, 3 * i) for i in range(40))), nanosecond=True))
    monkeypatch.setattr(side_by_side, "SPAN_BYTES", 1_000)
    seen: list[tuple[int, int | None]] = []
    topology, catalogue = knowledge()
    read([str(path)], topology=topology, catalogue=catalogue, workers=3, progress=lambda done, total: seen.append((done, total)))
    assert seen and {total for _, total in seen} == {path.stat().st_size} and 0 <= seen[-1][0] <= path.stat().st_size


def test_what_is_small_or_several_or_for_one_worker_is_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(in_time_order(tunnel(50_000)), nanosecond=True))
    sources = open_inputs([str(path)]).sources
    assert can_be_cut(sources, 4) == []
    monkeypatch.setattr(side_by_side, "SPAN_BYTES", 300)
    assert len(can_be_cut(sources, 2)) == 2
    assert can_be_cut(sources, 1) == can_be_cut([*sources, *sources], 2) == []
