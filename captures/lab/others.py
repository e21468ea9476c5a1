"""Servers other than squid on a proxy's port: web servers, a portal's page, and the stand-ins of standins.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from captures.lab import standins
from captures.lab.network import Network
from captures.lab.proxies import SQUIDS, Proxy
from captures.lab.servers import wait_for_listener

NGINX = """\
daemon off; user root; worker_processes 1; pid {home}/nginx.pid;
events {{ worker_connections 256; }}
http {{ access_log off; root {home}; server {{ listen {address}:{port}; {body} }} }}
"""
PORTAL = "http://portal.hotel.example/login"
PAGES = {
    "nginx": "location / { return 404; }",
    "portal": f"return 302 {PORTAL};",
    "block-page": "default_type text/html; return 403 '<html><head><title>Blocked</title></head><body>{words}</body></html>';",
}
BLOCKED = "Your organization's policy doesn't allow this site. Category: software downloads. " * 6


def start_others(network: Network, directory: Path, proxies: Sequence[Proxy]) -> None:
    """Start the servers other than squid and wait until all listen; "nothing" is not started."""
    started = []
    for proxy in proxies:
        if proxy.kind in (*SQUIDS, "nothing"):
            continue
        home = directory / f"{proxy.name}-{proxy.port}"
        home.mkdir()
        started.append((network.start(proxy.lives_in, home / "messages.log", *command(proxy, home)), proxy.port, home))
    for process, port, home in started:
        wait_for_listener(process, port, home / "messages.log")


def command(proxy: Proxy, home: Path) -> list[str]:
    """The command line for a proxy of that kind."""
    if proxy.kind in standins.KINDS:
        return [sys.executable, "-m", "captures.lab.standins", proxy.kind, proxy.address, str(proxy.port)]
    if proxy.kind == "http.server":
        return [sys.executable, "-m", "http.server", str(proxy.port), "--bind", proxy.address, "--directory", str(home)]
    body = PAGES[proxy.kind]
    if proxy.kind == "block-page":
        body = body.replace("{words}", BLOCKED.replace("'", ""))
    configuration = home / "nginx.conf"
    configuration.write_text(NGINX.format(home=home, address=proxy.address, port=proxy.port, body=body))
    return ["nginx", "-p", str(home), "-e", "stderr", "-c", str(configuration)]
