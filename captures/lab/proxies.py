"""The three proxies: real squid servers, each in its own namespace."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

from captures.lab.hosts import DNS_ADDRESS
from captures.lab.network import Network
from captures.lab.servers import wait_for_listener


class Proxy(NamedTuple):
    """A proxy of the article: its name, where it listens, and how Windows is set to use it.

    kind      squid, squid-tls (spoken to in TLS), a kind of others.py; "nothing": no program, or another one of the machine
    machine   whose namespace it lives in; "": its own
    key       what an activity calls it in `through`; "": its method
    """

    name: str
    address: str
    method: str
    port: int = 3128
    kind: str = "squid"
    machine: str = ""
    key: str = ""

    @property
    def lives_in(self) -> str:
        return self.machine or self.name

    @property
    def endpoint(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


SQUIDS = ("squid", "squid-tls")

PROXIES = (
    Proxy("PROX01", "172.16.12.10", "winhttp"),
    Proxy("PROX02", "172.16.12.11", "wininet"),
    Proxy("PROX03", "172.16.12.12", "static"),
)


def start_proxies(network: Network, directory: Path, proxies: Sequence[Proxy], rules: dict[str, str]) -> None:
    """Start squid for each of these proxies in turn, each once the one before it listens: a parent goes first.

    rules   proxy name → squid.conf lines that go before "allow all": an ACL that denies, an auth_param, a parent
    """
    for proxy in proxies:
        home = directory / proxy.name
        home.mkdir()
        shutil.chown(home, "proxy")  # squid leaves root behind
        (home / "squid.conf").write_text(squid_configuration(proxy, home, rules.get(proxy.name, "")))
        wait_for_listener(run_squid(network, directory, proxy), proxy.port, home / "messages.log")


def run_squid(network: Network, directory: Path, proxy: Proxy) -> Popen[str]:
    """The proxy's squid, with the configuration that lies in its home; it may have run before."""
    home = directory / proxy.name
    service = network.prefix.replace("-", "P") + proxy.name  # squid's name for shared memory, which namespaces share
    return network.start(proxy.lives_in, home / "messages.log", "squid", "-N", "-n", service, "-f", str(home / "squid.conf"))


def listening(proxy: Proxy, home: Path) -> str:
    """squid's line about where it listens; in TLS with the certificate for a hello without a name."""
    if proxy.kind != "squid-tls":
        return f"http_port {proxy.endpoint}"
    pair = home.parent / "certificates" / ".pem"
    return f"https_port {proxy.endpoint} tls-cert={pair} tls-key={pair}"


def squid_configuration(proxy: Proxy, home: Path, rules: str) -> str:
    return f"""\
{listening(proxy, home)}
visible_hostname {proxy.name.lower()}.lab.example
dns_nameservers {DNS_ADDRESS}
client_persistent_connections on
{rules}
http_access allow all
cache deny all
cache_mem 8 MB
cache_log {home}/cache.log
access_log stdio:{home}/access.log
pid_filename {home}/squid.pid
coredump_dir {home}
pinger_enable off
netdb_filename none
max_filedescriptors 1024
shutdown_lifetime 0 seconds
"""
