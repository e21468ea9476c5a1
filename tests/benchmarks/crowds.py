"""Many sources: a hundred thousand that talk, and two million forged SYNs around real tunnels; time and memory, and whether each is named.

python -m tests.benchmarks.crowds [--talking 100000] [--syns 2000000] [--tunnels 1000]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks import write_frames
from tests.benchmarks.build_capture import PROXIES, PROXY_PORT, SENSOR, START_S
from tests.benchmarks.conversations import OUT, SOON_US, SYN, Shape, tunnel
from tests.benchmarks.measure import Used, used_by
from tests.conftest import ROOT

FIRST_CLIENT = 10 << 24
PROXY = "172.16.12.12"
HOSTS = (*SENSOR[:6], "wdcp.microsoft.com", "wdcpalt.microsoft.com")
"""Hosts that are Defender's own, so that each source has a winner."""


SIZES = {"talking": (100_000, 0), "spoofed": (1_000, 2_000_000)}
GOALS = {"talking": (10, 1_000), "spoofed": (60, 1_500)}
"""CPU seconds and MB at most of a hundred thousand that talk, and of two million forged SYNs around a thousand tunnels."""


def lone_syn() -> Shape:
    """One SYN that nothing follows."""
    shape = Shape({"requests": 0, "state": "no-answer"})
    shape.packet(OUT, SYN, SOON_US)
    return shape


def address(number: int) -> str:
    """The number as an IPv4 address."""
    return ".".join(map(str, int(number).to_bytes(4, "big")))


def write(path: Path, talking: int, syns: int = 0, seconds: int = 600) -> set[str]:
    """The sources of a capture in which each has one tunnel through a proxy, to which so many forged addresses send one SYN."""
    shapes = [tunnel(host, "winhttp", "schannel", 1) for host in HOSTS] + [lone_syn()]
    chance = np.random.default_rng([talking, syns])
    n = talking + syns
    shape = chance.permutation(np.concatenate([np.arange(talking) % (len(shapes) - 1), np.full(syns, len(shapes) - 1)]))
    speaks = shape < len(shapes) - 1
    client = np.empty(n, np.uint32)
    client[speaks] = FIRST_CLIENT + 1 + np.arange(talking)
    client[~speaks] = (32 << 24) + chance.permutation(np.arange(syns) * 97 % (180 << 24))
    flows = write_frames.Flows(
        client_ip=client,
        client_port=chance.integers(1_025, 65_535, n).astype(np.uint16),
        server_ip=np.full(n, int.from_bytes(bytes(map(int, PROXY.split("."))), "big"), np.uint32),
        server_port=np.full(n, PROXY_PORT, np.uint16),
        first_seq=chance.integers(0, 1 << 32, (n, 2), dtype=np.uint32),
        start_us=np.sort(chance.integers(0, seconds * 1_000_000, n)) + START_S * 1_000_000,
        pace=np.ones(n),
        first_id=chance.integers(0, 1 << 16, (n, 2), dtype=np.uint16),
    )
    write_frames.write(path, flows, shapes, shape)
    return set(map(address, client[speaks].tolist()))


def check(document: dict[str, list[dict[str, object]]], expected: set[str], syns: int) -> list[str]:
    """The differences between the verdict and the capture's plan; empty when there are none."""
    found = []
    winners = {
        source["client_ip"]: [service["winner"] for service in source["services"]]  # type: ignore[attr-defined]
        for source in document["sources"]
    }
    unnamed = [client for client in expected if winners.get(client) != [f"{PROXY}:{PROXY_PORT}"]]
    if unnamed:
        found.append(f"{len(unnamed)} of {len(expected)} tunnels aren't named, such as {unnamed[0]}: {winners.get(unnamed[0])}")
    strangers = [client for client in winners if client not in expected]
    counted = [finding["text"] for finding in document["findings"] if finding["code"] == "strangers-counted"]
    if syns and (strangers or not counted or not str(counted[0]).startswith(f"{syns:,} addresses")):
        found.append(f"{len(strangers)} of {syns} strangers are listed, and counted are {counted}")
    return found


def measured(capture: Path, out: Path) -> Used:
    """The processor time and memory of a report as JSON."""
    return used_by([sys.executable, "-m", "analyzer", "report", str(capture), "-o", str(out), "-q"], ROOT)


def main() -> None:
    """Make, run, check, print."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("talking", 100_000), ("syns", 2_000_000), ("tunnels", 1_000)):
        options.add_argument(f"--{name}", type=int, default=usual)
    asked = options.parse_args()
    wrong = []
    assert PROXY in PROXIES.values()
    with tempfile.TemporaryDirectory() as folder:
        for name, talking, syns in (("talking", asked.talking, 0), ("spoofed", asked.tunnels, asked.syns)):
            if not (talking if name == "talking" else syns):
                continue
            capture, out = Path(folder, f"{name}.pcap"), Path(folder, f"{name}.json")
            expected = write(capture, talking, syns)
            cpu, resident = measured(capture, out)
            megabytes = resident / 1e6
            size = f"{capture.stat().st_size / 1e6:.0f} MB of capture, {out.stat().st_size / 1e6:.0f} MB of JSON"
            print(f"{name}: {talking:,} sources, {syns:,} SYNs: {cpu:.1f} s CPU, {megabytes:.0f} MB at most; {size}", flush=True)
            if (talking, syns) == SIZES[name]:
                goals = zip(("s", "MB"), (cpu, megabytes), GOALS[name], strict=True)
                print("  " + ", ".join(f"goal {goal:,} {unit} {'met' if n <= goal else 'NOT MET'}" for unit, n, goal in goals), flush=True)
            wrong += check(json.loads(out.read_bytes()), expected, syns)
            capture.unlink()
    print("\n".join(wrong) or "every source is named")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
