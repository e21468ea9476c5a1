"""The article's network as namespaces, gone again when the `with` block ends, however it ends.

    workstations 172.16.11.0/24 ── gateway ── 172.16.12.0/24 proxies
                                      └────── internet 20.0.0.0/8

Namespaces are called wplab<pid>-<role>, so that two builds can run at once and a crashed one's leavings are known.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from captures.lab.hosts import DNS_ADDRESS, HOSTS

ROOT = Path(__file__).resolve().parents[2]
OURS = re.compile(r"^wplab(\d+)[-P]")  # a namespace or work folder, or squid's shared memory, and the build's process id
SHARED_MEMORY = "/dev/shm"
CAPTURE_POINTS = {"workstations": "lan11", "proxies": "lan12", "internet": "wan", "any": "any"}  # → the gateway's interface
GATEWAY_LAN11, GATEWAY_LAN12, GATEWAY_WAN, INTERNET_WAN = "172.16.11.1", "172.16.12.1", "100.64.0.1", "100.64.0.2"

# Windows: TTL 128, no TCP timestamps, a SYN is sent three times (after 1 s and 3 s) before the connection is given up.
WORKSTATION_SYSCTLS = {"ip_default_ttl": "128", "tcp_timestamps": "0", "tcp_syn_retries": "2", "ip_local_port_range": "40000 49000"}
SYN_PACING = "tcp_syn_linear_timeouts"  # Linux 6.5 and later repeat a SYN every second unless set to double the wait


class Machine(NamedTuple):
    """A machine on one of the gateway's two local networks."""

    name: str
    address: str


