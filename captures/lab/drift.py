"""`python -m captures.lab.drift`: a capture job on the laboratory's gateway while the static proxy is switched off half-way (Linux, root).

Four runs of one job: as always, as always, with PROX03 switched off (the sensor falls back to direct, which is blocked), and the
same again. Prints what each run reported and ends with 1 unless the third alone reported what a person would want to know.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from captures.lab.build import SETTLE_S, WORKSTATION, has_said, known_proxies, start_player
from captures.lab.network import CAPTURE_POINTS, Machine, Network
from captures.lab.proxies import PROXIES, start_proxies
from captures.lab.scenarios import CNC, CYBER, Activity
from captures.lab.servers import start_internet
from captures.lab.workstation import FIRST_PORT

RUN_S = 14
CARRIED = (
    Activity(0.2, "MsSense", CNC, times=2, every=1.0, send=900),
    Activity(0.6, "MsSense", CYBER, times=3, every=1.0, send=3_000),
)
SWITCHED_OFF = (
    Activity(0.2, "MsSense", CNC, times=2, every=1.0),
    Activity(1.5, "MsSense", CNC, "direct", times=2, every=1.0, through="direct"),
)
WANTED: list[list[str]] = [[], [], ["new-direct", "service-silent"], []]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="wpdrift-") as name:
        work = Path(name)
        work.chmod(0o755)
        job = work / "job.toml"
        topology = Path(__file__).resolve().parents[1] / "topology.toml"
        text = f'interface = "{CAPTURE_POINTS["workstations"]}"\ntopology = "{topology}"\nresults = "results"\n[ring]\nfile_time = "3 s"\n'
        job.write_text(text, encoding="utf-8")
        machines = [Machine(proxy.name, proxy.address) for proxy in PROXIES]
        told = []
        with Network([WORKSTATION], machines) as network:
            authority = start_internet(network, work, ())
            start_proxies(network, work, PROXIES, {})
            for number, activities in enumerate([CARRIED, CARRIED, SWITCHED_OFF, SWITCHED_OFF], 1):
                if number == 3:
                    network.inside("PROX03", "ip", "link", "set", "eth0", "down")
                (work / f"{WORKSTATION.name}.plan.json").write_text(json.dumps(plan(authority, activities, number)), encoding="utf-8")
                told.append(one_run(network, work, job, number))
    for number, (codes, texts) in enumerate(told, 1):
        print(f"run {number}: {', '.join(codes) or 'nothing changed'}", *texts, sep="\n  ")
    return 0 if [codes for codes, _ in told] == WANTED else 1


def one_run(network: Network, work: Path, job: Path, number: int) -> tuple[list[str], list[str]]:
    """(codes of what changed, the sentences about it) in a run while the workstation plays."""
    log = work / f"capture-{number}.log"
    capture = network.start("gateway", log, sys.executable, "-m", "analyzer", "capture", str(job), "--for", str(RUN_S))
    wait_for_packets_of(work / "results" / "packets", number)
    player = start_player(network, work, WORKSTATION)
    assert player.stdin is not None
    if not has_said(player, "playing") or not has_said(player, "played"):
        raise RuntimeError((work / f"{WORKSTATION.name}.log").read_text().strip())
    time.sleep(SETTLE_S)
    player.stdin.close()
    player.wait(timeout=10)
    code = capture.wait(timeout=120)
    run = json.loads((work / "results" / "runs" / f"{number:06d}" / "run.json").read_text())
    said = [line for line in log.read_text().splitlines() if "drift" in line]
    if code != (1 if run["drift"] else 0) or run["cut_short"]:
        raise RuntimeError(f"run {number} ended with {code}, {run['how']}: {log.read_text()}")
    return sorted(run["drift"]), said


def wait_for_packets_of(folder: Path, number: int, timeout_s: float = 20) -> None:
    """Until the run's tool has begun its first file."""
    end = time.monotonic() + timeout_s
    while not any(folder.glob(f"{number:06d}-*")):
        if time.monotonic() > end:
            raise RuntimeError(f"run {number} doesn't capture")
        time.sleep(0.05)


def plan(authority: Path, activities: tuple[Activity, ...], number: int) -> dict[str, Any]:
    """The workstation's orders. A run's client ports are its own: the last run's are still waiting out their time."""
    return {
        "first_port": FIRST_PORT + 100 * number,
        "workstation": WORKSTATION.address,
        "proxies": known_proxies(PROXIES),
        "authority": str(authority),
        "configured": ["static"],
        "sessions": [],
        "marks": [],
        "activities": [asdict(activity) for activity in activities],
        "head": {},
    }


if __name__ == "__main__":
    sys.exit(main())
