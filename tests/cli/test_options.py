"""What the shell completes behind an option."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from analyzer.cli.options import service_slugs, zones
from tests.conftest import ROOT


def test_services_complete_with_their_titles() -> None:
    assert dict(service_slugs("edr-c")) == {"edr-command-and-control": "EDR command and control", "edr-cyber-data": "EDR cyber data"}
    assert list(service_slugs("nothing-begins-so")) == []


def test_zones_complete() -> None:
    assert next(zones("loc")) == "local" and "Europe/Berlin" in zones("Europe/B") and next(zones("UT")) == "UTC"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("report x.pcap --service edr-comm", "edr-command-and-control"),
        ("flows x.pcap --columns host,bytes_o", "host,bytes_out"),
        ("flows x.pcap --sort host,-bytes_o", "host,-bytes_out"),
        ("report x.pcap --tz Europe/Berl", "Europe/Berlin"),
        ("captures --sour", "--source"),
        ("slice x.pcap --finding tls-i", "tls-inspected"),
        ("report x.pcap --allow squ", "squid"),
        ("report x.pcap --topology captures/topology.toml --proxy PROX03", "PROX03"),
        ("flows x.pcap --topology captures/topology.toml --source WORK", "WORKSTATION"),
    ],
)
def test_the_shell_completes_values(words: str, wanted: str) -> None:
    environment = {**os.environ, "_WHICHPROXY_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"whichproxy {words}"}
    ended = subprocess.run([sys.executable, "-m", "analyzer"], capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    assert ended.stderr == "" and f'"{wanted}"' in ended.stdout
