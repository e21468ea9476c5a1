"""The command line run in this process, or in one of its own where that matters (pipes, signals, what gets imported)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from analyzer.cli.run import run
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap
from tests.conftest import ROOT


class Ended(NamedTuple):
    """How a run ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Whichproxy = Callable[..., Ended]


@pytest.fixture
def whichproxy(capfd: pytest.CaptureFixture[str]) -> Whichproxy:
    """Runs `whichproxy ARGS` here and checks that it didn't end in a traceback."""

    def call(*args: str | Path) -> Ended:
        capfd.readouterr()
        code = run([str(arg) for arg in args])
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        return Ended(code, out, err)

    return call


def apart(*args: str | Path, **settings: object) -> subprocess.Popen[bytes]:
    """`whichproxy ARGS` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "analyzer", *map(str, args)], env=environment, **settings)  # type: ignore[call-overload,no-any-return]


def read_terminal(master: int, process: subprocess.Popen[bytes]) -> str:
    """What the run wrote to its terminal, which is closed; it has to end well.

    master   the terminal's other end; the caller has closed its own
    """
    seen = b""
    try:
        while piece := os.read(master, 65_536):
            seen += piece
    except OSError:  # the other end is closed: Linux says so by EIO
        pass
    os.close(master)
    assert process.wait(60) == 0
    return seen.decode()


def tunnel(
    host: str = "winatp-gw-neu.microsoft.com", number: int = 0, proxy: str = "172.16.12.10", answer: bytes = ESTABLISHED
) -> Conversation:
    """A CONNECT to a Defender host, answered, with a ClientHello and some bytes back."""
    talk = Conversation(client=("172.16.11.92", 50_000 + number), server=(proxy, 3128))
    talk.handshake().send_client(connect(f"{host}:443")).send_server(answer)
    if answer == ESTABLISHED:
        talk.send_client(client_hello(host)).send_server(bytes(200))
    return talk.close()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """One tunnel of the sensor through 172.16.12.10:3128."""
    path = tmp_path / "sensor.pcap"
    path.write_bytes(pcap(tunnel().frames))
    return path


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    """A topology that names the proxy and the workstation."""
    path = tmp_path / "topology.toml"
    path.write_text(
        '[[proxy]]\nname = "PROX01"\naddress = "172.16.12.10"\nport = 3128\nmethod = "winhttp"\n'
        '[[workstation]]\nname = "WORKSTATION"\naddress = "172.16.11.92"\n',
        encoding="utf-8",
    )
    return path
