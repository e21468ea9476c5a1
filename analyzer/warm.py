"""Compile every kernel once, so that nobody waits for it later."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np

from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import Tables
from analyzer.kept import NotKept, cache_folder, cleared, only_kept, stranger
from analyzer.kernels import MADE_OF, all_digests, stage_folder
from analyzer.names.tls import keep_client_hello


def is_warm() -> bool:
    """True when every kernel of these very sources is kept, can be loaded, and was."""
    if strangers() or not mark().exists():
        return False
    try:
        with only_kept():
            run_all()
    except NotKept:
        return False
    return True


def strangers() -> list[str]:
    """Why kernels that are kept aren't loaded: who else could have written them."""
    return list(dict.fromkeys(why for stage in MADE_OF if (why := stranger(stage_folder(stage)))))


def mark() -> Path:
    """The file that says that they were compiled; it is written last."""
    return cache_folder() / f"warm-{all_digests()}"


def warm() -> None:
    """Compile and keep every kernel that isn't kept as it should be.

    Errors  OSError: what is in the way belongs to another user
    """
    cleared([stage_folder(stage) for stage in MADE_OF])
    run_all()
    mark().parent.mkdir(parents=True, exist_ok=True)
    mark().touch()


def run_all() -> None:
    """Read two packets through all stages, in both formats, and touch the kernels that only larger captures reach."""
    from analyzer.parts.partial import collect_piece, finish, merge
    from analyzer.pipeline import read
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue

    for capture in (pcap(), pcapng()):
        read([io.BytesIO(capture)], topology=load_topology(None), catalogue=load_catalogue())
    sources = [Source("piece", file=io.BytesIO(pcap()))]
    piece = collect_piece(in_time_order(sources), sources)
    finish(merge(piece, piece))
    touch(empty_tables())


def load() -> None:
    """Load what every packet needs, before the first one comes: 0.3 s (measured) in which a fast interface fills every buffer."""
    from analyzer.engine import Engine

    source = Source("none", file=io.BytesIO(pcap()))
    Engine([source]).read(in_time_order([source]))


def touch(tables: Tables) -> None:
    """Compile what the two packets don't need: hellos that came by QUIC."""
    keep_client_hello(tables, np.zeros(64, np.uint8), 4, 5, 0, 0, np.uint32(0), np.uint32(0), 0, np.uint32(0), True)


def frames() -> list[bytes]:
    """A CONNECT and its answer, as Ethernet frames."""
    ends = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    texts = b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
    found = []
    for k, text in enumerate(texts):
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(text), k + 1, 0, 64, 6, 0, ends[k], ends[1 - k])
        tcp = struct.pack(">HHIIBBHHH", 40000 if k == 0 else 3128, 3128 if k == 0 else 40000, 1, 1, 0x50, 0x18, 1024, 0, 0)
        found.append(bytes(12) + b"\x08\x00" + ip + tcp + text)
    return found


def pcap() -> bytes:
    """The frames as a pcap file."""
    packets = [struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame for frame in frames()]
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(packets)


def pcapng() -> bytes:
    """The frames as a pcapng file."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    packets = [block(6, struct.pack("<IIIII", 0, 0, 1, len(frame), len(frame)) + frame) for frame in frames()]
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 0)) + b"".join(packets)
