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

from captures.lab import moved, truth
from captures.lab.interception import noted_legs, start_interception
from captures.lab.network import Machine, Network
from captures.lab.others import start_others
from captures.lab.proxies import SQUIDS, Proxy, run_squid, start_proxies
from captures.lab.recorder import Recorder
from captures.lab.scenarios import Scenario
from captures.lab.servers import start_internet

WORKSTATION = Machine("WORKSTATION", "172.16.11.92")
WORKSTATIONS = tuple(Machine(f"WORKSTATION{number}", f"172.16.11.{91 + number}") for number in range(2, 6))  # beside it
SETTLE_S = 0.6  # the time that the last packets need to reach the recorder


def build(scenario: Scenario, into: Path) -> Path:
    """Play the scenario and leave <name>.pcapng and <name>.truth.json in `into`; return the capture's path, the first of several.

    The files appear only when the play was complete; RuntimeError (with the words of the program that failed) otherwise.
    """
    machines = list({proxy.lives_in: Machine(proxy.lives_in, proxy.address) for proxy in reversed(scenario.proxies)}.values())[::-1]
    with tempfile.TemporaryDirectory(prefix=f"wplab{os.getpid()}-") as name:
        work = Path(name)
        work.chmod(0o755)  # squid reads its files as another user
        workstations = [WORKSTATION, *WORKSTATIONS[: scenario.workstations - 1]]
        with Network(workstations, machines, policy=scenario.gateway_policy, offload=scenario.offload) as network:
            authority = start_internet(network, work, scenario.rejecting)
            for role, line in scenario.commands:
                network.inside(role, "sh", "-ec", line)
            authority = start_all_proxies(network, scenario, work, scenario.proxies, authority)
            for workstation in workstations:
                plan = plan_of(scenario, workstation, scenario.proxies, authority)
                (work / f"{workstation.name}.plan.json").write_text(json.dumps(plan))
            record(network, scenario, work, workstations)
        if scenario.begins_s is not None:
            moved.begin_late(work / f"{scenario.name}.truth.json", scenario.begins_s)
        if scenario.moved:
            moved.move(work / f"{scenario.name}.truth.json", scenario.moved)
        into.mkdir(parents=True, exist_ok=True)
        written = sorted(work.glob(f"{scenario.name}*.pcapng"))
        for path in (*written, work / f"{scenario.name}.truth.json"):
            path.chmod(0o644)  # dumpcap makes files readable for root only
            shutil.move(path, into / path.name)
    return into / written[0].name


def start_all_proxies(network: Network, scenario: Scenario, work: Path, proxies: Sequence[Proxy], authority: Path) -> Path:
    """Start the scenario's proxies; return the CA certificates that clients should trust, including an intercepting proxy's."""
    running = [proxy for proxy in proxies if proxy.name not in scenario.down]
    squids = [proxy for proxy in running if proxy.kind in SQUIDS and proxy.name not in scenario.intercepting]
    start_proxies(network, work, squids, scenario.proxy_rules)
    start_others(network, work, running)
    trusted = authority.read_bytes()
    for proxy in running:
        if proxy.name in scenario.intercepting:
            start_interception(network, proxy.name, proxy.address, proxy.port, work / proxy.name, authority, work / "hosts")
            trusted += (work / proxy.name / "mitmproxy-ca-cert.pem").read_bytes()
    bundle = work / "trusted.pem"
    bundle.write_bytes(trusted)
    return bundle


def record(network: Network, scenario: Scenario, work: Path, workstations: Sequence[Machine]) -> None:
    """Let the workstations play their plans at the same time while the gateway records; merge their truths."""
    recorder = Recorder(network, scenario.capture_points, work / f"{scenario.name}.pcapng", work / "dumpcap.log", scenario.rotate_s)
    players = [start_player(network, work, workstation) for workstation in workstations]
    for player in players:
        has_said(player, "playing")  # or it has ended without playing
    follow(network, scenario, work)
    for player, workstation in zip(players, workstations, strict=True):
        if not has_said(player, "played"):
            player.wait()
            raise RuntimeError(f"{scenario.name} could not be played: {(work / f'{workstation.name}.log').read_text().strip()}")
    time.sleep(SETTLE_S)
    recorder.stop()
    for player in players:
        assert player.stdin is not None
        player.stdin.close()
        player.wait(timeout=10)
    made = {name: noted_legs(work / name) for name in scenario.intercepting}
    truths = [truth.read(work / f"{workstation.name}.truth.json") for workstation in workstations]
    truth.join(work / f"{scenario.name}.truth.json", truths, {"intercepted_legs": made} if made else {})


def follow(network: Network, scenario: Scenario, work: Path) -> None:
    """Run the scenario's timeline, each line at its second from now."""
    began = time.monotonic()
    running = {process.args[3]: process for process in network.processes}  # ip netns exec NAMESPACE …
    for at, role, line in scenario.timeline:
        time.sleep(max(0.0, began + at - time.monotonic()))
        if line == "stop":
            running[network.prefix + role].terminate()
            running[network.prefix + role].wait(timeout=10)
        elif line == "start":
            running[network.prefix + role] = run_squid(network, work, next(proxy for proxy in scenario.proxies if proxy.name == role))
        else:
            network.inside(role, "sh", "-ec", line)


def start_player(network: Network, work: Path, workstation: Machine) -> subprocess.Popen[str]:
    """Start a workstation's player."""
    plan, written = (str(work / f"{workstation.name}.{kind}.json") for kind in ("plan", "truth"))
    arguments = (sys.executable, "-m", "captures.lab.workstation", plan, written)
    return network.start(workstation.name, work / f"{workstation.name}.log", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def has_said(player: subprocess.Popen[str], word: str) -> bool:
    """Whether the player's next line is the word; False where it ended instead."""
    assert player.stdout is not None
    return player.stdout.readline() == f"{word}\n"


def known_proxies(proxies: Sequence[Proxy]) -> dict[str, dict[str, Any]]:
    """The workstation's proxy settings, by the names that activities use."""
    return {proxy.key or proxy.method: {**proxy._asdict(), "endpoint": proxy.endpoint} for proxy in proxies}


def plan_of(scenario: Scenario, workstation: Machine, proxies: Sequence[Proxy], authority: Path) -> dict[str, Any]:
    """The workstation's orders: the scenario resolved to addresses, and the head of the truth file."""
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
        "proxies": known_proxies(proxies),
        "authority": str(authority),
        "configured": list(scenario.configured),
        "sessions": list(scenario.sessions or ([(scenario.logon, None)] if scenario.logon is not None else [])),
        "marks": list(scenario.marks),
        "activities": [asdict(activity) for activity in scenario.activities],
        "head": head,
    }
