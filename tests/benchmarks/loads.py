"""Captures of one kind of traffic each, in numbers: DNS, short flows, and many small files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks import write_frames
from tests.benchmarks.build_capture import CLIENTS, PROXIES, PROXY_PORT, START_S, SYSTEM
from tests.benchmarks.conversations import absolute
from tests.build import dns_answer, dns_query, ethernet, ip, pcap, udp
from tests.build.frames import UDP

RESOLVER = "10.0.0.53"
BETWEEN_NS = 50_000
LOOKUPS_OF_PORT = 100
"""Questions that a client sends from one port: a workstation's resolver sends one or a few, a proxy's many."""


def dns(path: Path, lookups: int) -> int:
    """The number of flows in a capture of so many questions and answers."""
    frames = []
    for n in range(lookups):
        port = n // LOOKUPS_OF_PORT
        client, name = (f"10.1.{port >> 8 & 255}.{port & 255}", 1_025 + port % 60_000), f"host{n}.example"
        at = START_S * 10**9 + 2 * n * BETWEEN_NS
        for source, target, message, later in (
            (client, (RESOLVER, 53), dns_query(name, id=n & 0xFFFF), 0),
            ((RESOLVER, 53), client, dns_answer(name, "192.0.2.1", id=n & 0xFFFF), BETWEEN_NS),
        ):
            frames.append((at + later, ethernet(ip(source[0], target[0], UDP, udp(source, target, message)))))
    path.write_bytes(pcap(frames))
    return -(-lookups // LOOKUPS_OF_PORT)


def short_flows(path: Path, flows: int, seconds: int = 600) -> int:
    """The number of flows in a capture of so many requests to a proxy, each on its own connection and with a small answer."""
    shapes = [absolute(host, "/small", 200) for host in SYSTEM]
    chance = np.random.default_rng(flows)
    number = np.arange(flows)
    address = int.from_bytes(bytes(map(int, PROXIES["winhttp"].split("."))), "big")
    made = write_frames.Flows(
        client_ip=((10 << 24) + 1 + number % (CLIENTS * 10)).astype(np.uint32),
        client_port=(1_025 + number // (CLIENTS * 10)).astype(np.uint16),
        server_ip=np.full(flows, address, np.uint32),
        server_port=np.full(flows, PROXY_PORT, np.uint16),
        first_seq=chance.integers(0, 1 << 32, (flows, 2), dtype=np.uint32),
        start_us=np.sort(chance.integers(0, seconds * 1_000_000, flows)) + START_S * 1_000_000,
        pace=np.ones(flows),
        first_id=chance.integers(0, 1 << 16, (flows, 2), dtype=np.uint16),
    )
    write_frames.write(path, made, shapes, number % len(shapes))
    return flows


def many_files(folder: Path, files: int) -> int:
    """The number of flows in a folder of so many captures of ten requests each, as a gateway rotates them with little traffic."""
    folder.mkdir()
    whole = folder.parent / "whole.pcap"
    flows = short_flows(whole, 10 * files)
    data = whole.read_bytes()
    whole.unlink()
    header, begin = data[: len(write_frames.FILE_HEADER)], len(write_frames.FILE_HEADER)
    for n in range(files):
        end = begin
        while end < len(data) * (n + 1) // files:
            end += write_frames.RECORD + int.from_bytes(data[end + 8 : end + 12], "little")
        (folder / f"gateway-{n:05}.pcap").write_bytes(header + data[begin:end])
        begin = end
    return flows
