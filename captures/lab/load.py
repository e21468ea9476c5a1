"""`python -m captures.lab.load`: how many packets a second are captured without a loss, by whichproxy and by the tools alone (Linux, root).

A veth pair in a namespace of its own; tcpreplay sends a committed capture over and over at a rate, on the last core, where it goes before
everybody else. What captures has the others, and of two cores also what the sender leaves of that one. The tools keep packets whole, and
so does `watch --full`; whichproxy else what the topology asks for, which is every packet of this capture and 4,096 bytes of each. A rate
counts as kept when every packet that was sent is there. Prints a line for each try, and of each tool the highest rate without a loss, and
the lowest with one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CAPTURE: Final = ROOT / "captures" / "T5-all-three.pcapng"
PACKETS: Final = 969
TOPOLOGY: Final = ROOT / "captures" / "topology.toml"
NEAR, FAR = "wpload0", "wpload1"
RATES: Final = (100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 800_000, 1_000_000, 1_400_000)
SECONDS: Final = 2.0
START_S: Final = 20.0
LEAST_CORES: Final = 3
"""From this number of cores on the sender has a core of its own."""

READY_S: Final = {"whichproxy": 4.0}
"""Seconds between a tool's start and the load: whichproxy loads its engine. Others: half a second."""

TOOLS: Final = {
    "tcpdump -w": ["tcpdump", "-i", FAR, "-n", "-B", "65536", "-s", "262144", "-w", "{file}"],
    "dumpcap -w": ["dumpcap", "-i", FAR, "-q", "-B", "64", "-s", "262144", "-w", "{file}"],
    "whichproxy watch": [sys.executable, "-m", "analyzer", "watch", FAR, "--topology", str(TOPOLOGY), "--json"],
    "whichproxy watch --full": [sys.executable, "-m", "analyzer", "watch", FAR, "--topology", str(TOPOLOGY), "--json", "--full"],
    "whichproxy capture": [sys.executable, "-m", "analyzer", "capture", "{job}"],
    "whichproxy capture, by dumpcap": [sys.executable, "-m", "analyzer", "capture", "{job}"],
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m captures.lab.load")
    parser.add_argument("--only", nargs="*", default=list(TOOLS), help=f"of: {', '.join(TOOLS)}")
    parser.add_argument("--tries", type=int, default=2, help="how often a rate that lost packets is tried")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long packets are sent at each rate")
    parser.add_argument("--rates", nargs="*", type=int, default=list(RATES), help="packets a second, from the lowest")
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    print(f"{len(cores)} cores, {'one of them the sender has for itself' if len(cores) >= LEAST_CORES else 'which the sender shares'}")
    space = f"wpload{os.getpid()}"
    subprocess.run(["ip", "netns", "add", space], check=True)
    try:
        for command in (f"link add {NEAR} type veth peer name {FAR}", f"link set {NEAR} mtu 65535 up", f"link set {FAR} mtu 65535 up"):
            subprocess.run(["ip", "-n", space, *command.split()], check=True)
        subprocess.run(["ip", "netns", "exec", space, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"], check=True)
        best = {tool: highest(space, tool, asked) for tool in asked.only}
    finally:
        subprocess.run(["ip", "netns", "del", space], check=True)
    for tool, (rate, lost) in best.items():
        beside = [f"{rate / best[other][0]:.2f} of {other}" for other in ("tcpdump -w", "dumpcap -w") if other in best and best[other][0]]
        first = f"the first loss at {lost:,}" if lost else "no loss at all"
        print(f"{tool:<30} {rate:>9,} packets/s without a loss, {first}{''.join(f', {one}' for one in beside)}")
    return 0


def of_the_sender() -> list[str]:
    """The beginning of the sender's command: the last core, at high priority, because a wire doesn't wait for its capturer."""
    return ["nice", "-n", "-20", "taskset", "-c", str(sorted(os.sched_getaffinity(0))[-1])]


def of_the_tool() -> list[str]:
    """The beginning of the capturing tool's command: all cores but the sender's; of two both, because it is more than one process."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", ",".join(map(str, cores[:-1]))] if len(cores) >= LEAST_CORES else []


def highest(space: str, tool: str, asked: argparse.Namespace) -> tuple[int, int]:
    """(the highest rate at which every packet was kept, the lowest at which one was lost in every try, 0: none was), as measured."""
    best = 0
    for rate in asked.rates:
        for _ in range(asked.tries):
            sent, kept, really, told = one_try(space, tool, rate, asked.seconds)
            print(
                f"{tool:<30} asked {rate:>9,}/s, sent {really:>9,}/s: {sent:,} packets, {sent - kept:,} missing, {told:,} told as dropped",
                flush=True,
            )
            if kept == sent:
                best = max(best, really)
                break
        else:
            return best, really
        if really < 0.9 * rate:  # tcpreplay sends no faster
            break
    return best, 0


def one_try(space: str, tool: str, rate: int, seconds: float) -> tuple[int, int, int, int]:
    """(packets sent, packets kept, packets a second as sent, packets that the tool reports dropped)."""
    with tempfile.TemporaryDirectory(prefix="wpload-") as name:
        folder = Path(name)
        job = folder / "job.toml"
        by = 'tool = "dumpcap"\n' if tool.endswith("by dumpcap") else ""
        job.write_text(
            f'interface = "{FAR}"\nresults = "r"\ntopology = "{TOPOLOGY}"\n{by}[ring]\nfile_time = "1 s"\nfile_size = "1 GB"\n',
            encoding="utf-8",
        )
        command = [part.format(file=folder / "file", job=job) for part in TOOLS[tool]]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [*of_the_tool(), "ip", "netns", "exec", space, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            text=True,
        )
        wait_for_socket(space, process)
        time.sleep(READY_S.get(tool.split()[0], 0.5))
        loops = max(1, round(rate * seconds / PACKETS))
        # Counting flows halves what tcpreplay sends.
        replay = [
            "tcpreplay",
            "-q",
            "--no-flow-stats",
            "--preload-pcap",
            "--pps",
            str(rate),
            "--loop",
            str(loops),
            "-i",
            NEAR,
            str(CAPTURE),
        ]
        sent = subprocess.run([*of_the_sender(), "ip", "netns", "exec", space, *replay], capture_output=True, text=True, check=True).stdout
        time.sleep(1.5)  # tcpdump and dumpcap lose the kernel's unread packets when they are asked to end
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        n_sent = int(one_number(r"Successful packets:\s+(\d+)", sent))
        really = round(float(one_number(r"([\d.]+) pps", sent)))
        kept, told = counts(tool, out, err, folder)
        return n_sent, kept, really, told


def counts(tool: str, out: str, err: str, folder: Path) -> tuple[int, int]:
    """(packets kept, packets reported as dropped), as the tool itself counts."""
    if tool.startswith("tcpdump"):
        return int(one_number(r"(\d+) packets? captured", err)), int(one_number(r"(\d+) packets? dropped by kernel", err))
    if tool.startswith("dumpcap"):
        return int(one_number(r"interface '[^']+': (\d+)/", err)), int(one_number(r"interface '[^']+': \d+/(\d+)", err))
    if "watch" in tool:
        (capture,) = json.loads(out)["captures"]
        return capture["packets"], sum(one["count"] for one in capture["damage"] if one["code"] == "packets-dropped")
    run = json.loads((folder / "r" / "runs" / "000001" / "run.json").read_text())
    return run["packets"], run["dropped"]


def one_number(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"no {pattern} in: {text}")
    return found[1]


def wait_for_socket(space: str, process: subprocess.Popen[str]) -> None:
    """Until something listens on the wire."""
    end = time.monotonic() + START_S
    while (
        len(
            subprocess.run(
                ["ip", "netns", "exec", space, "cat", "/proc/net/packet"], capture_output=True, text=True, check=True
            ).stdout.splitlines()
        )
        < 2
    ):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"nothing captures: {process.communicate()[1]}")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
