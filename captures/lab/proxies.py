"""The three proxies: real squid servers, each in its own namespace."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from captures.lab.hosts import DNS_ADDRESS
from captures.lab.network import Network
from captures.lab.servers import wait_for_listener


class Proxy(NamedTuple):
    """A proxy of the article: its name, where it listens, and how Windows is told to use it."""

    name: str
    address: str
    method: str
    port: int = 3128


PROXIES = (
    Proxy("PROX01", "172.16.12.10", "winhttp"),
    Proxy("PROX02", "172.16.12.11", "wininet"),
    Proxy("PROX03", "172.16.12.12", "static"),
)


def start_proxies(network: Network, directory: Path, proxies: Sequence[Proxy], rules: dict[str, str]) -> None:
    """Start squid for each of these proxies and wait until all listen.

    rules   proxy name → squid.conf lines that go before "allow all": an ACL that denies, an auth_param, a parent
    """
    started = []
    for proxy in proxies:
        home = directory / proxy.name
        home.mkdir()
        shutil.chown(home, "proxy")  # squid leaves root behind
        configuration = home / "squid.conf"
        configuration.write_text(squid_configuration(proxy, home, rules.get(proxy.name, "")))
        log = home / "messages.log"
        service = network.prefix.replace("-", "P") + proxy.name  # squid's name for shared memory, which namespaces share
        process = network.start(proxy.name, log, "squid", "-N", "-n", service, "-f", str(configuration))
        started.append((process, proxy.port, log))
    for process, port, log in started:
        wait_for_listener(process, port, log)


def squid_configuration(proxy: Proxy, home: Path, rules: str) -> str:
    return f"""\
http_port {proxy.address}:{proxy.port}
visible_hostname {proxy.name.lower()}.lab.example
dns_nameservers {DNS_ADDRESS}
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
client_persistent_connections on
"""
