"""What must not change the flow table: how a capture is cut, named, packed and shared out; and what inputs are refused."""

from __future__ import annotations

import gzip
import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import NothingReadable
from tests.build import messy_capture, pcap, pcapng
from tests.build.conversation import START_NS
from tests.build.files import Frame
from tests.engine import engine_rows, reading
from tests.packets.talks import FIRST_PORT, paired, pairs_of_wrappings
from tests.reference.agree import Row, disagreements
from tests.reference.capture import read_capture

SEEDS = [seed for seed in range(40) if not messy_capture(seed).startswith(b"\x1f\x8b")][:12]


def frames_of(seed: int) -> list[Frame]:
    """The frames of a messy capture in order of time, no two at the same."""
    frames = sorted((f.ts_ns, f.data, f.wire_bytes) for f in read_capture(messy_capture(seed)) if f.ts_ns is not None)
    return [(ts_ns + i, data, wire) for i, (ts_ns, data, wire) in enumerate(frames)]


def nameless(rows: list[Row]) -> list[Row]:
    """The rows without the names of the files they came from, and where in them."""
    return [{**row, "capture": None, "captures": None, "first_frame": None} for row in rows]


def same(rows: list[Row], others: list[Row]) -> None:
    assert disagreements(nameless(rows), nameless(others)) == []


@given(st.sampled_from(SEEDS), st.lists(st.integers(0, 10**6), min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_are_the_whole(tmp_path: Path, seed: int, cuts: list[int], chance: object) -> None:
    """Cut between any packets into two to five files, in either format, given in any order."""
    frames = frames_of(seed)
    edges = sorted({0, len(frames), *(cut % (len(frames) + 1) for cut in cuts)})
    paths = []
    for i, (a, b) in enumerate(pairwise(edges)):
        paths.append(tmp_path / f"{i}.cap")
        paths[-1].write_bytes(pcapng(frames[a:b]) if i % 2 else pcap(frames[a:b], nanosecond=True))
    chance.shuffle(paths)  # type: ignore[attr-defined]
    same(engine_rows(*paths), engine_rows(pcap(frames, nanosecond=True)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_path_a_stream_a_packed_file_and_any_number_of_workers(seed: int, tmp_path: Path) -> None:
    data = messy_capture(seed)
    path, packed = tmp_path / "a.pcap", tmp_path / "b.bin"
    path.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    rows = engine_rows(path)
    same(engine_rows(io.BytesIO(data)), rows)
    same(engine_rows(packed), rows)
    same(engine_rows(path, workers=2), rows)
    same(engine_rows(path, workers=3), rows)


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_a_window_is_a_capture_of_its_packets(seed: int) -> None:
    frames = frames_of(seed)
    start, end = frames[len(frames) // 4][0], frames[3 * len(frames) // 4][0]
    inside = [frame for frame in frames if start <= frame[0] < end]
    data = pcap(frames, nanosecond=True)
    same(engine_rows(data, start_ns=start, end_ns=end), engine_rows(pcap(inside, nanosecond=True)))
    same(engine_rows(data, start_ns=frames[0][0], end_ns=frames[-1][0] + 1), engine_rows(data))


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_window_leaves_the_frames_their_numbers(seed: int) -> None:
    frames = frames_of(seed)
    start = frames[len(frames) // 2][0]
    rows = engine_rows(pcap(frames, nanosecond=True), start_ns=start)
    numbers = [row["first_frame"] for row in rows]
    assert all(number is not None and number > len(frames) // 2 for number in numbers) and numbers


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(frames_of(SEEDS[0]), nanosecond=True))
    (tmp_path / "link.pcap").symlink_to(path)
    assert engine_rows(path, path, tmp_path, str(tmp_path / "*.pcap")) == engine_rows(path)


def test_damage_is_told_and_what_is_before_it_is_read(tmp_path: Path) -> None:
    frames = frames_of(SEEDS[0])
    data = pcap(frames, nanosecond=True)
    whole = pcap(frames[:-1], nanosecond=True)
    found = reading(data[: len(whole) + 20])
    (capture,) = found.captures
    assert [(d["code"], d["bytes"]) for d in capture["damage"] if d["offset"] is not None] == [("capture-damaged", 20)]
    same(engine_rows(data[: len(whole) + 20]), engine_rows(whole))


def test_a_header_without_packets_is_no_error() -> None:
    found = reading(pcap([]))
    assert (found.flows.num_rows, found.unusable, found.captures[0]["packets"]) == (0, [], 0)


def unusable(folder: Path) -> list[Path]:
    """Inputs of which nothing can be read."""
    named = [folder / name for name in ("empty.pcap", "text.pcap", "can.pcap", "lost.pcap", "nowhere.pcap", "folder")]
    named[0].write_bytes(b"")
    named[1].write_text("This is no capture, whatever its name says.\n")
    named[2].write_bytes(pcap([(START_NS, bytes(16))], link_type=227))
    named[3].symlink_to(folder / "gone")
    named[5].mkdir()
    (named[5] / "notes.txt").write_text("no capture")
    return named


def test_one_error_for_each_input_that_cannot_be_read(tmp_path: Path) -> None:
    bad = unusable(tmp_path)
    with pytest.raises(NothingReadable) as raised:
        reading(*bad)
    causes = [str(cause) for cause in raised.value.causes]
    assert len(causes) == len(bad) and all(any(str(path) in cause for cause in causes) for path in bad)
    assert not any("\n" in cause for cause in causes)


@pytest.mark.parametrize("i", [0, 1, 3, 4, 5])
def test_an_unusable_input_among_good_ones(i: int, tmp_path: Path) -> None:
    good = tmp_path / "good.pcap"
    good.write_bytes(pcap(frames_of(SEEDS[0]), nanosecond=True))
    bad = unusable(tmp_path)[i]
    found = reading(bad, good)
    assert [str(bad) in str(error) for error in found.unusable] == [True]
    assert found.flows.num_rows == len(engine_rows(good)) > 0


def test_an_unknown_link_type_among_known_ones_is_a_finding(tmp_path: Path) -> None:
    good = tmp_path / "good.pcap"
    good.write_bytes(pcap(frames_of(SEEDS[0]), nanosecond=True))
    found = reading(unusable(tmp_path)[2], good)
    assert found.unusable == []
    assert [entry["code"] for capture in found.captures for entry in capture["damage"]].count("capture-unreadable") == 1


@pytest.mark.parametrize("six", [False, True])
def test_the_same_conversation_gives_the_same_row_whatever_it_is_in(six: bool) -> None:
    """Every pair: the client's packets in one wrapping or link type, the server's in another, or in none."""
    pairs = pairs_of_wrappings(six)
    plain = engine_rows(paired(six, [("link 1", "link 1")] * len(pairs)))
    assert {(row["requested_host"], row["sni"], row["proxy_status"], row["state"]) for row in plain} == {
        ("a.example", "a.example", 200, "closed")
    }
    assert len(plain) == len(pairs)
    found = engine_rows(paired(six, pairs))
    differing = {
        pairs[row["client_port"] - FIRST_PORT] for row, as_it_is in zip(found, plain, strict=True) if alike(row) != alike(as_it_is)
    }
    assert differing == set()


def alike(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("outer", "process", "firewall_action", "capture", "captures")}
