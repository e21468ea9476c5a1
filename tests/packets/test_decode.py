"""Purpose: compiled decoder and slow twin agree on every frame: whole, cut at every length, with any header byte changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tests.build as build
from analyzer.capture.source import Source
from analyzer.packets.layout import CUT_SHORT, MARK, NO_TIME, OK, STATUS_NAMES
from tests.capture.reading import frames_of
from tests.conftest import ORACLES, ROOT, needs_oracles
from tests.packets.shapes import TUNNELS, framed, frames_of_every_shape
from tests.packets.twin import decoded, disagreements, row_of
from tests.reference.capture import Frame, NotACapture, read_capture
from tests.reference.packets import LINKS

SHAPES = frames_of_every_shape()
ALIKE = ("window", "checksum")  # where a frame ends inside them, the twin makes half a number and the decoder none

TUNNEL_PORTS = (4789, 6081, 2152, 37008, 6635, 5247, 1701, 5072)

# Captures that hold what the twin doesn't read, and how many such frames.
BEYOND_THE_TWIN = {
    "decode-teredo-01-input.pcap": 26,  # Teredo
    "arkime_synthetic.pcap": 1,  # an ICMP "time exceeded"
    "gre-aruba.pcap": 2407,  # 802.11 in GRE
    "vntag_vlan_sandwich_clean.pcap": 1,  # VNTag
    "capwap.pcap": 8,  # 802.11 in CAPWAP, the bytes of its frame control exchanged
    "ipv6.pcapng": 2,  # LISP
}


def captures() -> list[Path]:
    return sorted([*ORACLES.rglob("*.pcap*"), *(ROOT / "captures").glob("*.pcapng")])


def test_every_shape() -> None:
    assert disagreements(list(SHAPES.values())) == []
    found = decoded(list(SHAPES.values()))[1]["status"]
    assert {STATUS_NAMES[status] for status in found} == {"ok", "mark", "fragment", "other-protocol", "not-ip"}
    assert sum(status in (OK, MARK) for status in found) > 100


@pytest.mark.parametrize("name", SHAPES)
def test_cut_at_every_length(name: str) -> None:
    frame = SHAPES[name]
    cuts = [frame._replace(data=frame.data[:size]) for size in range(len(frame.data))]
    assert disagreements(cuts, but=ALIKE) == []


def test_a_cut_never_makes_another_flow() -> None:
    """A shorter capture of a frame knows less of it, and nothing else: its flow is that of the whole frame, or none.

    But where a tunnel's own header of eight bytes is cut, its datagram is all that is known.
    """
    for frame in SHAPES.values():
        buf, packets = decoded([frame._replace(data=frame.data[:size]) for size in range(len(frame.data) + 1)])
        *cuts, whole = [row_of(buf, packet) for packet in packets]
        for row in cuts:
            if row and row["outer"] == [] and row["dst"][1] in TUNNEL_PORTS:
                assert row["payload"] == b"" or len(row["payload"]) < 8
            elif row:
                assert whole and all(row[name] == whole[name] for name in ("protocol", "src", "dst", "outer"))


# Bytes of which decoder and twin make something else, rightly: VXLAN's flags, and PPPoE's length, which the IP length overrules.
# Their tests are in test_tunnels.py and test_link.py.
# So does a guess: L2TP of version 3, and IP over InfiniBand without a routing header.
APART = {"in vxlan 5": (42,), "in pppoe 3": (18, 19), "in l2tp 12": (43,)}


def changed(name: str) -> list[Frame]:
    """The frame with each byte made zero, one more, one less, its highest, and with its first bit turned."""
    frame = SHAPES[name]
    data = frame.data
    apart = next((places for end, places in APART.items() if name.endswith(end)), ())
    found = []
    for at, byte in enumerate(data):
        if at in apart:
            continue
        for value in {0, 0xFF, (byte + 1) & 0xFF, (byte - 1) & 0xFF, byte ^ 0x80} - {byte}:
            found.append(frame._replace(data=data[:at] + bytes((value,)) + data[at + 1 :]))
    return found


# Of loopback frames the decoder takes IP's word, the twin the family's; the errors' quotations are in test_ip.py.
MUTATED = [
    name for name in SHAPES if not name.endswith(("type 0", "type 108", "type 12", "type 14", "type 101")) and "unreachable" not in name
]


@pytest.mark.parametrize("name", MUTATED)
def test_any_byte_changed(name: str) -> None:
    assert disagreements(changed(name)) == []


@needs_oracles
@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_captures_of_others(path: Path) -> None:
    """The readers agree on every frame, the decoder on every packet."""
    mine = frames_of(Source(path.name, path=path).blocks())
    try:
        frames = read_capture(path.read_bytes())
    except NotACapture:
        assert path.suffix == ".zst"  # which the twin doesn't unpack
        assert mine
        return
    assert mine == [frame[:3] for frame in frames]
    lines = disagreements([frame for frame in frames if frame.link_type in LINKS])
    assert len(lines) == BEYOND_THE_TWIN.get(path.name, 0), lines[:3]


@pytest.mark.parametrize("seed", range(120))
def test_messy_captures(seed: int, tmp_path: Path) -> None:
    data = build.messy_capture(seed)
    path = tmp_path / "messy"
    path.write_bytes(data)
    frames = read_capture(data)
    assert frames_of(Source("messy", path=path).blocks()) == [frame[:3] for frame in frames]
    assert disagreements(frames) == []


def test_nothing_outside_a_frame_matters() -> None:
    """Frames cut everywhere, once with zeros around them and once with ones: reading past an end would show."""
    frames = [frame._replace(data=frame.data[:size]) for frame in SHAPES.values() for size in range(len(frame.data) + 1)]
    zeros, ones = decoded(frames, 0)[1], decoded(frames, 0xFF)[1]
    assert (zeros["status"] == ones["status"]).all()
    kept = np.isin(zeros["status"], (OK, MARK))
    assert kept.sum() > 1000
    for name in zeros.dtype.names or ():
        assert (zeros[name][kept] == ones[name][kept]).all(), name


def test_what_every_packet_keeps() -> None:
    frames = [frame._replace(ts_ns=i or None) for i, frame in enumerate(SHAPES.values())]
    _, packets = decoded(frames)
    assert packets["frame"].tolist() == list(range(len(frames)))
    assert packets["ts_ns"].tolist() == [NO_TIME, *range(1, len(frames))]


def test_a_row_tells_nothing_of_the_packet_before_it() -> None:
    """The rows are used again for each block: wrappings of an earlier packet may not shine through."""
    wrapped, plain = framed(1, TUNNELS["vxlan 5"](bytes(SHAPES["tcp on link type 101"].data))), SHAPES["udp on link type 1"]
    for frames in ([wrapped, plain], [plain, wrapped]):
        alone = [row_of(*_first(frame)) for frame in frames]
        buf, packets = decoded(frames)
        assert [row_of(buf, packet) for packet in packets] == alone
    assert decoded([wrapped._replace(data=wrapped.data[:60])])[1]["status"][0] == CUT_SHORT


def _first(frame: Frame) -> tuple[np.ndarray, np.void]:  # type: ignore[type-arg]
    buf, packets = decoded([frame])
    return buf, packets[0]
