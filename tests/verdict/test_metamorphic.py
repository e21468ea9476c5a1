"""The same network captured in another way: the verdict is the same or less sure, never another.

Every committed capture is taken from one side only, doubled, a moment out of order, from both sides of a translation, cut short, and
among 300 other machines. Where the direction that would tell is missing, nothing is called failed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import analyzer
from tests.build.altered import doubled, frames_in, in_time, only, overtaken, renamed, snapped, translated, written
from tests.build.files import Frame
from tests.conftest import ROOT

CAPTURES = ROOT / "captures"
TESTS = sorted(path for path in CAPTURES.glob("T*.pcapng"))
QUIET = CAPTURES / "situations" / "windows-without-defender.pcapng"
TOPOLOGY = CAPTURES / "topology.toml"
WORKSTATION = "172.16.11.92"
SURE = (None, "unclear", "likely", "certain")


@cache
def frames_of(path: Path) -> list[Frame]:
    return frames_in(path)


@pytest.fixture(scope="module")
def crowd() -> list[Frame]:
    """The frames of 300 machines that want nothing of Defender's, in the order of their times."""
    return in_time(
        (ts_ns + number * 1000, *rest)
        for number in range(300)
        for ts_ns, *rest in renamed(frames_of(QUIET), WORKSTATION, f"10.20.{number // 250}.{number % 250 + 1}")
    )


def verdict(*captures: Sequence[Frame]) -> dict[str, Any]:
    files = [io.BytesIO(written(frames)) for frames in captures]
    result: dict[str, Any] = analyzer.read(files, topology=TOPOLOGY).verdict.to_dict()  # type: ignore[arg-type]
    return result


@cache
def whole(path: Path) -> dict[str, Any]:
    return verdict(frames_of(path))


def entries(document: dict[str, Any], client: str = WORKSTATION) -> dict[tuple[str, str], dict[str, Any]]:
    """(kind, name) → the services and planes of a source."""
    return {
        (kind, entry[kind[:-1]]): entry
        for source in document["sources"]
        if source["client_ip"] == client
        for kind in ("services", "planes")
        for entry in source[kind]
    }


def assert_no_other(changed: dict[str, Any], original: dict[str, Any], *, same: bool = False) -> None:
    """Nothing won, was asked or is surer in `changed` than in `original`; same: everything is as it was."""
    assert {source["client_ip"] for source in changed["sources"]} <= {source["client_ip"] for source in original["sources"]}
    before = entries(original)
    for key, entry in entries(changed).items():
        assert key in before, f"{key} appeared"
        was = before[key]
        assert entry["winner"] in (was["winner"], None), key
        assert entry["asked"] in (was["asked"], None), key
        if entry["winner"]:
            assert SURE.index(entry["confidence"]) <= SURE.index(was["confidence"]), key
        if same:
            assert (entry["winner"], entry["asked"], entry["confidence"], entry["outcome"]) == (
                was["winner"],
                was["asked"],
                was["confidence"],
                was["outcome"],
            ), key
    if same:
        assert entries(changed).keys() == before.keys()


