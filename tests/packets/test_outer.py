"""Purpose: the list of wrappings matches the decoder: each has a test frame, gives its name, and is in docs/limits.md."""

from __future__ import annotations

from importlib import import_module

from analyzer.packets import gre, ip_tunnels, l2tp, mirrors, tags, tunnels
from analyzer.packets.layout import OK
from analyzer.packets.outer import OUTER_NAMES, UDP_PORTS, WRAPPINGS
from tests.conftest import ROOT
from tests.packets.shapes import GUESSED, ONLY_IPV6, TCP_4, TUNNELS, UDP_6, framed
from tests.packets.twin import decoded, outer_of

ALL = TUNNELS | GUESSED


def names_seen() -> set[str]:
    packets = decoded([framed(1, wrap(UDP_6 if name in ONLY_IPV6 else TCP_4)) for name, wrap in ALL.items()])[1]
    return {entry.partition(" ")[0] for packet in packets for entry in outer_of(packet)}


def test_every_wrapping_has_a_frame_that_is_named_so() -> None:
    assert names_seen() == {wrapping.name for wrapping in WRAPPINGS if wrapping.name}


def test_every_kind_of_wrapping_is_in_the_list_with_a_number_of_its_own() -> None:
    declared = {
        (name, value) for module in (gre, ip_tunnels, l2tp, mirrors, tags, tunnels) for name, value in vars(module).items()
        if name.startswith("OUTER_")
    }  # fmt: skip
    assert sorted(value for _, value in declared) == list(range(1, len(OUTER_NAMES))), "the next number is the next free one"
    assert {value for _, value in declared} == {wrapping.kind for wrapping in WRAPPINGS} - {0}
    assert len(set(OUTER_NAMES)) == len(OUTER_NAMES)


def test_the_layers_of_scapy_are_there() -> None:
    """Slices with other addresses keep the wrappings whose layers these are."""
    layers = [layer for wrapping in WRAPPINGS for layer in wrapping.scapy]
    assert layers and all(hasattr(import_module(layer.rpartition(".")[0]), layer.rpartition(".")[2]) for layer in layers)


def test_every_port_is_told_in_the_limits() -> None:
    """The page's table is made of the list (docs.build), and the datagrams of each port are opened."""
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    assert all(str(port) in page for port in UDP_PORTS)
    frames = [wrap(UDP_6 if name in ONLY_IPV6 else TCP_4) for name, wrap in ALL.items()]
    opened = {int.from_bytes(frame[36:38], "big") for frame in frames if frame[23] == 17 and frame[12:14] == b"\x08\0"}
    assert UDP_PORTS - opened == {8472, 4790, 3386, 4754, 12223}  # other ports of VXLAN, GTP, GRE and LWAPP, which have tests of their own


def test_every_wrapping_around_every_packet_is_opened() -> None:
    for name, wrap in ALL.items():
        for packet in (TCP_4, UDP_6):
            if (packet is TCP_4 and name in ONLY_IPV6) or (packet is UDP_6 and name in ("ipip", "4in6")):
                continue
            assert decoded([framed(1, wrap(packet))])[1][0]["status"] == OK, name
