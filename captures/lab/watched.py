"""`python -m captures.lab.watched`: whichproxy watches on the gateway while the article's tests are played (Linux, root).

Beside it dumpcap records the same packets. Prints a line for each test, and ends with 1 unless what the watch said at its end is
what the file says. The kernel stamps a packet for each socket anew, some microseconds apart, so times are left out, and the ids
made of them count by where they first stand.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captures.lab.build import WORKSTATION, plan_of, record, start_all_proxies
from captures.lab.network import CAPTURE_POINTS, ROOT, Machine, Network
from captures.lab.proxies import PROXIES
from captures.lab.scenarios import SCENARIOS, Scenario
from captures.lab.servers import start_internet

TOPOLOGY = str(ROOT / "captures" / "topology.toml")
START_S = 30.0
TIMES = ("window", "first_seen", "last_seen")
FLOW_ID = re.compile("[0-9a-f]{16}")


def main() -> int:
    equal = [watched(scenario) for scenario in SCENARIOS.values()]
    return 0 if all(equal) else 1


def watched(scenario: Scenario) -> bool:
    """Play it, watch it and record it; whether the live and the recorded result agree."""
    with tempfile.TemporaryDirectory(prefix="wpwatched-") as name:
        work = Path(name)
        work.chmod(0o755)
        with Network([WORKSTATION], [Machine(proxy.name, proxy.address) for proxy in PROXIES], policy=scenario.gateway_policy) as network:
            authority = start_all_proxies(network, scenario, work, PROXIES, start_internet(network, work, scenario.rejecting))
            (work / f"{WORKSTATION.name}.plan.json").write_text(json.dumps(plan_of(scenario, WORKSTATION, PROXIES, authority)))
            with watch(network, CAPTURE_POINTS[scenario.capture_points[0]], work):
                record(network, scenario, work, [WORKSTATION])
        live = json.loads((work / "live.json").read_text())
        command = [sys.executable, "-m", "analyzer", "report", str(work / f"{scenario.name}.pcapng"), "--topology", TOPOLOGY, "--json"]
        file = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    (seen,), (written,) = live.pop("captures"), file.pop("captures")
    one, other = timeless(live, {}), timeless(file, {})
    differs = [key for key in other if one[key] != other[key]]
    flows = {flow for finding in file["findings"] for flow in finding["flows"]}
    told = (
        f"{seen['packets']:,} packets watched, {written['packets']:,} in the file, {len(file['findings'])} findings of {len(flows)} flows"
    )
    print(f"{scenario.name:<28} {told}: {'the same' if not differs else f'DIFFERS in {differs}'}", flush=True)
    return not differs


def timeless(value: Any, ids: dict[str, int]) -> Any:
    """The document without its times, each flow's id as its number among all of them."""
    if isinstance(value, dict):
        return {key: timeless(entry, ids) for key, entry in value.items() if key not in TIMES}
    if isinstance(value, list):
        return [timeless(entry, ids) for entry in value]
    return ids.setdefault(value, len(ids)) if isinstance(value, str) and FLOW_ID.fullmatch(value) else value


@contextmanager
def watch(network: Network, interface: str, work: Path) -> Iterator[None]:
    """whichproxy watches meanwhile; its final document is in live.json. RuntimeError where it fails."""
    log = work / "watch.log"
    arguments = ("watch", interface, "--full", "--topology", TOPOLOGY, "-o", str(work / "live.json"))
    process = network.start("gateway", log, sys.executable, "-m", "analyzer", *arguments)
    end = time.monotonic() + START_S
    while len(sockets(network)) < 2:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"nothing is watched: {log.read_text()}")
        time.sleep(0.05)
    yield
    process.send_signal(signal.SIGINT)
    if process.wait(timeout=60) != 128 + signal.SIGINT:
        raise RuntimeError(log.read_text())


def sockets(network: Network) -> list[Any]:
    """The lines of the gateway's list of packet sockets: one more than it has."""
    return network.inside("gateway", "cat", "/proc/net/packet").splitlines()


if __name__ == "__main__":
    sys.exit(main())
