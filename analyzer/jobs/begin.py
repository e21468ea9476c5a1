"""A job file to begin from: every key with its meaning, the required keys filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from analyzer.jobs.file import INTERFACE, NAME
from analyzer.text.toml import basic_string, schema_line

INTERFACES: Final = Path("/sys/class/net")

TEXT: Final = """\
# A capture job of whichproxy. Lines that begin with # are left out; what they show is what holds without them, or an example.
# All of it: docs/jobs.md. What it will do here: whichproxy job check {file}
{schema}

{name}interface = {interface}{others}
results = {results}   # a folder of its own; a service's lies below /var/lib

# Who is who: proxies by name and by how they are configured. Without it they are found from the traffic and named by address.
# topology = "topology.toml"
# catalogue = ["own.toml"]
# full = false                               # true: every packet whole, not only what is needed
# tool = "dumpcap"                           # or "tcpdump"; else the one that this user may capture with
# memory = "1 GB"                            # the service's limit

[schedule]
every = "1 h"                                # a run begins so often
for = "10 min"                               # and captures so long; left out: on and on, with results every hour
# finish_within = "1 min"                    # so long what is left is analysed then; the next run does the rest

[ring]
# file_size = "64 MB"                        # a file of packets is closed, and analysed, when it has this size
# file_time = "1 min"                        # or is this old

[retention]
# packet_bytes = "2 GB"                      # analysed packets beyond this are deleted, the oldest first
# packet_days = 7
# evidence_days = 365                        # rows of so many days that have any are kept; left out: all

[drift]
# against = "last"                           # or "first", the number of a run ("12"), or a verdict.json
# expect = "study.toml"                      # with a [test.expect] table
# failures = 0.1                             # failures are up when their share rises by more than this

[on_change]
# command = ["/usr/local/bin/tell", "proxies"]
# webhook = "https://hooks.example.com/whichproxy"    # a secret: it stands nowhere but in this file
# textfile = {textfile}
"""


def first_job(path: str) -> str:
    """The text of a job file for this path, on the first interface that is up."""
    stem = Path(path).stem
    name = stem if NAME.fullmatch(stem) else "job"
    interfaces = interfaces_here() or ["eth0"]
    results = f"/var/lib/whichproxy/{name}"
    return TEXT.format(
        file=json.dumps(path, ensure_ascii=True),
        schema=schema_line("job"),
        name="" if name == stem else f"name = {basic_string(name)}\n",
        interface=basic_string(interfaces[0]),
        others=f"   # also here: {', '.join(json.dumps(one) for one in interfaces[1:])}" if len(interfaces) > 1 else "",
        results=basic_string(results),
        textfile=basic_string(f"{results}/whichproxy.prom"),
    )


def interfaces_here(folder: Path = INTERFACES) -> list[str]:
    """The machine's interfaces that a job may capture on, without loopback: those that are up first, then by name."""
    found = []
    for one in folder.iterdir() if folder.is_dir() else ():
        try:
            state = (one / "operstate").read_text(encoding="ascii").strip()
        except OSError:  # gone meanwhile, or no interface
            continue
        if one.name != "lo" and INTERFACE.fullmatch(one.name):
            found.append((state != "up", one.name))
    return [name for _, name in sorted(found)]
