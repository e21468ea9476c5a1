"""The programs that whichproxy is compared with, and their installed versions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.build_capture import cache_folder

# Every flow is visited, as by a user of NFStream's table; packets are added up so that the result can be checked.
NFSTREAM_CODE = """
import sys
from nfstream import NFStreamer
if __name__ == "__main__":
    flows = packets = 0
    for flow in NFStreamer(source=sys.argv[1]):
        flows += 1
        packets += flow.bidirectional_packets
    print(flows, packets)
"""


def version_of(command: str, *arguments: str) -> str | None:
    """The first number with dots in it that the command prints, or None if it isn't here."""
    if not shutil.which(command):
        return None
    said = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
    return found.group() if found else "?"


def nfstream() -> tuple[list[str], str] | None:
    """The command that runs NFStream on a capture and its version, from an environment of its own; None if it can't be installed."""
    folder = cache_folder() / "nfstream"
    python = folder / "bin" / "python"
    asked = [str(python), "-c", "import importlib.metadata as m; print(m.version('nfstream'))"]
    if not python.exists() or subprocess.run(asked, capture_output=True, check=False).returncode:
        print("installing NFStream into", folder, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        if subprocess.run([str(python), "-m", "pip", "install", "-qq", "nfstream"], check=False).returncode:
            return None
    script = folder / "count_flows.py"
    script.write_text(NFSTREAM_CODE, encoding="utf-8")
    return [str(python), str(script)], subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def whichproxy_version() -> str:
    """The commit, marked when the tree differs from it."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return said.stdout.strip()


def machine() -> str:
    """The processor's model and the number of cores, as a folder name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2] for line in lines if line.startswith("model name")] or ["processor"]
    return re.sub(r"[^a-z0-9.]+", "-", f"{models[0]} {len(models)} cores".lower()).strip("-")