def codes(document: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
class TestTheSameNetwork:
    def test_doubled(self, path: Path) -> None:
        assert_no_other(verdict(doubled(frames_of(path))), whole(path), same=True)

    def test_handed_over_out_of_order(self, path: Path) -> None:
        assert_no_other(verdict(overtaken(frames_of(path))), whole(path), same=True)

    def test_written_backwards(self, path: Path) -> None:
        assert_no_other(verdict(frames_of(path)[::-1]), whole(path), same=True)

    def test_what_the_workstation_sent(self, path: Path) -> None:
        changed = verdict(only(frames_of(path), lambda sender: sender == WORKSTATION))
        assert_no_other(changed, whole(path))
        assert all(share["failed"] == 0 for entry in entries(changed).values() for share in entry["by_proxy"])
        assert "direct-allowed" not in codes(changed)
        won = {key: entry["winner"] for key, entry in entries(changed).items() if key[0] == "planes"}
        assert won == {key: entry["winner"] for key, entry in entries(whole(path)).items() if key in won}, (
            "CONNECT and a hello prove a tunnel"
        )

    def test_what_the_workstation_received(self, path: Path) -> None:
        changed = verdict(only(frames_of(path), lambda sender: sender != WORKSTATION))
        assert_no_other(changed, whole(path))
        assert "direct-allowed" not in codes(changed)

    def test_both_sides_of_a_translation(self, path: Path) -> None:
        changed = verdict(translated(frames_of(path), WORKSTATION, "203.0.113.77", 7))
        assert_no_other(changed, whole(path))
        before = entries(whole(path))
        assert {key: entry["winner"] for key, entry in entries(changed).items()} == {key: entry["winner"] for key, entry in before.items()}

    @pytest.mark.parametrize("part", [0.35, 0.6, 0.85])
    def test_cut_in_two(self, path: Path, part: float) -> None:
        frames = frames_of(path)
        at = int(len(frames) * part)
        assert_no_other(verdict(frames[:at], frames[at:]), whole(path), same=True)

    @pytest.mark.parametrize("part", [0.5, 0.8])
    def test_cut_short(self, path: Path, part: float) -> None:
        """What came later isn't known: nothing that worked is called failed, and no other proxy won."""
        frames = frames_of(path)
        changed, before = entries(verdict(frames[: int(len(frames) * part)])), entries(whole(path))
        for key, entry in changed.items():
            assert entry["winner"] in (before[key]["winner"], None), key
            for share in entry["by_proxy"]:
                was = next(each for each in before[key]["by_proxy"] if each["proxy"] == share["proxy"])
                assert share["failed"] <= was["failed"] and share["broken"] <= was["broken"], key

    def test_a_snap_length_of_96_bytes_fails_nothing(self, path: Path) -> None:
        document = verdict([(ts_ns, data[:96], *(wire or [len(data)])) for ts_ns, data, *wire in frames_of(path)])
        assert_no_other(document, whole(path))
        before = entries(whole(path))
        for key, entry in entries(document).items():
            failed = {share["proxy"]: share["failed"] for share in before[key]["by_proxy"]}
            assert all(share["failed"] <= failed[share["proxy"]] for share in entry["by_proxy"]), key
        assert codes(document) - codes(whole(path)) <= {"capture-cut"}

    def test_among_three_hundred_others(self, path: Path, crowd: list[Frame]) -> None:
        begin = frames_of(path)[0][0] - crowd[0][0]
        document = verdict(in_time([*frames_of(path), *((ts_ns + begin, *rest) for ts_ns, *rest in crowd)]))
        assert {key: entry["winner"] for key, entry in entries(document).items()} == {
            key: entry["winner"] for key, entry in entries(whole(path)).items()
        }
        others = [source for source in document["sources"] if source["client_ip"] != WORKSTATION]
        assert len(others) == 300 and all(source["defender"] == "not-seen" for source in others)
        assert len([group for group in document["groups"] if group["defender"] == "not-seen" and WORKSTATION not in group["sources"]]) == 1


CUT = ("T1-winhttp", "T5-all-three")
SITUATIONS_CUT = ("block-page", "proxy-never-answers", "services-part-ways", "basic-on-the-next-connection")


@pytest.mark.parametrize("snap", [60, 64, 72, 80])
@pytest.mark.parametrize("name", [*CUT, *SITUATIONS_CUT])
def test_a_snap_length_that_leaves_no_names_leaves_no_statement(snap: int, name: str) -> None:
    """Only names and answers show what was asked and whether it arrived: without them nothing is direct and answered, won or failed."""
    path = CAPTURES / f"{name}.pcapng" if name in CUT else CAPTURES / "situations" / f"{name}.pcapng"
    frames = frames_of(path)
    document = analyzer.read([io.BytesIO(written(snapped(frames, snap)))]).verdict.to_dict()  # type: ignore[list-item]
    before = analyzer.read([io.BytesIO(written(frames))]).verdict.to_dict()  # type: ignore[list-item]
    assert document["direct"]["allowed"] == [], "what was asked for may have been a proxy's help, or a firewall's page came back"
    assert codes(document) - codes(before) <= {"capture-cut", "no-service-traffic"}
    assert not [row for source in document["sources"] for row in source["precedence"]]
    silent = [finding for finding in document["findings"] if finding["code"] == "no-service-traffic"]
    assert all(finding["confidence"] == "likely" for finding in silent) or snap < 64


def test_a_service_whose_other_half_lost_its_name_is_not_certain() -> None:
    frames = frames_of(CAPTURES / "situations" / "services-part-ways.pcapng")
    said = entries(verdict(snapped(frames, 96)))["planes", "sensor"]
    assert (said["winner"], said["confidence"]) == ("172.16.12.12:3128", "likely")


def test_a_last_flight_that_the_capture_lost_is_not_one_that_failed() -> None:
    """One direction only, and behind the ClientHello nothing but the FIN was captured: it lies further on, so something was sent."""

    def behind_the_hello(frames: Sequence[Frame]) -> list[Frame]:
        hellos: set[bytes] = set()
        kept = []
        for frame in frames:
            data = frame[1]
            payload = data[54 : 14 + int.from_bytes(data[16:18], "big")] if data[23] == 6 and data[46] == 0x50 else b""
            if not payload or data[34:36] not in hellos:
                kept.append(frame)
            if payload[:1] == b"\x16":
                hellos.add(data[34:36])
        return kept

    sent = only(frames_of(TESTS[0]), lambda sender: sender == WORKSTATION)
    document = verdict(behind_the_hello(sent))
    assert "tls-failed" not in codes(document)
    assert all(share["broken"] == 0 for entry in entries(document).values() for share in entry["by_proxy"])
    assert any(share["unseen"] for entry in entries(document).values() for share in entry["by_proxy"])


def test_every_way_of_altering_alters() -> None:
    frames = frames_of(TESTS[0])
    ways: list[Callable[[], list[Frame]]] = [
        lambda: doubled(frames),
        lambda: only(frames, lambda sender: sender == WORKSTATION),
        lambda: overtaken(frames),
        lambda: translated(frames, WORKSTATION, "203.0.113.77", 7),
    ]
    assert all(way() != frames for way in ways)
