"""Rotated captures of one or several gateways, cut from talks that go over the cuts."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap, records, server_hello
from tests.build.files import Frame

START_NS = 1_790_000_000_000_000_000
PROXY = "172.16.12.10"


def talks(gateway: int, n: int, *, answered: bool = True) -> list[Frame]:
    """Tunnels of clients of one gateway through one proxy, begun one after the other, each over several seconds.

    answered   False: the gateway sees only what clients send, so that the proxy isn't known from it
    """
    frames: list[Frame] = []
    for i in range(n):
        talk = Conversation(
            client=(f"172.16.{20 + gateway}.{10 + i % 40}", 50_000 + i),
            server=(PROXY, 3128),
            start_ns=START_NS + i * 700_000_000 + gateway * 130_000_000,
            isns=(1000 * i + gateway, 77_000 * i),
        )
        host = f"edr-{i % 5}.eu.endpoint.security.microsoft.com"
        talk.handshake().send_client(connect(f"{host}:443", f"Host: {host}"), cuts=[9])
        talk.send_server(ESTABLISHED).send_client(client_hello(host), cuts=[50]).send_server(server_hello(), cuts=[20])
        for k in range(6):
            talk.now_ns += 400_000_000
            talk.send_client(records(secret(i, k), kind=23)).send_server(records(secret(k, i), kind=23))
        frames += talk.close().frames
    frames.sort(key=lambda frame: frame[0])
    return frames if answered else [frame for frame in frames if frame[1][26:30] != bytes(map(int, PROXY.split(".")))]


def secret(i: int, k: int) -> bytes:
    """Texts that must not be in a part."""
    return random.Random(i * 1000 + k).randbytes(700)


def files_of(frames: list[Frame], n_files: int, folder: Path, name: str) -> list[Path]:
    """The frames in so many files of a rotation."""
    folder.mkdir(parents=True, exist_ok=True)
    edges = [len(frames) * i // n_files for i in range(n_files + 1)]
    paths = []
    for number, (a, b) in enumerate(pairwise(edges)):
        paths.append(folder / f"{name}_{number:05}.pcap")
        paths[-1].write_bytes(pcap(frames[a:b], nanosecond=True))
    return paths
