"""An intercepting proxy: mitmproxy, which opens TLS with certificates of its own, and notes which leg belongs to which.

mitmproxy's libraries don't go with everybody's: install it in an environment of its own and name its mitmdump in MITMDUMP.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from subprocess import Popen
from typing import Any

from captures.lab.network import Network
from captures.lab.servers import wait_for_listener

CA_TIMEOUT_S = 20

NOTE_LEGS = '''
import json

class NoteLegs:
    """Appends a line for each connection to an origin: its ends, and the client connection it was made for."""
    def server_connected(self, data):
        ends = {"client": list(data.client.peername[:2]), "local": list(data.server.sockname[:2]), "server": list(data.server.peername[:2])}
        with open(LOG, "a") as log:
            log.write(json.dumps(ends) + "\\n")

addons = [NoteLegs()]
'''


def mitmdump() -> str | None:
    """The program, from $MITMDUMP or the path; None where there is none."""
    return os.environ.get("MITMDUMP") or shutil.which("mitmdump")


def start_interception(network: Network, name: str, address: str, port: int, home: Path, authority: Path, hosts: Path) -> Popen[str]:
    """mitmproxy in the namespace `name`, listening; its CA certificate is home/mitmproxy-ca-cert.pem.

    authority   CA certificate of the origins;  hosts   a hosts file with their addresses
    """
    program = mitmdump()
    if program is None:
        raise RuntimeError("mitmdump is missing: python3 -m venv mitm && mitm/bin/pip install mitmproxy, then MITMDUMP=mitm/bin/mitmdump")
    home.mkdir(exist_ok=True)
    log = home / "legs.jsonl"
    log.touch()
    script = home / "note_legs.py"
    script.write_text(f"LOG = {str(log)!r}\n{NOTE_LEGS}")
    options = {"confdir": home, "ssl_verify_upstream_trusted_ca": authority, "listen_host": address, "listen_port": port}
    settings = " ".join(f"--set {key}={value}" for key, value in options.items())
    # The namespace's processes have a mount namespace of their own: only mitmproxy sees the bound file.
    command = f"mount --bind {hosts} /etc/hosts && exec {program} {settings} -s {script} -q"
    process = network.start(name, home / "mitmdump.log", "sh", "-c", command)
    wait_for_listener(process, port, home / "mitmdump.log", timeout_s=40)
    end = time.monotonic() + CA_TIMEOUT_S
    while not (home / "mitmproxy-ca-cert.pem").exists():
        if time.monotonic() > end:
            raise RuntimeError(f"mitmproxy made no CA: {(home / 'mitmdump.log').read_text()[-600:]}")
        time.sleep(0.05)
    return process


def noted_legs(home: Path) -> list[dict[str, Any]]:
    """The proxy's notes: client, local and server as [address, port] of each leg it made."""
    return [json.loads(line) for line in (home / "legs.jsonl").read_text().splitlines()]
