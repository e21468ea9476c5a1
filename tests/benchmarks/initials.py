"""QUIC connections, each with its own key: the cost of opening their Initials, without start-up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.build import client_hello, ethernet, ip, pcap, quic_initial, udp
from tests.build.frames import UDP

SERVER = ("198.51.100.20", 443)
BETWEEN_NS = 1_000_000
START_NS = 1_700_000_000 * 10**9


def write(path: Path, connections: int) -> list[str]:
    """The hosts that the clients of a capture name, one connection after the other, in one packet each."""
    hosts = [f"host{n}.example" for n in range(connections)]
    frames = []
    for n, host in enumerate(hosts):
        client = (f"10.1.{n >> 8 & 255}.{n & 255}", 50_000 + (n >> 16))
        hello = client_hello(host, alpn=("h3",), bare=True)
        datagram = udp(client, SERVER, quic_initial(hello, connection_id=n.to_bytes(8, "big")))
        frames.append((START_NS + n * BETWEEN_NS, ethernet(ip(client[0], SERVER[0], UDP, datagram))))
    path.write_bytes(pcap(frames))
    return hosts


def check(named: Iterable[str | None], hosts: list[str]) -> list[str]:
    """Which hosts aren't among those that were named; empty when all are."""
    missing = sorted(set(hosts) - set(named))
    return [f"{len(missing)} of {len(hosts)} hosts aren't named, such as {missing[0]}"] if missing else []
