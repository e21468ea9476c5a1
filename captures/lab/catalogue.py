"""captures/README.md and captures/proof/README.md: a row for each capture, written from the files themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from captures.lab import truth
from captures.lab.network import run
from captures.lab.scenarios import Scenario

BEGIN, END = "<!-- rows: begin (written by python -m captures.lab) -->", "<!-- rows: end -->"
HEAD = "| capture | made by | when (UTC) | packets | sha256 | what it shows |\n| --- | --- | --- | ---: | --- | --- |"


def update(directory: Path, scenarios: Mapping[str, Scenario]) -> None:
    """Rewrite the rows of directory/README.md between the two markers; the rest of the text stays."""
    readme = directory / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [
        row(directory / f"{name}.pcapng", scenario.shows) for name, scenario in scenarios.items() if (directory / f"{name}.pcapng").exists()
    ]
    readme.write_text("\n".join([before + BEGIN, HEAD, *rows, END]) + after)


def row(capture: Path, shows: str) -> str:
    head = truth.read(capture.with_name(f"{capture.stem}.truth.json"))
    packets = re.search(r"Number of packets:\s*(\d+)", run("capinfos", "-c", "-M", str(capture)))
    if packets is None:
        raise RuntimeError(f"capinfos does not count the packets of {capture}")
    digest = hashlib.sha256(capture.read_bytes()).hexdigest()
    made = head["started_at"][:19].replace("T", " ")
    shows = f"{head['title']}{'' if head['title'].endswith('?') else ':'} {shows}."
    return f"| `{capture.name}` | `python -m captures.lab {capture.stem}` | {made} | {packets[1]} | `{digest}` | {shows} |"
