"""The benchmark captures, each with the results of a correct reader.

`build("full")` gives the capture that `make bench` measures on: 50,000 tunnels through three proxies among absolute-form requests,
direct, blocked and refused connections, hundreds open at once; a third of the packets carry data, in both directions.
The same preset gives the same bytes on every machine. Captures are kept in $BENCH_DIR, by default in the user's cache folder, and
built again when the files that build them change.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks import conversations, hellos, write_frames
from tests.benchmarks.conversations import IN, OUT, Shape, absolute, blocked, direct, refused, tunnel

PROXIES = {"winhttp": "172.16.12.10", "wininet": "172.16.12.11", "static": "172.16.12.12"}
PROXY_PORT = 3128
CLIENTS = 240
START_S = 1_790_000_000

SENSOR = [
    "winatp-gw-neu.microsoft.com",
    "winatp-gw-weu.microsoft.com",
    "eu-v20.events.data.microsoft.com",
    "us-v20.events.data.microsoft.com",
]
SENSOR += [
    "edr-neu.eu.endpoint.security.microsoft.com",
    "edr-weu.eu.endpoint.security.microsoft.com",
    "automatedirstrprdneu.blob.core.windows.net",
]
SYSTEM = [
    "wdcp.microsoft.com",
    "wdcpalt.microsoft.com",
    "europe.cp.wd.microsoft.com",
    "slscr.update.microsoft.com",
    "v10.events.data.microsoft.com",
]
SYSTEM += ["settings-win.data.microsoft.com", "fe3cr.delivery.mp.microsoft.com", "unitedstates.smartscreen-prod.microsoft.com"]
USER = [
    "www.bing.com",
    "edge.microsoft.com",
    "config.edge.skype.com",
    "outlook.office365.com",
    "nav.smartscreen.microsoft.com",
    "ntp.msn.com",
]
USER += ["copilot.microsoft.com", "www.a-host-with-a-rather-long-name-behind-some-content-delivery-network.example.org"]
PLAIN = [
    ("ctldl.windowsupdate.com", "/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab"),
    ("crl.microsoft.com", "/pki/crl/products/tspca.crl"),
]
PLAIN += [("ocsp.digicert.com", "/MFEwTzBNMEswSTAJBgUrDgMCGgUABBQ"), ("www.msftconnecttest.com", "/connecttest.txt")]

TRUTH = [
    "request",
    "requested_host",
    "requested_port",
    "proxy_status",
    "http_host",
    "user_agent",
    "sni",
    "tls_version",
    "host",
    "host_source",
]
TRUTH += ["state", "requests"]


@dataclass(frozen=True)
class Preset:
    """The size of a capture: tunnels, data segments in each, time span, and whether flows are closed."""

    tunnels: int
    segments: tuple[int, ...]
    seconds: int
    closes: bool = True
    others: bool = True


class Built(NamedTuple):
    """A capture and its truth, one row per flow."""

    capture: Path
    truth: Path


PRESETS = {
    "full": Preset(50_000, (2, 8, 13, 17, 22, 36), 3_600),
    "small": Preset(30, (2, 8, 13, 17, 22, 36), 60),
    "sample": Preset(200, (1, 3), 30),  # some of everything, for the builder's own test
    "long": Preset(500, (2_000,), 3_600, others=False),  # as many flows as "short", a hundred times the bytes
    "short": Preset(500, (20,), 3_600, others=False),
    "open": Preset(50_000, (1,), 30, closes=False, others=False),  # every flow still open when the last one begins
}


def shapes_of(preset: Preset) -> tuple[list[Shape], list[str], np.ndarray]:
    """The shapes, each one's server (a method, or "origin"), and the number of flows of each in a thousand tunnels."""
    shapes, servers, weights = [], [], []

    def add(shape: Shape, server: str, weight: float) -> None:
        shapes.append(shape)
        servers.append(server)
        weights.append(weight)

    kinds = [("static", SENSOR, "winhttp", ("schannel",)), ("winhttp", SYSTEM, "winhttp", ("schannel", "openssl"))]
    kinds += [("wininet", USER, "chromium", ("browser", "post-quantum")), ("wininet", USER[:3], "wininet", ("schannel",))]
    for method, hosts, client, said in kinds:
        for host in hosts:
            for n, segments in enumerate(preset.segments):
                shape = tunnel(host, client, said[n % len(said)], segments, asked_twice=client == "wininet", closes=preset.closes)
                add(shape, method, 1000 / (3 * len(hosts) * len(preset.segments)) * (0.1 if client == "wininet" else 1))
    if preset.others:
        for host, path in PLAIN:
            add(absolute(host, path, 5_000), "winhttp", 20)
        for host in SENSOR[:2]:
            add(direct(host, "schannel", 4), "origin", 15)
        add(direct(USER[0], "post-quantum", 4), "origin", 5)
        add(blocked(), "origin", 40)
        add(refused(), "origin", 10)
    return shapes, servers, np.array(weights)


