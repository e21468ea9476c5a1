"""captures/README.md and captures/proof/README.md: a row for each capture, written from the files themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from captures.lab import truth
from captures.lab.network import run
from captures.lab.scenarios import Scenario

BEGIN, END = "<!-- rows: begin (written by python -m captures.lab) -->", "<!-- rows: end -->"
VERDICTS_BEGIN, VERDICTS_END = "<!-- verdicts: begin (written by python -m captures.lab) -->", "<!-- verdicts: end -->"
VERDICTS_HEAD = "| capture | the verdict must say |\n| --- | --- |"
HEAD = "| capture | made by | when (UTC) | packets | sha256 | what it shows |\n| --- | --- | --- | ---: | --- | --- |"


def update(directory: Path, scenarios: Mapping[str, Scenario]) -> None:
    """Rewrite the rows of directory/README.md between the two markers; the rest of the text stays."""
    rows = [row(capture, name, scenario.shows) for name, scenario in scenarios.items() for capture in captures_of(directory, name)]
    rewrite(directory / "README.md", BEGIN, END, [HEAD, *rows])


def update_verdicts(directory: Path, verdicts: Mapping[str, str]) -> None:
    """Rewrite the expected findings in directory/README.md for each capture."""
    rows = [f"| `{name}` | {said} |" for name, said in verdicts.items() if captures_of(directory, name)]
    rewrite(directory / "README.md", VERDICTS_BEGIN, VERDICTS_END, [VERDICTS_HEAD, *rows])


def rewrite(readme: Path, begin: str, end: str, lines: Sequence[str]) -> None:
    before, _, rest = readme.read_text().partition(begin)
    readme.write_text("\n".join([before + begin, *lines, end]) + rest.partition(end)[2])


def captures_of(directory: Path, name: str) -> list[Path]:
    """The captures of that name: one, or the files of a rotated recording."""
    return sorted(path for path in directory.glob(f"{name}*.pcapng") if re.fullmatch(r"(-\d+)?", path.stem.removeprefix(name)))


def row(capture: Path, name: str, shows: str) -> str:
    head = truth.read(capture.with_name(f"{name}.truth.json"))
    packets = re.search(r"Number of packets:\s*(\d+)", run("capinfos", "-c", "-M", str(capture)))
    if packets is None:
        raise RuntimeError(f"capinfos does not count the packets of {capture}")
    digest = hashlib.sha256(capture.read_bytes()).hexdigest()
    made = head["started_at"][:19].replace("T", " ")
    shows = f"{head['title']}{'' if head['title'].endswith('?') else ':'} {shows}."
    return f"| `{capture.name}` | `python -m captures.lab {name}` | {made} | {packets[1]} | `{digest}` | {shows} |"
