"""One scenario, from an empty machine to a capture and its truth file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from captures.lab.network import Machine, Network
from captures.lab.proxies import PROXIES, Proxy, start_proxies
from captures.lab.recorder import Recorder
from captures.lab.scenarios import Scenario
from captures.lab.servers import start_internet

WORKSTATION = Machine("WORKSTATION", "172.16.11.92")
SETTLE_S = 0.6  # what the last packets need to reach the recorder


def build(scenario: Scenario, into: Path, *, workstation: Machine = WORKSTATION, proxies: Sequence[Proxy] = PROXIES) -> Path:
    """Play the scenario and leave <name>.pcapng and <name>.truth.json in `into`; return the capture's path.

    Both files appear only when the play was complete; RuntimeError (with the words of the program that failed) otherwise.
    """
    machines = [Machine(proxy.name, proxy.address) for proxy in proxies]
    with tempfile.TemporaryDirectory(prefix=f"wplab{os.getpid()}-") as name:
        work = Path(name)
        work.chmod(0o755)  # squid reads its files as another user
        with Network([workstation], machines, policy=scenario.gateway_policy, offload=scenario.offload) as network:
            authority = start_internet(network, work)
            start_proxies(network, work, proxies, scenario.proxy_rules)
            plan = work / "plan.json"
            plan.write_text(json.dumps(plan_of(scenario, workstation, proxies, authority)))
            record(network, scenario, work, plan, workstation)
        into.mkdir(parents=True, exist_ok=True)
        for suffix in (".pcapng", ".truth.json"):
            (work / f"{scenario.name}{suffix}").chmod(0o644)  # dumpcap writes for root's eyes only
            shutil.move(work / f"{scenario.name}{suffix}", into / f"{scenario.name}{suffix}")
    return into / f"{scenario.name}.pcapng"


def record(network: Network, scenario: Scenario, work: Path, plan: Path, workstation: Machine) -> None:
    """Let the workstation play its plan while the gateway records."""
    capture, written, log = work / f"{scenario.name}.pcapng", work / f"{scenario.name}.truth.json", work / "workstation.log"
    recorder = Recorder(network, scenario.capture_points, capture, work / "dumpcap.log")
    player = network.start(
        workstation.name,
        log,
        sys.executable,
        "-m",
        "captures.lab.workstation",
        str(plan),
        str(written),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert player.stdout is not None and player.stdin is not None
    if player.stdout.readline() != "played\n":
        player.wait()
        raise RuntimeError(f"{scenario.name} could not be played: {log.read_text().strip()}")
    time.sleep(SETTLE_S)
    recorder.stop()
    player.stdin.close()
    player.wait(timeout=10)


def plan_of(scenario: Scenario, workstation: Machine, proxies: Sequence[Proxy], authority: Path) -> dict[str, Any]:
    """What the workstation is told: the scenario resolved to addresses, and the head of the truth file."""
    head = {
        "capture": f"{scenario.name}.pcapng",
        "title": scenario.title,
        "configured": list(scenario.configured),
        "expect": scenario.expect,
        "capture_points": list(scenario.capture_points),
        "certificate_issuer": "CN=Laboratory CA,O=whichproxy laboratory",
    }
    return {
        "workstation": workstation.address,
        "proxies": {proxy.method: proxy._asdict() for proxy in proxies},
        "authority": str(authority),
        "configured": list(scenario.configured),
        "logon": scenario.logon,
        "marks": list(scenario.marks),
        "activities": [asdict(activity) for activity in scenario.activities],
        "head": head,
    }