def flows_of(preset: Preset, random: np.random.Generator) -> tuple[write_frames.Flows, list[Shape], np.ndarray]:
    """The flows in order of their beginning, the shapes, and each flow's shape."""
    shapes, servers, weights = shapes_of(preset)
    is_tunnel = np.array([shape.truth.get("request") == "connect" for shape in shapes])
    wanted = weights * preset.tunnels / weights[is_tunnel].sum()
    counts = np.floor(wanted).astype(np.int64)
    left = np.where(is_tunnel, wanted - counts, 0)
    np.add.at(counts, random.choice(len(counts), preset.tunnels - counts[is_tunnel].sum(), p=left / left.sum()), 1)
    shape = random.permutation(np.repeat(np.arange(len(shapes)), counts))
    n = len(shape)
    address = {name: int.from_bytes(bytes(map(int, ip.split("."))), "big") for name, ip in PROXIES.items()}
    origins = (20 << 24) + random.integers(1 << 16, 1 << 24, n)
    to_origin = np.array([server == "origin" for server in servers])[shape]
    proxy = np.array([address.get(server, 0) for server in servers])[shape]
    number = np.arange(n)
    flows = write_frames.Flows(
        client_ip=((172 << 24) + (16 << 16) + (11 << 8) + 10 + number % CLIENTS).astype(np.uint32),
        client_port=(49_152 + number // CLIENTS).astype(np.uint16),  # a client never uses a port twice
        server_ip=np.where(to_origin, origins, proxy).astype(np.uint32),
        server_port=np.where(to_origin, 443, PROXY_PORT).astype(np.uint16),
        first_seq=random.integers(0, 1 << 32, (n, 2), dtype=np.uint32),
        start_us=np.sort(random.integers(0, preset.seconds * 1_000_000, n)) + START_S * 1_000_000,
        pace=random.uniform(0.4, 1.6, n),
        first_id=random.integers(0, 1 << 16, (n, 2), dtype=np.uint16),
    )
    return flows, shapes, shape


def truth_of(flows: write_frames.Flows, shapes: list[Shape], shape: np.ndarray) -> pa.Table:
    """One row per flow, the columns under the flow table's names, in the order in which the flows begin."""
    columns: dict[str, pa.Array] = {
        "client_ip": pa.array([".".join(map(str, ip.to_bytes(4, "big"))) for ip in flows.client_ip.tolist()]),
        "client_port": pa.array(flows.client_port.astype(np.int32)),
        "server_ip": pa.array([".".join(map(str, ip.to_bytes(4, "big"))) for ip in flows.server_ip.tolist()]),
        "server_port": pa.array(flows.server_port.astype(np.int32)),
    }
    taken = pa.array(shape)
    for name, direction in (("out", OUT), ("in", IN)):
        packets = [sum(row[0] == direction for row in s.rows) for s in shapes]
        payload = [sum(row[6] for row in s.rows if row[0] == direction) for s in shapes]
        columns |= {f"packets_{name}": pa.array(packets).take(taken), f"bytes_{name}": pa.array(payload).take(taken)}
    columns |= {name: pa.array([s.truth.get(name) for s in shapes]).take(taken) for name in TRUTH}
    says_hello = np.array(["sni" in s.truth for s in shapes])[shape]
    randoms = [row.tobytes().hex() for row in write_frames.randoms_of(len(shape))]
    columns["client_random"] = pa.array([value if said else None for value, said in zip(randoms, says_hello, strict=True)])
    return pa.table(columns)


def cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("BENCH_DIR") or Path(cache) / "whichproxy" / "bench")


def version() -> str:
    """A short digest of the builder: captures of another version aren't used."""
    digest = hashlib.sha256()
    for module in (conversations, hellos, write_frames, sys.modules[__name__]):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:10]


def build(name: str) -> Built:
    """The capture of that preset with its truth, built if it isn't there yet."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    built = Built(folder / f"{name}-{version()}.pcap", folder / f"{name}-{version()}.truth.parquet")
    if built.capture.exists() and built.truth.exists():
        return built
    for old in folder.glob(f"{name}-*"):
        old.unlink()
    flows, shapes, shape = flows_of(PRESETS[name], np.random.default_rng(list(name.encode())))
    pq.write_table(truth_of(flows, shapes, shape), built.truth)
    unfinished = built.capture.with_suffix(".part")
    write_frames.write(unfinished, flows, shapes, shape)
    unfinished.rename(built.capture)
    return built


if __name__ == "__main__":
    for wanted in sys.argv[1:] or ["full"]:
        print(build(wanted).capture)