def run(*argv: str, stdin: str | None = None) -> str:
    """The command's output; RuntimeError with its own message when it fails."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def namespaces() -> list[str]:
    return [line.split()[0] for line in run("ip", "netns", "list").splitlines()]


def remove_namespace(name: str) -> None:
    """Kill what runs in the namespace (only ours ever do) and delete it."""
    for pid in run("ip", "netns", "pids", name).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "del", name)


def sweep() -> list[str]:
    """Remove namespaces, work folders and squid's shared memory of builds that no longer run; returns their names."""

    def is_stale(name: str) -> bool:
        owner = OURS.match(name)
        return owner is not None and not Path(f"/proc/{owner[1]}").exists()

    with Path(tempfile.gettempdir(), "wplab.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds that start together must not sweep the same thing twice
        stale = [name for name in namespaces() if is_stale(name)]
        for name in stale:
            remove_namespace(name)
        left = [path for folder in (tempfile.gettempdir(), SHARED_MEMORY) for path in Path(folder).iterdir() if is_stale(path.name)]
        for path in left:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return stale + [str(path) for path in left]


class Network:
    """The namespaces, the processes started in them, and their end.

    workstations, proxies   machines behind the gateway's two local interfaces
    policy                  what the gateway does with traffic that is not to a proxy: "drop", "reject" or "allow"
    offload                 leave segmentation offload on: the capture then holds frames above the MTU
    """

    def __init__(self, workstations: Sequence[Machine], proxies: Sequence[Machine], *, policy: str = "drop", offload: bool = False) -> None:
        self.workstations, self.proxies, self.policy, self.offload = workstations, proxies, policy, offload
        self.prefix = f"wplab{os.getpid()}-"
        self.processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        sweep()
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End every process started here, then delete every namespace of this build."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in namespaces():
            if name.startswith(self.prefix):
                remove_namespace(name)

    def inside(self, role: str, *argv: str, stdin: str | None = None) -> str:
        """The output of a command in a role's namespace."""
        return run("ip", "netns", "exec", self.prefix + role, *argv, stdin=stdin)

    def start(self, role: str, log: Path, *argv: str, **options: Any) -> subprocess.Popen[str]:
        """A process in a role's namespace, its messages in `log`; it ends with the network at the latest. Its pid is the program's own."""
        with log.open("w") as messages:
            options = {"stdin": subprocess.DEVNULL, "stdout": messages, "stderr": messages, **options}
            process = subprocess.Popen(["ip", "netns", "exec", self.prefix + role, *argv], cwd=ROOT, text=True, **options)
        self.processes.append(process)
        return process

    def _build(self) -> None:
        for role in ("gateway", "internet", *(machine.name for machine in (*self.workstations, *self.proxies))):
            run("ip", "netns", "add", self.prefix + role)
            self._sysctl(role, net__ipv6__conf__all__disable_ipv6="1", net__ipv6__conf__default__disable_ipv6="1")
            self._ip(role, "link", "set", "lo", "up")
        self._lan("lan11", GATEWAY_LAN11, self.workstations)
        self._lan("lan12", GATEWAY_LAN12, self.proxies)
        self._internet()
        self._sysctl("gateway", net__ipv4__ip_forward="1", net__ipv4__conf__all__send_redirects="0")
        if Path("/proc/sys/net/bridge").exists():  # otherwise bridged packets are translated before they can be recorded
            self._sysctl("gateway", **{f"net__bridge__bridge-nf-call-{tables}": "0" for tables in ("iptables", "ip6tables")})
        for machine in self.workstations:
            paced = {SYN_PACING: "0"} if Path("/proc/sys/net/ipv4", SYN_PACING).exists() else {}
            self._sysctl(machine.name, **{f"net__ipv4__{key}": value for key, value in {**WORKSTATION_SYSCTLS, **paced}.items()})
        self.inside("gateway", "nft", "-f", "-", stdin=self._ruleset())
        if not self.offload:
            self._switch_offload_off()

    def _ip(self, role: str, *arguments: str) -> None:
        run("ip", "-n", self.prefix + role, *arguments)

    def _sysctl(self, role: str, **settings: str) -> None:
        """Write kernel settings of a role's namespace; keys are paths under /proc/sys with "__" for "/"."""
        writes = (f"echo {value} > /proc/sys/{key.replace('__', '/')}" for key, value in settings.items())
        self.inside(role, "sh", "-ec", "; ".join(writes))

    def _lan(self, bridge: str, gateway: str, machines: Sequence[Machine]) -> None:
        self._ip("gateway", "link", "add", bridge, "address", mac(gateway), "type", "bridge")
        self._ip("gateway", "address", "add", f"{gateway}/24", "dev", bridge)
        self._ip("gateway", "link", "set", bridge, "up")
        for number, machine in enumerate(machines):
            port = f"{bridge}p{number}"
            self._ip(
                "gateway",
                "link",
                "add",
                port,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "address",
                mac(machine.address),
                "netns",
                self.prefix + machine.name,
            )
            self._ip("gateway", "link", "set", port, "master", bridge, "up")
            self._ip(machine.name, "address", "add", f"{machine.address}/24", "dev", "eth0")
            self._ip(machine.name, "link", "set", "eth0", "up")
            self._ip(machine.name, "route", "add", "default", "via", gateway)

    def _internet(self) -> None:
        self._ip("gateway", "link", "add", "wan", "type", "veth", "peer", "name", "eth0", "netns", self.prefix + "internet")
        for role, interface, address in (("gateway", "wan", GATEWAY_WAN), ("internet", "eth0", INTERNET_WAN)):
            self._ip(role, "address", "add", f"{address}/30", "dev", interface)
            self._ip(role, "link", "set", interface, "up")
        for address in (DNS_ADDRESS, *(host.address for host in HOSTS.values())):
            self._ip("internet", "address", "add", f"{address}/32", "dev", "lo")
        self._ip("gateway", "route", "add", "20.0.0.0/8", "via", INTERNET_WAN)
        self._ip("internet", "route", "add", "172.16.0.0/16", "via", GATEWAY_WAN)

    def _ruleset(self) -> str:
        """nftables rules without connection tracking: the gateway must not heal or hide anything it forwards."""
        clients, proxies = (", ".join(m.address for m in machines) for machines in (self.workstations, self.proxies))
        last = {"drop": "drop", "reject": "reject with icmp type admin-prohibited", "allow": "accept"}[self.policy]
        return f"""
table ip whichproxy_lab {{
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ip saddr {{ {clients} }} ip daddr {{ {proxies} }} tcp dport 3128 accept
    ip saddr {{ {proxies} }} ip daddr {{ {clients} }} tcp sport 3128 accept
    ip saddr {{ {proxies} }} oifname "wan" accept
    iifname "wan" ip daddr {{ {proxies} }} accept
    {last}
  }}
}}
"""

    def _switch_offload_off(self) -> None:
        lans = [
            f"{bridge}p{number}"
            for bridge, machines in (("lan11", self.workstations), ("lan12", self.proxies))
            for number in range(len(machines))
        ]
        self.inside("gateway", sys.executable, "-m", "captures.lab.offload", "lan11", "lan12", "wan", *lans)
        for role in ("internet", *(machine.name for machine in (*self.workstations, *self.proxies))):
            self.inside(role, sys.executable, "-m", "captures.lab.offload", "eth0")


def mac(address: str) -> str:
    """A locally administered MAC address that spells the IPv4 address, so that frames are easy to recognise."""
    return "02:00:" + ":".join(f"{int(octet):02x}" for octet in address.split("."))
